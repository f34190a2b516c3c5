/** What is Whisper's own (Radford et al., 2022): its prompt of special tokens, and its times. */
import type { Tokenizer } from '../detokenize.js'

/** Languages, in the order of their tokens. */
export const LANGUAGES =
  'en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su yue'.split(
    ' ',
  )

export interface WhisperTokens {
  start: number
  /** Of `LANGUAGES[0]`; the others follow. */
  language: number
  languages: number
  translate: number
  transcribe: number
  /** "No times", and after it a token for every 20 ms. */
  noTimes: number
}

/** Seconds between one time token and the next. */
export const TICK = 0.02

/** Ids of a text's special tokens. Throws TypeError when a tokenizer is not Whisper's. */
export function whisperTokens(tokenizer: Tokenizer): WhisperTokens {
  const idOf = (name: string): number => {
    const ids = tokenizer.encode(`<|${name}|>`, { addSpecial: false })
    if (ids.length !== 1) throw new TypeError(`the tokenizer has no <|${name}|>: it is not Whisper's`)
    return ids[0]!
  }
  const [language, translate] = [idOf('en'), idOf('translate')]
  return {
    ...{ start: idOf('startoftranscript'), language, languages: translate - language },
    ...{ translate, transcribe: idOf('transcribe'), noTimes: idOf('notimestamps') },
  }
}

export interface WhisperPrompt {
  /** A code like "en" or "pt". */
  language?: string | undefined
  /** translate: into English. Default transcribe. */
  task?: 'transcribe' | 'translate' | undefined
  /** Whether times are written. Default false. */
  timestamps?: boolean | undefined
}

/**
 * The ids that Whisper's decoder starts with. Models of English alone have neither languages nor tasks: give
 * `multilingual` false. Throws RangeError for a language it doesn't know.
 */
export function whisperPrompt(
  tokens: WhisperTokens,
  { language = 'en', task = 'transcribe', timestamps = false }: WhisperPrompt,
  multilingual = true,
): number[] {
  const index = LANGUAGES.indexOf(language)
  if (multilingual && (index < 0 || index >= tokens.languages)) {
    throw new RangeError(`Whisper knows no language ${language}; a code like "en" is meant`)
  }
  return [
    tokens.start,
    ...(multilingual ? [tokens.language + index, tokens[task]] : []),
    ...(timestamps ? [] : [tokens.noTimes]),
  ]
}

/** Ids of a text between two times. Seconds from the start of the window. */
export interface WhisperSegment {
  start: number
  end: number
  ids: number[]
}

export interface WhisperWindow {
  segments: WhisperSegment[]
  /** Where the next window starts; a segment that was cut off is heard again in it. */
  next: number
}

/**
 * The segments of what Whisper wrote with times. `seconds`: length of the window. Two times in a row end a
 * segment and start the next; what has no end yet is left to the next window, unless it is all there is.
 */
export function whisperSegments(
  ids: readonly number[],
  { noTimes }: WhisperTokens,
  seconds: number,
): WhisperWindow {
  const segments: WhisperSegment[] = []
  let open: WhisperSegment = { start: 0, end: seconds, ids: [] }
  let next = seconds
  ids.forEach((id, i) => {
    if (id <= noTimes) {
      open.ids.push(id)
      return
    }
    const time = Math.min(seconds, (id - noTimes - 1) * TICK)
    if (open.ids.length) {
      segments.push({ ...open, end: Math.max(open.start, time) })
      open = { start: time, end: seconds, ids: [] }
    } else open.start = time
    const again = (ids[i - 1] ?? 0) > noTimes
    if (again && time > 0) next = time
    else if (i === ids.length - 1) next = seconds
  })
  if (open.ids.length && (next === seconds || !segments.length)) segments.push(open)
  return { segments, next: open.ids.length || next < seconds ? next : seconds }
}
