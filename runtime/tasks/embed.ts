/** Vectors of texts, images and sounds, for search and comparison. */
import type { PreprocessorConfig } from './image-config.js'
import { configOf, inputsOf, type TaskInput } from './media.js'
import { outputOf, type TaskModel } from './model.js'
import { normalizeRows, type Pooling, pool } from './pool.js'

export interface EmbedOptions {
  /** Output to take. Default: the first there is of `EMBEDDINGS`, unless `pooling` asks for hidden states. */
  output?: string
  /** How hidden states become one vector. Default mean; sentence models say theirs in 1_Pooling/config.json. */
  pooling?: Pooling
  /** Put vectors at length 1. Default true. */
  normalize?: boolean
  /** Put before every text: "query: " for models that tell questions from answers. */
  prefix?: string
  preprocessor?: PreprocessorConfig
  signal?: AbortSignal
}

/** What models call their vectors, best first. */
export const EMBEDDINGS = [
  ...['text_embeds', 'image_embeds', 'audio_embeds', 'sentence_embedding', 'mean_pooled', 'pooler_output'],
  'last_hidden_state',
]
const HIDDEN = ['last_hidden_state', 'hidden_states']

/**
 * One vector for each input, in order. Several are run one after the other.
 * Throws TypeError for an input that the model doesn't take, RangeError for one without content.
 */
export async function embed(
  model: TaskModel,
  inputs: TaskInput | readonly TaskInput[],
  options: EmbedOptions = {},
): Promise<Float32Array[]> {
  const { pooling, normalize = true, prefix = '', signal } = options
  const config = configOf(model, options.preprocessor)
  const names = options.output ? [options.output] : pooling ? HIDDEN : EMBEDDINGS
  const known = model.flow?.outputs
  const list = (Array.isArray(inputs) ? inputs : [inputs]) as readonly TaskInput[]
  const vectors: Float32Array[] = []
  for (const input of list) {
    signal?.throwIfAborted()
    const given = await inputsOf(model, typeof input === 'string' ? prefix + input : input, config)
    // Of a model of two towers, only what this input gives.
    const wanted = options.output ? [options.output] : undefined
    const outputs = await model.run(given, { ...(wanted && known && { outputs: wanted }), signal })
    const { name, tensor } = outputOf(outputs, names)
    const isHidden = HIDDEN.includes(name) || tensor.shape.length === 3
    const one = isHidden ? pool(tensor, given.attention_mask?.data, pooling) : tensor
    vectors.push(
      (normalize ? normalizeRows({ ...one, shape: [1, one.data.length] }) : one).data as Float32Array,
    )
  }
  return vectors
}
