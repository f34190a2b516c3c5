/** Qwen3 (Yang et al. 2025): Qwen2 with queries and keys normed by head, and no bias unless the config has one. */
import { maxPositions, rotaryModel, rotaryOf } from './blocks/rotary.js'
import { qwenWindows } from './qwen2.js'
import type { ModelFamily } from './types.js'

/** What transformers takes where the config doesn't say. */
const HEAD_SIZE = 128

export const qwen3: ModelFamily = {
  family: 'qwen3',
  architectures: ['Qwen3ForCausalLM'],
  maxContext: maxPositions,
  model(config, options) {
    const d = rotaryOf('qwen3', config, options, { headSize: HEAD_SIZE })
    const bias = config.bool('attention_bias', { default: false })
    return rotaryModel({
      ...d,
      headNorm: true,
      bias: { qkv: bias, o: bias, mlp: false },
      windows: qwenWindows(config, 'qwen3', d.layers),
    })
  },
}
