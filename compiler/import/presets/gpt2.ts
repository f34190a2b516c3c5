/** GPT-2: the `config.json` of each model on Hugging Face, as far as it matters here. */
import type { Preset } from './types.js'

const gpt2 = (n_embd: number, n_layer: number, n_head: number): Preset => ({
  architectures: ['GPT2LMHeadModel'],
  model_type: 'gpt2',
  activation_function: 'gelu_new',
  layer_norm_epsilon: 1e-5,
  n_embd,
  n_layer,
  n_head,
  n_positions: 1024,
  vocab_size: 50257,
  bos_token_id: 50256,
  eos_token_id: 50256,
})

export const presets: Record<string, Preset> = {
  /** openai-community/gpt2 */
  gpt2: gpt2(768, 12, 12),
  /** openai-community/gpt2-medium */
  'gpt2-medium': gpt2(1024, 24, 16),
  /** openai-community/gpt2-large */
  'gpt2-large': gpt2(1280, 36, 20),
  /** openai-community/gpt2-xl */
  'gpt2-xl': gpt2(1600, 48, 25),
}
