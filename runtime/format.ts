/**
 * The bundle: what `wgc build` writes and the runtime reads. The compiler imports these types from here,
 * so the two can't drift apart. `generated/manifest.schema.json` is made from this file.
 */
import type { Expr } from './expr.js'

export const FORMAT_VERSION = 1

/** `manifest.json`: the only file with a fixed name. Every other file is `<stem>-<hash>.<ext>`. */
export interface Manifest {
  format: typeof FORMAT_VERSION
  /** Version of the compiler that wrote the bundle. */
  wgc: string
  model: ModelInfo
  /** Every file of the bundle by role-independent name, with what is needed to check it. */
  files: Record<string, FileInfo>
  /** Target name (chrome, safari-ios …) to variant ids, best first. */
  targets: Record<string, string[]>
  variants: Record<string, Variant>
  /** File names of the tokenizer's JSON, if the model has one. */
  tokenizer?: { tokenizer: string; config?: string }
  /** File name of what the model's preparation of images or sound is described by (preprocessor_config.json). */
  preprocessor?: string
  /** How the inputs that callers give become the outputs they ask for. Absent: by the program `forward`. */
  flow?: Flow
}

/** A value that a caller may give. */
export interface FlowInput {
  name: string
  dtype: 'f32' | 'u32'
  /** Numbers, and names of sizes; `batch` in front may be left out. */
  shape: Expr[]
  /** What every element is where the caller leaves it out, and others tell its sizes: a mask. */
  fill?: number
}

/** A program, or a function of `extras.js`, run on values. */
export interface FlowCall {
  program?: string
  /** Programs of the same ports, in order, for inputs of sizes that are beyond that one. */
  otherwise?: readonly string[]
  host?: string
  /** Of the function. */
  args?: Record<string, number | string | boolean | readonly number[]>
  /** Port or parameter to the value that goes there. */
  inputs: Record<string, string>
  /** Port or result to the value that it makes. */
  outputs: Record<string, string>
  /** Values whose leading axis is cut: the program runs once for each, and its outputs are stacked. */
  each?: readonly string[]
  /** Of `each`: value whose elements say how many rows each takes, instead of one index; they keep their axis. */
  counts?: string
  /** What the size `row` grows by from one of those to the next: where states take one after the other. */
  advance?: number
  /** Sizes that later programs know: name to the size of this program (`{ source: 'seq' }`). */
  sizes?: Record<string, string>
  /** What it leaves in states, by any name, and what it finds there: such calls run in this order. */
  gives?: readonly string[]
  needs?: readonly string[]
  /** What it finds there if it can be had: images of a text that may have none. */
  uses?: readonly string[]
}

/** What is computed from what. Only the calls that the wanted outputs take are run. */
export interface Flow {
  inputs: FlowInput[]
  /** In an order that computes inputs first. */
  calls: FlowCall[]
  /** Values that a caller may ask for. */
  outputs: string[]
  /** How the programs `prefill` and `decode` are prepared. */
  generate?: {
    /** Value that the prompt's ids are, `[1, n]`: an encoder's input, or what images are put in order by. */
    prompt?: string
    /** Ids that a decoder starts from where the prompt is the encoder's, or empty. */
    start?: readonly number[]
    /** What states must hold (`FlowCall.gives`). */
    needs?: readonly string[]
  }
}

export interface FileInfo {
  bytes: number
  /** SHA-256 of the content, hex. */
  sha256: string
}

export interface ModelInfo {
  /** Family: llama, bert … */
  family: string
  name: string
  parameters: number
  vocab: number
  /** Tokens the KV cache holds. */
  context: number
  /** Ids that end a generation. */
  eos: number[]
  bos?: number
  /** How the weights are stored, for people: "q4 (group 64), embedding q8". */
  weights: string
  /** Names of classes, by index. */
  labels?: string[]
  /** Parts that can be loaded by themselves, and their programs. */
  components?: Record<string, string[]>
}

export type Engine = 'chromium' | 'gecko' | 'webkit'

/** One way to run the model: a backend, the features it needs, and the files that hold it. */
export interface Variant {
  backend: 'webgpu' | 'wasm'
  /** Engine whose code shape this was made for. Others may run it, as a fallback. */
  engine?: Engine
  /** `adapter.info.vendor` of the devices that its kernels were tuned for; others leave it alone. */
  vendors?: string[]
  /** WebGPU features (`shader-f16`, `subgroups`) or wasm features (`simd128`, `relaxed-simd`) it needs. */
  features: string[]
  /** How its engine is waited for, and how much it is given at once. */
  wait?: Wait
  /** WebGPU limits it needs beyond or equal to the specification's defaults. */
  limits: Record<string, number>
  /** Plan file (JSON, `Plan`). */
  plan: string
  /** Code file: `.wgsl` modules or one `.wasm`. */
  code: string
  /** Self-test file (JSON, `SelfTests`), if there is one. */
  selfTest?: string
  /**
   * Bytes on the device: weights, KV cache and the largest arena of the programs that generation needs
   * (`GENERATING`), or of all where there are none of those. Others take theirs when they are first run.
   */
  memory: number
  /** Smaller ways to run it, for devices without room, largest first: of the same features and weights. */
  smaller?: Smaller[]
  /** How it holds the KV cache, and tokens of a prompt that a step takes, at most; told where there is `smaller`. */
  kv?: string
  chunk?: number
}

/** A variant of a text-generating model with less memory. */
export interface Smaller {
  /** Files, as of a variant. */
  plan: string
  code: string
  selfTest?: string
  /** As of a variant. */
  memory: number
  limits: Record<string, number>
  /** Tokens the KV cache holds. */
  context: number
  /** How the KV cache is stored: f32, f16, q8, q4. */
  kv: string
  /** Tokens of a prompt that a step takes, at most. */
  chunk: number
}

export interface Wait {
  /** Milliseconds between empty submits, where a pending map is only noticed then. Default 1. */
  everyMs?: number
  /** Dispatches after which to submit; whole steps at once where it is absent. */
  dispatches?: number
}

/** A place in a buffer: `[buffer, byte offset, bytes]`. Offsets are multiples of 256. */
export type Region = [buffer: number, offset: number, bytes: number]

/**
 * weights: read-only, filled from shards.  state: lives as long as a conversation (KV cache).
 * arena: scratch of one step, sized by the program.  tokens: u32 ids, one a position.  step: the uniform.
 * sizes: uniforms of u32, sizes that a step brings (`Program.sizes`).
 */
export type BufferKind = 'weights' | 'state' | 'arena' | 'tokens' | 'step' | 'sizes'

export interface BufferSpec {
  kind: BufferKind
  /** 0 for the arena, whose size each program states. */
  bytes: number
}

export interface Plan {
  buffers: BufferSpec[]
  /** Where each weight file goes. */
  shards: Shard[]
  kernels: Kernel[]
  programs: Record<string, Program>
}

export interface Shard {
  file: string
  buffer: number
  offset: number
  bytes: number
}

/** r: read-only storage, w: read-write storage, u: uniform. */
export type BindingKind = 'r' | 'w' | 'u'

export interface Kernel {
  /** WGSL: the module's name in the code file. wasm: the exported function. */
  name: string
  /** WGSL: binding number and kind, in the order of `Dispatch.bind`. wasm: absent. */
  bindings?: [number: number, kind: BindingKind][]
}

export interface Dispatch {
  kernel: number
  /** wasm: a `null` is an operand that this variant does not take (a null pointer). */
  bind: (Region | null)[]
  /** Workgroups in x, y, z. wasm: x alone, the number of work items. */
  grid: [Expr] | [Expr, Expr] | [Expr, Expr, Expr]
  /** wasm: arguments after the pointers: numbers (an epsilon may be a fraction), or expressions. */
  args?: Expr[]
  /** wasm: work items that are worth a thread's while; fewer are not shared out. Default 1. */
  grain?: number
  /** Operator and node name, for people and profiles: "linear layers.0.qkv". */
  label: string
}

export interface Port {
  name: string
  dtype: 'f32' | 'u32'
  shape: Expr[]
  region: Region
}

/**
 * prefill: up to `maxSeq` tokens, samples the next.  decode: one token, samples the next.
 * forward: up to `maxSeq` tokens, logits of every one.
 */
export interface Program {
  /** Rows of a step: at most, or always where no input tells. */
  maxSeq: number
  /** Positions that its state holds: longer inputs are taken in steps. Absent: one step takes all. */
  context?: number
  /** Largest values of its sizes other than `seq` and `past`. */
  limits?: Record<string, number>
  /** Arena bytes. */
  arena: number
  inputs: Port[]
  outputs: Port[]
  /** Values to put at these offsets of the buffer `sizes` before it runs. WebGPU. */
  sizes?: { offset: number; values: Expr[] }[]
  dispatches: Dispatch[]
}

/** What each kernel of a plan must compute of known operands (`care/self-test.ts`). */
export interface SelfTests {
  tests: SelfTest[]
  /** Labels of dispatches whose kernel none of them runs, and why. */
  untested: string[]
}

/** A few dispatches of a program, run one after the other. */
export interface SelfTest {
  program: string
  /** Index in the program's dispatches, and how many workgroups or work items of it. */
  run: (readonly [dispatch: number, ...grid: number[]])[]
  /** Values of the step that are not those of `stepOf(1, 0)`. */
  step: Record<string, number>
  /** Sizes of the step beside seq and past. */
  sizes?: Record<string, number>
  fill: Fill[]
  expect: Expectation[]
}

/** Rows of elements in the operand `of[1]` of `run[of[0]]`. */
export interface Area {
  of: readonly [run: number, operand: number]
  type: 'f32' | 'f16' | 'u32' | 'q8' | 'q4' | 'q3' | 'q2' | 'i8x4' | 'i8x32'
  /** Elements of a row, and bytes from the operand's begin to the first. */
  size: number
  offset: number
  /** How often, and how many bytes from one to the next; the last changes fastest. */
  dims: (readonly [count: number, stride: number])[]
}

/** Noise of a seed, or the values. */
export interface Fill extends Area {
  stream?: number
  scale?: number
  base?: number
  values?: number[]
}

export interface Expectation extends Area {
  /** What `values` and `sums` count. */
  unit: number
  /** What an element, and what a sum, may be off by. */
  bound: number
  sumBound: number
  /** Of the elements that `sampleOf` names. */
  values: number[]
  sums: number[]
}

/** The programs that generation needs. */
export const GENERATING: readonly string[] = ['prefill', 'decode']

/**
 * The step uniform, 32 bytes: what a kernel may read of the step at hand. WGSL `lib/step.wgsl` and C
 * `lib/step.h` declare the same.
 *
 * | byte | type | name        | meaning |
 * | ---- | ---- | ----------- | ------- |
 * | 0    | u32  | seq         | tokens in this step |
 * | 4    | u32  | past        | tokens in the KV cache before it |
 * | 8    | u32  | seed        | of the sampler |
 * | 12   | u32  | top_k       | 0: all |
 * | 16   | f32  | top_p       | 1: all |
 * | 20   | f32  | temperature | 0: greedy |
 * | 24   | u32  | sample      | 0: don't write the next token (an inner chunk of a prompt) |
 * | 28   | f32  | penalty     | of repetition; 1: none |
 */
export const STEP_BYTES = 32

/** Modules of a `.wgsl` file are parted by lines `//# name`; minified WGSL holds no other comment. */
export const WGSL_MODULE_MARK = '//# '
