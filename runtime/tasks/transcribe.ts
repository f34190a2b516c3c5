/** Speech to text: CTC models (wav2vec 2.0, HuBERT) and Whisper, sound of any length. */
import type { GenerateOptions } from '../generate.js'
import { type AudioSource, quietest } from './audio.js'
import type { CtcVocabulary } from './ctc.js'
import type { PreprocessorConfig } from './image-config.js'
import { configOf, rawSound, samplesOf, USUAL_RATE } from './media.js'
import { generates, type TaskInputs, type TaskModel, tokenizerOf } from './model.js'
import { streamText } from './stream.js'
import { transcribeCtc } from './transcribe-ctc.js'
import {
  LANGUAGES,
  type WhisperPrompt,
  type WhisperTokens,
  whisperPrompt,
  whisperSegments,
  whisperTokens,
} from './whisper.js'

export interface TranscribeOptions
  extends WhisperPrompt,
    Pick<GenerateOptions, 'signal' | 'maxTokens' | 'temperature'> {
  /** CTC: the texts of its ids (`ctcVocabulary`). Default: from the model's tokenizer. */
  vocabulary?: CtcVocabulary
  /** CTC: texts that a beam search keeps; 1: the likeliest path. Default 1. */
  beams?: number
  /** Seconds of sound at once. Default 30. Whisper's is always 30. */
  window?: number
  /** CTC: seconds at both ends of a window that are heard for context. Default a sixth of it. */
  stride?: number
  /** CTC: samples from one frame to the next. Default 320, as of every model of that kind so far. */
  frame?: number
  preprocessor?: PreprocessorConfig
}

export interface Segment {
  text: string
  /** Seconds. */
  start: number
  end: number
}

export interface Transcript {
  text: string
  /** CTC: words. Whisper: sentences, if `timestamps`. Otherwise empty. */
  segments: Segment[]
  /** What Whisper took it for, if it was not told. */
  language?: string
}

const WHISPER_SECONDS = 30
/** Vocabularies from here on are of many languages. */
const MULTILINGUAL = 51865

/**
 * Text of speech, piece by piece; the loop's end gives the whole with its times.
 *
 * ```js
 * const sound = await new AudioContext().decodeAudioData(await file.arrayBuffer())
 * for await (const piece of transcribe(model, sound)) show(piece)
 * ```
 *
 * Throws TypeError when the model is none for speech, RangeError for a language that it doesn't know or options
 * out of range.
 */
export async function* transcribe(
  model: TaskModel,
  audio: AudioSource,
  options: TranscribeOptions = {},
): AsyncGenerator<string, Transcript, void> {
  options.signal?.throwIfAborted()
  const config = configOf(model, options.preprocessor)
  const samples = samplesOf(audio, config)
  if (!samples.length) return { text: '', segments: [] }
  const rate = (config.feature_extractor ?? config).sampling_rate ?? USUAL_RATE
  if (!generates(model)) return yield* transcribeCtc(model, samples, rate, config, options)
  return yield* transcribeWhisper(model, samples, rate, options)
}

/** One window, as long as Whisper's always are. */
function windowInputs(model: TaskModel, samples: Float32Array, rate: number): TaskInputs {
  const inputs = rawSound(model, samples, WHISPER_SECONDS * rate)
  if (Object.keys(inputs).length === 0) {
    const names = model.flow?.inputs.map((p) => p.name).join(', ')
    throw new TypeError(`the model takes ${names}, no samples: make its spectrograms, and use generate()`)
  }
  return inputs
}

async function languageOf(
  model: TaskModel,
  tokens: WhisperTokens,
  inputs: TaskInputs,
  signal: AbortSignal | undefined,
): Promise<string> {
  // Its first word after the start is the language it hears.
  for await (const id of model.generateIds([tokens.start], {
    inputs,
    signal,
    temperature: 0,
    maxTokens: 1,
  })) {
    const index = id - tokens.language
    if (index >= 0 && index < Math.min(tokens.languages, LANGUAGES.length)) return LANGUAGES[index]!
  }
  return 'en'
}

async function* transcribeWhisper(
  model: TaskModel,
  samples: Float32Array,
  rate: number,
  options: TranscribeOptions,
): AsyncGenerator<string, Transcript, void> {
  const { task, timestamps = false, signal, maxTokens = Infinity, temperature = 0 } = options
  const tokenizer = tokenizerOf(model)
  const tokens = whisperTokens(tokenizer)
  const vocab = model.info.vocab ?? MULTILINGUAL
  const size = WHISPER_SECONDS * rate
  let { language } = options
  const out: Transcript = { text: '', segments: [] }
  for (let at = 0; at < samples.length; ) {
    signal?.throwIfAborted()
    const rest = samples.length - at
    // Without times to go by, a window ends where nobody speaks.
    const end =
      rest <= size || timestamps ? Math.min(samples.length, at + size) : cutOf(samples, at, size, rate)
    const inputs = windowInputs(model, samples.subarray(at, end), rate)
    if (vocab >= MULTILINGUAL && language === undefined) {
      language = await languageOf(model, tokens, inputs, signal)
      out.language = language
    }
    const prompt = whisperPrompt(tokens, { language, task, timestamps }, vocab >= MULTILINGUAL)
    const ids: number[] = []
    const how = { inputs, signal, maxTokens, temperature, silent: (id: number) => id > tokens.noTimes }
    const pieces = streamText(model, prompt, ids, how)
    if (!timestamps) {
      for await (const piece of pieces) {
        out.text += piece
        yield piece
      }
      at = end
      continue
    }
    // What a segment that was cut off says is said again: only whole ones are given out.
    for await (const _ of pieces) signal?.throwIfAborted()
    const { segments, next } = whisperSegments(ids, tokens, (end - at) / rate)
    for (const s of segments) {
      const text = tokenizer.decode(s.ids)
      out.segments.push({ text: text.trim(), start: at / rate + s.start, end: at / rate + s.end })
      out.text += text
      yield text
    }
    // At least a second, whatever it wrote.
    at = next >= (end - at) / rate ? end : at + Math.max(rate, Math.round(next * rate))
  }
  return { ...out, text: out.text.trim() }
}

/** In the last fifth of a window, where it is quietest for 0.2 seconds. */
const cutOf = (samples: Float32Array, at: number, size: number, rate: number): number =>
  quietest(samples, at + Math.floor(size * 0.8), at + size, Math.floor(rate / 5))
