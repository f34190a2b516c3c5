/** RoBERTa (Liu et al. 2019), and XLM-R and CamemBERT, which are the same: BERT, whose positions leave padding out. */
import { bertNames } from './bert.js'
import { textEncoder } from './blocks/text-encoder.js'

export const roberta = textEncoder({
  family: 'roberta',
  types: ['xlm-roberta', 'camembert'],
  classes: ['Roberta', 'XLMRoberta', 'Camembert'],
  prefix: 'roberta.',
  layer: bertNames,
  positions: 'counted',
  typed: true,
  pooler: true,
  words: {
    dense: 'lm_head.dense',
    norm: 'lm_head.layer_norm',
    bias: 'lm_head.bias',
    decoder: 'lm_head.decoder',
    activation: 'gelu',
  },
  classifier: { dense: 'classifier.dense', activation: 'tanh', out: 'classifier.out_proj' },
})
