/**
 * Gemma 2 (2024): Gemma with norms after attention and feed-forward too, every second layer in a window, and scores
 * and logits kept within bounds by a hyperbolic tangent.
 */
import type { ConfigReader } from '../import/config.js'
import { maxPositions, type Rotary, rotaryModel } from './blocks/rotary.js'
import { slidingLayers, windowsOf } from './blocks/windows.js'
import { gemmaOf } from './gemma.js'
import type { ModelFamily, ModelOptions } from './types.js'

/** What Gemma 2 and 3 share. `period`: of so many layers the last sees all, where the config has no list. */
export function gemma2Of(
  family: string,
  config: ConfigReader,
  options: ModelOptions,
  period: number,
): Rotary {
  const d = gemmaOf(family, config, options)
  const sliding = slidingLayers(config, family, d.layers, (i) => (i + 1) % period !== 0)
  return {
    ...d,
    normsAfter: true,
    scale: 1 / Math.sqrt(config.number('query_pre_attn_scalar', { min: Number.MIN_VALUE, default: 256 })),
    scoreCap: config.optionalNumber('attn_logit_softcapping', { min: 0 }) ?? 0,
    logitCap: config.optionalNumber('final_logit_softcapping', { min: 0 }) ?? 0,
    windows: windowsOf(config, sliding),
  }
}

export const gemma2: ModelFamily = {
  family: 'gemma2',
  architectures: ['Gemma2ForCausalLM'],
  maxContext: (config) => maxPositions(config, 8192),
  model: (config, options) => rotaryModel(gemma2Of('gemma2', config, options, 2)),
}
