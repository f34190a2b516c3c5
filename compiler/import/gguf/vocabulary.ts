/** The vocabulary of a GGUF file, checked. */
import { fail } from '../../errors.js'
import { type ConfigReader, configReader } from '../config.js'
import type { Metadata } from './metadata.js'

/** `tokenizer.ggml.token_type`. */
export const KIND = { normal: 1, unknown: 2, control: 3, user: 4, unused: 5, byte: 6 } as const

export interface Vocabulary {
  meta: ConfigReader
  /** `tokenizer.ggml.model`. */
  model: string
  /** By id. */
  tokens: string[]
  /** By id: the larger, the earlier it is merged. Empty where there are none. */
  scores: number[]
  /** By id, one of KIND. */
  kinds: number[]
  /** Id of a special token, within the vocabulary, or undefined. */
  id(name: string): number | undefined
}

/** undefined: the file has no tokenizer. Throws WGC207, WGC208 or WGC244 for fields that can't be. */
export function readVocabulary(metadata: Metadata, file: string): Vocabulary | undefined {
  const meta = configReader(metadata, file)
  const model = meta.optionalString('tokenizer.ggml.model')
  if (model === undefined || model === 'none' || model === 'no_vocab') return undefined
  const tokens = meta.strings('tokenizer.ggml.tokens')
  const scores = meta.numbers('tokenizer.ggml.scores')
  const kinds = meta.ints('tokenizer.ggml.token_type')
  const place = { place: { file } }
  if (tokens.length === 0) fail('WGC207', ['tokenizer.ggml.tokens'], place)
  for (const [name, list] of [
    ['scores', scores],
    ['token_type', kinds],
  ] as const)
    if (list.length > 0 && list.length !== tokens.length)
      fail('WGC244', [`tokenizer.ggml.${name} has ${list.length} entries for ${tokens.length} tokens`], place)
  return {
    meta,
    model,
    tokens,
    scores,
    kinds: kinds.length > 0 ? kinds : tokens.map(() => KIND.normal),
    id: (name) => meta.optionalInt(`tokenizer.ggml.${name}_token_id`, { min: 0, max: tokens.length - 1 }),
  }
}

/** Tokens that end a turn, by what chat models call them: generation stops there as at the end of a text. */
const TURN_ENDS = new Set([
  '<|eot_id|>',
  '<|eom_id|>',
  '<|im_end|>',
  '<|end|>',
  '<end_of_turn>',
  '<|endoftext|>',
  '<|end_of_text|>',
  '<|EOT|>',
])

/** Ids that a config holds: where a text begins, and where it or a turn of it ends. */
export function endingsOf(v: Vocabulary): { bos_token_id?: number; eos_token_id: number[] } {
  const bos = v.id('bos')
  const ends = [v.id('eos'), v.id('eot'), v.id('eom')]
  for (const [id, kind] of v.kinds.entries())
    if (kind === KIND.control && TURN_ENDS.has(v.tokens[id]!)) ends.push(id)
  return {
    ...(bos !== undefined && { bos_token_id: bos }),
    eos_token_id: [...new Set(ends.filter((id) => id !== undefined))],
  }
}
