/** What every import makes. */
import type { OnnxGraph } from './onnx/graph.js'
import type { WeightSource } from './weights.js'

/** A file by its path, or by its content where there is none. */
export type TextFile = string | { content: string }

/** A model as it was found: its configuration as it stands, its weights open. Must be closed. */
export interface ImportedModel {
  name: string
  /** `model_type` of the config. Whether it can be built is for `models/` to say. */
  family: string
  config: Record<string, unknown>
  /** Where the config stands, for messages: a path, or `preset NAME`. */
  configFile: string
  /** null: a preset, dimensions only. */
  weights: WeightSource | null
  /** The tokenizer's files: their paths, or what they would hold. */
  tokenizer?: { tokenizer: TextFile; config?: TextFile }
  /** Texts of ids, of a vocab.json that no tokenizer.json stands beside: a CTC model's. */
  vocabulary?: string[]
  /** preprocessor_config.json. */
  preprocessor?: TextFile
  /** generation_config.json. */
  generation?: Record<string, unknown>
  /** The model itself, where the files hold it and not a configuration. */
  onnx?: OnnxGraph
  /** How its weights are to be stored unless it is said. */
  bits?: 'keep'
  close(): Promise<void>
}
