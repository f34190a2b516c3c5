/**
 * Gemma (2024): Llama with embeddings multiplied by sqrt(hidden), gains stored less 1, a gated GELU, and an output
 * that is the embedding. Gemma 2 and 3 are built from it.
 */
import type { ConfigReader } from '../import/config.js'
import { maxPositions, type Rotary, rotaryModel, rotaryOf } from './blocks/rotary.js'
import type { ModelFamily, ModelOptions } from './types.js'

/** What all Gemmas share. */
export function gemmaOf(family: string, config: ConfigReader, options: ModelOptions): Rotary {
  const bias = config.bool('attention_bias', { default: false })
  const d = rotaryOf(family, config, options, {
    defaultActivation: 'gelu_pytorch_tanh',
    tied: true,
    headSize: 256,
  })
  return {
    ...d,
    gainOffset: 1,
    embedScale: Math.sqrt(d.hidden),
    bias: { qkv: bias, o: bias, mlp: false },
  }
}

export const gemma: ModelFamily = {
  family: 'gemma',
  architectures: ['GemmaForCausalLM'],
  maxContext: (config) => maxPositions(config, 8192),
  model: (config, options) => rotaryModel(gemmaOf('gemma', config, options)),
}
