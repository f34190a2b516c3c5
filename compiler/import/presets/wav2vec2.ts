/** Wav2Vec 2.0: the `config.json` of each model on Hugging Face, as far as it matters here. */
import type { Preset } from './types.js'

const wav2vec2 = (hidden: number, layers: number, heads: number): Preset => ({
  architectures: ['Wav2Vec2ForCTC'],
  model_type: 'wav2vec2',
  hidden_size: hidden,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  intermediate_size: 4 * hidden,
  hidden_act: 'gelu',
  layer_norm_eps: 1e-5,
  conv_dim: [512, 512, 512, 512, 512, 512, 512],
  conv_kernel: [10, 3, 3, 3, 3, 2, 2],
  conv_stride: [5, 2, 2, 2, 2, 2, 2],
  conv_bias: false,
  feat_extract_norm: 'group',
  feat_extract_activation: 'gelu',
  do_stable_layer_norm: false,
  num_conv_pos_embeddings: 128,
  num_conv_pos_embedding_groups: 16,
  vocab_size: 32,
})

const base = wav2vec2(768, 12, 12)

export const presets: Record<string, Preset> = {
  wav2vec2: base,
  /** facebook/wav2vec2-base-960h */
  'wav2vec2-base-960h': base,
  /** facebook/wav2vec2-large-960h */
  'wav2vec2-large-960h': wav2vec2(1024, 24, 16),
}
