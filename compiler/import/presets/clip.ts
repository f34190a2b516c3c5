/** CLIP, X-CLIP and SigLIP: the `config.json` of each model on Hugging Face, as far as it matters here. */
import type { Preset } from './types.js'

const text = (hidden_size: number, num_attention_heads: number) => ({
  hidden_act: 'quick_gelu',
  hidden_size,
  intermediate_size: 4 * hidden_size,
  num_hidden_layers: 12,
  num_attention_heads,
  layer_norm_eps: 1e-5,
  max_position_embeddings: 77,
  vocab_size: 49408,
  bos_token_id: 0,
  eos_token_id: 2,
})

const vision = (hidden_size: number, num_hidden_layers: number, patch_size: number) => ({
  hidden_act: 'quick_gelu',
  hidden_size,
  intermediate_size: 4 * hidden_size,
  num_hidden_layers,
  num_attention_heads: hidden_size / 64,
  num_channels: 3,
  image_size: 224,
  patch_size,
  layer_norm_eps: 1e-5,
})

const clip = { architectures: ['CLIPModel'], model_type: 'clip' }

/** openai/clip-vit-base-patch32 */
const base: Preset = {
  ...clip,
  projection_dim: 512,
  text_config: text(512, 8),
  vision_config: vision(768, 12, 32),
}

/** microsoft/xclip-base-patch32 */
const video: Preset = {
  architectures: ['XCLIPModel'],
  model_type: 'xclip',
  projection_dim: 512,
  prompt_layers: 2,
  prompt_alpha: 0.1,
  prompt_hidden_act: 'quick_gelu',
  prompt_num_attention_heads: 8,
  text_config: text(512, 8),
  vision_config: {
    ...vision(768, 12, 32),
    num_frames: 8,
    mit_hidden_size: 512,
    mit_intermediate_size: 2048,
    mit_num_hidden_layers: 1,
    mit_num_attention_heads: 8,
  },
}

/** google/siglip-base-patch16-224 */
const siglip: Preset = {
  architectures: ['SiglipModel'],
  model_type: 'siglip',
  text_config: {
    hidden_act: 'gelu_pytorch_tanh',
    hidden_size: 768,
    intermediate_size: 3072,
    num_hidden_layers: 12,
    num_attention_heads: 12,
    layer_norm_eps: 1e-6,
    max_position_embeddings: 64,
    vocab_size: 32000,
    projection_size: 768,
  },
  vision_config: { ...vision(768, 12, 16), hidden_act: 'gelu_pytorch_tanh', layer_norm_eps: 1e-6 },
}

export const presets: Record<string, Preset> = {
  clip: base,
  'clip-vit-base-patch32': base,
  /** openai/clip-vit-large-patch14 */
  'clip-vit-large-patch14': {
    ...clip,
    projection_dim: 768,
    text_config: text(768, 12),
    vision_config: vision(1024, 24, 14),
  },
  xclip: video,
  'xclip-base-patch32': video,
  siglip,
  'siglip-base-patch16-224': siglip,
}
