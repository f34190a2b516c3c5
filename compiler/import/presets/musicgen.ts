/** MusicGen: the `config.json` of each model on Hugging Face, as far as it matters here. */
import type { Preset } from './types.js'

const musicgen = (hidden_size: number, num_hidden_layers: number, num_attention_heads: number): Preset => ({
  architectures: ['MusicgenForConditionalGeneration'],
  model_type: 'musicgen',
  // google-t5/t5-base
  text_encoder: {
    ...{ model_type: 't5', d_model: 768, d_ff: 3072, d_kv: 64, num_layers: 12, num_heads: 12 },
    ...{ vocab_size: 32128, feed_forward_proj: 'relu', layer_norm_epsilon: 1e-6 },
  },
  decoder: {
    ...{ model_type: 'musicgen_decoder', hidden_size, num_hidden_layers, num_attention_heads },
    ...{ ffn_dim: 4 * hidden_size, num_codebooks: 4, vocab_size: 2048, max_position_embeddings: 2048 },
    ...{ activation_function: 'gelu', pad_token_id: 2048, bos_token_id: 2048 },
  },
})

const small = musicgen(1024, 24, 16)

export const presets: Record<string, Preset> = {
  /** facebook/musicgen-small */
  musicgen: small,
  'musicgen-small': small,
  /** facebook/musicgen-medium */
  'musicgen-medium': musicgen(1536, 48, 24),
}
