/** Pipelines of odd dimensions. */
import type { Pipeline } from './folder.js'

const scheduler = {
  _class_name: 'DDIMScheduler',
  ...{ num_train_timesteps: 1000, beta_start: 0.00085, beta_end: 0.012, beta_schedule: 'scaled_linear' },
  ...{ clip_sample: false, set_alpha_to_one: false, steps_offset: 1, prediction_type: 'epsilon' },
}

const text: Pipeline['text_encoder'] = {
  ...{ vocab_size: 61, hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1 },
  ...{ num_attention_heads: 2, max_position_embeddings: 9, hidden_act: 'quick_gelu' },
}

/** Few shapes, so that few kernels are compiled: for every backend. */
export const small: Pipeline = {
  text_encoder: text,
  unet: {
    ...{ sample_size: 4, in_channels: 4, out_channels: 4, block_out_channels: [16] },
    down_block_types: ['CrossAttnDownBlock2D'],
    up_block_types: ['CrossAttnUpBlock2D'],
    ...{ layers_per_block: 1, attention_head_dim: 2, cross_attention_dim: 16, norm_num_groups: 4 },
  },
  vae: {
    ...{ block_out_channels: [16, 16], layers_per_block: 1, latent_channels: 4, out_channels: 3 },
    norm_num_groups: 4,
  },
  scheduler,
}

export const cases: Record<string, Pipeline> = {
  'few shapes': small,
  'as 1.x: convolutions around transformers, one number of heads, square latents': {
    text_encoder: {
      ...{ vocab_size: 61, hidden_size: 24, intermediate_size: 40, num_hidden_layers: 2 },
      ...{ num_attention_heads: 3, max_position_embeddings: 13, hidden_act: 'quick_gelu' },
    },
    unet: {
      ...{ sample_size: 8, in_channels: 4, out_channels: 4, block_out_channels: [16, 24] },
      down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
      up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
      ...{ layers_per_block: 2, attention_head_dim: 2, cross_attention_dim: 24, norm_num_groups: 4 },
    },
    vae: {
      ...{ block_out_channels: [8, 16], layers_per_block: 2, latent_channels: 4, out_channels: 3 },
      norm_num_groups: 4,
    },
    scheduler,
  },
  'as 2.x: products around transformers, heads by level, three levels, latents of odd sides': {
    text_encoder: {
      ...{ vocab_size: 40, hidden_size: 20, intermediate_size: 36, num_hidden_layers: 1 },
      ...{ num_attention_heads: 5, max_position_embeddings: 9, hidden_act: 'gelu' },
    },
    unet: {
      ...{ sample_size: [10, 7], in_channels: 4, out_channels: 4, block_out_channels: [12, 18, 30] },
      down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
      up_block_types: ['CrossAttnUpBlock2D', 'UpBlock2D', 'CrossAttnUpBlock2D'],
      ...{ layers_per_block: [1, 2, 1], attention_head_dim: [2, 3, 5], cross_attention_dim: 20 },
      ...{ norm_num_groups: 6, norm_eps: 1e-4, use_linear_projection: true },
      ...{
        transformer_layers_per_block: [1, 2, 1],
        flip_sin_to_cos: false,
        freq_shift: 1,
        downsample_padding: 0,
      },
    },
    vae: {
      ...{ block_out_channels: [6, 9, 12], layers_per_block: 1, latent_channels: 4, out_channels: 3 },
      ...{ norm_num_groups: 3, scaling_factor: 0.5, shift_factor: 0.1, use_post_quant_conv: false },
    },
    scheduler: { ...scheduler, _class_name: 'EulerDiscreteScheduler', prediction_type: 'v_prediction' },
    old: true,
    variant: 'fp16',
  },
}
