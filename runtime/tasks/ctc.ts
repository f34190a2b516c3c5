/**
 * Text from connectionist temporal classification: a model says for every frame of sound which token it is, or
 * that it is none (the blank). Repetitions are one token, unless a blank is between them. Tokens are characters.
 */

/** Row-major scores of [frames, tokens]: logits, or their logarithms after a softmax. */
export interface Frames {
  data: Float32Array
  frames: number
  tokens: number
}

export interface CtcVocabulary {
  /** Text of each id. */
  tokens: readonly string[]
  /** Id that means nothing. */
  blank: number
  /** Id that parts words; -1 where there is none. */
  delimiter: number
}

/** A token and the frames it was heard in, `end` not included. */
export interface CtcToken {
  id: number
  start: number
  end: number
}

export interface CtcWord {
  text: string
  /** Seconds, where the length of a frame is known; frames otherwise. */
  start: number
  end: number
}

export interface CtcText {
  text: string
  words: CtcWord[]
}

/** What tokenizer_config.json says of a CTC tokenizer. */
export interface CtcConfig {
  pad_token?: unknown
  word_delimiter_token?: unknown
}

/** What the blank is called, unless the config says. */
const BLANKS = ['<pad>', '[PAD]', '<blank>', '<blk>']

/** A special token is a text, or an object that holds it. */
const content = (token: unknown): unknown =>
  typeof token === 'object' && token ? (token as { content?: unknown }).content : token

/**
 * Of a parsed vocab.json (text to id), or of a list of texts, and a parsed tokenizer_config.json.
 * Throws RangeError when ids are no ids, or the blank is not among them.
 */
export function ctcVocabulary(
  vocab: Readonly<Record<string, number>> | readonly string[],
  config: CtcConfig = {},
): CtcVocabulary {
  let tokens: string[]
  if (Array.isArray(vocab)) tokens = [...(vocab as readonly string[])]
  else {
    const entries = Object.entries(vocab as Readonly<Record<string, number>>)
    tokens = new Array(entries.length).fill('')
    for (const [text, id] of entries) {
      // Ids may leave gaps, though none that is large.
      if (!(Number.isInteger(id) && id >= 0 && id < entries.length * 2 + 1024)) {
        throw new RangeError(`vocab.json: ${JSON.stringify(text)} has the id ${id}`)
      }
      while (tokens.length <= id) tokens.push('')
      tokens[id] = text
    }
  }
  const idOf = (token: unknown, usual: readonly string[]) => {
    const named = content(token)
    const names = named === undefined || named === null ? usual : [String(named)]
    return tokens.findIndex((t) => names.includes(t))
  }
  const blank = idOf(config.pad_token, BLANKS)
  if (blank < 0) throw new RangeError('the vocabulary has no blank: name it as pad_token')
  return { tokens, blank, delimiter: idOf(config.word_delimiter_token, ['|']) }
}

/** Throws RangeError for scores that don't fit their size. */
export function checkFrames({ data, frames, tokens }: Frames, vocabulary: CtcVocabulary): void {
  if (data.length !== frames * tokens || tokens < 1) {
    throw new RangeError(`${data.length} scores are no ${frames} frames of ${tokens} tokens`)
  }
  if (vocabulary.blank >= tokens)
    throw new RangeError(`the blank ${vocabulary.blank} is beyond ${tokens} tokens`)
}

/** The likeliest token of each frame. */
export function likeliest({ data, frames, tokens }: Frames): number[] {
  return Array.from({ length: frames }, (_, f) => {
    let best = f * tokens
    for (let i = best + 1; i < (f + 1) * tokens; i++) if (data[i]! > data[best]!) best = i
    return best - f * tokens
  })
}

/** Joins repetitions and drops blanks. */
export function collapse(ids: readonly number[], blank: number): CtcToken[] {
  const out: CtcToken[] = []
  for (let start = 0, end = 0; start < ids.length; start = end) {
    const id = ids[start]!
    while (end < ids.length && ids[end] === id) end++
    if (id !== blank) out.push({ id, start, end })
  }
  return out
}

/** Tokens of the likeliest path: fast, and nearly always as good as a search. */
export function greedyCtc(frames: Frames, vocabulary: CtcVocabulary): CtcToken[] {
  checkFrames(frames, vocabulary)
  return collapse(likeliest(frames), vocabulary.blank)
}

/** Text and words of tokens. `seconds`: length of a frame. */
export function ctcText(
  tokens: readonly CtcToken[],
  { tokens: texts, delimiter }: CtcVocabulary,
  seconds = 1,
): CtcText {
  let text = ''
  const words: CtcWord[] = []
  let open = false
  for (const { id, start, end } of tokens) {
    const space = id === delimiter
    const piece = space ? ' ' : (texts[id] ?? '')
    text += piece
    const word = words.at(-1)
    if (space) open = false
    else if (open && word) {
      word.text += piece
      word.end = end * seconds
    } else {
      words.push({ text: piece, start: start * seconds, end: end * seconds })
      open = true
    }
  }
  return { text: text.trim(), words }
}
