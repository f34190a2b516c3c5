/** BERT and sentence embedders on it: the `config.json` of each model on Hugging Face, as far as it matters here. */
import type { Preset } from './types.js'

const bert = (hidden_size: number, num_hidden_layers: number): Preset => ({
  architectures: ['BertModel'],
  model_type: 'bert',
  hidden_act: 'gelu',
  hidden_size,
  intermediate_size: 4 * hidden_size,
  num_hidden_layers,
  num_attention_heads: 12,
  layer_norm_eps: 1e-12,
  max_position_embeddings: 512,
  type_vocab_size: 2,
  vocab_size: 30522,
  pad_token_id: 0,
})

/** google-bert/bert-base-uncased */
const base = bert(768, 12)

export const presets: Record<string, Preset> = {
  bert: base,
  'bert-base-uncased': base,
  /** sentence-transformers/all-MiniLM-L6-v2 */
  'all-minilm-l6-v2': bert(384, 6),
  /** BAAI/bge-small-en-v1.5 */
  'bge-small-en-v1.5': bert(384, 12),
}
