/** Stable Diffusion: what the folders of each model on Hugging Face say, as far as it matters here. */
import type { Preset } from './types.js'

const vae: Preset = {
  act_fn: 'silu',
  block_out_channels: [128, 256, 512, 512],
  in_channels: 3,
  latent_channels: 4,
  layers_per_block: 2,
  norm_num_groups: 32,
  out_channels: 3,
  up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D', 'UpDecoderBlock2D', 'UpDecoderBlock2D'],
}

const unet: Preset = {
  act_fn: 'silu',
  block_out_channels: [320, 640, 1280, 1280],
  down_block_types: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
  downsample_padding: 1,
  flip_sin_to_cos: true,
  freq_shift: 0,
  in_channels: 4,
  layers_per_block: 2,
  norm_eps: 1e-5,
  norm_num_groups: 32,
  out_channels: 4,
  sample_size: 64,
}

const text: Preset = {
  bos_token_id: 0,
  eos_token_id: 2,
  layer_norm_eps: 1e-5,
  max_position_embeddings: 77,
  vocab_size: 49408,
}

const scheduler: Preset = {
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  clip_sample: false,
  num_train_timesteps: 1000,
  prediction_type: 'epsilon',
  set_alpha_to_one: false,
  steps_offset: 1,
}

const pipeline = { architectures: ['StableDiffusionPipeline'], model_type: 'stable_diffusion' }

const first: Preset = {
  ...pipeline,
  text_encoder: {
    ...text,
    ...{ hidden_act: 'quick_gelu', hidden_size: 768, intermediate_size: 3072 },
    ...{ num_attention_heads: 12, num_hidden_layers: 12 },
  },
  unet: { ...unet, attention_head_dim: 8, cross_attention_dim: 768 },
  vae,
  scheduler: { ...scheduler, _class_name: 'PNDMScheduler', skip_prk_steps: true },
}

const second = (sample_size: number, prediction_type: string): Preset => ({
  ...pipeline,
  text_encoder: {
    ...text,
    ...{ hidden_act: 'gelu', hidden_size: 1024, intermediate_size: 4096 },
    ...{ num_attention_heads: 16, num_hidden_layers: 23 },
  },
  unet: {
    ...unet,
    ...{ attention_head_dim: [5, 10, 20, 20], cross_attention_dim: 1024, sample_size },
    use_linear_projection: true,
  },
  vae,
  scheduler: { ...scheduler, _class_name: 'DDIMScheduler', prediction_type },
})

export const presets: Record<string, Preset> = {
  /** stable-diffusion-v1-5/stable-diffusion-v1-5 */
  'stable-diffusion': first,
  'stable-diffusion-1.5': first,
  /** stabilityai/stable-diffusion-2-1-base: images of 512 x 512 */
  'stable-diffusion-2.1-base': second(64, 'epsilon'),
  /** stabilityai/stable-diffusion-2-1: images of 768 x 768 */
  'stable-diffusion-2.1': second(96, 'v_prediction'),
}
