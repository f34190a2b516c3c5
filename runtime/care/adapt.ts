/** What a model does of its own accord while it runs: times its steps, keeps to the pace that power allows. */
import type { Executor, Step } from '../executor.js'
import { learn, rankByHistory, type Timings } from './history.js'
import { watchPower } from './power.js'
import { profiled } from './profile.js'
import { recordOf } from './record.js'
import { type Alive, type Recovery, keepAlive as stayAlive } from './recover.js'

/** The first steps after a load compile, fill caches and wake the GPU: they say nothing. */
const WARMING = 2
/** Measurements between two writes of the record. */
const WRITE = 64
/** One of so many steps is profiled, where the page asks for it. */
const SAMPLED = 16
/** A step of a prompt that has fewer rows takes as long as one of a token. */
const ROWS = 16

const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value))

/** As `keepAlive` of recover.ts, by what is known of this device; what comes of it is timed and paced. */
export async function keepAlive(recovery: Recovery): Promise<Alive | undefined> {
  const { context, selection } = recovery
  const { options } = context
  const record = recordOf(context)
  const learns = options.adapt !== 'off'
  if (learns) Object.assign(selection, rankByHistory(selection, (await record.reading).timings))
  const tell = (tokensPerSecond: number | undefined, why: string) =>
    options.onEvent?.({ kind: 'paced', ...(tokensPerSecond && { tokensPerSecond }), why })
  const pace = watchPower(options.power, tell)
  const opened = await stayAlive(recovery).catch((e) => {
    pace.stop()
    throw e
  })
  if (!opened) {
    pace.stop()
    return undefined
  }
  const inner = opened.executor
  /** Measured since the record was written, by variant. */
  const fresh: Timings = {}
  let steps = 0
  let asked = 0
  let unwritten = 0
  /** When the last step was done. */
  let idle = 0

  const merge = (into: Timings, id: string, program: string, ms: number) => {
    into[id] ??= {}
    into[id][program] = learn(into[id][program], ms)
  }

  function note(program: string, step: Step, started: number): void {
    const now = performance.now()
    // Steps are queued: one begins when the one before is done.
    const ms = now - Math.max(started, idle)
    idle = now
    if (!learns || ++steps <= WARMING || (step.seq > 1 && step.seq < ROWS)) return
    merge(fresh, opened!.variant, step.seq > 1 || program !== 'prefill' ? program : 'decode', ms / step.seq)
    if (++unwritten >= WRITE) write()
  }

  function learnOperator(program: string, operator: string, ms: number): void {
    if (learns) merge(fresh, opened!.variant, `${program} ${operator}`, ms)
  }

  function write(): void {
    if (!unwritten) return
    unwritten = 0
    const news = copy(fresh)
    for (const id of Object.keys(fresh)) delete fresh[id]
    record
      .change(({ timings }) => {
        for (const [id, table] of Object.entries(news))
          for (const [program, { ms, count }] of Object.entries(table))
            for (let i = 0; i < count; i++) merge(timings, id, program, ms)
      })
      .catch(() => {})
  }

  async function paced(turn: Promise<void>, program: string, ...rest: Rest): Promise<Uint8Array[]> {
    await turn
    const [, , signal] = rest
    if (signal?.aborted) throw signal.reason
    return timed(program, ...rest)
  }

  function timed(program: string, ...rest: Rest): Promise<Uint8Array[]> {
    const started = performance.now()
    const [step] = rest
    const sampled = options.profile && step.seq === 1 && asked++ % SAMPLED === WARMING
    const done = sampled
      ? profiled(inner, opened!.plan, program, () => inner.run(program, ...rest), learnOperator)
      : inner.run(program, ...rest)
    done.then(
      () => note(program, rest[0], started),
      () => {},
    )
    return done
  }

  type Rest = [step: Step, wanted: Parameters<Executor['run']>[2], signal?: AbortSignal | undefined]
  opened.executor = Object.assign(Object.create(inner) as Executor, {
    run(program: string, ...rest: Rest): Promise<Uint8Array[]> {
      // A token's pace: what a prompt takes is no more than the page asks for.
      const turn = rest[0].sample ? pace.turn(rest[2]) : undefined
      return turn ? paced(turn, program, ...rest) : timed(program, ...rest)
    },
    destroy() {
      pace.stop()
      write()
      inner.destroy()
    },
  })
  opened.beside = {
    async timings() {
      write()
      return copy((await record.reading).timings)
    },
    get power() {
      return { ...pace.now }
    },
  }
  return opened
}
