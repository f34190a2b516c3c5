/**
 * Presets: published dimensions of well-known models, for kernels and plans without weights. Each row is the
 * model's `config.json` on Hugging Face, as far as it matters here.
 */

const llama = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_act: 'silu',
  attention_bias: false,
  mlp_bias: false,
  rms_norm_eps: 1e-5,
  rope_scaling: null,
  tie_word_embeddings: false,
} as const

export const presets: Record<string, Record<string, unknown>> = {
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
}
