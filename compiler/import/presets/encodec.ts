/** EnCodec: the `config.json` of each model on Hugging Face, as far as it matters here. */
import type { Preset } from './types.js'

const encodec: Preset = {
  architectures: ['EncodecModel'],
  model_type: 'encodec',
  audio_channels: 1,
  sampling_rate: 24000,
  target_bandwidths: [1.5, 3, 6, 12, 24],
  hidden_size: 128,
  codebook_dim: 128,
  codebook_size: 1024,
  num_filters: 32,
  num_residual_layers: 1,
  upsampling_ratios: [8, 5, 4, 2],
  norm_type: 'weight_norm',
  kernel_size: 7,
  last_kernel_size: 7,
  residual_kernel_size: 3,
  dilation_growth_rate: 2,
  use_causal_conv: true,
  pad_mode: 'reflect',
  compress: 2,
  num_lstm_layers: 2,
  trim_right_ratio: 1,
  use_conv_shortcut: true,
  normalize: false,
}

export const presets: Record<string, Preset> = {
  encodec,
  /** facebook/encodec_24khz */
  'encodec-24khz': encodec,
  /** facebook/encodec_32khz, which MusicGen speaks by */
  'encodec-32khz': {
    ...encodec,
    sampling_rate: 32000,
    target_bandwidths: [2.2],
    codebook_size: 2048,
    num_filters: 64,
    upsampling_ratios: [8, 5, 4, 4],
    use_causal_conv: false,
    use_conv_shortcut: false,
  },
  /** facebook/encodec_48khz */
  'encodec-48khz': {
    ...encodec,
    audio_channels: 2,
    sampling_rate: 48000,
    target_bandwidths: [3, 6, 12, 24],
    norm_type: 'time_group_norm',
    use_causal_conv: false,
    normalize: true,
    chunk_length_s: 1,
    overlap: 0.01,
  },
}
