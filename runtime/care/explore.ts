/**
 * Tries the other backend, where the page allows it: when the one that was taken turned out slow and nothing is under
 * way, a few steps on the best variant of the other tell which is faster; then the model goes on there, its
 * conversation with it. Only for models that a prompt alone goes into.
 */
import { type Executor, stepOf } from '../executor.js'
import type { Context } from '../options.js'
import type { Session } from '../session.js'
import { ENOUGH, FASTER, reorder, type Timings } from './history.js'
import { type Meter, type Run, WARMING } from './meter.js'
import { type Alive, type Recovery, keepAlive as stayAlive } from './recover.js'
import { conversation, known, tokensOf } from './replay.js'

/** Milliseconds without a step after which a model is idle. */
const IDLE = 1000
/** Bytes of weights a second. A GPU that reads more of them is not slow. */
const FAST = 20e9
const TRIED = ENOUGH + WARMING

/** The variant to try against the one that runs: one that fits, of the other backend, that was never measured. */
export function candidateOf(
  { context: { manifest, capabilities }, selection }: Pick<Recovery, 'context' | 'selection'>,
  current: Pick<Alive, 'variant' | 'plan'>,
  timings: Timings,
): string | undefined {
  const { variants, flow } = manifest
  const own = variants[current.variant]!
  const enough = (id: string) => (timings[id]?.decode?.count ?? 0) >= ENOUGH
  if (flow || !current.plan.programs.decode || !enough(current.variant)) return undefined
  const weights = current.plan.shards.reduce((sum, s) => sum + s.bytes, 0)
  const fast = weights / timings[current.variant]!.decode!.ms > FAST / 1000
  if (own.backend === 'webgpu' && fast) return undefined
  const id = selection.ranked.find((id) => variants[id]!.backend !== own.backend)
  // For a while both are there.
  const room = (capabilities.memory ?? Number.POSITIVE_INFINITY) - own.memory
  return id !== undefined && !enough(id) && variants[id]!.memory <= room ? id : undefined
}

/** Steps of a token, queued as they are when a model generates, behind as many as its conversation has. */
async function tryOut(executor: Executor, { plan }: Alive, past: number): Promise<void> {
  const tokens = tokensOf(plan)
  const room = plan.buffers[tokens]!.bytes / 4 - 1
  const from = Math.max(0, Math.min(past, room - TRIED))
  const queue: Promise<unknown>[] = []
  for (let i = 0; i < TRIED && from + i < room; i++) {
    const step = { ...stepOf(1, from + i), sample: 1 as const }
    queue.push(executor.run('decode', step, [[tokens, (from + i + 1) * 4, 4]]))
    if (queue.length >= executor.ahead) await queue.shift()
  }
  await Promise.all(queue)
  executor.reset()
}

/** The model, which may become another variant while nothing is under way. */
export function explorer(recovery: Recovery, first: Alive, meter: Meter): Alive {
  const { context, selection } = recovery
  const talk = conversation()
  let current = first
  let running = 0
  /** Steps so far, and where the last one was. */
  let count = 0
  let past = 0
  let over = false
  let tried = false
  let switching: Promise<void> | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  const later = () => {
    clearTimeout(timer)
    if (!over && !tried) timer = setTimeout(() => explore().catch(() => {}), IDLE)
  }
  const busy = () => running > 0 || over

  async function explore(): Promise<void> {
    const timings = await meter.timings()
    const id = candidateOf(recovery, current, timings)
    if (id === undefined || busy()) return
    const before = count
    const { options, reader } = context
    let taken = false
    // For the page the model is loaded: no progress, and nothing to be told of what is only tried.
    const quiet: Context = {
      ...{ ...context, expect() {}, progress() {}, reader: { ...reader, onBytes() {} } },
      options: { ...options, onEvent: (event) => taken && options.onEvent?.(event) },
    }
    const reasons = selection.reasons.map((r) => ({ ...r }))
    const one = { ...selection, ranked: [id], reasons, down: { ...selection.down } }
    const next = await stayAlive({ ...recovery, context: quiet, selection: one })
    if (!next) return
    try {
      next.executor = meter.timed(next.executor, next)
      await tryOut(next.executor, next, past)
      tried = true
      const found = await meter.timings()
      reorder(selection, found)
      const [own, other] = [current.variant, id].map((id) => found[id]!.decode!.ms) as [number, number]
      const [from, to] = [own, other].map((ms) => `${Number(ms.toPrecision(3))} ms a token`)
      const slower = other > own * FASTER || next.info.context < current.info.context
      // What was measured beside other work says little: the figures are kept, the choice is the next visit's.
      if (slower || count !== before || busy()) return
      const was = current.variant
      await change(next)
      taken = true
      // Should it be lost, the others are there as before.
      Object.assign(one, { ranked: selection.ranked, reasons: selection.reasons })
      options.onEvent?.({ kind: 'switched', from: was, to: id, why: `${to} instead of ${from}` })
    } finally {
      if (!taken) next.executor.destroy()
    }
  }

  /** Does the conversation again on the other, and goes on there. Calls wait meanwhile. */
  async function change(next: Alive): Promise<void> {
    switching = (async () => {
      await next.executor.prepare(['prefill', 'decode'])
      await talk.replay(next.executor, next.plan)
    })()
    try {
      await switching
      if (over) throw new Error('the model was destroyed')
      const old = current
      current = next
      old.executor.destroy()
    } finally {
      switching = undefined
    }
  }

  const settled = async () => {
    // Whether it went well or not, there is one to go on with.
    while (switching) await switching.catch(() => {})
  }

  const executor: Executor = {
    get ahead() {
      return current.executor.ahead
    },
    get lost() {
      return current.executor.lost
    },
    get threads() {
      return current.executor.threads ?? { count: 0, why: undefined }
    },
    place: (...args) => current.executor.place(...args),
    async prepare(names, onProgress) {
      await settled()
      await current.executor.prepare(
        names.map((name) => known(current.plan, name)),
        onProgress,
      )
    },
    write(program, _, offset, bytes) {
      talk.write(offset, bytes)
      current.executor.write(known(current.plan, program), tokensOf(current.plan), offset, bytes)
    },
    async run(...[program, step, wanted, signal]: Run) {
      running++
      count++
      past = step.past
      clearTimeout(timer)
      const open = talk.step(program, step, wanted, signal)
      try {
        await settled()
        return await talk.result(open, current.executor, current.plan)
      } finally {
        running--
        later()
      }
    },
    forget() {
      talk.forget()
      current.executor.forget?.()
    },
    reset() {
      talk.forget()
      current.executor.reset()
    },
    destroy() {
      over = true
      clearTimeout(timer)
      current.executor.destroy()
    },
  }

  const alive: Alive = {
    executor,
    get info() {
      return current.info
    },
    get variant() {
      return current.variant
    },
    get plan() {
      return current.plan
    },
    async whole(work, name, signal) {
      running++
      count++
      clearTimeout(timer)
      try {
        await settled()
        talk.forget()
        // The session, for work that goes to the executor itself.
        const here = ({ plan, executor }: Pick<Session, 'plan' | 'executor'>): Session => ({
          ...{ ...(alive as Session), plan, executor },
        })
        const { whole } = current
        if (!whole) return await work(here(current), signal)
        return await whole((on, signal) => work(here(on), signal), name, signal)
      } finally {
        running--
        later()
      }
    },
  }
  return alive
}
