/** What there is to try for an operator at some facts: templates, and values of the parameters that nothing sets. */
import type { Attr } from '../ir/graph.js'
import type { Facts } from '../ops/types.js'
import { featureParams, takesWorkgroup, tryTemplate } from '../select/select.js'
import type { TemplateHead } from '../select/templates.js'
import type { Choice, KernelTarget, Params, WorkgroupRule } from '../select/types.js'

export interface Candidate {
  template: string
  /** The tunables alone; none is at its default for the template. */
  tuned: Params
  choice: Choice
}

/** A candidate's name in a state file. */
export const keyOf = ({ template, tuned }: Pick<Candidate, 'template' | 'tuned'>): string =>
  [template, ...Object.entries(tuned).map(([name, value]) => `${name}=${value}`)].join(' ')

const BY_FEATURE = new Set(
  Object.values(featureParams).flatMap((byFeature) => Object.values(byFeature).map(([name]) => name)),
)

/** Parameters whose other values are for tests: how a long grid is folded. */
const SETTLED = new Set(['FOLD'])

/** What a search keeps as it is: the operator's facts, and parameters that the device decides. */
export interface Setting {
  facts: Facts
  target: KernelTarget
  given: (head: TemplateHead) => Params
}

/** Parameters that are free: lists of values that neither facts, features nor the device decide. */
export function tunables(head: TemplateHead, { facts, given }: Setting): [string, Attr[]][] {
  const fixed = given(head)
  return head.params.flatMap(({ name, domain }): [string, Attr[]][] => {
    const values = domain.filter((v) => typeof v !== 'object') as Attr[]
    const free = values.length === domain.length && values.length > 1 && !SETTLED.has(name)
    return free && !(name in facts) && !(name in fixed) && !BY_FEATURE.has(name) ? [[name, values]] : []
  })
}

/** What a parameter set makes of a template, or undefined where it does not fit. Defaults are left out. */
export function candidate(head: TemplateHead, own: Params, setting: Setting): Candidate | undefined {
  const { facts, target } = setting
  const params = { ...own, ...setting.given(head) }
  const fit = tryTemplate(head, facts, params, target)
  if (typeof fit === 'string') return undefined
  const isDefault = (name: string) => head.params.find((p) => p.name === name)?.default === fit[name]
  const tuned = Object.fromEntries(
    Object.entries(params)
      .filter(([name]) => !isDefault(name) && !(name in facts) && !BY_FEATURE.has(name))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
  return {
    ...{ template: head.name, tuned },
    choice: { template: head, params: fit, why: 'tuning', rejected: [] },
  }
}

/** Parameter sets to measure whatever is drawn: those of tuned rules, and of workgroups that somebody asked for. */
export const knownSets = (
  head: TemplateHead,
  { tuning }: KernelTarget,
  workgroups: readonly WorkgroupRule[],
): Params[] => [
  ...tuning.filter((r) => r.template === head.name).map((r) => r.params ?? {}),
  ...workgroups.filter((r) => takesWorkgroup(head, r)).map((r) => r.params),
]

/** A generator of the same numbers for the same seed (xorshift). */
export function random(seed: number): (below: number) => number {
  let state = seed | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/** The defaults, `known` sets, and as many drawn at random as make `count` in all. */
export function sampleOf(
  head: TemplateHead,
  setting: Setting,
  count: number,
  known: readonly Params[] = [],
): Candidate[] {
  const free = tunables(head, setting)
  const found = new Map<string, Candidate>()
  const add = (params: Params) => {
    const c = candidate(head, params, setting)
    if (c) found.set(keyOf(c), c)
  }
  for (const params of [{}, ...known]) add(params)
  const draw = random(0x9e3779b9)
  // Most sets of large domains do not fit; a bound on the draws ends the search where few do.
  for (let i = 0; i < 40 * count && found.size < count; i++)
    add(Object.fromEntries(free.map(([name, values]) => [name, values[draw(values.length)]!])))
  return [...found.values()]
}

/** All that differ from a candidate in one parameter, by one place in the order of its values or to any name. */
export function neighbours(from: Candidate, setting: Setting): Candidate[] {
  const head = from.choice.template
  return tunables(head, setting).flatMap(([name, values]) => {
    const now = from.choice.params[name]!
    const sorted = typeof now === 'number' ? [...values].sort((a, b) => Number(a) - Number(b)) : values
    const at = sorted.indexOf(now)
    const near = typeof now === 'number' ? [sorted[at - 1], sorted[at + 1]] : sorted.filter((v) => v !== now)
    return near.flatMap((value) => {
      if (value === undefined) return []
      const c = candidate(head, { ...from.tuned, [name]: value }, setting)
      return c ? [c] : []
    })
  })
}

/** The candidate of a name in a state file; undefined where no template has such parameters any more. */
export function candidateOf(
  key: string,
  heads: readonly TemplateHead[],
  setting: Setting,
): Candidate | undefined {
  const [name, ...values] = key.split(' ')
  const head = heads.find((t) => t.name === name)
  const params = values.map((text): [string, Attr | undefined] => {
    const [param, value] = text.split('=')
    const { domain = [] } = head?.params.find((p) => p.name === param) ?? {}
    return [param!, domain.find((v) => typeof v !== 'object' && String(v) === value) as Attr | undefined]
  })
  if (!head || params.some(([, value]) => value === undefined)) return undefined
  return candidate(head, Object.fromEntries(params) as Params, setting)
}
