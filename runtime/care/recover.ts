/**
 * Keeps a model alive when its GPU device is lost (driver reset, sleep, a step that took too long): the variant is
 * opened again, or the next one where the GPU stays away, its weights are read again, and what was under way goes on.
 *
 * A conversation goes on as if nothing had been: its steps are done again as they were, the same rows in each, with
 * the ids that came of them, so that the KV cache is the same bit for bit. Everything else is done again as a whole.
 */
import type { Executor } from '../executor.js'
import type { Variant } from '../format.js'
import type { Opened } from '../open.js'
import type { Context } from '../options.js'
import type { Selection } from '../select.js'
import type { Session } from '../session.js'
import { openBest } from './open-best.js'
import { pause } from './pause.js'
import { conversation, tokensOf } from './replay.js'

/** Milliseconds before each try to open a variant: a driver that restarts needs some seconds. */
export const WAITS: readonly number[] = [0, 100, 300, 1000, 3000]
/** More losses than that in so many milliseconds are no accident: the model, or a step, is too much for the GPU. */
export const MOST_LOSSES = 5
export const LOSS_WINDOW = 600_000

/** A variant that was opened: what a session begins as. */
export type Alive = Pick<Session, 'info' | 'variant' | 'plan' | 'executor' | 'whole' | 'beside'>

export interface Recovery {
  context: Context
  selection: Selection
  open(context: Context, variant: Variant): Promise<Opened>
  /** What calls on a destroyed model throw. */
  destroyed(): Error
  /** The runtime's own: its errors are of its own classes. */
  orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T>
}

/** An error of the same class that says more. */
const again = (e: Error, message: string, cause?: unknown): Error =>
  new (e.constructor as ErrorConstructor)(message, { cause })

const isLoss = (e: unknown): e is Error => (e as Error | undefined)?.name === 'DeviceLostError'
/** What another try may mend: the network is back some time after the machine is. */
const passes = (e: unknown): boolean =>
  isLoss(e) ||
  ['UnsupportedError', 'OutOfMemoryError'].includes((e as Error).name) ||
  ((e as Error).name === 'FetchError' && (e as { status?: number }).status === undefined)

/** Opens a variant, again should its device be lost meanwhile; what comes of it opens itself again later. */
export async function keepAlive(options: Recovery): Promise<Alive | undefined> {
  const { context, selection, destroyed, orAbort } = options
  const tell = context.options.onEvent
  const { signal } = context.reader
  const { flow, variants } = context.manifest
  const losses: number[] = []

  /** Notes a loss. Throws when there were too many. */
  function lose(e: Error): void {
    const now = performance.now()
    while (losses.length && now - losses[0]! > LOSS_WINDOW) losses.shift()
    tell?.({ kind: 'lost', why: e.message })
    if (losses.push(now) <= MOST_LOSSES) return
    const minutes = LOSS_WINDOW / 60_000
    const cure = "load a smaller model, or with { backend: 'wasm' }"
    throw again(e, `${e.message}, for the ${losses.length}th time in ${minutes} minutes: ${cure}`)
  }

  const open = (context: Context, ranked: string[]): Promise<Alive | undefined> =>
    openBest(context, { ...selection, ranked }, (variant) => options.open(context, variant))

  for (;;) {
    try {
      const opened = await open(context, selection.ranked)
      const losable = opened && variants[opened.variant]!.backend === 'webgpu'
      return losable && context.options.recover !== false ? watch(opened) : opened
    } catch (e) {
      if (!isLoss(e) || context.options.recover === false || signal.aborted) throw e
      lose(e)
      await pause(WAITS[losses.length] ?? 0, signal)
    }
  }

  function watch(opened: Alive): Alive {
    const end = new AbortController()
    /** Programs that were asked for. */
    const ready = new Set<string>()
    let inner = opened.executor
    /** Why nothing works any more. */
    let dead: Error | undefined
    let reviving: Promise<void> | undefined
    const talk = conversation()
    /** What left something in states, by the name it may be replaced by. */
    const works = new Map<string, (on: Session, signal: AbortSignal) => Promise<unknown>>()

    /** For the page the model is loaded: no progress. That a variant is refused is told when it is given up. */
    const later = (loud: boolean): Context => ({
      ...context,
      options: loud ? context.options : { ...context.options, onEvent: undefined },
      reader: { ...context.reader, signal: end.signal, onBytes() {} },
      expect() {},
      progress() {},
    })

    /** Opens the variant that was lost, and when that doesn't help the next ones. */
    async function reopen(): Promise<Alive> {
      const { ranked, reasons } = selection
      const at = ranked.indexOf(opened.variant)
      for (const [i, wait] of WAITS.entries()) {
        await pause(wait, end.signal)
        if (dead) throw dead
        const last = i === WAITS.length - 1
        try {
          const found = await open(later(last), last ? ranked.slice(at) : [opened.variant])
          if (found) {
            const reason = reasons.find((r) => r.id === found.variant)!
            if (!reason.ok) Object.assign(reason, { ok: true, why: 'taken' })
            return found
          }
        } catch (e) {
          if (last || dead || !passes(e)) throw dead ?? e
          if (isLoss(e)) lose(e)
        }
      }
      throw new Error(reasons.map(({ id, why }) => `${id}: ${why}`).join('; '))
    }

    /** Programs that were asked for and are there. */
    const there = () => [...ready].filter((name) => Object.hasOwn(opened.plan.programs, name))

    /** The session, for work that goes to the executor itself and is done again as a whole. */
    const here = (): Session => ({ ...(opened as Session), executor: inner })

    async function replay(): Promise<void> {
      await inner.prepare(there())
      for (const work of works.values()) await work(here(), end.signal)
      await talk.replay(inner, opened.plan)
    }

    async function revive(first: Error): Promise<void> {
      const started = performance.now()
      try {
        for (let e = first; ; ) {
          lose(e)
          inner.destroy()
          const { executor, plan, variant, info } = await reopen()
          if (dead) {
            executor.destroy()
            throw dead
          }
          inner = executor
          Object.assign(opened, { plan, variant, info })
          follow()
          try {
            await replay()
            break
          } catch (next) {
            if (!isLoss(next) || dead) throw next
            e = next
          }
        }
        tell?.({ kind: 'recovered', variant: opened.variant, ms: performance.now() - started })
      } catch (e) {
        const why = `${first.message}, and could not be made anew (${(e as Error).message}): load the model again`
        dead ??= isLoss(e) ? e : again(first, why, e)
        inner.destroy()
        throw dead
      }
    }

    /** Resolves when the model works again after the loss of `lost`. */
    function back(lost: Executor, e: Error): Promise<void> {
      if (dead) return Promise.reject(dead)
      if (!reviving && inner === lost) {
        reviving = orAbort(revive(e), end.signal).finally(() => {
          reviving = undefined
        })
        // Whoever waits for it hears it.
        reviving.catch(() => {})
      }
      return reviving ?? Promise.resolve()
    }

    function follow(): void {
      const mine = inner
      mine.lost.then((e) => {
        if (inner === mine) back(mine, e).catch(() => {})
      })
    }

    /** Does something on whatever executor there is, again after a loss. */
    async function through<T>(work: (on: Executor) => Promise<T>, signal?: AbortSignal): Promise<T> {
      for (;;) {
        while (reviving) await orAbort(reviving, signal)
        if (dead) throw dead
        const mine = inner
        try {
          return await work(mine)
        } catch (e) {
          if (!isLoss(e)) throw e
          await orAbort(back(mine, e), signal)
        }
      }
    }

    follow()
    opened.executor = {
      get ahead() {
        return inner.ahead
      },
      get lost() {
        return inner.lost
      },
      get threads() {
        return inner.threads ?? { count: 0, why: undefined }
      },
      place: (...args) => inner.place(...args),
      prepare(names, onProgress) {
        for (const name of names) ready.add(name)
        return through((on) => on.prepare(there(), onProgress))
      },
      write(_, __, offset, bytes) {
        if (dead) throw dead
        talk.write(offset, bytes)
        if (reviving) return
        try {
          inner.write(there()[0]!, tokensOf(opened.plan), offset, bytes)
        } catch (e) {
          // The step that follows finds it lost too, and what was written is done again.
          if (!isLoss(e)) throw e
        }
      },
      run(program, step, wanted, signal) {
        const open = talk.step(program, step, wanted, signal)
        return through((on) => talk.result(open, on, opened.plan), signal)
      },
      inside: (program) => inner.inside?.(program) ?? {},
      forget() {
        talk.forget()
        works.delete('')
      },
      reset() {
        talk.forget()
        works.clear()
        inner.reset()
      },
      destroy() {
        dead ??= destroyed()
        end.abort(dead)
        inner.destroy()
      },
    }
    opened.whole = async (work, name, signal) => {
      talk.forget()
      const made = await through(() => work(here(), signal), signal)
      if (name === '' || flow?.calls.some((c) => c.program === name && c.gives?.length)) {
        works.delete(name!)
        works.set(name!, work)
      }
      return made
    }
    return opened
  }
}
