/** Workers that compute a step together: what they are started with, and what is asked of them. */
import type { Step } from './executor.js'
import type { Expr } from './expr.js'
import type { Setup } from './wasm-control.js'

/** What is used of a worker: a browser's has it. */
export interface WorkerLike {
  postMessage(message: unknown): void
  terminate(): unknown
  onmessage: ((event: { data: unknown }) => void) | null
  onerror: ((event: { message?: string }) => void) | null
}

/** Starts a module worker from `wasm-worker.js` at `url`. */
export type WorkerFactory = (url: URL) => WorkerLike

/** A call of a program, and what changes in it from step to step. */
export interface TeamCall {
  symbol: string
  /** Pointers and sizes; the last two are begin and end. */
  args: (number | bigint)[]
  moving: readonly [at: number, e: Expr][]
  /** Fewest items that are worth a worker's while. */
  grain: number
  label: string
}

export interface TeamOptions {
  worker: WorkerFactory
  module: WebAssembly.Module
  imports: Setup['imports']
  /** End of each worker's own stack; there are as many workers. */
  stacks: readonly number[]
  programs: Readonly<Record<string, readonly TeamCall[]>>
  /** What to throw for a signal that was raised. */
  reason: (signal: AbortSignal) => Error
}

export interface Team {
  /**
   * Does one step; steps are not queued. False: workers died, the step may be half done and there is no team any more.
   * Throws the signal's reason once the workers have stopped, and an error that says so when a kernel failed.
   */
  run(program: string, step: Step, signal: AbortSignal | undefined): Promise<boolean>
  destroy(): void
}

const beside: WorkerFactory = (url) => new Worker(url, { type: 'module' }) as WorkerLike

/** How to start a worker here, if there is a way. */
export const workerFactory = (given: WorkerFactory | undefined): WorkerFactory | undefined =>
  given ?? (typeof Worker === 'function' ? beside : undefined)

/** More were measured to be no faster (tests/bench/threads.ts). */
export const USEFUL_THREADS = 16

/** The workers to have where nobody says: one a core, within what helps. */
export const defaultThreads = (): number =>
  Math.min(Math.max(globalThis.navigator?.hardwareConcurrency ?? 1, 1), USEFUL_THREADS)
