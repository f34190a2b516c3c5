/** Dimensions of a llama: of a folder's config.json, or of a preset. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { presets } from '../../../compiler/import/index.js'
import type { LlamaDims } from './onnx.js'

export type LlamaConfig = Record<string, number>

/** A preset has no weights: everybody's are zeros then. */
export const isPreset = (model: string): boolean => Object.hasOwn(presets, model)

export const configOf = (model: string): LlamaConfig =>
  (isPreset(model)
    ? presets[model]
    : JSON.parse(readFileSync(join(model, 'config.json'), 'utf8'))) as LlamaConfig

export function dimsOf(c: LlamaConfig): LlamaDims {
  const heads = c.num_attention_heads!
  return {
    hidden: c.hidden_size!,
    ffn: c.intermediate_size!,
    layers: c.num_hidden_layers!,
    heads,
    kvHeads: c.num_key_value_heads ?? heads,
    headSize: c.head_dim ?? c.hidden_size! / heads,
    vocab: c.vocab_size!,
  }
}
