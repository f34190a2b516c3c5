/** What the tasks need of a model: `load` returns one. Tests and pages may bring another. */
import type { Tokenizer } from '../detokenize.js'
import type { GenerateOptions, Generation } from '../generate.js'
import type { Tensor } from '../tensor.js'

/** Named tensors that go into a model. */
export type TaskInputs = Record<string, Tensor>

/** `inputs`: what the encoder takes, as tensors. */
export type TaskGenerateOptions = Omit<GenerateOptions, 'inputs'> & { inputs?: TaskInputs | undefined }

export interface TaskModel {
  readonly info: {
    readonly eos: readonly number[]
    readonly context: number
    readonly vocab?: number
    readonly family?: string
    /** Names of classes. */
    readonly labels?: readonly string[]
  }
  readonly tokenizer: Tokenizer | undefined
  /** The parsed preprocessor_config.json. */
  readonly preprocessor?: unknown
  /** What `run` takes and gives. Without it, inputs are passed on as they are. */
  readonly flow?:
    | {
        readonly inputs: readonly { readonly name: string; readonly shape: readonly unknown[] }[]
        readonly outputs: readonly string[]
      }
    | undefined
  readonly programs: readonly string[]
  /** How the last generation went. */
  readonly stats?: Generation | undefined
  /** Tokens of the conversation that the KV cache holds. */
  readonly length?: number
  run(
    inputs: TaskInputs,
    options?: { outputs?: readonly string[]; signal?: AbortSignal | undefined },
  ): Promise<Record<string, Tensor>>
  generateIds(
    prompt: ArrayLike<number>,
    options?: TaskGenerateOptions,
  ): AsyncGenerator<number, Generation & { end?: number }, void>
}

/** A model that makes text. */
export const generates = (model: TaskModel): boolean => model.programs.includes('decode')

/** Those of the inputs that the model takes: masks are optional everywhere. */
export function takenBy(model: TaskModel, inputs: Readonly<Record<string, Tensor | undefined>>): TaskInputs {
  const names = model.flow?.inputs.map((p) => p.name)
  const taken: TaskInputs = {}
  for (const [name, tensor] of Object.entries(inputs)) {
    if (tensor && (!names || names.includes(name))) taken[name] = tensor
  }
  return taken
}

/** The first of the outputs that there is. Throws TypeError when there is none. */
export function outputOf(
  outputs: Readonly<Record<string, Tensor>>,
  names: readonly string[],
): { name: string; tensor: Tensor } {
  for (const name of names) {
    const tensor = Object.hasOwn(outputs, name) ? outputs[name] : undefined
    if (tensor) return { name, tensor }
  }
  throw new TypeError(`the model gives ${Object.keys(outputs).join(', ')}, and none of ${names.join(', ')}`)
}

/** Floats of a tensor. */
export const floats = ({ data }: Tensor): Float32Array =>
  data instanceof Float32Array ? data : Float32Array.from(data)

/** Throws TypeError without a tokenizer. */
export function tokenizerOf(model: TaskModel): Tokenizer {
  if (!model.tokenizer) throw new TypeError('the model was loaded without a tokenizer')
  return model.tokenizer
}

export const row = (ids: readonly number[]): Tensor => ({
  ...{ dtype: 'u32', shape: [1, ids.length], data: Uint32Array.from(ids) },
})

/**
 * Texts as one batch: `input_ids` and `attention_mask`, [texts, tokens]. Shorter ones go on with their last token,
 * which the mask leaves out.
 */
export function textBatch(model: TaskModel, texts: readonly string[]): TaskInputs {
  const each = texts.map((text) => textInputs(model, text).input_ids!.data)
  const T = Math.max(...each.map((ids) => ids.length))
  const ids = new Uint32Array(each.length * T)
  const mask = new Uint32Array(ids.length)
  each.forEach((own, i) => {
    ids.fill(own.at(-1)!, i * T, (i + 1) * T)
    ids.set(own, i * T)
    mask.fill(1, i * T, i * T + own.length)
  })
  const shape = [each.length, T]
  return takenBy(model, {
    input_ids: { dtype: 'u32', shape, data: ids },
    attention_mask: { dtype: 'u32', shape: [...shape], data: mask },
  })
}

/**
 * `input_ids` and `attention_mask` of one text. A text too long loses its end, though not the tokens that the
 * model wants around every text.
 */
export function textInputs(model: TaskModel, text: string): TaskInputs {
  const tokenizer = tokenizerOf(model)
  const most = model.info.context
  let ids = tokenizer.encode(text, { addSpecial: true })
  if (ids.length > most) {
    const bare = tokenizer.encode('', { addSpecial: true })
    let end = 0
    while (end < Math.min(bare.length, most) && ids.at(-1 - end) === bare.at(-1 - end)) end++
    ids = [...ids.slice(0, most - end), ...(end ? ids.slice(-end) : [])]
  }
  if (!ids.length) throw new RangeError('a text without tokens was given')
  const input_ids = row(ids)
  const mask = new Uint32Array(ids.length).fill(1)
  return takenBy(model, {
    input_ids,
    attention_mask: { dtype: 'u32', shape: [1, ids.length], data: mask },
    token_type_ids: { dtype: 'u32', shape: [1, ids.length], data: new Uint32Array(ids.length) },
  })
}
