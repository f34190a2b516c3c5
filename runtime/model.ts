/** What `load` returns: a model with its weights in place. */
import type { Capabilities } from './detect.js'
import type { Tokenizer } from './detokenize.js'
import type { Candidate, DeviceLostError } from './errors.js'
import type { Executor } from './executor.js'
import type { Manifest, ModelInfo, Plan } from './format.js'
import { type GenerateOptions, type Generation, generate, generateIds, type Session } from './generate.js'
import { type RunOptions, run, type Tensor, type TensorLike } from './run.js'
import type { Selection } from './select.js'

export interface Model {
  /** Family, name, vocabulary, context … */
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
  /** Names of what `run` can run. */
  readonly programs: readonly string[]
  /** How the last generation went, or how the present one is going. */
  readonly stats: Generation | undefined
  /** Resolves when the GPU device is lost. Calls then throw DeviceLostError. */
  readonly lost: Promise<DeviceLostError>

  /**
   * Text that follows a prompt, piece by piece:
   * `for await (const piece of model.generate('Once upon a time')) show(piece)`.
   * The prompt may be token ids. Leaving the loop ends the generation. One at a time.
   *
   * Throws RangeError for a prompt that is empty, too long, or not of the vocabulary, and for options out of
   * range; TypeError without a tokenizer; DeviceLostError, OutOfMemoryError; the signal's reason.
   */
  generate(
    prompt: string | ArrayLike<number>,
    options?: GenerateOptions,
  ): AsyncGenerator<string, Generation, void>
  /** The same, giving token ids. `stop` is not looked at. */
  generateIds(
    prompt: string | ArrayLike<number>,
    options?: GenerateOptions,
  ): AsyncGenerator<number, Generation, void>
  /**
   * Runs a program once: `const { logits } = await model.run({ input_ids: [1, 403, 407] })`.
   * Inputs longer than the program's step are run in several, and the outputs put together.
   * Forgets the conversation.
   *
   * Throws TypeError for a missing input, RangeError for one of the wrong size.
   */
  run(inputs: Record<string, TensorLike>, options?: RunOptions): Promise<Record<string, Tensor>>
  /** Forgets the conversation, and zeroes its state. */
  reset(): void
  /** Frees the memory, the GPU's too. Calls under way throw AbortError. */
  destroy(): void
}

interface Parts {
  manifest: Manifest
  capabilities: Capabilities
  selection: Selection
  variant: string
  plan: Plan
  executor: Executor
  tokenizer: Tokenizer | undefined
}

export function createModel(parts: Parts): Model {
  const { manifest, capabilities, selection, variant, plan, executor, tokenizer } = parts
  const info = manifest.model
  const session: Session = {
    ...{ info, plan, executor, tokenizer, length: 0, busy: false, stats: undefined },
  }
  const { backend } = manifest.variants[variant]!
  return {
    ...{ info, variant, backend, capabilities, tokenizer, reasons: selection.reasons, lost: executor.lost },
    programs: Object.keys(plan.programs),
    get threads() {
      return executor.threads?.count ?? 0
    },
    get stats() {
      return session.stats
    },
    generate: (prompt, options) => generate(session, prompt, options),
    generateIds: (prompt, options) => generateIds(session, prompt, options),
    run: (inputs, options) => run(session, inputs, options),
    reset() {
      session.length = 0
      executor.reset()
    },
    destroy: () => executor.destroy(),
  }
}
