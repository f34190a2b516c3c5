/** Mistral: the `config.json` of each model on Hugging Face, as far as it matters here. */
import type { Preset } from './types.js'

const mistral = {
  architectures: ['MistralForCausalLM'],
  model_type: 'mistral',
  hidden_act: 'silu',
  hidden_size: 4096,
  intermediate_size: 14336,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  rms_norm_eps: 1e-5,
  max_position_embeddings: 32768,
  tie_word_embeddings: false,
  bos_token_id: 1,
  eos_token_id: 2,
  torch_dtype: 'bfloat16',
}

/** mistralai/Mistral-7B-v0.3 */
const v03: Preset = { ...mistral, vocab_size: 32768, rope_theta: 1000000, sliding_window: null }

export const presets: Record<string, Preset> = {
  mistral: v03,
  'mistral-7b': v03,
  /** mistralai/Mistral-7B-v0.1 */
  'mistral-7b-v0.1': { ...mistral, vocab_size: 32000, rope_theta: 10000, sliding_window: 4096 },
}
