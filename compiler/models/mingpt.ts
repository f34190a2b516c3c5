/** minGPT (Karpathy 2020): GPT-2 with matrices as [out, in], and an output of its own. */
import { fail } from '../errors.js'
import { rowsOf, stored } from '../import/derived.js'
import { decoderModel } from './blocks/decoder.js'
import { gptBlocks } from './blocks/gpt.js'
import type { ModelFamily } from './types.js'

export const mingpt: ModelFamily = {
  family: 'mingpt',
  architectures: ['GPT'],
  maxContext: (config) => config.int('block_size', { min: 1 }),
  model(config, options) {
    const hidden = config.int('n_embd', { min: 1 })
    const heads = config.int('n_head', { min: 1 })
    if (hidden % heads !== 0) fail('WGC422', [`n_embd ${hidden} is no multiple of n_head ${heads}`])
    const headSize = hidden / heads
    return decoderModel(
      gptBlocks({
        family: 'mingpt',
        hidden,
        heads,
        headSize,
        ffn: 4 * hidden,
        layers: config.int('n_layer', { min: 1 }),
        vocab: config.int('vocab_size', { min: 1 }),
        positions: config.int('block_size', { min: 1 }),
        context: options.context,
        eps: 1e-5,
        activation: 'gelu_new',
        prefix: 'transformer.',
        tied: false,
        scale: () => 1 / Math.sqrt(headSize),
        matrix: (name, [n, k], { name: part, from, of }) =>
          of === n
            ? stored(name, [n, k])
            : rowsOf(`${name}[${part}]`, { name, shape: [of, k] }, [from, from + n]),
      }),
    )
  },
}
