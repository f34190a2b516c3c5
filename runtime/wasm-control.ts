/** What the page's thread and its workers share (wasm-threads.ts, wasm-worker.ts): the control block, and messages. */

/** Words of the control block; those that are written often have a cache line each. */
export const WORD = { work: 0, done: 32, sleepers: 64, state: 96, program: 97 } as const
/** Set while a worker has, or tries to take, a chunk. */
export const busyWord = (index: number): number => 128 + 32 * index
export const STATE = { run: 0, stop: 1, quit: 2 } as const
/** `work` is `call + 1 << LEFT_BITS | chunks left`; 0 between steps. */
export const LEFT_BITS = 12
/** Its bits. */
export const LEFT = (1 << LEFT_BITS) - 1

/** A call as workers know it. */
export interface SharedCall {
  symbol: string
  /** Pointers and sizes; the last two are begin and end. */
  args: (number | bigint)[]
  /** Places in `args` of what changes from step to step; the values stand in `slots`, from `slot` on. */
  moving: number[]
  slot: number
  label: string
}

export interface Setup {
  module: WebAssembly.Module
  imports: Record<string, Record<string, WebAssembly.Memory>>
  control: SharedArrayBuffer
  /** Calls that the tables of the control block have room for, and where they begin, in bytes. */
  calls: number
  tables: number
  index: number
  /** End of this worker's own stack. */
  stack: number
  programs: SharedCall[][]
  /** Milliseconds to look for more before sleeping. */
  spin: number
}

/** Ready to work; a step is over; or nothing works any more. */
export type Report = { ready: true } | { done: true } | { failed: string }

/** The tables that follow the control words: chunks and items of each call, and values of moving arguments. */
export function tablesOf(control: SharedArrayBuffer, at: number, calls: number) {
  return {
    chunks: new Int32Array(control, at, calls),
    items: new Int32Array(control, at + calls * 4, calls),
    slots: new Float64Array(control, at + calls * 8),
  }
}
