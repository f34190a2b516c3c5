/**
 * BERT (Devlin et al. 2018): an encoder normed after its parts, with learned positions. By itself it embeds texts;
 * with a head it classifies them or their tokens, or fills masks.
 */
import type { EncoderNames } from './blocks/encoder.js'
import { textEncoder } from './blocks/text-encoder.js'

/** Tensors of a layer, in BERT's names. */
export const bertNames = (i: number): EncoderNames => {
  const layer = `encoder.layer.${i}`
  return {
    q: `${layer}.attention.self.query`,
    k: `${layer}.attention.self.key`,
    v: `${layer}.attention.self.value`,
    o: `${layer}.attention.output.dense`,
    norms: [`${layer}.attention.output.LayerNorm`, `${layer}.output.LayerNorm`],
    up: `${layer}.intermediate.dense`,
    down: `${layer}.output.dense`,
  }
}

const words = 'cls.predictions'

export const bert = textEncoder({
  family: 'bert',
  classes: ['Bert'],
  more: ['BertForPreTraining'],
  prefix: 'bert.',
  layer: bertNames,
  positions: 'rows',
  typed: true,
  pooler: true,
  words: {
    dense: `${words}.transform.dense`,
    norm: `${words}.transform.LayerNorm`,
    bias: `${words}.bias`,
    decoder: `${words}.decoder`,
  },
  classifier: { out: 'classifier' },
})
