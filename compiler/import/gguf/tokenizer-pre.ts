/**
 * How each kind of byte-level BPE cuts text into words before it merges, by `tokenizer.ggml.pre`. The expressions are
 * facts of the models' own tokenizers; names are llama.cpp's (src/llama-vocab.cpp).
 */

export interface PreTokenizing {
  /** Expressions that cut in turn: what matches is a piece, and so is what lies between. */
  split: readonly string[]
  normalizer?: 'NFC'
  /** A whole word that is in the vocabulary is one token, whatever the merges would make of it. */
  ignoreMerges?: boolean
  /** Begins with the token of beginnings, unless the file says otherwise. */
  addBos?: boolean
}

const GPT2 = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
const SUFFIXES = `(?i:'s|'t|'re|'ve|'m|'ll|'d)`
/** Words with what stands before them, numbers of so many digits, signs, ends of lines, spaces. */
const modern = (digits: string) =>
  String.raw`${SUFFIXES}|[^\r\n\p{L}\p{N}]?\p{L}+|${digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
const UPPER = String.raw`\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}`
const LOWER = String.raw`\p{Ll}\p{Lm}\p{Lo}\p{M}`
/** As `modern`, and a word ends where lower case turns to upper. */
const cased = (suffixes: string, digits: string) =>
  String.raw`[^\r\n\p{L}\p{N}]?[${UPPER}]*[${LOWER}]+${suffixes}|[^\r\n\p{L}\p{N}]?[${UPPER}]+[${LOWER}]*${suffixes}|${digits}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`

const gpt2: PreTokenizing = { split: [GPT2] }
const llama3: PreTokenizing = {
  split: [modern(String.raw`\p{N}{1,3}`)],
  ignoreMerges: true,
  addBos: true,
}
const qwen2: PreTokenizing = { split: [modern(String.raw`\p{N}`)], normalizer: 'NFC' }
/** Every digit by itself. */
const digits: PreTokenizing = { split: [String.raw`\p{N}`, GPT2] }

export const preTokenizings: Readonly<Record<string, PreTokenizing>> = {
  default: {
    split: [
      String.raw`[\p{P}\$\+<=>\^~\|]+`,
      String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)`,
      String.raw`\p{N}+`,
      '[0-9][0-9][0-9]',
    ],
  },
  'gpt-2': gpt2,
  'phi-2': gpt2,
  mpt: gpt2,
  olmo: gpt2,
  'llama-bpe': llama3,
  'llama-v3': llama3,
  llama3: llama3,
  'smaug-bpe': { split: llama3.split },
  dbrx: { split: llama3.split },
  qwen2,
  stablelm2: { split: qwen2.split },
  starcoder: digits,
  refact: digits,
  'command-r': digits,
  smollm: digits,
  codeshell: digits,
  tekken: { split: [cased('', String.raw`\p{N}`)], ignoreMerges: true, addBos: true },
  'gpt-4o': { split: [cased(`${SUFFIXES}?`, String.raw`\p{N}{1,3}`)] },
}

/** The `pre_tokenizer` of a tokenizer.json. */
export const preTokenizer = ({ split }: PreTokenizing): Record<string, unknown> => ({
  type: 'Sequence',
  pretokenizers: [
    ...split.map((Regex) => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false })),
    { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
  ],
})
