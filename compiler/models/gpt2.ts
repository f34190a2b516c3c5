/**
 * GPT-2 (Radford et al. 2019): LayerNorm, learned positions, biases everywhere, a feed-forward without gate. The
 * files hold its matrices as [in, out].
 */
import { fail } from '../errors.js'
import { transposed } from '../import/derived.js'
import { activationOf } from './blocks/activation.js'
import { decoderModel } from './blocks/decoder.js'
import { gptBlocks } from './blocks/gpt.js'
import { prefixOf } from './blocks/making.js'
import type { ModelFamily } from './types.js'

export const gpt2: ModelFamily = {
  family: 'gpt2',
  architectures: ['GPT2LMHeadModel'],
  maxContext: (config) => config.int(['n_positions', 'n_ctx'], { min: 1, default: 1024 }),
  model(config, options) {
    const hidden = config.int('n_embd', { min: 1 })
    const heads = config.int('n_head', { min: 1 })
    if (hidden % heads !== 0) fail('WGC422', [`n_embd ${hidden} is no multiple of n_head ${heads}`])
    const headSize = hidden / heads
    const scaled = config.bool('scale_attn_weights', { default: true })
    const byLayer = config.bool('scale_attn_by_inverse_layer_idx', { default: false })
    const tied = config.bool('tie_word_embeddings', { default: true }) || !options.has('lm_head.weight')
    return decoderModel(
      gptBlocks({
        family: 'gpt2',
        hidden,
        heads,
        headSize,
        ffn: config.optionalInt('n_inner', { min: 1 }) ?? 4 * hidden,
        layers: config.int('n_layer', { min: 1 }),
        vocab: config.int('vocab_size', { min: 1 }),
        positions: config.int(['n_positions', 'n_ctx'], { min: 1, default: 1024 }),
        context: options.context,
        eps: config.number('layer_norm_epsilon', { default: 1e-5, min: 0 }),
        activation: activationOf(config, 'activation_function', 'gpt2', 'gelu_new'),
        prefix: prefixOf(options, 'wte.weight', ['transformer.', '']),
        tied,
        scale: (layer) => (scaled ? 1 / Math.sqrt(headSize) : 1) / (byLayer ? layer + 1 : 1),
        matrix: (name, [n, k], part) => transposed(`${name}[${part.name}]`, name, [n, k], part),
      }),
    )
  },
}
