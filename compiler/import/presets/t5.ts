/** T5: the `config.json` of each model on Hugging Face, as far as it matters here. */
import type { Preset } from './types.js'

const t5 = (d_model: number, d_ff: number, num_layers: number, num_heads: number): Preset => ({
  architectures: ['T5ForConditionalGeneration'],
  model_type: 't5',
  ...{ d_model, d_ff, num_layers, num_heads, d_kv: 64, vocab_size: 32128, n_positions: 512 },
  ...{ relative_attention_num_buckets: 32, layer_norm_epsilon: 1e-6, feed_forward_proj: 'relu' },
  ...{ decoder_start_token_id: 0, eos_token_id: 1, pad_token_id: 0 },
})

const flan = (d_model: number, d_ff: number, num_layers: number, num_heads: number): Preset => ({
  ...t5(d_model, d_ff, num_layers, num_heads),
  ...{ feed_forward_proj: 'gated-gelu', tie_word_embeddings: false },
})

const small = t5(512, 2048, 6, 8)

export const presets: Record<string, Preset> = {
  /** google-t5/t5-small */
  t5: small,
  't5-small': small,
  /** google-t5/t5-base */
  't5-base': t5(768, 3072, 12, 12),
  /** google/flan-t5-small */
  'flan-t5-small': flan(512, 1024, 8, 6),
  /** google/flan-t5-base */
  'flan-t5-base': flan(768, 2048, 12, 12),
}
