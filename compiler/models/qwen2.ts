/** Qwen2 and Qwen2.5 (Yang et al. 2024): Llama with a bias on query, key and value, and windows in its last layers. */
import type { ConfigReader } from '../import/config.js'
import { maxPositions, type Rotary, rotaryModel, rotaryOf } from './blocks/rotary.js'
import { slidingLayers, windowsOf } from './blocks/windows.js'
import type { ModelFamily, ModelOptions } from './types.js'

/** Windows of a Qwen: in layers from `max_window_layers` on, if `use_sliding_window`. */
export function qwenWindows(config: ConfigReader, family: string, layers: number): number[] {
  const first = config.int('max_window_layers', { min: 0, default: 28 })
  const sliding = slidingLayers(config, family, layers, (i) => i >= first)
  return config.bool('use_sliding_window', { default: false })
    ? windowsOf(config, sliding)
    : sliding.map(() => 0)
}

export function qwen2Decoder(config: ConfigReader, options: ModelOptions): Rotary {
  const d = rotaryOf('qwen2', config, options)
  return { ...d, bias: { qkv: true, o: false, mlp: false }, windows: qwenWindows(config, 'qwen2', d.layers) }
}

export const qwen2: ModelFamily = {
  family: 'qwen2',
  architectures: ['Qwen2ForCausalLM'],
  maxContext: maxPositions,
  model: (config, options) => rotaryModel(qwen2Decoder(config, options)),
}
