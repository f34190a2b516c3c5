/**
 * Which of many candidates is fastest, with few measurements: all are measured once, the slower half goes, the rest
 * is measured again (successive halving, Jamieson and Talwalkar 2016); then what differs little from the best.
 * Pure but for `measure`.
 */
import { type Candidate, keyOf } from './candidates.js'
import { median } from './clock.js'

/** Milliseconds of one run of each, in a round that all share; NaN for one that can't run or is wrong. */
export type Measure = (candidates: Candidate[]) => Promise<number[]>

export interface Timed {
  candidate: Candidate
  /** Median of all rounds, ms. */
  ms: number
  rounds: number
}

export interface SearchOptions {
  measure: Measure
  neighbours: (c: Candidate) => Candidate[]
  /** Whether there is time for another step. */
  hasTime: () => boolean
  /** Measured before, by key: not measured again. */
  known?: ReadonlyMap<string, number>
}

/** Candidates of the first round that are made at a time: few, until it is known that they don't take all the time. */
const AT_FIRST = [2, 4, 8, 12]
/** Candidates that the last rounds compare. */
const FINALISTS = 4
const FINAL_ROUNDS = 5
/** Steps from the best to a neighbour. */
const MOST_STEPS = 8

/** All candidates that ran, fastest first. */
export async function search(start: Candidate[], options: SearchOptions): Promise<Timed[]> {
  const { measure, hasTime, known } = options
  const times = new Map<string, { candidate: Candidate; values: number[] }>()
  const run = async (candidates: Candidate[]): Promise<void> => {
    const found = await measure(candidates)
    candidates.forEach((candidate, i) => {
      const ms = found[i]!
      const entry = times.get(keyOf(candidate)) ?? { candidate, values: [] }
      if (ms > 0) entry.values.push(ms)
      times.set(keyOf(candidate), entry)
    })
  }
  const ranked = (): Timed[] =>
    [...times.values()]
      .filter(({ values }) => values.length > 0)
      .map(({ candidate, values }) => ({ candidate, ms: median(values), rounds: values.length }))
      .sort((a, b) => a.ms - b.ms)

  const fresh = start.filter((c) => {
    const before = known?.get(keyOf(c))
    if (before !== undefined) times.set(keyOf(c), { candidate: c, values: before > 0 ? [before] : [] })
    return before === undefined
  })
  // Those that come first are the likely ones: where compilers are slow, time is up before all are made.
  for (let i = 0, batch = 0; i < fresh.length && hasTime(); batch++) {
    const next = fresh.slice(i, i + AT_FIRST[Math.min(batch, AT_FIRST.length - 1)]!)
    await run(next)
    i += next.length
  }
  const halve = async () => {
    let alive = ranked()
    while (alive.length > FINALISTS && hasTime()) {
      alive = alive.slice(0, Math.max(Math.ceil(alive.length / 2), FINALISTS))
      await run(alive.map((t) => t.candidate))
      const places = new Map(ranked().map((t, i) => [keyOf(t.candidate), i]))
      alive.sort((a, b) => places.get(keyOf(a.candidate))! - places.get(keyOf(b.candidate))!)
    }
  }
  await halve()
  for (let step = 0; step < MOST_STEPS && hasTime(); step++) {
    const best = ranked()[0]
    if (!best) break
    const near = options.neighbours(best.candidate).filter((c) => !times.has(keyOf(c)))
    if (near.length === 0) break
    await run([best.candidate, ...near])
    if (keyOf(ranked()[0]!.candidate) === keyOf(best.candidate)) break
  }
  const last = ranked()
    .slice(0, FINALISTS)
    .map((t) => t.candidate)
  for (let round = 0; round < FINAL_ROUNDS && last.length > 1 && hasTime(); round++) await run(last)
  return ranked()
}
