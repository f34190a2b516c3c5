/** What `load` can be told, and what the parts of a load share. */
import type { lanes } from './care/lanes.js'
import type { parts } from './care/parts.js'
import type { PowerPolicy } from './care/power.js'
import type { RecordStore } from './care/record.js'
import type { checkPlan } from './check.js'
import type { Capabilities, DetectOptions } from './detect.js'
import type { Tokenizer } from './detokenize.js'
import type { ModelEvent } from './events.js'
import type { Manifest } from './format.js'
import type { SelectOptions } from './select.js'
import type { Integrity, Reader, readFile } from './source.js'
import type { WorkerFactory } from './wasm-team.js'

/** download: bytes of files.  compile: kernels.  Both go on at the same time; `ready` comes last. */
export interface Progress {
  phase: 'download' | 'compile' | 'ready'
  /** Bytes or kernels so far, of `total`. */
  loaded: number
  total: number
}

/** Makes a tokenizer of the parsed `tokenizer.json` and `tokenizer_config.json`. */
export type TokenizerFactory = (tokenizer: unknown, config: unknown) => Tokenizer | Promise<Tokenizer>

export interface LoadOptions extends SelectOptions, DetectOptions {
  /** What `detect` found; found anew unless given. */
  capabilities?: Capabilities | undefined
  /**
   * A tokenizer, or what makes one of the bundle's tokenizer files. Unless given, and if the bundle has
   * such files, `tokenizer.js` beside this file is imported. `false`: none, for token ids alone.
   */
  tokenizer?: Tokenizer | TokenizerFactory | false | undefined
  /**
   * Parts of the model to load (`ModelInfo.components`), with their weights alone: the text tower of CLIP. Default:
   * all. What needs another part throws UnsupportedError.
   */
  components?: readonly string[] | undefined
  /** Programs to make ready at once; others are when they are first run. Default: what generation needs. */
  programs?: readonly string[] | undefined
  /** Told how far the load is, as often as that changes. */
  onProgress?: ((p: Progress) => void) | undefined
  /**
   * Whether the kernels are tested on this device before they are used: the first time that a bundle is loaded on it, as
   * long as the record lasts; always, whatever the record says; or never. A variant that computes wrongly is left out.
   */
  selfTest?: 'first' | 'always' | false | undefined
  /** Told what happens beside the work: variants refused or found wrong, a lost device and its return. */
  onEvent?: ((event: ModelEvent) => void) | undefined
  /**
   * Starts a worker from `wasm-worker.js`, which lies beside this file. Default: `new Worker(url, { type: 'module' })`,
   * where there is such a thing; Node has another.
   */
  worker?: WorkerFactory | undefined
  /**
   * Whether a lost GPU device is made anew, and what was under way goes on. Default true. `false`: calls then throw
   * DeviceLostError.
   */
  recover?: boolean | undefined
  /** Where what is known of this device is kept: which variants are right, how long they took. Default: IndexedDB. `false`: nowhere. */
  record?: RecordStore | false | undefined
  /**
   * history: steps are timed while they run, and of variants that were measured on this device the faster is taken.
   * explore: where generation turns out slow, the best variant of the other backend is tried too, a second after the
   * last step; that reads its weights, and both are in memory meanwhile. If it is faster, the model goes on there.
   * off: nothing of that. Default history.
   */
  adapt?: 'off' | 'history' | 'explore' | undefined
  /**
   * Time the operators too, in some of the steps (`Model.timings`): on the GPU by timestamps, where it has them, and
   * those steps are computed twice; in WebAssembly where no workers compute. Default false.
   */
  profile?: boolean | undefined
  /** How fast to generate where the battery is low or the machine is hot. Default: at full speed. */
  power?: PowerPolicy | undefined
  /**
   * Milliseconds. A step of the GPU that takes half as long again, of a long prompt mostly, goes to it in parts of about
   * that: the browser, which draws with the same GPU, shows its frames between them. How fast the GPU is is learnt in
   * the first steps, and remembered. A dispatch is never cut, whatever it takes. `false`: steps go out whole, as they do
   * with `profile`. Default 32.
   */
  partMs?: number | false | undefined
  /** Gives the loading up. Not used after that. */
  signal?: AbortSignal | undefined
  /** Whether SHA-256 of every file is checked. Default auto: where `crypto.subtle` is (https, localhost). */
  integrity?: Integrity | undefined
}

/** What the parts of one load share. */
export interface Context {
  manifest: Manifest
  capabilities: Capabilities
  options: LoadOptions
  reader: Reader
  checkPlan: typeof checkPlan
  lanes: typeof lanes
  parts: typeof parts
  readFile: typeof readFile
  /** Told once the files of a variant are known. */
  expect(bytes: number): void
  progress(phase: Progress['phase'], loaded: number, total: number): void
}
