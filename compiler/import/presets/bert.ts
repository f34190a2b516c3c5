/** BERT, sentence embedders on it, and those after it: the `config.json` of each model on Hugging Face, as far as it matters here. */
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

/** FacebookAI/roberta-base */
const roberta: Preset = {
  ...base,
  architectures: ['RobertaModel'],
  model_type: 'roberta',
  layer_norm_eps: 1e-5,
  max_position_embeddings: 514,
  type_vocab_size: 1,
  vocab_size: 50265,
  pad_token_id: 1,
}

/** distilbert/distilbert-base-uncased */
const distilbert: Preset = {
  architectures: ['DistilBertModel'],
  model_type: 'distilbert',
  activation: 'gelu',
  dim: 768,
  hidden_dim: 3072,
  n_layers: 6,
  n_heads: 12,
  max_position_embeddings: 512,
  vocab_size: 30522,
  pad_token_id: 0,
}

export const presets: Record<string, Preset> = {
  bert: base,
  'bert-base-uncased': base,
  /** sentence-transformers/all-MiniLM-L6-v2 */
  'all-minilm-l6-v2': bert(384, 6),
  /** BAAI/bge-small-en-v1.5 */
  'bge-small-en-v1.5': bert(384, 12),
  roberta,
  'roberta-base': roberta,
  distilbert,
  'distilbert-base-uncased': distilbert,
}
