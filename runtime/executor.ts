/** The seam between a plan and what computes it. There are two executors: webgpu.ts and wasm.ts. */
import type { DeviceLostError } from './errors.js'
import { type Expr, evaluate, type SymValues } from './expr.js'
import type { Plan, Program, Region } from './format.js'
import type { Placement } from './source.js'

/** One step's values: what the step uniform holds (see `STEP_BYTES`). */
export interface Step {
  seq: number
  past: number
  seed: number
  topK: number
  topP: number
  temperature: number
  /** Of repetition; 1: none. */
  penalty: number
  /** 1: write the next token. */
  sample: 0 | 1
  /** Sizes other than `seq` and `past`. */
  sizes?: SymValues | undefined
}

/** The value of an expression in a step. */
export const at = (e: Expr, step: Step): number =>
  evaluate(e, step.sizes ? { ...step.sizes, seq: step.seq, past: step.past } : (step as unknown as SymValues))

/** A step that samples nothing. */
export const stepOf = (seq: number, past: number, sizes?: SymValues): Step => ({
  ...{ seq, past, sizes, seed: 0, topK: 0, topP: 1, temperature: 0, penalty: 1, sample: 0 },
})

/** A program as an executor holds it; by dispatch, nothing where it is not prepared. */
export interface Inside {
  /** WebGPU. */
  device?: GPUDevice
  wait?(p: Promise<unknown>): Promise<unknown>
  buffers?: (GPUBuffer | undefined)[]
  pipelines?: GPUComputePipeline[]
  groups?: GPUBindGroup[]
  /** Workgroups in x, y, z of each dispatch, of the step that was run last. */
  grid?: Float64Array
  /** WebAssembly: the last two arguments are the items from, and to. `moving`: those that change from step to step. */
  calls?: {
    kernel: (...args: (number | bigint)[]) => unknown
    args: (number | bigint)[]
    moving: [at: number, e: Expr][]
  }[]
  bytesAt?(buffer: number, offset: number, bytes: number): Uint8Array
}

export interface Executor {
  /** Decode steps that are worth queueing before the first of them is read. */
  readonly ahead: number
  /** Resolves when the device is lost; never, if it stays or is destroyed by `destroy`. */
  readonly lost: Promise<DeviceLostError>
  /** Workers that compute now; 0: the calling thread does. `why` there are fewer than were to be. */
  readonly threads?: { count: number; why: string | undefined }
  /** Where the bytes of a weight shard go. `stage` gives a place on their way, free again once they are `settled`. */
  place(buffer: number, offset: number, bytes: number, stage: (bytes: number) => Uint8Array): Placement
  /** Compiles what the programs need and makes their bind groups. Cheap for those that are ready. */
  prepare(programs: readonly string[], onProgress?: (done: number, total: number) => void): Promise<void>
  /** Puts bytes where a program reads them. The length is a multiple of 4. */
  write(program: string, buffer: number, offset: number, bytes: Uint8Array): void
  /**
   * Runs a prepared program and reads regions of it afterwards. Steps run in the order of the calls, so a
   * step may be queued before the one it depends on is done.
   */
  run(program: string, step: Step, wanted: readonly Region[], signal?: AbortSignal): Promise<Uint8Array[]>
  /** What a prepared program is made of, for who tests it (`care/self-test.ts`) or times it (`care/profile.ts`). */
  inside?(program: string): Inside
  /** The state's contents count no more. */
  forget?(): void
  /** Zeroes the state. */
  reset(): void
  destroy(): void
}

/** A step that is to be sent. */
export interface Sending {
  /** Writes what changes with each step. Gives the workgroups in x, y, z of each dispatch. */
  begin(): Float64Array
  /** Submits the dispatches from, to; with the last, the copies to what is read. */
  send(from: number, to: number): void
  /** Resolves when what was submitted is done. */
  done(): Promise<unknown>
  /** What is read, after the last was sent. */
  read(): Promise<Uint8Array[]>
}

/** Sends a step of a program: all of it, in order, and not mixed with that of an earlier call. */
export type SendStep = (program: string, step: Sending) => Promise<Uint8Array[]>

export function packStep(view: DataView, at: number, s: Step): void {
  view.setUint32(at, s.seq, true)
  view.setUint32(at + 4, s.past, true)
  view.setUint32(at + 8, s.seed, true)
  view.setUint32(at + 12, s.topK, true)
  view.setFloat32(at + 16, s.topP, true)
  view.setFloat32(at + 20, s.temperature, true)
  view.setUint32(at + 24, s.sample, true)
  view.setFloat32(at + 28, s.penalty, true)
}

/** Sizes that don't change from step to step: a program of one token always has `seq` 1. */
export const fixedSizes = (program: Program): { seq?: number } => (program.maxSeq === 1 ? { seq: 1 } : {})

/** The program of that name; names come from callers. */
export function programOf(plan: Plan, name: string): Program | undefined {
  return Object.hasOwn(plan.programs, name) ? plan.programs[name] : undefined
}

/** The buffers that a plan's programs touch: a part of a model needs the weights of its own programs alone. */
export function buffersOf({ buffers, programs }: Plan): Set<number> {
  const used = new Set(buffers.flatMap((b, i) => (b.kind === 'weights' ? [] : [i])))
  for (const { dispatches } of Object.values(programs))
    for (const { bind } of dispatches) for (const region of bind) if (region) used.add(region[0])
  return used
}
