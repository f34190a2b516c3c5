/** Qwen2.5 and Qwen3: the `config.json` of each model on Hugging Face, as far as it matters here. */
import type { Preset } from './types.js'

const qwen = {
  hidden_act: 'silu',
  rms_norm_eps: 1e-6,
  rope_theta: 1000000,
  rope_scaling: null,
  use_sliding_window: false,
  sliding_window: null,
  vocab_size: 151936,
  tie_word_embeddings: true,
  bos_token_id: 151643,
  eos_token_id: 151645,
  torch_dtype: 'bfloat16',
}

const qwen2 = {
  ...qwen,
  architectures: ['Qwen2ForCausalLM'],
  model_type: 'qwen2',
  max_position_embeddings: 32768,
}

const qwen3 = {
  ...qwen,
  architectures: ['Qwen3ForCausalLM'],
  model_type: 'qwen3',
  attention_bias: false,
  head_dim: 128,
  max_position_embeddings: 40960,
}

/** Qwen/Qwen2.5-0.5B-Instruct */
const qwen25: Preset = {
  ...qwen2,
  hidden_size: 896,
  intermediate_size: 4864,
  num_hidden_layers: 24,
  num_attention_heads: 14,
  num_key_value_heads: 2,
  max_window_layers: 21,
}

/** Qwen/Qwen3-0.6B */
const qwen306: Preset = {
  ...qwen3,
  hidden_size: 1024,
  intermediate_size: 3072,
  num_hidden_layers: 28,
  num_attention_heads: 16,
  num_key_value_heads: 8,
  max_window_layers: 28,
}

export const presets: Record<string, Preset> = {
  qwen2: qwen25,
  'qwen2.5-0.5b': qwen25,
  /** Qwen/Qwen2.5-1.5B-Instruct */
  'qwen2.5-1.5b': {
    ...qwen2,
    hidden_size: 1536,
    intermediate_size: 8960,
    num_hidden_layers: 28,
    num_attention_heads: 12,
    num_key_value_heads: 2,
    max_window_layers: 21,
  },
  /** Qwen/Qwen2.5-3B-Instruct */
  'qwen2.5-3b': {
    ...qwen2,
    hidden_size: 2048,
    intermediate_size: 11008,
    num_hidden_layers: 36,
    num_attention_heads: 16,
    num_key_value_heads: 2,
    max_window_layers: 70,
  },
  /** Qwen/Qwen2.5-7B-Instruct */
  'qwen2.5-7b': {
    ...qwen2,
    hidden_size: 3584,
    intermediate_size: 18944,
    num_hidden_layers: 28,
    num_attention_heads: 28,
    num_key_value_heads: 4,
    max_window_layers: 28,
    vocab_size: 152064,
    tie_word_embeddings: false,
  },
  qwen3: qwen306,
  'qwen3-0.6b': qwen306,
  /** Qwen/Qwen3-1.7B */
  'qwen3-1.7b': {
    ...qwen3,
    hidden_size: 2048,
    intermediate_size: 6144,
    num_hidden_layers: 28,
    num_attention_heads: 16,
    num_key_value_heads: 8,
    max_window_layers: 28,
  },
  /** Qwen/Qwen3-4B */
  'qwen3-4b': {
    ...qwen3,
    hidden_size: 2560,
    intermediate_size: 9728,
    num_hidden_layers: 36,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    max_window_layers: 36,
  },
  /** Qwen/Qwen3-8B */
  'qwen3-8b': {
    ...qwen3,
    hidden_size: 4096,
    intermediate_size: 12288,
    num_hidden_layers: 36,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    max_window_layers: 36,
    tie_word_embeddings: false,
  },
}
