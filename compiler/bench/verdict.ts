/** Whether a figure has changed, given how much it changes by itself. */
import { median } from '../tune/clock.js'

export interface Entry {
  /** `ms`, `µs`, `bytes`: less is better. Rates (`tokens/s`): more is. */
  unit: string
  value: number
  /** How far its rounds lie apart, as a part of it (`spreadOf`); absent or null: it was measured once. */
  spread?: number | null | undefined
}

export interface Verdict {
  verdict: 'regression' | 'improvement' | 'same'
  /** Median of the entries before. */
  before: number
  /** How many times as bad: above 1 slower, below 1 faster, whatever the unit. */
  worse: number
  /** The part that a change must exceed. */
  noise: number
}

/** No change below this is told, however little the rounds differ: clocks and other work drift from run to run. */
const LEAST = 0.03
/** What a figure that was measured once may differ. */
const SINGLE = 0.25
/** Spreads that a change must exceed. */
const SPREADS = 3
/** A median absolute deviation of a normal distribution to its standard deviation. */
const NORMAL = 1.4826

/** Median absolute deviation as a part of the median, on the scale of a standard deviation; undefined for one value. */
export function spreadOf(values: readonly number[]): number | undefined {
  if (values.length < 2) return undefined
  const middle = median(values)
  return middle === 0 ? 0 : (NORMAL * median(values.map((v) => Math.abs(v - middle)))) / Math.abs(middle)
}

const isRate = (unit: string) => unit.endsWith('/s')

/** The last entry against those before it; undefined where there are none. */
export function judge(before: readonly Entry[], now: Entry): Verdict | undefined {
  if (before.length === 0) return undefined
  const middle = median(before.map((e) => e.value))
  const own = [...before, now].map((e) => e.spread ?? (e.unit === 'bytes' ? 0 : SINGLE / SPREADS))
  const noise = Math.max(LEAST, SPREADS * Math.max(median(own), spreadOf(before.map((e) => e.value)) ?? 0))
  const ratio = now.value === middle ? 1 : now.value / middle
  const worse = isRate(now.unit) ? 1 / ratio : ratio
  return {
    ...{ before: middle, worse, noise },
    verdict: worse > 1 + noise ? 'regression' : worse < 1 / (1 + noise) ? 'improvement' : 'same',
  }
}
