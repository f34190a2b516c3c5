/**
 * Gemma 3 (2025), its text: Gemma 2 with queries and keys normed by head, five layers of six in a window, and those
 * with a rotation of their own. The config of the model with images has it as `text_config`.
 */
import { fail } from '../errors.js'
import type { ConfigReader } from '../import/config.js'
import { maxPositions, rotaryModel, turning } from './blocks/rotary.js'
import { slidingLayers } from './blocks/windows.js'
import { gemma2Of } from './gemma2.js'
import { plainRotation, type Rotation, ropeRotation } from './rope.js'
import type { ModelFamily } from './types.js'

const textOf = (config: ConfigReader): ConfigReader => config.section('text_config') ?? config

/** Of layers that see all, then of those that see a window. */
function rotations(config: ConfigReader, size: number, context: number): [Rotation, Rotation] {
  const own = config.section('rope_parameters')?.section('sliding_attention') !== undefined
  return own
    ? [
        ropeRotation(config, size, { context, layers: 'full_attention' }),
        ropeRotation(config, size, { context, layers: 'sliding_attention' }),
      ]
    : [
        ropeRotation(config, size, { context, theta: 1e6 }),
        plainRotation(config.number('rope_local_base_freq', { default: 10000, min: 1 }), size),
      ]
}

export const gemma3: ModelFamily = {
  family: 'gemma3_text',
  types: ['gemma3'],
  architectures: ['Gemma3ForCausalLM', 'Gemma3ForConditionalGeneration'],
  maxContext: (config) => maxPositions(textOf(config), 131072),
  model(whole, options) {
    const config = textOf(whole)
    if (config.bool('use_bidirectional_attention', { default: false }))
      fail('WGC423', ['use_bidirectional_attention: true', 'gemma3'])
    const period = config.int(['sliding_window_pattern', '_sliding_window_pattern'], { min: 1, default: 6 })
    const d = gemma2Of('gemma3', config, options, period)
    const sliding = slidingLayers(config, 'gemma3', d.layers, (i) => (i + 1) % period !== 0)
    return rotaryModel({
      ...d,
      headNorm: true,
      rotations: rotations(config, turning(d.headSize), options.context),
      rotationOf: (i) => Number(sliding[i]),
    })
  },
}
