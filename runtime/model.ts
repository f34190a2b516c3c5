/** What `load` returns: a model with its weights in place. */
import type { Timings } from './care/history.js'
import type { PowerNow } from './care/power.js'
import type { Capabilities } from './detect.js'
import type { Tokenizer } from './detokenize.js'
import type { Candidate, DeviceLostError } from './errors.js'
import { programOf } from './executor.js'
import type { HostFunction } from './extras.js'
import { flowOf, type RunOptions, run } from './flow.js'
import type { Flow, FlowInput, Manifest, ModelInfo } from './format.js'
import { type GenerateOptions, type Generation, generate, generateIds } from './generate.js'
import type { TensorLike } from './inputs.js'
import type { Progress } from './options.js'
import type { Selection } from './select.js'
import type { Session } from './session.js'
import type { Tensor } from './tensor.js'

export interface Model {
  /** Family, name, vocabulary, context: less than the bundle's where there was no room. */
  readonly info: ModelInfo
  /** Id of the variant that runs. */
  readonly variant: string
  readonly backend: 'webgpu' | 'wasm'
  /** Workers that compute; 0: the GPU does, or the calling thread. */
  readonly threads: number
  /** Every variant of the bundle, and why it was taken or not. */
  readonly reasons: readonly Candidate[]
  readonly capabilities: Capabilities
  readonly tokenizer: Tokenizer | undefined
  /** What a program takes, or undefined where there is none of that name. */
  ports(program: string): FlowInput[] | undefined
  /** Names of the programs that are loaded. */
  readonly programs: readonly string[]
  /** What `run` takes and gives. */
  readonly flow: Flow | undefined
  /** preprocessor_config.json of the model, if it has one. */
  readonly preprocessor: unknown
  /**
   * Milliseconds after which each phase of the load ended: the last byte was read, the last kernel compiled, all was on
   * the device. `stats.timeToFirstToken` is what a prompt takes then.
   */
  readonly loading: Partial<Record<Progress['phase'], number>>
  /** How the last generation went, or how the present one is going. */
  readonly stats: Generation | undefined
  /**
   * Resolves when the GPU device is lost. It is made anew (`LoadOptions.recover`), and this is then a promise of its
   * own loss; calls throw DeviceLostError where that is not wanted or doesn't help.
   */
  readonly lost: Promise<DeviceLostError>
  /** Tokens of the conversation: what `continue: true` goes on from. */
  readonly length: number

  /**
   * Text that follows a prompt, piece by piece:
   * `for await (const piece of model.generate('Once upon a time')) show(piece)`.
   * The prompt may be token ids. Leaving the loop ends the generation. One at a time.
   *
   * Throws RangeError for a prompt that is empty, too long, or not of the vocabulary, and for options out of
   * range; TypeError without a tokenizer, where the prompt is a text; DeviceLostError, OutOfMemoryError; the signal's
   * reason.
   */
  generate(
    prompt: string | ArrayLike<number>,
    options?: GenerateOptions,
  ): AsyncGenerator<string, Generation, void>
  /** The same, giving token ids, the prompt's not among them. `stop` is not looked at. */
  generateIds(
    prompt: string | ArrayLike<number>,
    options?: GenerateOptions,
  ): AsyncGenerator<number, Generation, void>
  /**
   * Named inputs to named outputs: `const { logits } = await model.run({ input_ids: [1, 403, 407] })`.
   * A plain list is one sequence; a batch says its shape: `{ data, shape: [2, 11] }`. Runs what the outputs take,
   * all that the inputs allow unless `outputs` names some. Forgets the conversation.
   *
   * Outputs are row-major, in the shapes that `flow` gives them; the axis of a batch is left out where the inputs had
   * none.
   *
   * Throws TypeError for a missing input, RangeError for one of the wrong size; an error named UnsupportedError where
   * a program that is made ready only now computes wrongly here, or is of a component that was not loaded;
   * DeviceLostError, OutOfMemoryError; the signal's reason; AbortError once destroyed.
   */
  run(inputs: Record<string, TensorLike>, options?: RunOptions): Promise<Record<string, Tensor>>
  /** Milliseconds that steps took on this device, by variant and program: of this visit and those before. */
  timings(): Promise<Timings>
  /** What is known of the machine's power now, where `LoadOptions.power` has it watched, and the pace that follows. */
  readonly power: PowerNow
  /** Forgets the conversation, and zeroes its state: `length` is 0 then. */
  reset(): void
  /** Frees the memory, the GPU's too. Calls under way throw AbortError. */
  destroy(): void
}

interface Parts {
  loading: Model['loading']
  manifest: Manifest
  capabilities: Capabilities
  selection: Selection
  opened: Pick<Session, 'info' | 'variant' | 'plan' | 'executor' | 'whole' | 'beside'>
  extras(): Promise<Readonly<Record<string, HostFunction>>>
  tokenizer: Tokenizer | undefined
  preprocessor: unknown
}

export function createModel(parts: Parts): Model {
  const { manifest, capabilities, selection, extras, tokenizer } = parts
  // Another device changes what was opened.
  const session: Session = Object.assign(parts.opened, {
    ...{ flow: manifest.flow, extras, tokenizer },
    ...{ sizes: {}, length: 0, busy: false, stats: undefined },
  })
  const { executor } = session
  return {
    ...{ capabilities, tokenizer, reasons: selection.reasons, loading: parts.loading },
    get info() {
      return session.info
    },
    get variant() {
      return session.variant
    },
    get backend() {
      return manifest.variants[session.variant]!.backend
    },
    get lost() {
      return executor.lost
    },
    ports: (name) => (programOf(session.plan, name) ? flowOf(session.plan, name).inputs : undefined),
    programs: Object.keys(session.plan.programs),
    get threads() {
      return executor.threads?.count ?? 0
    },
    flow: manifest.flow,
    preprocessor: parts.preprocessor,
    get stats() {
      return session.stats
    },
    generate: (prompt, options) => generate(session, prompt, options),
    generateIds: (prompt, options) => generateIds(session, prompt, options),
    run: (inputs, options) => run(session, inputs, options),
    timings: () => session.beside!.timings(),
    get power() {
      return session.beside!.power
    },
    reset() {
      session.length = 0
      executor.reset()
    },
    destroy: () => executor.destroy(),
    get length() {
      return session.length
    },
  }
}
