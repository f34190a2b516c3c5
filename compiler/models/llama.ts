/** Llama (Touvron et al. 2023), and what is built like it: SmolLM2, TinyLlama. */
import { maxPositions, rotaryModel, rotaryOf } from './blocks/rotary.js'
import type { ModelFamily } from './types.js'

export const llama: ModelFamily = {
  family: 'llama',
  architectures: ['LlamaForCausalLM'],
  maxContext: maxPositions,
  model(config, options) {
    const bias = config.bool('attention_bias', { default: false })
    return rotaryModel({
      ...rotaryOf('llama', config, options),
      bias: { qkv: bias, o: bias, mlp: config.bool('mlp_bias', { default: false }) },
    })
  },
}
