/** Llama and its like: the `config.json` of each model on Hugging Face, as far as it matters here. */
import type { Preset } from './types.js'

const llama = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_act: 'silu',
  attention_bias: false,
  mlp_bias: false,
  rms_norm_eps: 1e-5,
  rope_scaling: null,
  tie_word_embeddings: false,
}

/** Llama 3.1 and 3.2: contexts stretched by so much. */
const llama3 = (factor: number) => ({
  ...llama,
  vocab_size: 128256,
  max_position_embeddings: 131072,
  rope_theta: 500000,
  rope_scaling: {
    rope_type: 'llama3',
    factor,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  },
  bos_token_id: 128000,
  eos_token_id: 128001,
  torch_dtype: 'bfloat16',
})

const smollm2 = {
  ...llama,
  vocab_size: 49152,
  max_position_embeddings: 8192,
  rope_theta: 100000,
  tie_word_embeddings: true,
  bos_token_id: 0,
  eos_token_id: 0,
  torch_dtype: 'bfloat16',
}

export const presets: Record<string, Preset> = {
  /** meta-llama/Llama-2-7b-hf */
  llama: {
    ...llama,
    hidden_size: 4096,
    intermediate_size: 11008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 32,
    vocab_size: 32000,
    max_position_embeddings: 4096,
    rope_theta: 10000,
    bos_token_id: 1,
    eos_token_id: 2,
    torch_dtype: 'float16',
  },
  /** TinyLlama/TinyLlama-1.1B-Chat-v1.0 */
  tinyllama: {
    ...llama,
    hidden_size: 2048,
    intermediate_size: 5632,
    num_hidden_layers: 22,
    num_attention_heads: 32,
    num_key_value_heads: 4,
    vocab_size: 32000,
    max_position_embeddings: 2048,
    rope_theta: 10000,
    bos_token_id: 1,
    eos_token_id: 2,
    torch_dtype: 'bfloat16',
  },
  /** meta-llama/Meta-Llama-3-8B */
  'llama-3-8b': {
    ...llama,
    hidden_size: 4096,
    intermediate_size: 14336,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    vocab_size: 128256,
    max_position_embeddings: 8192,
    rope_theta: 500000,
    bos_token_id: 128000,
    eos_token_id: 128001,
    torch_dtype: 'bfloat16',
  },
  /** meta-llama/Llama-3.1-8B */
  'llama-3.1-8b': {
    ...llama3(8),
    hidden_size: 4096,
    intermediate_size: 14336,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 8,
  },
  /** meta-llama/Llama-3.2-1B */
  'llama-3.2-1b': {
    ...llama3(32),
    hidden_size: 2048,
    intermediate_size: 8192,
    num_hidden_layers: 16,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    head_dim: 64,
    tie_word_embeddings: true,
  },
  /** meta-llama/Llama-3.2-3B */
  'llama-3.2-3b': {
    ...llama3(32),
    hidden_size: 3072,
    intermediate_size: 8192,
    num_hidden_layers: 28,
    num_attention_heads: 24,
    num_key_value_heads: 8,
    head_dim: 128,
    tie_word_embeddings: true,
  },
  /** HuggingFaceTB/SmolLM2-135M */
  'smollm2-135m': {
    ...smollm2,
    hidden_size: 576,
    intermediate_size: 1536,
    num_hidden_layers: 30,
    num_attention_heads: 9,
    num_key_value_heads: 3,
  },
  /** HuggingFaceTB/SmolLM2-360M */
  'smollm2-360m': {
    ...smollm2,
    hidden_size: 960,
    intermediate_size: 2560,
    num_hidden_layers: 32,
    num_attention_heads: 15,
    num_key_value_heads: 5,
  },
  /** HuggingFaceTB/SmolLM2-1.7B */
  'smollm2-1.7b': {
    ...smollm2,
    hidden_size: 2048,
    intermediate_size: 8192,
    num_hidden_layers: 24,
    num_attention_heads: 32,
    num_key_value_heads: 32,
    rope_theta: 130000,
  },
}
