/** The decoders of texts that models of texts and images are made with, by `model_type` of their `text_config`. */
import { fail } from '../errors.js'
import type { ConfigReader } from '../import/config.js'
import type { Rotary } from './blocks/rotary.js'
import { llamaDecoder } from './llama.js'
import { mistralDecoder } from './mistral.js'
import { qwen2Decoder } from './qwen2.js'
import type { ModelOptions } from './types.js'

const decoders: Readonly<Record<string, (config: ConfigReader, options: ModelOptions) => Rotary>> = {
  llama: llamaDecoder,
  mistral: mistralDecoder,
  qwen2: qwen2Decoder,
}

/** `text_config`, or the config itself, which is what older files have. */
export const textSection = (config: ConfigReader): ConfigReader => config.section('text_config') ?? config

export function textDecoder(config: ConfigReader, options: ModelOptions, family: string): Rotary {
  const text = textSection(config)
  const type = text.string('model_type', { default: 'llama' })
  const decoder = Object.hasOwn(decoders, type) ? decoders[type] : undefined
  if (!decoder) return fail('WGC423', [`a text_config of model_type ${type}`, family])
  const d = decoder(text, options)
  // Whether the output is the embedding may stand outside.
  const tied = config.optionalBool('tie_word_embeddings') ?? false
  return { ...d, tied: d.tied || (tied && !options.has(`${d.headPrefix}lm_head.weight`)) }
}
