/**
 * The page's tokenizer on llama.cpp's vectors: real vocabularies, texts of many kinds, and their ids. Once from
 * tokenizer.json, once from what a GGUF file holds of the same vocabulary.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ggufTokenizer } from '../../compiler/import/gguf/tokenizer.js'
import { readVocabulary } from '../../compiler/import/gguf/vocabulary.js'
import { createTokenizer, type Tokenizer } from '../../runtime/tokenizer.js'
import { tokenizerFields } from '../helpers/gguf-models.js'
import type { Field } from '../helpers/gguf-write.js'
import { whyAbsent } from '../helpers/models.js'

const FOLDER = '../shared/tokenizers'
const missing = whyAbsent(FOLDER)
const SEPARATOR = '\n__ggml_vocab_test__\n'

const textOf = (file: string) => readFileSync(join(FOLDER, file), 'utf8')

/** Texts and the ids that llama.cpp gives them, without special tokens. */
function vectors(name: string): [text: string, ids: number[]][] {
  const texts = textOf(`ggml-vocab-${name}.gguf.inp`).split(SEPARATOR).slice(0, -1)
  const lines = textOf(`ggml-vocab-${name}.gguf.out`).split('\n').slice(0, -1)
  expect(lines).toHaveLength(texts.length)
  expect(texts.length).toBeGreaterThan(40)
  return texts.map((text, i) => [text, lines[i]!.trim().split(' ').filter(Boolean).map(Number)])
}

const ofJson = (file: string) => () => createTokenizer(JSON.parse(textOf(`${file}.tokenizer.json`)))

/** As a GGUF file of this vocabulary would give it. */
const ofGguf = (file: string, kind: 'llama' | 'gpt2', fields: Field[]) => () => {
  const all = tokenizerFields(join(FOLDER, `${file}.tokenizer.json`), kind, fields)
  const metadata = Object.fromEntries(all.map(([key, , value]) => [key, value]))
  const { tokenizer, config } = ggufTokenizer(readVocabulary(metadata, 'test.gguf')!, 'test.gguf')
  return createTokenizer(JSON.parse(tokenizer.content), JSON.parse(config.content))
}

interface Row {
  vectors: string
  from: string
  make: () => Tokenizer
  /** What of a text its ids still tell; undefined: nothing but the ids themselves. */
  decoded?: (text: string) => string
}

const same = (text: string) => text

const rows: Row[] = [
  { vectors: 'gpt-2', from: 'gpt2.tokenizer.json', make: ofJson('gpt2'), decoded: same },
  { vectors: 'phi-3', from: 'phi3-mini.tokenizer.json', make: ofJson('phi3-mini'), decoded: same },
  // Case, accents, spaces and what is not in the vocabulary are gone.
  { vectors: 'bert-bge', from: 'minilm-bert-uncased.tokenizer.json', make: ofJson('minilm-bert-uncased') },
  {
    vectors: 'gpt-2',
    from: 'a GGUF file',
    make: ofGguf('gpt2', 'gpt2', [['tokenizer.ggml.pre', 'string', 'gpt-2']]),
    decoded: same,
  },
  {
    vectors: 'phi-3',
    from: 'a GGUF file',
    make: ofGguf('phi3-mini', 'llama', [
      ['general.architecture', 'string', 'phi3'],
      ['tokenizer.ggml.bos_token_id', 'u32', 1],
      ['tokenizer.ggml.unknown_token_id', 'u32', 0],
    ]),
    decoded: same,
  },
]

describe.skipIf(missing).each(rows)('$vectors from $from', ({ vectors: name, make, decoded }) => {
  test('encodes', () => {
    const tokenizer = make()
    for (const [text, ids] of vectors(name))
      expect({ text, ids: tokenizer.encode(text, { addSpecial: false }) }).toEqual({ text, ids })
  })

  test('decodes', () => {
    const tokenizer = make()
    for (const [text, ids] of vectors(name)) {
      if (decoded) {
        expect(tokenizer.decode(ids)).toBe(decoded(text))
        continue
      }
      const UNKNOWN = 100
      const told = ids.filter((id) => id !== UNKNOWN)
      expect(tokenizer.encode(tokenizer.decode(ids), { addSpecial: false })).toEqual(told)
    }
  })
})

/** Pieces are shown by what they decode to, of a vocabulary of single bytes that merges everything within a word. */
describe('words of each kind of byte-level BPE', () => {
  const alphabet = (() => {
    const printable = [...Array(256).keys()].filter((b) => (b > 32 && b < 127) || (b > 160 && b !== 173))
    const others = [...Array(256).keys()].filter((b) => !printable.includes(b))
    return [
      ...printable.map((b) => String.fromCodePoint(b)),
      ...others.map((_, i) => String.fromCodePoint(256 + i)),
    ]
  })()

  /** Every piece of the text is a token, made of any two: within a word nothing is left unmerged. */
  function tokenizerOf(pre: string, text: string): Tokenizer {
    const bytes = [...Buffer.from(text)].map((b) => byteLetter(b))
    const tokens = new Set(alphabet)
    const merges = new Set<string>()
    for (let length = 2; length <= 12; length++)
      for (let i = 0; i + length <= bytes.length; i++) {
        const token = bytes.slice(i, i + length)
        tokens.add(token.join(''))
        for (let at = 1; at < length; at++)
          merges.add(`${token.slice(0, at).join('')} ${token.slice(at).join('')}`)
      }
    const fields = {
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.pre': pre,
      'tokenizer.ggml.tokens': [...tokens],
      'tokenizer.ggml.merges': [...merges],
    }
    const made = ggufTokenizer(readVocabulary(fields, 'test.gguf')!, 'test.gguf')
    return createTokenizer(JSON.parse(made.tokenizer.content), JSON.parse(made.config.content))
  }

  const byteLetter = (b: number) => {
    const printable = (b > 32 && b < 127) || (b > 160 && b !== 173)
    if (printable) return String.fromCodePoint(b)
    let before = 0
    for (let i = 0; i < b; i++) if (!((i > 32 && i < 127) || (i > 160 && i !== 173))) before++
    return String.fromCodePoint(256 + before)
  }

  test.each<[pre: string, text: string, words: string[]]>([
    ['gpt-2', "I'M it's 1234  x", ['I', "'", 'M', ' it', "'s", ' 1234', ' ', ' x']],
    ['llama-bpe', "I'M it's 1234  x", ['I', "'M", ' it', "'s", ' ', '123', '4', ' ', ' x']],
    ['qwen2', "I'M it's 12  x", ['I', "'M", ' it', "'s", ' ', '1', '2', ' ', ' x']],
    ['smollm', 'ab 12', ['ab', ' ', '1', '2']],
    ['default', 'ab, 1234', ['ab', ',', ' ', '123', '4']],
    ['gpt-4o', 'camelCase 1234', ['camel', 'Case', ' ', '123', '4']],
    ['tekken', 'camelCase 12', ['camel', 'Case', ' ', '1', '2']],
  ])('%s', (pre, text, words) => {
    const tokenizer = tokenizerOf(pre, text)
    const ids = tokenizer.encode(text, { addSpecial: false })
    expect(tokenizer.decode(ids)).toBe(text)
    expect(ids.map((id) => tokenizer.decode([id]))).toEqual(words)
  })
})
