/** Mistral (Jiang et al. 2023): Llama, whose every layer may see a window alone. */
import { maxPositions, rotaryModel, rotaryOf } from './blocks/rotary.js'
import { slidingLayers, windowsOf } from './blocks/windows.js'
import type { ModelFamily } from './types.js'

export const mistral: ModelFamily = {
  family: 'mistral',
  architectures: ['MistralForCausalLM'],
  maxContext: maxPositions,
  model(config, options) {
    const d = rotaryOf('mistral', config, options)
    return rotaryModel({
      ...d,
      windows: windowsOf(
        config,
        slidingLayers(config, 'mistral', d.layers, () => true),
      ),
    })
  },
}
