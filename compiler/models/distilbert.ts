/** DistilBERT (Sanh et al. 2019): BERT with half its layers, and tokens without types. */
import type { EncoderNames } from './blocks/encoder.js'
import { textEncoder } from './blocks/text-encoder.js'

const names = (i: number): EncoderNames => {
  const layer = `transformer.layer.${i}`
  const attention = `${layer}.attention`
  return {
    ...{
      q: `${attention}.q_lin`,
      k: `${attention}.k_lin`,
      v: `${attention}.v_lin`,
      o: `${attention}.out_lin`,
    },
    norms: [`${layer}.sa_layer_norm`, `${layer}.output_layer_norm`],
    up: `${layer}.ffn.lin1`,
    down: `${layer}.ffn.lin2`,
  }
}

export const distilbert = textEncoder({
  family: 'distilbert',
  classes: ['DistilBert'],
  prefix: 'distilbert.',
  fields: {
    hidden: 'dim',
    heads: 'n_heads',
    ffn: 'hidden_dim',
    layers: 'n_layers',
    activation: 'activation',
  },
  layer: names,
  positions: 'rows',
  typed: false,
  pooler: false,
  words: {
    dense: 'vocab_transform',
    norm: 'vocab_layer_norm',
    bias: 'vocab_projector.bias',
    decoder: 'vocab_projector',
  },
  classifier: { dense: 'pre_classifier', activation: 'relu', out: 'classifier' },
})
