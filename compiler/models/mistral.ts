/** Mistral (Jiang et al. 2023): Llama, whose every layer may see a window alone. */
import type { ConfigReader } from '../import/config.js'
import { maxPositions, type Rotary, rotaryModel, rotaryOf } from './blocks/rotary.js'
import { slidingLayers, windowsOf } from './blocks/windows.js'
import type { ModelFamily, ModelOptions } from './types.js'

export function mistralDecoder(config: ConfigReader, options: ModelOptions): Rotary {
  const d = rotaryOf('mistral', config, options)
  const sliding = slidingLayers(config, 'mistral', d.layers, () => true)
  return { ...d, windows: windowsOf(config, sliding) }
}

export const mistral: ModelFamily = {
  family: 'mistral',
  architectures: ['MistralForCausalLM'],
  maxContext: maxPositions,
  model: (config, options) => rotaryModel(mistralDecoder(config, options)),
}
