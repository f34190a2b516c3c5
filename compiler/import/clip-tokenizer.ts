/** CLIP's tokenizer, from the files that pipelines keep it in: tokenizer.json, or vocab.json and merges.txt. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fail } from '../errors.js'
import { type ConfigReader, configReader } from './config.js'
import { exists, failIo, readJsonObject } from './files.js'
import type { ImportedModel, TextFile } from './model.js'

type Json = Record<string, unknown>

const [START, END] = ['<|startoftext|>', '<|endoftext|>']

/** What words are: contractions, runs of letters, single digits, runs of anything else. Special tokens stay whole. */
const WORDS = String.raw`<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`

/** A token that a file names as a text, or as an object with one. */
function tokenOf(sources: ConfigReader[], field: string): string | undefined {
  for (const source of sources) {
    if (!source.has(field)) continue
    const found = source.section(field)?.string('content')
    if (found !== undefined) return found
  }
  return undefined
}

/** `section` and `optionalString` each refuse what the other takes. */
const asObjects = (config: Json): Json =>
  Object.fromEntries(
    Object.entries(config).map(([name, v]) => [
      name,
      name.endsWith('_token') && typeof v === 'string' ? { content: v } : v,
    ]),
  )

function vocabularyOf(value: unknown, file: string): Map<string, number> {
  const entries = Object.entries(value as Json)
  const wrong = entries.find(([, id]) => !(Number.isSafeInteger(id) && (id as number) >= 0))
  if (wrong) fail('WGC206', [`${JSON.stringify(wrong[0].slice(0, 40))} has no id`], { place: { file } })
  return new Map(entries as [string, number][])
}

/** Pairs, the first merged first. A line that begins with `#version` is none. */
function mergesOf(text: string, file: string): [string, string][] {
  return text
    .split(/\r?\n/)
    .filter((line, i) => line !== '' && !(i === 0 && line.startsWith('#version')))
    .map((line) => {
      const parts = line.split(' ')
      if (parts.length !== 2)
        fail('WGC206', [`${JSON.stringify(line.slice(0, 40))} is no pair`], { place: { file } })
      return parts as [string, string]
    })
}

function tokenizerJson(ids: Map<string, number>, merges: [string, string][], special: string[]): Json {
  const added = [...new Set(special)].flatMap((content) => {
    const id = ids.get(content)
    const kept = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }
    return id === undefined ? [] : [{ id, content, ...kept }]
  })
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added.sort((a, b) => a.id - b.id),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
        { type: 'Lowercase' },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: WORDS }, behavior: 'Removed', invert: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true },
      ],
    },
    post_processor: {
      type: 'RobertaProcessing',
      sep: [END, ids.get(END)],
      cls: [START, ids.get(START)],
      trim_offsets: false,
      add_prefix_space: false,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: END,
      continuing_subword_prefix: '',
      end_of_word_suffix: '</w>',
      fuse_unk: false,
      vocab: Object.fromEntries(ids),
      merges: merges.map((pair) => pair.join(' ')),
    },
  }
}

export interface ClipTokenizer {
  files: NonNullable<ImportedModel['tokenizer']>
  /** Id of the token that texts are filled up with. */
  pad: number
  /** Tokens of a text, special ones included. */
  length: number
}

/** Undefined for a folder without a tokenizer. `most`: the longest text that the model takes. Errors: WGC205, WGC206, WGC208. */
export async function clipTokenizer(folder: string, most: number): Promise<ClipTokenizer | undefined> {
  const at = (name: string) => join(folder, name)
  const whole = await exists(at('tokenizer.json'))
  if (!whole && !(await exists(at('vocab.json')))) return undefined
  const reader = async (name: string) =>
    (await exists(at(name))) ? [configReader(asObjects(await readJsonObject(at(name), '')), at(name))] : []
  const [config, map] = [await reader('tokenizer_config.json'), await reader('special_tokens_map.json')]
  const padding = tokenOf([...map, ...config], 'pad_token') ?? END
  // A tokenizer without a limit of its own has a very large number here.
  const limit = config[0]?.optionalNumber('model_max_length', { min: 1 }) ?? most
  let tokenizer: TextFile = at('tokenizer.json')
  let ids: Map<string, number>
  if (whole) {
    const json = await readJsonObject(at('tokenizer.json'), '')
    const vocab = configReader(json, at('tokenizer.json')).section('model')?.section('vocab')
    ids = new Map()
    const pad = vocab?.optionalInt(padding, { min: 0 })
    if (pad !== undefined) ids.set(padding, pad)
  } else {
    ids = vocabularyOf(await readJsonObject(at('vocab.json'), ''), at('vocab.json'))
    for (const token of [START, END])
      if (!ids.has(token)) fail('WGC206', [`it has no token ${token}`], { place: { file: at('vocab.json') } })
    const merges = await readFile(at('merges.txt'), 'utf8').catch((e: unknown) =>
      failIo(at('merges.txt'), e, 'vocab.json needs it beside it'),
    )
    const json = tokenizerJson(ids, mergesOf(merges, at('merges.txt')), [START, END, padding])
    tokenizer = { content: JSON.stringify(json) }
  }
  return {
    files: {
      tokenizer,
      ...(config.length > 0 && { config: at('tokenizer_config.json') }),
    },
    pad: ids.get(padding) ?? 0,
    length: Math.min(limit, most),
  }
}
