/** A preset as a model, without weights: for what is made ahead of any model. */
import { configReader, presets } from '../import/index.js'
import { familyOf } from './index.js'
import type { Model } from './types.js'

/** @param context tokens that the KV cache holds */
export function presetModel(name: string, context = 2048): Model {
  const config = configReader(presets[name]!, `preset ${name}`)
  const family = familyOf(config.string('model_type'), config.strings('architectures'))
  return family.model(config, { context, has: () => true })
}
