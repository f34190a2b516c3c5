/** Long sound through a CTC model: windows that overlap, whose scores are put together before they are read. */
import { chunkAudio } from './audio.js'
import {
  type CtcToken,
  type CtcVocabulary,
  checkFrames,
  collapse,
  ctcText,
  ctcVocabulary,
  type Frames,
  likeliest,
} from './ctc.js'
import { alignCtc, beamCtc } from './ctc-beam.js'
import type { PreprocessorConfig } from './image-config.js'
import { soundInputs } from './media.js'
import { floats, outputOf, type TaskModel } from './model.js'
import type { TranscribeOptions, Transcript } from './transcribe.js'

const FRAME = 320

/** The texts of `count` ids: the model's labels, or what its tokenizer makes of each. */
function vocabularyOf(model: TaskModel, count: number): CtcVocabulary {
  const { tokenizer, info } = model
  if (info.labels?.length === count) return ctcVocabulary(info.labels)
  if (!tokenizer) {
    throw new TypeError("the model's ids have no texts: give vocabulary, of its vocab.json")
  }
  const config = (tokenizer.config ?? {}) as Record<string, unknown>
  const text = (token: unknown, usual: string) =>
    String((typeof token === 'object' && token ? (token as { content?: unknown }).content : token) ?? usual)
  const idOf = (token: string): number => {
    const ids = tokenizer.encode(token, { addSpecial: false })
    return ids.length === 1 ? ids[0]! : -1
  }
  const delimiter = idOf(text(config.word_delimiter_token, '|'))
  const tokens = Array.from({ length: count }, (_, id) => (id === delimiter ? ' ' : tokenizer.decode([id])))
  return { tokens, blank: Math.max(0, idOf(text(config.pad_token, '<pad>'))), delimiter }
}

/** A search looks at all scores together; the likeliest path needs but an id a frame. */
function listener(vocabulary: CtcVocabulary, tokens: number, beams: number) {
  const ids: number[] = []
  const parts: Float32Array[] = []
  let count = 0
  return {
    get frames() {
      return count
    },
    hear(data: Float32Array) {
      const frames: Frames = { data, frames: data.length / tokens, tokens }
      checkFrames(frames, vocabulary)
      count += frames.frames
      if (beams > 1) parts.push(data)
      else for (const id of likeliest(frames)) ids.push(id)
    },
    tokens(): CtcToken[] {
      if (beams <= 1) return collapse(ids, vocabulary.blank)
      const all = join(parts, tokens)
      const [first] = beamCtc(all, vocabulary, { width: beams })
      return alignCtc(all, vocabulary, first!.ids)
    },
  }
}

function join(parts: readonly Float32Array[], tokens: number): Frames {
  const data = new Float32Array(parts.reduce((n, p) => n + p.length, 0))
  let at = 0
  for (const p of parts) {
    data.set(p, at)
    at += p.length
  }
  return { data, frames: data.length / tokens, tokens }
}

/** See `transcribe`. Words come once the window after them was heard: it may change the last. */
export async function* transcribeCtc(
  model: TaskModel,
  samples: Float32Array,
  rate: number,
  config: PreprocessorConfig,
  options: TranscribeOptions,
): AsyncGenerator<string, Transcript, void> {
  const { window = 30, stride = window / 6, beams = 1, frame = FRAME, signal } = options
  let vocabulary = options.vocabulary
  let ear: ReturnType<typeof listener> | undefined
  let given = ''
  for (const { start, end, left, right } of chunkAudio(
    samples.length,
    Math.floor(window * rate),
    Math.floor(stride * rate),
  )) {
    signal?.throwIfAborted()
    const inputs = soundInputs(model, samples.subarray(start, end), config)
    const { tensor } = outputOf(await model.run(inputs, { signal }), ['logits'])
    const [frames, tokens] = tensor.shape.slice(-2) as [number, number]
    vocabulary ??= vocabularyOf(model, tokens)
    ear ??= listener(vocabulary, tokens, beams)
    // Frames lie evenly in the window; those of the overlap belong to its neighbours.
    const per = (end - start) / frames
    ear.hear(
      floats(tensor).subarray(Math.round(left / per) * tokens, (frames - Math.round(right / per)) * tokens),
    )
    const last = end === samples.length
    if (!last && beams > 1) continue
    // The last frames of a sound are a little longer: where the usual length fits, it is the true one.
    const even = samples.length / ear.frames
    const length = last && Math.abs(even / frame - 1) > 0.1 && ear.frames > 10 ? even : frame
    const found = ctcText(ear.tokens(), vocabulary, length / rate)
    const sure = last ? found.text : found.text.slice(0, found.text.lastIndexOf(' ') + 1)
    if (sure.length > given.length) {
      yield sure.slice(given.length)
      given = sure
    }
    if (last) return { text: found.text, segments: found.words }
  }
  return { text: given, segments: [] }
}
