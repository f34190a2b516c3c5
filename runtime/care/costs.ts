/** How long each kernel takes the GPU, learnt from how long parts of steps took. */

/** What a kernel takes a workgroup, in milliseconds; undefined: not measured yet. */
export interface Cost {
  ms: number | undefined
}

/** Dispatches of one step: of each, its kernel's cost and its workgroups. One of no workgroups takes nothing. */
export interface Work {
  costs: readonly Cost[]
  groups: Float64Array
}

/** The weight of a new measurement. */
const WEIGHT = 0.5
/** One that is so many times what was expected was held up by something else. */
const OUTLIER = 8
/** What a clock too coarse to tell it finds: above 0, so that it can grow again. */
const LEAST = 1e-9

/** What the dispatches from, to are expected to take; of those never measured, `unknown` each. */
export function expected({ costs, groups }: Work, from: number, to: number, unknown: number): number {
  let sum = 0
  for (let i = from; i < to; i++) {
    const g = groups[i]!
    if (g > 0) sum += (costs[i]!.ms ?? unknown / g) * g
  }
  return sum
}

/** Whether each was measured. */
export const familiar = ({ costs, groups }: Work): boolean =>
  costs.every(({ ms }, i) => ms !== undefined || !(groups[i]! > 0))

/**
 * The dispatches from, to took so long together. What is left after the known ones is shared by those that are new;
 * where none is, all are corrected in proportion: parts end at other dispatches each time, so it sorts itself out.
 * A clock that ticks in large steps, or a callback that came late and the next one early, is right on average.
 */
export function learnCosts({ costs, groups }: Work, from: number, to: number, ms: number): void {
  if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY)) return
  /** Of each kernel: its dispatches, and their workgroups. */
  const fresh = new Map<Cost, [count: number, groups: number]>()
  const known = new Set<Cost>()
  let sum = 0
  let count = 0
  for (let i = from; i < to; i++) {
    const cost = costs[i]!
    const g = groups[i]!
    if (!(g > 0)) continue
    if (cost.ms !== undefined) {
      sum += cost.ms * g
      known.add(cost)
      continue
    }
    const [n, before] = fresh.get(cost) ?? [0, 0]
    fresh.set(cost, [n + 1, before + g])
    count++
  }
  const share = Math.max(ms - sum, 0) / count
  for (const [cost, [n, g]] of fresh) cost.ms = Math.max((share * n) / g, LEAST)
  if (count || !sum) return
  const factor = 1 + WEIGHT * (Math.min(ms / sum, OUTLIER) - 1)
  for (const cost of known) cost.ms = Math.max(cost.ms! * factor, LEAST)
}

/** By the code file that holds them and by kernel: milliseconds a workgroup. */
export type KernelCosts = Record<string, Record<string, number>>

/** What a store gives, which may be anything, as costs. */
export function checkCosts(value: unknown): KernelCosts {
  const fields = (v: unknown): [string, unknown][] =>
    typeof v === 'object' && v !== null ? Object.entries(v).slice(0, 1000) : []
  const own = (v: unknown) =>
    fields(v).filter((f): f is [string, number] => Number.isFinite(f[1]) && (f[1] as number) > 0)
  return Object.fromEntries(fields(value).map(([code, table]) => [code, Object.fromEntries(own(table))]))
}
