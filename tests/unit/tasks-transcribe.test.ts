/** Speech: long sound in windows, times, languages. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type TranscribeOptions, transcribe } from '../../runtime/tasks/transcribe.js'
import { LANGUAGES, whisperPrompt, whisperSegments, whisperTokens } from '../../runtime/tasks/whisper.js'
import { createTokenizer } from '../../runtime/tokenizer.js'
import { drain, letters, type MockParts, mockModel, tensor } from '../helpers/task-model.js'

const RATE = 1600
const preprocessor = { sampling_rate: RATE, do_normalize: false }
const vocabulary = { tokens: ['-', ' ', ...'abcdefghij'], blank: 0, delimiter: 1 }

describe('CTC', () => {
  /** A sound whose every 160 samples are one token: its sample is the id, by tenths. */
  const FRAME = 160
  const say = (text: string) => {
    const ids = Array.from(text, (c) => vocabulary.tokens.indexOf(c))
    return {
      sampleRate: RATE,
      data: Float32Array.from({ length: ids.length * FRAME }, (_, i) => ids[Math.floor(i / FRAME)]! / 20),
    }
  }
  const model = (parts: MockParts = {}) =>
    mockModel({
      takes: ['input_values', 'attention_mask'],
      preprocessor,
      run: ({ input_values }) => {
        const frames = input_values!.data.length / FRAME
        const V = vocabulary.tokens.length
        const scores = new Float32Array(frames * V)
        for (let f = 0; f < frames; f++) scores[f * V + Math.round(input_values!.data[f * FRAME]! * 20)] = 9
        return { logits: tensor([1, frames, V], scores) }
      },
      ...parts,
    })
  const options = { vocabulary, frame: FRAME }
  const text = 'aab-bc-c d--efg hh-hij a'

  test.each<[string, TranscribeOptions]>([
    ['at once', {}],
    ['in windows', { window: 0.8, stride: 0.2 }],
    ['in windows that only just advance', { window: 0.5, stride: 0.2 }],
    ['in windows that do not overlap', { window: 0.3, stride: 0 }],
    ['by a search', { beams: 4 }],
    ['by a search, in windows', { beams: 4, window: 0.8, stride: 0.2 }],
  ])('hears the same %s', async (_, how) => {
    const { pieces, result } = await drain(transcribe(model(), say(text), { ...options, ...how }))
    expect(result.text).toBe('abbcc defg hhij a')
    expect(pieces.join('')).toBe(result.text)
    expect(result.segments.map((s) => s.text)).toEqual(['abbcc', 'defg', 'hhij', 'a'])
    expect(result.segments[1]!.start).toBeCloseTo(0.9, 6)
    expect(result.segments[1]!.end).toBeCloseTo(1.5, 6)
  })

  test('gives words as they are sure', async () => {
    const { pieces } = await drain(transcribe(model(), say(text), { ...options, window: 0.8, stride: 0.2 }))
    expect(pieces.length).toBeGreaterThan(2)
    expect(pieces.every((p) => p.length > 0)).toBe(true)
  })

  test("takes the texts from the model's tokenizer", async () => {
    const tokenizer = {
      config: { pad_token: '-', word_delimiter_token: { content: '|' } },
      encode: (t: string) => [t === '|' ? 1 : vocabulary.tokens.indexOf(t)],
      decode: (ids: number[]) => ids.map((i) => (i ? vocabulary.tokens[i] : '')).join(''),
    }
    const { result } = await drain(transcribe(model({ tokenizer }), say('ab c'), { frame: FRAME }))
    expect(result.text).toBe('ab c')
    await expect(drain(transcribe(model({ tokenizer: undefined }), say('ab')))).rejects.toThrow(
      'give vocabulary',
    )
  })

  test("or from the model's labels", async () => {
    const info = { eos: [], context: 1, labels: ['[PAD]', '|', ...'abcdefghij'] }
    const { result } = await drain(transcribe(model({ info }), say('ab c'), { frame: FRAME }))
    expect(result.text).toBe('ab c')
  })

  test('of nothing is nothing, and a signal ends it', async () => {
    expect((await drain(transcribe(model(), say(''), options))).result).toEqual({ text: '', segments: [] })
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(drain(transcribe(model(), say('a'), { ...options, signal }))).rejects.toThrow('enough')
    await expect(
      drain(transcribe(model(), say('abc'), { ...options, window: 0.2, stride: 0.1 })),
    ).rejects.toThrow(RangeError)
  })
})

const SPECIALS = [
  '<|startoftranscript|>',
  '',
  '<|en|>',
  '<|zh|>',
  '<|de|>',
  '<|translate|>',
  '<|transcribe|>',
  '<|notimestamps|>',
]
/** Letters come after the times here: ids of text are below, as Whisper's are. */
const whisperLetters = () => {
  const text = '??abcdefgh. '
  const base = 1000
  return {
    encode: (t: string) => {
      const at = SPECIALS.indexOf(t)
      return at >= 0 ? [base + at] : Array.from(t, (c) => text.indexOf(c))
    },
    decode: (ids: number[]) => ids.map((id) => text[id] ?? '').join(''),
  }
}
const time = (seconds: number) => 1008 + Math.round(seconds / 0.02)

describe('Whisper', () => {
  const tokenizer = whisperLetters()
  const write = (...parts: (string | number)[]) =>
    parts.flatMap((p) => (typeof p === 'number' ? [time(p)] : tokenizer.encode(p)))
  const sound = (seconds: number) => ({ sampleRate: RATE, data: new Float32Array(seconds * RATE).fill(0.1) })
  /** Says a word for each window. */
  const model = (answers: number[][], parts: MockParts = {}) => {
    let turn = 0
    return mockModel({
      ...{ takes: ['waveform'], preprocessor, tokenizer },
      answer: (context) => (context.length === 1 ? [1004] : [...(answers[turn++] ?? []), 1]),
      ...parts,
    })
  }
  const info = { eos: [1], context: 448, vocab: 51865 }

  test('is told language and task, and gives text', async () => {
    const m = model([write('abc. ')], { info })
    const { pieces, result } = await drain(transcribe(m, sound(3), { language: 'zh', task: 'translate' }))
    expect(pieces.join('')).toBe('abc. ')
    expect(result).toEqual({ text: 'abc.', segments: [] })
    const [asked] = m.asked.generations
    expect(asked!.prompt).toEqual([1000, 1003, 1005, 1007])
    expect(asked!.options.temperature).toBe(0)
    expect(asked!.options.inputs!.waveform!.shape).toEqual([1, 30 * RATE])
  })

  test('finds the language once', async () => {
    const m = model([write('ab'), write('cd')], { info })
    const { result } = await drain(transcribe(m, sound(40)))
    expect(result).toMatchObject({ text: 'abcd', language: 'de' })
    expect(m.asked.generations.map((g) => g.prompt)).toEqual([
      [1000],
      [1000, 1004, 1006, 1007],
      [1000, 1004, 1006, 1007],
    ])
  })

  test('of English alone has no languages', async () => {
    const m = model([write('ab')], { info: { ...info, vocab: 51864 } })
    await drain(transcribe(m, sound(1)))
    expect(m.asked.generations.map((g) => g.prompt)).toEqual([[1000, 1007]])
  })

  test('cuts long sound where it is quiet', async () => {
    const long = sound(50)
    long.data.fill(0, 27 * RATE, 28 * RATE)
    const m = model([write('ab'), write('cd')], { info })
    await drain(transcribe(m, long, { language: 'en' }))
    const first = m.asked.generations[0]!.options.inputs!.waveform!.data
    const end = first.findLastIndex((v) => v !== 0)
    expect(end / RATE).toBeGreaterThan(26.9)
    expect(end / RATE).toBeLessThan(28)
    expect(m.asked.generations).toHaveLength(2)
  })

  test('with times hears what was cut off again', async () => {
    const m = model([write(0, 'ab.', 20, 20, 'cd'), write(0, 'cde.', 8, 8, 'f.', 10)], { info })
    const { pieces, result } = await drain(transcribe(m, sound(40), { language: 'en', timestamps: true }))
    expect(result).toEqual({
      text: 'ab.cde.f.',
      segments: [
        { text: 'ab.', start: 0, end: 20 },
        { text: 'cde.', start: 20, end: 28 },
        { text: 'f.', start: 28, end: 30 },
      ],
    })
    expect(pieces).toEqual(['ab.', 'cde.', 'f.'])
    expect(m.asked.generations.map((g) => g.prompt)).toEqual([
      [1000, 1002, 1006],
      [1000, 1002, 1006],
    ])
  })

  test('advances, whatever is written', async () => {
    const stuck = Array.from({ length: 100 }, () => write(0.02, 0.02, 'a', 0.02, 0.02))
    const m = model(stuck, { info })
    await drain(transcribe(m, sound(40), { language: 'en', timestamps: true }))
    expect(m.asked.generations.length).toBeLessThanOrEqual(40)
  })

  test('says what it is not', async () => {
    const without = model([], { info, takes: ['input_features'] })
    await expect(drain(transcribe(without, sound(1)))).rejects.toThrow('takes input_features, no samples')
    const other = model([], { info, tokenizer: letters() })
    await expect(drain(transcribe(other, sound(1)))).rejects.toThrow("not Whisper's")
    await expect(drain(transcribe(model([], { info }), sound(1), { language: 'xx' }))).rejects.toThrow(
      'no language xx',
    )
  })
})

const tokens = { start: 0, language: 2, languages: 99, translate: 5, transcribe: 6, noTimes: 1007 }

test.each([
  ['a sentence', [time(0), 1, 2, time(4)], [[0, 4, [1, 2]]], 30],
  ['no time at all', [1, 2], [[0, 30, [1, 2]]], 30],
  ['no end', [time(2), 1, 2], [[2, 30, [1, 2]]], 30],
  ['an end that is cut off', [time(0), 1, time(9), time(9), 2], [[0, 9, [1]]], 9],
  ['an end of both', [time(0), 1, time(9), time(9)], [[0, 9, [1]]], 9],
  ['silence', [], [], 30],
] as const)('segments of %s', (_, ids, want, next) => {
  const got = whisperSegments(ids, tokens, 30)
  expect(got.segments.map((s) => [s.start, s.end, s.ids])).toEqual(want)
  expect(got.next).toBe(next)
})

const file = new URL('../../../shared/tokenizers/whisper-tiny.tokenizer.json', import.meta.url)
test.runIf(existsSync(file))("ids of Whisper's own tokenizer", () => {
  const tokenizer = createTokenizer(JSON.parse(readFileSync(file, 'utf8')), {})
  const own = whisperTokens(tokenizer)
  expect(own).toEqual({
    start: 50258,
    language: 50259,
    languages: 99,
    translate: 50358,
    transcribe: 50359,
    noTimes: 50363,
  })
  expect(whisperPrompt(own, { language: 'de' })).toEqual([50258, 50261, 50359, 50363])
  expect(whisperPrompt(own, { timestamps: true, task: 'translate' })).toEqual([50258, 50259, 50358])
  LANGUAGES.slice(0, 99).forEach((code, i) => {
    expect(tokenizer.encode(`<|${code}|>`, { addSpecial: false })).toEqual([50259 + i])
  })
})
