/** Gemma, its text: the `config.json` of each model on Hugging Face, as far as it matters here. */
import type { Preset } from './types.js'

const gemma = {
  hidden_activation: 'gelu_pytorch_tanh',
  head_dim: 256,
  rms_norm_eps: 1e-6,
  attention_bias: false,
  tie_word_embeddings: true,
  bos_token_id: 2,
  eos_token_id: 1,
  torch_dtype: 'bfloat16',
}

const gemma3 = {
  ...gemma,
  architectures: ['Gemma3ForCausalLM'],
  model_type: 'gemma3_text',
  vocab_size: 262144,
  max_position_embeddings: 32768,
  query_pre_attn_scalar: 256,
  sliding_window: 512,
  sliding_window_pattern: 6,
  rope_theta: 1000000,
  rope_local_base_freq: 10000,
  rope_scaling: null,
}

/** google/gemma-3-1b-it */
const gemma31b: Preset = {
  ...gemma3,
  hidden_size: 1152,
  intermediate_size: 6912,
  num_hidden_layers: 26,
  num_attention_heads: 4,
  num_key_value_heads: 1,
}

export const presets: Record<string, Preset> = {
  /** google/gemma-2b */
  'gemma-2b': {
    ...gemma,
    architectures: ['GemmaForCausalLM'],
    model_type: 'gemma',
    hidden_size: 2048,
    intermediate_size: 16384,
    num_hidden_layers: 18,
    num_attention_heads: 8,
    num_key_value_heads: 1,
    vocab_size: 256000,
    max_position_embeddings: 8192,
    rope_theta: 10000,
  },
  /** google/gemma-2-2b */
  'gemma-2-2b': {
    ...gemma,
    architectures: ['Gemma2ForCausalLM'],
    model_type: 'gemma2',
    hidden_size: 2304,
    intermediate_size: 9216,
    num_hidden_layers: 26,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    vocab_size: 256000,
    max_position_embeddings: 8192,
    query_pre_attn_scalar: 256,
    sliding_window: 4096,
    attn_logit_softcapping: 50,
    final_logit_softcapping: 30,
    rope_theta: 10000,
  },
  gemma3: gemma31b,
  /** google/gemma-3-270m */
  'gemma-3-270m': {
    ...gemma3,
    hidden_size: 640,
    intermediate_size: 2048,
    num_hidden_layers: 18,
    num_attention_heads: 4,
    num_key_value_heads: 1,
  },
  'gemma-3-1b': gemma31b,
  /** google/gemma-3-4b-it, its text_config */
  'gemma-3-4b': {
    ...gemma3,
    hidden_size: 2560,
    intermediate_size: 10240,
    num_hidden_layers: 34,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    vocab_size: 262208,
    max_position_embeddings: 131072,
    sliding_window: 1024,
    rope_scaling: { rope_type: 'linear', factor: 8 },
  },
}
