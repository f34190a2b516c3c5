/** ViT: the `config.json` of each model on Hugging Face, as far as it matters here. */
import type { Preset } from './types.js'

/** google/vit-base-patch16-224 */
const base: Preset = {
  architectures: ['ViTForImageClassification'],
  model_type: 'vit',
  hidden_act: 'gelu',
  hidden_size: 768,
  intermediate_size: 3072,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  num_channels: 3,
  image_size: 224,
  patch_size: 16,
  layer_norm_eps: 1e-12,
  qkv_bias: true,
  num_labels: 1000,
}

export const presets: Record<string, Preset> = { vit: base, 'vit-base-patch16-224': base }
