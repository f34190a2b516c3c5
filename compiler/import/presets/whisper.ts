/** Whisper: the `config.json` of each model on Hugging Face, as far as it matters here. */
import type { Preset } from './types.js'

const whisper = (d_model: number, layers: number, heads: number): Preset => ({
  architectures: ['WhisperForConditionalGeneration'],
  model_type: 'whisper',
  ...{ d_model, encoder_layers: layers, decoder_layers: layers },
  ...{ encoder_attention_heads: heads, decoder_attention_heads: heads },
  ...{ encoder_ffn_dim: 4 * d_model, decoder_ffn_dim: 4 * d_model },
  ...{ num_mel_bins: 80, max_source_positions: 1500, max_target_positions: 448, vocab_size: 51865 },
  ...{ activation_function: 'gelu', decoder_start_token_id: 50258, eos_token_id: 50257, bos_token_id: 50257 },
  begin_suppress_tokens: [220, 50257],
})

const tiny = whisper(384, 4, 6)

export const presets: Record<string, Preset> = {
  /** openai/whisper-tiny */
  whisper: tiny,
  'whisper-tiny': tiny,
  /** openai/whisper-base */
  'whisper-base': whisper(512, 6, 8),
  /** openai/whisper-small */
  'whisper-small': whisper(768, 12, 12),
}
