/**
 * Phi-3 and Phi-4-mini (Abdin et al. 2024): Llama with query, key and value in one matrix, gate and up in another,
 * and a part of each head that turns. Frequencies of LongRoPE are those of the context that is built for.
 */
import type { ConfigReader } from '../import/config.js'
import { maxPositions, rotaryModel, rotaryOf } from './blocks/rotary.js'
import { slidingLayers, windowsOf } from './blocks/windows.js'
import type { ModelFamily } from './types.js'

/** Share of a head that turns; transformers 5 has it among the rotation's parameters. */
const turningShare = (config: ConfigReader): number => {
  const range = { min: 0, max: 1 }
  return (
    config.section('rope_parameters')?.optionalNumber('partial_rotary_factor', range) ??
    config.number('partial_rotary_factor', { default: 1, ...range })
  )
}

export const phi3: ModelFamily = {
  family: 'phi3',
  architectures: ['Phi3ForCausalLM'],
  maxContext: maxPositions,
  model(config, options) {
    const d = rotaryOf('phi3', config, options, { share: turningShare(config) })
    return rotaryModel({
      ...d,
      packed: true,
      windows: windowsOf(
        config,
        slidingLayers(config, 'phi3', d.layers, () => true),
      ),
    })
  },
}
