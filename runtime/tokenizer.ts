/**
 * An optional entry of its own: a tokenizer made of a model's Hugging Face files. `load` imports it when a
 * bundle has them. The runtime itself takes any other that has the same two functions.
 */
import { Tokenizer as HfTokenizer } from '@huggingface/tokenizers'
import type { Tokenizer } from './detokenize.js'

export type { Tokenizer }

/** Of the parsed `tokenizer.json` and `tokenizer_config.json`. Throws if they ask for what isn't known. */
export function createTokenizer(tokenizer: unknown, config: unknown = {}): Tokenizer {
  const hf = new HfTokenizer(tokenizer as object, config as object)
  return {
    config,
    encode: (text, { addSpecial }) => hf.encode(text, { add_special_tokens: addSpecial }).ids,
    // Cleaning up spaces would change text that was given out already.
    decode: (ids) =>
      ids.length ? hf.decode(ids, { skip_special_tokens: true, clean_up_tokenization_spaces: false }) : '',
  }
}
