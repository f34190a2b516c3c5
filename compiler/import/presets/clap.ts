/** CLAP: the `config.json` on Hugging Face, as far as it matters here. */
import type { Preset } from './types.js'

const clap: Preset = {
  architectures: ['ClapModel'],
  model_type: 'clap',
  projection_dim: 512,
  text_config: {
    hidden_size: 768,
    num_hidden_layers: 12,
    num_attention_heads: 12,
    intermediate_size: 3072,
    vocab_size: 50265,
    max_position_embeddings: 514,
    type_vocab_size: 1,
    pad_token_id: 1,
    layer_norm_eps: 1e-12,
  },
  audio_config: {
    enable_fusion: false,
    spec_size: 256,
    num_mel_bins: 64,
    patch_size: 4,
    patch_stride: [4, 4],
    patch_embeds_hidden_size: 96,
    depths: [2, 2, 6, 2],
    num_attention_heads: [4, 8, 16, 32],
    window_size: 8,
    hidden_size: 768,
    qkv_bias: true,
  },
}

export const presets: Record<string, Preset> = {
  clap,
  /** laion/clap-htsat-unfused */
  'clap-htsat-unfused': clap,
}
