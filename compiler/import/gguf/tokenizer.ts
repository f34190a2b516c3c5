/** A tokenizer as Hugging Face writes it (tokenizer.json, tokenizer_config.json), from the fields of a GGUF file. */
import { fail } from '../../errors.js'
import { mergesOf } from './merges.js'
import { type PreTokenizing, preTokenizer, preTokenizings } from './tokenizer-pre.js'
import { KIND, type Vocabulary } from './vocabulary.js'

type Json = Record<string, unknown>

const SPACE = '\u2581'

interface Kind {
  /** Parts of tokenizer.json. */
  parts(v: Vocabulary, file: string): Json
  /** Begins with the token of beginnings, unless the file says otherwise. */
  addBos(v: Vocabulary): boolean
  /** Whether the vocabulary's own table has a token; added ones have a list of their own. */
  inTable(kind: number): boolean
}

/** What text is matched against before anything else. */
function addedTokens(v: Vocabulary): Json[] {
  const phi3 = v.meta.optionalString('general.architecture') === 'phi3'
  return v.tokens.flatMap((content, id) => {
    const kind = v.kinds[id]
    if (kind !== KIND.control && kind !== KIND.user && kind !== KIND.unknown) return []
    if (content === '') return []
    // Phi-3's tokens of turns take the spaces after them, which GGUF has no field for; llama.cpp knows it as well.
    const rstrip = phi3 && !['<unk>', '<s>', '<|endoftext|>'].includes(content)
    const special = kind !== KIND.user
    return [{ id, content, single_word: false, lstrip: false, rstrip, normalized: false, special }]
  })
}

function table(v: Vocabulary, has: (kind: number) => boolean): Json {
  const ids = new Map<string, number>()
  for (const [id, token] of v.tokens.entries()) if (has(v.kinds[id]!) && !ids.has(token)) ids.set(token, id)
  return Object.fromEntries(ids)
}

/** SentencePiece's BPE: spaces are letters, what is unknown is spelt in bytes, and scores say what is merged first. */
const sentencePiece: Kind = {
  addBos: () => true,
  inTable: () => true,
  parts(v) {
    const prefix = v.meta.bool('tokenizer.ggml.add_space_prefix', { default: true })
    const bytes = v.kinds.includes(KIND.byte)
    const unknown = v.tokens[v.id('unknown') ?? v.kinds.indexOf(KIND.unknown)] ?? null
    return {
      normalizer: {
        type: 'Sequence',
        normalizers: [
          ...(prefix ? [{ type: 'Prepend', prepend: SPACE }] : []),
          { type: 'Replace', pattern: { String: ' ' }, content: SPACE },
        ],
      },
      pre_tokenizer: null,
      decoder: {
        type: 'Sequence',
        decoders: [
          { type: 'Replace', pattern: { String: SPACE }, content: ' ' },
          ...(bytes ? [{ type: 'ByteFallback' }] : []),
          { type: 'Fuse' },
          ...(prefix ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
        ],
      },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: unknown,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: true,
        byte_fallback: bytes,
        ignore_merges: false,
        merges: mergesOf(v),
      },
    }
  },
}

function preOf(v: Vocabulary, file: string): PreTokenizing {
  const name = v.meta.optionalString('tokenizer.ggml.pre') ?? 'default'
  const known = Object.hasOwn(preTokenizings, name) ? preTokenizings[name] : undefined
  return (
    known ??
    fail('WGC244', [`tokenizer.ggml.pre is ${name}; known are ${Object.keys(preTokenizings).join(', ')}`], {
      place: { file },
    })
  )
}

/** GPT-2's BPE of bytes, whose merges stand in the file. */
const byteLevel: Kind = {
  addBos: (v) => preTokenizings[v.meta.optionalString('tokenizer.ggml.pre') ?? 'default']?.addBos ?? false,
  inTable: (kind) => kind === KIND.normal || kind === KIND.unused || kind === KIND.byte,
  parts(v, file) {
    const pre = preOf(v, file)
    const merges = v.meta.strings('tokenizer.ggml.merges').map((pair) => {
      const at = pair.indexOf(' ', 1)
      if (at < 0)
        fail(
          'WGC244',
          [`tokenizer.ggml.merges holds ${JSON.stringify(pair.slice(0, 40))}, which is no pair`],
          {
            place: { file },
          },
        )
      return [pair.slice(0, at), pair.slice(at + 1)]
    })
    return {
      normalizer: pre.normalizer ? { type: pre.normalizer } : null,
      pre_tokenizer: preTokenizer(pre),
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: pre.ignoreMerges ?? false,
        merges,
      },
    }
  },
}

const kinds: Readonly<Record<string, Kind>> = { llama: sentencePiece, gpt2: byteLevel }

/** Puts the tokens of beginning and end around a text. */
function template(v: Vocabulary, bos: number | undefined, eos: number | undefined): Json {
  const special = (id: number | undefined, type_id: number) =>
    id === undefined ? [] : [{ SpecialToken: { id: v.tokens[id], type_id } }]
  const sequence = (id: string, type_id: number) => [
    ...special(bos, type_id),
    { Sequence: { id, type_id } },
    ...special(eos, type_id),
  ]
  const used = [bos, eos].filter((id) => id !== undefined)
  return {
    type: 'TemplateProcessing',
    single: sequence('A', 0),
    pair: [...sequence('A', 0), ...sequence('B', 1)],
    special_tokens: Object.fromEntries(
      used.map((id) => [v.tokens[id], { id: v.tokens[id], ids: [id], tokens: [v.tokens[id]] }]),
    ),
  }
}

const text = (value: Json) => ({ content: JSON.stringify(value) })

/** Both files' contents. Throws WGC244 for a kind that is not known, WGC207 and WGC208 for fields. */
export function ggufTokenizer(
  v: Vocabulary,
  file: string,
): { tokenizer: { content: string }; config: { content: string } } {
  const kind =
    (Object.hasOwn(kinds, v.model) ? kinds[v.model] : undefined) ??
    fail('WGC244', [`tokenizer.ggml.model is ${v.model}; known are ${Object.keys(kinds).join(', ')}`], {
      place: { file },
    })
  const parts = kind.parts(v, file)
  const bos = v.meta.bool('tokenizer.ggml.add_bos_token', { default: kind.addBos(v) })
  const eos = v.meta.bool('tokenizer.ggml.add_eos_token', { default: false })
  const named = (name: string, id: number | undefined) => (id === undefined ? {} : { [name]: v.tokens[id] })
  const chat = v.meta.optionalString('tokenizer.chat_template')
  return {
    tokenizer: text({
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: addedTokens(v),
      ...parts,
      post_processor: template(v, bos ? v.id('bos') : undefined, eos ? v.id('eos') : undefined),
      model: { ...(parts.model as Json), vocab: table(v, kind.inTable) },
    }),
    config: text({
      tokenizer_class: 'PreTrainedTokenizerFast',
      add_bos_token: bos,
      add_eos_token: eos,
      ...named('bos_token', v.id('bos')),
      ...named('eos_token', v.id('eos')),
      ...named('unk_token', v.id('unknown')),
      ...named('pad_token', v.id('padding')),
      ...(chat !== undefined && { chat_template: chat }),
    }),
  }
}
