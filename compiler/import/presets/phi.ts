/** Phi-3 and Phi-4-mini: the `config.json` of each model on Hugging Face, as far as it matters here. */
import type { Preset } from './types.js'

const phi3 = {
  architectures: ['Phi3ForCausalLM'],
  model_type: 'phi3',
  hidden_act: 'silu',
  hidden_size: 3072,
  intermediate_size: 8192,
  num_hidden_layers: 32,
  original_max_position_embeddings: 4096,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  bos_token_id: 1,
  eos_token_id: 32000,
  torch_dtype: 'bfloat16',
}

/** microsoft/Phi-3-mini-4k-instruct */
const mini: Preset = {
  ...phi3,
  num_attention_heads: 32,
  num_key_value_heads: 32,
  vocab_size: 32064,
  max_position_embeddings: 4096,
  sliding_window: 2047,
  rope_scaling: null,
  tie_word_embeddings: false,
}

/** Divisors of Phi-4-mini's frequencies beyond 4,096 tokens. */
const LONG = [
  1, 1.118320672, 1.250641126, 1.398617824, 1.564103225, 1.74916897, 1.956131817, 2.187582649, 2.446418898,
  2.735880826, 3.059592084, 3.421605075, 3.826451687, 4.279200023, 4.785517845, 5.351743533, 5.984965424,
  6.693110555, 7.485043894, 8.370679318, 9.36110372, 10.4687158, 11.70738129, 13.09260651, 14.64173252,
  16.37415215, 18.31155283, 20.47818807, 22.90118105, 25.61086418, 28.64115884, 32.03, 32.1, 32.13, 32.23,
  32.6, 32.61, 32.64, 32.66, 32.7, 32.71, 32.93, 32.97, 33.28, 33.49, 33.5, 44.16, 47.77,
]

export const presets: Record<string, Preset> = {
  phi3: mini,
  'phi-3-mini': mini,
  /** microsoft/Phi-4-mini-instruct */
  'phi-4-mini': {
    ...phi3,
    num_attention_heads: 24,
    num_key_value_heads: 8,
    vocab_size: 200064,
    max_position_embeddings: 131072,
    partial_rotary_factor: 0.75,
    sliding_window: 262144,
    rope_scaling: { type: 'longrope', short_factor: LONG.map(() => 1), long_factor: LONG },
    tie_word_embeddings: true,
    bos_token_id: 199999,
    eos_token_id: 199999,
  },
}
