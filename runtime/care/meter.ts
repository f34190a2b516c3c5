/** Times the steps of executors, and remembers. */
import type { Executor, Step } from '../executor.js'
import type { Context } from '../options.js'
import { learn, type Timings } from './history.js'
import { profiled } from './profile.js'
import { recordOf } from './record.js'
import type { Alive } from './recover.js'

/** The first steps after a load compile, fill caches and wake the GPU: they say nothing. */
export const WARMING = 2
/** One of so many steps is profiled, where the page asks for it. */
const SAMPLED = 16
/** Measurements between two writes of the record. */
const WRITE = 64
/** A step of a prompt that has fewer rows takes as long as one of a token. */
const ROWS = 16

export type Run = Parameters<Executor['run']>

export interface Meter {
  /** The executor, timed. `who`: the variant and plan that it runs, which may change with a lost device. */
  timed(executor: Executor, who: Pick<Alive, 'variant' | 'plan'>): Executor
  /** Of this visit and those before. */
  timings(): Promise<Timings>
  /** Puts what was measured into the record. */
  write(): void
}

const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value))

function add(into: Timings, id: string, name: string, ms: number): void {
  into[id] ??= {}
  into[id][name] = learn(into[id][name], ms)
}

export function meterOf(context: Context): Meter {
  const record = recordOf(context)
  const { adapt, profile } = context.options
  /** Measured since the record was written. */
  let fresh: Timings = {}
  let unwritten = 0

  function write(): void {
    if (!unwritten) return
    unwritten = 0
    const news = fresh
    fresh = {}
    record
      .change(({ timings }) => {
        for (const [id, table] of Object.entries(news))
          for (const [name, { ms, count }] of Object.entries(table))
            for (let i = 0; i < count; i++) add(timings, id, name, ms)
      })
      .catch(() => {})
  }

  function timed(executor: Executor, who: Pick<Alive, 'variant' | 'plan'>): Executor {
    if (adapt === 'off') return executor
    let steps = 0
    let asked = 0
    /** When the last step was done. */
    let idle = 0
    const note = (program: string, { seq }: Step, started: number) => {
      const now = performance.now()
      // Steps are queued: one begins when the one before is done.
      const ms = now - Math.max(started, idle)
      idle = now
      if (++steps <= WARMING || (seq > 1 && seq < ROWS)) return
      add(fresh, who.variant, seq === 1 && program === 'prefill' ? 'decode' : program, ms / seq)
      if (++unwritten >= WRITE) write()
    }
    const operator = (program: string, name: string, ms: number) =>
      add(fresh, who.variant, `${program} ${name}`, ms)
    return Object.assign(Object.create(executor) as Executor, {
      run(...run: Run): Promise<Uint8Array[]> {
        const started = performance.now()
        const [program, step] = run
        const sampled = profile && step.seq === 1 && asked++ % SAMPLED === WARMING
        const done = sampled
          ? profiled(executor, who.plan, program, () => executor.run(...run), operator)
          : executor.run(...run)
        done.then(
          () => note(program, step, started),
          () => {},
        )
        return done
      },
    })
  }

  return {
    timed,
    write,
    async timings() {
      write()
      return copy((await record.reading).timings)
    },
  }
}
