/** Llama (Touvron et al. 2023), and what is built like it: SmolLM2, TinyLlama. */
import type { ConfigReader } from '../import/config.js'
import { maxPositions, type Rotary, rotaryModel, rotaryOf } from './blocks/rotary.js'
import type { ModelFamily, ModelOptions } from './types.js'

export function llamaDecoder(config: ConfigReader, options: ModelOptions): Rotary {
  const bias = config.bool('attention_bias', { default: false })
  return {
    ...rotaryOf('llama', config, options),
    bias: { qkv: bias, o: bias, mlp: config.bool('mlp_bias', { default: false }) },
  }
}

export const llama: ModelFamily = {
  family: 'llama',
  architectures: ['LlamaForCausalLM'],
  maxContext: maxPositions,
  model: (config, options) => rotaryModel(llamaDecoder(config, options)),
}
