/** Models of texts and images: the `config.json` of each on Hugging Face, as far as it matters here. */
import type { Preset } from './types.js'

const vicuna = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_act: 'silu',
  hidden_size: 4096,
  intermediate_size: 11008,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 32,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  max_position_embeddings: 4096,
  vocab_size: 32064,
  bos_token_id: 1,
  eos_token_id: 2,
}

const mistral = {
  architectures: ['MistralForCausalLM'],
  model_type: 'mistral',
  hidden_act: 'silu',
  hidden_size: 4096,
  intermediate_size: 14336,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  rms_norm_eps: 1e-5,
  rope_theta: 1000000,
  sliding_window: null,
  max_position_embeddings: 32768,
  vocab_size: 32064,
  bos_token_id: 1,
  eos_token_id: 2,
}

/** The tower of openai/clip-vit-large-patch14-336 */
const clip336 = {
  model_type: 'clip_vision_model',
  hidden_act: 'quick_gelu',
  hidden_size: 1024,
  intermediate_size: 4096,
  num_hidden_layers: 24,
  num_attention_heads: 16,
  num_channels: 3,
  image_size: 336,
  patch_size: 14,
  layer_norm_eps: 1e-5,
}

const projected = {
  image_token_index: 32000,
  projector_hidden_act: 'gelu',
  vision_feature_layer: -2,
  vision_feature_select_strategy: 'default',
  vision_config: clip336,
  eos_token_id: 2,
  torch_dtype: 'float16',
}

/** llava-hf/llava-1.5-7b-hf */
const llava15: Preset = {
  ...projected,
  architectures: ['LlavaForConditionalGeneration'],
  model_type: 'llava',
  text_config: vicuna,
}

/** llava-hf/llava-v1.6-mistral-7b-hf */
const llava16: Preset = {
  ...projected,
  architectures: ['LlavaNextForConditionalGeneration'],
  model_type: 'llava_next',
  image_grid_pinpoints: [
    [336, 672],
    [672, 336],
    [672, 672],
    [1008, 336],
    [336, 1008],
  ],
  text_config: mistral,
}

/** Qwen/Qwen2-VL-2B-Instruct */
const qwen2vl: Preset = {
  architectures: ['Qwen2VLForConditionalGeneration'],
  model_type: 'qwen2_vl',
  hidden_act: 'silu',
  hidden_size: 1536,
  intermediate_size: 8960,
  num_hidden_layers: 28,
  num_attention_heads: 12,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  rope_theta: 1000000,
  rope_scaling: { type: 'mrope', mrope_section: [16, 24, 24] },
  use_sliding_window: false,
  sliding_window: 32768,
  max_window_layers: 28,
  max_position_embeddings: 32768,
  vocab_size: 151936,
  tie_word_embeddings: true,
  image_token_id: 151655,
  video_token_id: 151656,
  vision_start_token_id: 151652,
  bos_token_id: 151643,
  eos_token_id: 151645,
  vision_config: {
    depth: 32,
    embed_dim: 1280,
    mlp_ratio: 4,
    num_heads: 16,
    in_chans: 3,
    hidden_size: 1536,
    patch_size: 14,
    spatial_merge_size: 2,
    spatial_patch_size: 14,
    temporal_patch_size: 2,
  },
  torch_dtype: 'bfloat16',
}

export const presets: Record<string, Preset> = {
  llava: llava15,
  'llava-1.5-7b': llava15,
  'llava-next': llava16,
  'llava-v1.6-mistral-7b': llava16,
  'qwen2-vl': qwen2vl,
  'qwen2-vl-2b': qwen2vl,
}
