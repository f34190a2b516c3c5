/**
 * Models whose files come without config.json, told by their tensors: a row each. What the config of such a model
 * would say follows from shapes.
 */
import type { WeightSource } from './weights.js'

interface Known {
  /** Tensors that all such files have. */
  tensors: string[]
  config(weights: WeightSource): Record<string, unknown>
}

const layersOf = (weights: WeightSource, pattern: RegExp): number =>
  new Set(weights.names().flatMap((name) => pattern.exec(name)?.[1] ?? [])).size

const known: Known[] = [
  {
    tensors: ['encoder_start.weight', 'gau_layers.0.proj1.weight', 'metric_embedding.linear.weight'],
    config: (weights) => ({
      model_type: 'retsim',
      architectures: ['RETSim'],
      hidden_size: weights.shape('encoder_start.weight')[0],
      input_size: weights.shape('encoder_start.weight')[1],
      max_length: weights.shape('gau_layers.0.positional_encoding.a')[0],
      shared_size: weights.shape('gau_layers.0.gamma')[1],
      expanded_size: weights.shape('gau_layers.0.proj2.weight')[1],
      embedding_size: weights.shape('metric_embedding.linear.weight')[0],
      num_hidden_layers: layersOf(weights, /^gau_layers\.(\d+)\./),
    }),
  },
]

/** The config of a model that has none, or undefined for one that isn't known. */
export const recognised = (weights: WeightSource): Record<string, unknown> | undefined =>
  known.find(({ tensors }) => tensors.every((name) => weights.has(name)))?.config(weights)
