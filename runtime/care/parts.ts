/**
 * Sends a step that takes the GPU long in parts: the browser draws with the same GPU, and comes to it between two
 * submits. Two parts are under way at a time, so that the GPU has always one to go on with. A step that is short goes
 * out whole, and nothing waits. One dispatch is never cut.
 */
import type { SendStep } from '../executor.js'
import type { Plan, Variant } from '../format.js'
import type { Context } from '../options.js'
import { type Cost, expected, familiar, learnCosts, type Work } from './costs.js'
import { recordOf } from './record.js'

/** Milliseconds of a part: two frames. */
export const PART_MS = 32
/** A step of so many parts goes out whole; no part is longer than that, if its dispatches allow it. */
export const WHOLE = 1.5
const LONGEST = 1.25
/** A part that takes less than that is short: the next may have twice as many dispatches that were never measured. */
const SHORT = 0.125
/** Parts under way at a time. */
export const MOST = 2
/** Measurements between two writes of the record. */
const WRITE = 256

interface Cutter {
  /** Names of kernels, by program and dispatch. */
  kernels(program: string): readonly string[]
  /** What is known of kernels, by name: milliseconds a workgroup. Learnt here. */
  costs: Map<string, Cost>
  partMs: number
  /** Told after each measurement. `news`: it ends a step in which kernels were measured that never were before. */
  learnt(news: boolean): void
  now(): number
}

/**
 * Where the part that begins at a dispatch ends. `target`: milliseconds that it is to take. `most`: how many dispatches
 * in it may be such as were never measured, which are taken to be of `unknown` milliseconds.
 */
export function partEnd(
  { costs, groups }: Work,
  from: number,
  target: number,
  longest: number,
  most: number,
  unknown: number,
): number {
  let sum = 0
  let some = false
  let fresh = 0
  let i = from
  for (; i < costs.length; i++) {
    const g = groups[i]!
    if (!(g > 0)) continue
    const { ms } = costs[i]!
    const own = ms === undefined ? unknown : ms * g
    if (ms === undefined && ++fresh > most) break
    if (some && (sum + own / 2 > target || sum + own > longest)) break
    some = true
    sum += own
  }
  return i
}

/** Sends steps, in the order of the calls. What they take is learnt from each. */
export function cutter({ kernels, costs, partMs, learnt, now }: Cutter): SendStep {
  const programs = new Map<string, Cost[]>()
  /** What was submitted and is not done, in this order. */
  const under: Promise<unknown>[] = []
  /** Resolves when the last step that was asked for is submitted to its end; undefined: it is. */
  let last: Promise<void> | undefined
  /** When the last of what was submitted was done. */
  let idle = 0
  /** Something was submitted since that nobody hears the end of: what is done next took less than it seems. */
  let unheard = false

  function workOf(program: string, grid: Float64Array): Work {
    let own = programs.get(program)
    if (!own) {
      own = kernels(program).map((name) => {
        const cost = costs.get(name) ?? { ms: undefined }
        costs.set(name, cost)
        return cost
      })
      programs.set(program, own)
    }
    // The grid is the next step's before this one is done.
    const groups = new Float64Array(own.length)
    for (let i = 0; i < groups.length; i++) groups[i] = grid[3 * i]! * grid[3 * i + 1]! * grid[3 * i + 2]!
    return { costs: own, groups }
  }

  /** Times what was submitted last. `done` gives false where nothing can be told of it. */
  function time(
    work: Work,
    from: number,
    to: number,
    done: Promise<boolean>,
    took: (ms: number) => void,
  ): void {
    const sent = now()
    const mine = done.then((told) => {
      const at = now()
      const ms = at - Math.max(sent, idle)
      const blurred = unheard
      unheard = !told
      if (!told) return
      idle = at
      if (blurred) return
      learnCosts(work, from, to, ms)
      took(ms)
    })
    under.push(mine)
    const over = () => {
      under.splice(under.indexOf(mine), 1)
    }
    mine.then(over, over)
  }

  async function sendParts(work: Work, step: Parameters<SendStep>[1]): Promise<void> {
    const count = work.costs.length
    // A GPU that was never seen is begun with a dispatch, then two, four … as long as they are short.
    let most = 1
    let unknown = 0
    const news = !familiar(work)
    for (let from = 0; from < count; ) {
      while (under.length >= MOST) await under[0]
      let target = partMs
      if (familiar(work)) {
        const rest = expected(work, from, count, 0)
        target = rest / Math.ceil(rest / partMs)
      }
      const end = partEnd(work, from, target, partMs * LONGEST, most, unknown)
      const size = end - from
      step.send(from, end)
      time(
        work,
        from,
        end,
        step.done().then(() => true),
        (ms) => {
          most = ms < SHORT * partMs ? 2 * size : 1
          unknown = Math.max(unknown, ms / size)
          learnt(news && end === count)
        },
      )
      from = end
    }
  }

  return async (program, step) => {
    const before = last
    let sent = () => {}
    const mine = new Promise<void>((resolve) => {
      sent = resolve
    })
    last = mine
    try {
      if (before) await before
      const work = workOf(program, step.begin())
      if (familiar(work) && expected(work, 0, work.costs.length, 0) <= WHOLE * partMs) {
        step.send(0, work.costs.length)
        const read = step.read()
        // Of a step that nothing is read of, nobody hears when it is done.
        time(
          work,
          0,
          work.costs.length,
          read.then((parts) => parts.length > 0),
          () => learnt(false),
        )
        return read
      }
      await sendParts(work, step)
    } finally {
      if (last === mine) last = undefined
      sent()
    }
    return step.read()
  }
}

/** What sends the steps of a plan, by what is known of this device; undefined: they go out whole. */
export async function parts(context: Context, { code }: Variant, plan: Plan): Promise<SendStep | undefined> {
  const { partMs = PART_MS, profile } = context.options
  // A profile is of steps that nothing comes between.
  if (partMs === false || profile) return undefined
  if (!(partMs > 0)) throw new RangeError('partMs must be above 0, or false')
  const record = recordOf(context)
  const remembered = (await record.reading).costs
  const known = Object.hasOwn(remembered, code) ? Object.entries(remembered[code]!) : []
  const costs = new Map(known.map(([name, ms]): [string, Cost] => [name, { ms }]))
  let unwritten = 0
  const write = () => {
    unwritten = 0
    const measured = [...costs].flatMap(([name, { ms }]) => (ms === undefined ? [] : [[name, ms] as const]))
    record
      .change((r) => {
        r.costs = { ...r.costs, [code]: Object.fromEntries(measured) }
      })
      .catch(() => {})
  }
  return cutter({
    kernels: (program) => plan.programs[program]!.dispatches.map((d) => plan.kernels[d.kernel]!.name),
    ...{ costs, partMs, now: () => performance.now() },
    learnt(news) {
      unwritten++
      if (news || unwritten >= WRITE) write()
    },
  })
}
