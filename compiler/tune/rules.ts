/** Rows of a tuned table from what a search found. */
import type { Facts } from '../ops/types.js'
import { featureParams } from '../select/select.js'
import type { TemplateHead } from '../select/templates.js'
import type { TuningRule } from '../select/types.js'
import { inDomain } from '../specialize/index.js'
import type { Timed } from './search.js'
import type { CountedSubject } from './subjects.js'
import { sharesOf, workOf } from './subjects.js'

/** A subject and what was found for it, the fastest first; `before`: what selection took until now, ms. */
export interface Outcome {
  subject: CountedSubject
  found: Timed[]
  before: number | undefined
}

/** Parameters that features must set for a template to be used: those it can't have switched off. */
export function neededFeatures(head: TemplateHead): string[] {
  return Object.values(featureParams[head.language]).flatMap(([name, on]) => {
    const param = head.params.find((p) => p.name === name)
    const off = on === true ? false : 'f32'
    return param && !inDomain(param.domain, off) ? [name === 'E' ? 'E == f16' : name] : []
  })
}

/** Facts that a rule's condition names: sizes that decide how work is shared out, and formats. */
const TELLING = ['M', 'N', 'K', 'W', 'KV', 'EPI', 'H', 'KVH', 'HD', 'D', 'R', 'V', 'CHUNK']

const condition = (facts: Facts, names: readonly string[], needs: readonly string[]): string =>
  [
    ...names.flatMap((name) => {
      const value = facts[name]
      if (value === undefined) return []
      // A prompt's step has as many rows as it has tokens.
      if (name === 'M') return [value === 1 ? 'M == 1' : 'M > 1']
      return [`${name} == ${value}`]
    }),
    ...needs,
  ].join(' && ')

const time = (ms: number): string => `${(1000 * ms).toFixed(1)} µs`

function evidence({ subject, before }: Outcome, { ms }: Timed): string {
  const { flops, bytes } = workOf(subject)
  const rate =
    flops / bytes > 100 ? `${(flops / ms / 1e9).toFixed(0)} TFLOP/s` : `${(bytes / ms / 1e9).toFixed(2)} TB/s`
  const was = before === undefined ? '' : `, before ${time(before)}`
  return `${subject.name}: ${time(ms)} (${rate})${was}`
}

/** How much faster a candidate must be for another set of features to have a row of its own. */
const WORTH = 1.03

/**
 * Rules for one subject: the fastest of all, then the fastest of those that need fewer features, for variants that
 * lack some.
 */
function rulesOf(outcome: Outcome, names: readonly string[]): TuningRule[] {
  const rules: TuningRule[] = []
  const taken: string[][] = []
  for (const timed of outcome.found) {
    const { choice, template, tuned } = timed.candidate
    const needs = neededFeatures(choice.template)
    // Behind a row that needs no more than this one, it would never be reached.
    if (taken.some((before) => before.every((need) => needs.includes(need)))) continue
    const when = condition(outcome.subject.facts, names, needs)
    rules.push({
      op: outcome.subject.op,
      ...(when && { when }),
      template,
      ...(Object.keys(tuned).length > 0 && { params: tuned }),
      why: evidence(outcome, timed),
    })
    taken.push(needs)
    if (needs.length === 0) break
  }
  return rules
}

/**
 * A table's rules: exact ones for each subject, then for sizes that were not measured those of the largest subject of
 * an operator, format and kind of step.
 */
export function tableRules(outcomes: Outcome[]): TuningRule[] {
  const useful = outcomes.filter(({ found, before }) => {
    const best = found[0]
    return best !== undefined && (before === undefined || before / best.ms >= WORTH)
  })
  const exact = useful.flatMap((o) => rulesOf(o, TELLING))
  const shares = sharesOf(
    useful.map((o) => o.subject),
    (s) => useful.find((o) => o.subject === s)!.found[0]!.ms,
  )
  const share = ({ subject }: Outcome) => shares.get(subject)!
  const general: TuningRule[] = []
  const seen = new Set<string>()
  for (const outcome of [...useful].sort((a, b) => share(b) - share(a))) {
    const { op, facts } = outcome.subject
    const kind = `${op} ${facts.M === 1} ${facts.W} ${facts.KV}`
    if (seen.has(kind)) continue
    seen.add(kind)
    general.push(...rulesOf(outcome, ['M', 'W', 'KV']))
  }
  const unique = new Map<string, TuningRule>()
  for (const rule of [...exact, ...general]) {
    const key = `${rule.op} ${rule.when}`
    if (!unique.has(key)) unique.set(key, rule)
  }
  return [...unique.values()]
}
