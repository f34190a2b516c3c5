/** Which steps a kernel is tested at: how many tokens, after how many, and how they are sampled. */
import { evaluate } from '../../runtime/expr.js'
import type { ProgramSpec } from '../models/types.js'
import type { Facts, StepValues } from '../ops/types.js'
import type { Step } from '../select/lower.js'

export interface TestStep {
  values: StepValues
  sizes: Record<string, number>
  /** Of the operator, with the sizes that the step brings. */
  facts: Facts
}

/** More rows than a tile has, and tokens before them: odd numbers, so that little is aligned. */
const SEQ = 70
const PAST = 37
/** Of the sizes that a step brings beside its tokens. */
const SIZE = 40

const PLAIN = { seed: 1, top_k: 0, top_p: 1, temperature: 0, penalty: 1, sample: 1 }

const isName = /[A-Za-z_]\w*/g

/** What of a step's parameters are facts of its operator: the template's own are not. */
function factsOf({ op, params, node, symbols }: Step): Facts {
  const shapes = Object.values(op.ports).flatMap((p) => p.shape.flatMap((text) => text.match(isName) ?? []))
  const given = [op.attrs, node.attrs, node.sizes ?? {}, symbols].flatMap((record) => Object.keys(record))
  const names = new Set([...shapes, ...given, 'W', 'G', 'KV'])
  const known = Object.entries(params).filter(([name]) => names.has(name))
  // An axis that a tensor leaves out is 1.
  const left = shapes.filter((name) => /^[A-Z]/.test(name)).map((name) => [name, 1])
  return Object.fromEntries([...left, ...known])
}

/** Positions before the step. An empty cache, one that is filled in part, and more than one split of it. */
function pastsOf({ op }: Step, facts: Facts, context: number): number[] {
  const within = (past: number) => Math.max(0, Math.min(past, context - 1))
  if (context === 0) return [0]
  if (op.name === 'attention') return [0, within(PAST)]
  if (['attention_split', 'attention_merge', 'rope_split'].includes(op.name))
    return [0, within(Number(facts.CHUNK) + PAST)]
  return [within(PAST)]
}

const WAYS: Record<string, Partial<StepValues>[]> = {
  sample: [{}, { temperature: 0.75, top_k: 40, top_p: 0.875, seed: 7 }],
  penalize: [{ penalty: 1.25 }],
}

export function testSteps(step: Step, spec: ProgramSpec): TestStep[] {
  const own = factsOf(step)
  const context = spec.context === undefined ? 0 : Math.min(spec.context, Number(own.C ?? spec.context))
  const ways = WAYS[step.op.name] ?? [{}]
  const made = pastsOf(step, own, context).flatMap((past) =>
    ways.map((way): TestStep | undefined => {
      const most = Math.min(spec.maxSeq, context > 0 ? context - past : spec.maxSeq)
      const seq = spec.seq === 'seq' ? Math.min(SEQ, most) : spec.maxSeq
      const values: StepValues = { ...PLAIN, ...way, seq, past }
      const limits = spec.limits ?? {}
      const small = Object.fromEntries(Object.entries(limits).map(([name, n]) => [name, Math.min(n, SIZE)]))
      for (const sizes of [small, limits]) {
        const at = Object.entries(step.symbols).map(
          ([name, e]) => [name, evaluate(e, { ...sizes, seq, past })] as const,
        )
        if (at.every(([, n]) => n >= 0))
          return { values, sizes, facts: { ...own, ...Object.fromEntries(at) } }
      }
      return undefined
    }),
  )
  return made.filter((s) => s !== undefined)
}
