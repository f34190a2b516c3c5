/** DETR: the `config.json` on Hugging Face, as far as it matters here. */
import type { Preset } from './types.js'

const detr: Preset = {
  architectures: ['DetrForObjectDetection'],
  model_type: 'detr',
  d_model: 256,
  encoder_layers: 6,
  encoder_attention_heads: 8,
  encoder_ffn_dim: 2048,
  decoder_layers: 6,
  decoder_attention_heads: 8,
  decoder_ffn_dim: 2048,
  num_queries: 100,
  num_labels: 91,
  activation_function: 'relu',
  backbone: 'resnet50',
  position_embedding_type: 'sine',
  dilation: false,
}

export const presets: Record<string, Preset> = {
  detr,
  /** facebook/detr-resnet-50 */
  'detr-resnet-50': detr,
}
