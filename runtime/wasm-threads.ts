/**
 * A team of workers that share the memory and walk a program's calls together (wasm-worker.ts). The page's thread
 * writes what a step changes, wakes them by one store, and gets one message when the step is over: it never computes
 * and never waits, so that a page stays alive even with one worker.
 *
 * A file of its own, fetched where workers are started: it must not make errors, whose classes are the runtime's.
 */
import { type Step, at as valueAt } from './executor.js'
import { busyWord, LEFT, LEFT_BITS, type Report, type Setup, STATE, tablesOf, WORD } from './wasm-control.js'
import type { Team, TeamOptions, WorkerLike } from './wasm-team.js'

/** Chunks of a call for each worker: uneven items, and workers that the system holds up, even out. */
const SPREAD = 4
/** Milliseconds that a worker looks for more work before it sleeps: waking one takes about as long. */
const SPIN = 0.1
/** Milliseconds in which workers must be ready. */
const PATIENCE = 20_000

/** Starts a team. Throws an error that says why it could not be. */
export async function startTeam({
  worker,
  module,
  imports,
  stacks,
  programs,
  reason,
}: TeamOptions): Promise<Team> {
  const count = stacks.length
  const names = Object.keys(programs)
  const calls = Math.max(1, ...names.map((name) => programs[name]!.length))
  const slots = Math.max(1, ...names.map((name) => programs[name]!.reduce((n, c) => n + c.moving.length, 0)))
  const at = busyWord(count) * 4
  const control = new SharedArrayBuffer(at + calls * 8 + slots * 8)
  const words = new Int32Array(control)
  const tables = tablesOf(control, at, calls)
  const shared = names.map((name) => {
    let slot = 0
    return programs[name]!.map(({ symbol, args, moving, label }) => {
      const own = moving.filter(([i]) => i < args.length - 2)
      slot += own.length
      return { symbol, args, moving: own.map(([i]) => i), slot: slot - own.length, label }
    })
  })

  const workers: WorkerLike[] = []
  const alive = new Set<number>()
  /** Of the start, then of each step. */
  let settle: { resolve(done: boolean): void; reject(e: Error): void } | undefined
  let dead: Error | undefined

  function end(): void {
    Atomics.store(words, WORD.state, STATE.quit)
    // No chunk is to be had, and whoever sleeps wakes.
    Atomics.store(words, WORD.work, 0)
    Atomics.notify(words, WORD.work)
    for (const w of workers) w.terminate()
  }

  /** Resolves when no living worker touches the memory any more. */
  async function quiet(): Promise<void> {
    Atomics.store(words, WORD.state, STATE.quit)
    Atomics.store(words, WORD.work, 0)
    Atomics.notify(words, WORD.work)
    while ([...alive].some((i) => Atomics.load(words, busyWord(i))))
      await new Promise((r) => setTimeout(r, 1))
    end()
  }

  function died(index: number, why: string): void {
    alive.delete(index)
    if (dead) return
    dead = new Error(`a worker died: ${why}`)
    quiet().then(() => settle?.resolve(false))
  }

  function failed(why: string): void {
    dead = new Error(why)
    end()
    settle?.reject(dead)
  }

  const started = new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('workers did not start in time')), PATIENCE)
    let waiting = count
    settle = { resolve: () => reject(dead), reject }
    const ready = () => {
      if (--waiting) return
      clearTimeout(late)
      resolve()
    }
    try {
      stacks.forEach((stack, index) => {
        const w = worker(new URL('./wasm-worker.js', import.meta.url))
        workers.push(w)
        alive.add(index)
        w.onmessage = ({ data }) => {
          const report = data as Report
          if ('ready' in report) ready()
          else if ('failed' in report) failed(report.failed)
          // A step that a death cut short may look done.
          else if (!dead) settle?.resolve(true)
        }
        w.onerror = ({ message }) => died(index, message || 'its script could not be run')
        const setup: Setup = {
          ...{ module, imports, control, calls, tables: at, index, stack, programs: shared, spin: SPIN },
        }
        w.postMessage(setup)
      })
    } catch (e) {
      reject(e)
    }
  })
  try {
    await started
  } catch (e) {
    end()
    throw e
  }
  settle = undefined

  /** Puts the step's figures in place. Returns the first call with anything to do, or -1. */
  function fill(name: string, step: Step): number {
    let slot = 0
    programs[name]!.forEach(({ args, moving, grain }, i) => {
      let items = args.at(-1) as number
      for (const [place, e] of moving) {
        if (place === args.length - 1) items = valueAt(e, step)
        else tables.slots[slot++] = valueAt(e, step)
      }
      tables.items[i] = items
      const most = Math.min(Math.floor(items / grain), count * SPREAD, LEFT)
      tables.chunks[i] = items > 0 ? Math.max(1, most) : 0
    })
    return tables.chunks.findIndex((n, i) => n > 0 && i < programs[name]!.length)
  }

  return {
    async run(name, step, signal) {
      if (dead) return false
      const first = fill(name, step)
      if (first < 0) return true
      const stop = () => Atomics.store(words, WORD.state, STATE.stop)
      const over = new Promise<boolean>((resolve, reject) => {
        settle = { resolve, reject }
      })
      signal?.addEventListener('abort', stop)
      Atomics.store(words, WORD.state, STATE.run)
      Atomics.store(words, WORD.program, names.indexOf(name))
      Atomics.store(words, WORD.work, ((first + 1) << LEFT_BITS) | tables.chunks[first]!)
      Atomics.notify(words, WORD.work)
      try {
        const done = await over
        if (done && signal?.aborted) throw reason(signal)
        return done
      } finally {
        settle = undefined
        signal?.removeEventListener('abort', stop)
      }
    },

    destroy() {
      dead ??= new Error('the model was destroyed')
      end()
      settle?.resolve(false)
    },
  }
}
