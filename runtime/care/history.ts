/**
 * How long steps took on this device, by variant: gathered while they run, remembered with the record, and looked at
 * when the next variant is chosen. Nothing is tuned: it only chooses among what the bundle has.
 */
import type { Selection } from '../select.js'

/** Of one kind of work: a running mean that forgets slowly, and how many times it was measured. */
export interface Timing {
  /** Milliseconds, of a step by the token. */
  ms: number
  count: number
}

/**
 * By variant; then by program (`decode`, `prefill`: by the token) and, where the page asked for a profile, by program
 * and operator (`decode linear`: of a step).
 */
export type Timings = Record<string, Record<string, Timing>>

/** The weight of a new value, once there are many. */
const WEIGHT = 0.05
/** A step that took longer than so many times the usual was held up by something else: a hidden page, a busy machine. */
const OUTLIER = 8
/** Measured so often, a figure counts. */
export const ENOUGH = 8
/** A variant must be that much faster before it is taken instead: two measurements are never the same. */
export const FASTER = 0.85

/** Adds a measurement. Milliseconds that are none change nothing, an outlier little. */
export function learn(known: Timing | undefined, ms: number): Timing {
  // 0: a clock that is coarse, and right on average.
  if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY)) return known ?? { ms: 0, count: 0 }
  if (!known?.count) return { ms, count: 1 }
  const usual = known.count >= ENOUGH ? Math.min(ms, OUTLIER * known.ms) : ms
  const count = Math.min(known.count + 1, 1e6)
  return { ms: known.ms + (usual - known.ms) * Math.max(1 / count, WEIGHT), count }
}

/** What a store gives, which may be anything, as timings. */
export function checkTimings(value: unknown): Timings {
  const fields = (v: unknown): [string, unknown][] =>
    typeof v === 'object' && v !== null ? Object.entries(v).slice(0, 1000) : []
  const timing = (v: unknown): v is Timing => {
    const { ms, count } = (v ?? {}) as Timing
    return typeof ms === 'number' && ms >= 0 && Number.isFinite(ms) && Number.isInteger(count) && count > 0
  }
  const own = (v: unknown) =>
    Object.fromEntries(
      fields(v).flatMap(([name, t]) => (timing(t) ? [[name, { ms: t.ms, count: t.count }]] : [])),
    )
  return Object.fromEntries(fields(value).map(([id, table]) => [id, own(table)]))
}

/** What a variant is judged by: generating; else the whole, which there is one of. */
const JUDGED = ['decode', 'prefill', 'forward']

/** The program by which most of these variants can be compared: one that is measured of at least two. */
const judge = (ids: readonly string[], measured: (id: string, program: string) => number | undefined) =>
  JUDGED.find((program) => ids.filter((id) => measured(id, program) !== undefined).length > 1)

const figure = (ms: number): string => `${Number(ms.toPrecision(3))} ms a token`

/**
 * The selection with measured variants in the order of what they took; what was not measured keeps its place. A variant
 * is only put before another when it is clearly faster. `reasons` say so.
 */
export function rankByHistory(selection: Selection, timings: Timings): Selection {
  const { ranked } = selection
  const measured = (id: string, program: string): number | undefined => {
    const t = Object.hasOwn(timings, id) ? timings[id]![program] : undefined
    return t && t.count >= ENOUGH ? t.ms : undefined
  }
  const program = judge(ranked, measured)
  if (!program) return selection
  const took = (id: string) => measured(id, program)!
  const known = ranked.filter((id) => measured(id, program) !== undefined)
  const fastest = known.reduce((a, b) => (took(b) < took(a) * FASTER ? b : a))
  const usual = known[0]!
  if (fastest === usual) return selection
  const order = [fastest, ...known.filter((id) => id !== fastest)]
  const next = ranked.map((id) => (known.includes(id) ? order.shift()! : id))
  const reasons = selection.reasons.map((r) => {
    if (r.id === fastest && next[0] === fastest)
      return { ...r, why: `taken: ${figure(took(fastest))} here, ${usual} ${figure(took(usual))}` }
    if (r.id === usual)
      return { ...r, why: `fits, but took ${figure(took(usual))} here, ${fastest} ${figure(took(fastest))}` }
    return r
  })
  return { ...selection, variant: next[0]!, ranked: next, reasons }
}

/** Orders a selection by what was measured, in place: the model's reasons are those. */
export function reorder(selection: Selection, timings: Timings): void {
  const { ranked, variant, reasons } = rankByHistory(selection, timings)
  Object.assign(selection, { ranked, variant })
  reasons.forEach((reason, i) => {
    Object.assign(selection.reasons[i]!, reason)
  })
}
