/**
 * The wgc runtime: loads a bundle that `wgc build` made, and runs it.
 *
 * ```js
 * import { load } from 'wgc/runtime'
 * const model = await load('/models/stories')
 * for await (const piece of model.generate('Once upon a time', { maxTokens: 100 })) show(piece)
 * ```
 */
export type { Timing, Timings } from './care/history.js'
export type { PowerNow, PowerPolicy, Pressure } from './care/power.js'
export type { RecordStore } from './care/record.js'
export type { Capabilities, DetectOptions, WasmFeature, WebGPUCapabilities } from './detect.js'
export { detect } from './detect.js'
export type { Tokenizer } from './detokenize.js'
export type { Candidate, Score } from './errors.js'
export {
  AbortError,
  DeviceLostError,
  FetchError,
  IntegrityError,
  OutOfMemoryError,
  UnsupportedError,
} from './errors.js'
export type { ModelEvent } from './events.js'
export type { HostFunction } from './extras.js'
export type { RunOptions } from './flow.js'
export type { Flow, FlowCall, FlowInput, Manifest, ModelInfo, Variant } from './format.js'
export type { EndReason, GenerateOptions, Generation } from './generate.js'
export type { TensorLike } from './inputs.js'
export type { Report } from './inspect/report.js'
export { load } from './load.js'
export type { Model } from './model.js'
export type { LoadOptions, Progress, TokenizerFactory } from './options.js'
export type { Selection, SelectOptions } from './select.js'
export { selectVariant } from './select.js'
export type { Integrity, Source } from './source.js'
export type { FeatureName, Switches } from './switches.js'
export type { Tensor } from './tensor.js'
export type { WorkerFactory, WorkerLike } from './wasm-team.js'
