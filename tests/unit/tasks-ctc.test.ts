/** CTC: against transformers' tokenizer, and against all paths there are. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { collapse, ctcText, ctcVocabulary, type Frames, greedyCtc } from '../../runtime/tasks/ctc.js'
import { alignCtc, beamCtc } from '../../runtime/tasks/ctc-beam.js'
import { fixture } from '../helpers/task-fixtures.js'

interface References {
  vocab: string[]
  rows: {
    ids: number[]
    text: string
    words: { word: string; start_offset: number; end_offset: number }[]
  }[]
}
const { vocab, rows } = fixture('text.json').ctc as References
const vocabulary = ctcVocabulary(vocab)

test.each(rows)("$ids is the tokenizer's text", ({ ids, text, words }) => {
  const data = Float32Array.from(ids.flatMap((id) => vocab.map((_, i) => (i === id ? 5 : Math.sin(i)))))
  const got = ctcText(greedyCtc({ data, frames: ids.length, tokens: vocab.length }, vocabulary), vocabulary)
  expect(got.text).toBe(text)
  expect(got.words).toEqual(words.map((w) => ({ text: w.word, start: w.start_offset, end: w.end_offset })))
})

test('seconds of words', () => {
  const { words } = ctcText(collapse([5, 5, 0, 4, 6], 0), vocabulary, 0.02)
  expect(words).toEqual([
    { text: 'A', start: 0, end: 0.04 },
    { text: 'B', start: 0.08, end: 0.1 },
  ])
})

const small = { tokens: ['-', 'a', 'b'], blank: 0, delimiter: -1 }

function probability({ data, frames, tokens }: Frames, path: readonly number[]): number {
  const rows = Array.from({ length: frames }, (_, f) => {
    const e = Array.from(data.subarray(f * tokens, (f + 1) * tokens), Math.exp)
    const sum = e.reduce((a, b) => a + b)
    return e.map((v) => v / sum)
  })
  return path.reduce((product, id, f) => product * rows[f]![id]!, 1)
}

/** Probability of every text and of its best path, by going through every path. */
function exhaustive(scores: Frames): Map<string, { p: number; best: number }> {
  const { frames, tokens } = scores
  const found = new Map<string, { p: number; best: number }>()
  for (let n = 0; n < tokens ** frames; n++) {
    const path = Array.from({ length: frames }, (_, f) => Math.floor(n / tokens ** f) % tokens)
    const p = probability(scores, path)
    const key = collapse(path, 0)
      .map((t) => t.id)
      .join()
    const had = found.get(key) ?? { p: 0, best: 0 }
    found.set(key, { p: had.p + p, best: Math.max(had.best, p) })
  }
  return found
}

const scores = fc
  .integer({ min: 1, max: 5 })
  .chain((frames) =>
    fc
      .array(fc.float({ min: -4, max: 4, noNaN: true }), { minLength: frames * 3, maxLength: frames * 3 })
      .map((list): Frames => ({ data: Float32Array.from(list), frames, tokens: 3 })),
  )

test('a beam wide enough finds every text with its probability', () => {
  fc.assert(
    fc.property(scores, (frames) => {
      const want = exhaustive(frames)
      const beams = beamCtc(frames, small, { width: 1000, least: 1e-12 }).filter((b) => b.score > -Infinity)
      expect(beams).toHaveLength(want.size)
      for (const { ids, score } of beams) expect(Math.exp(score)).toBeCloseTo(want.get(ids.join())!.p, 9)
      expect([...beams].sort((a, b) => b.score - a.score)).toEqual(beams)
    }),
    { numRuns: 60 },
  )
})

test('an alignment is a path of its text, and none is likelier', () => {
  fc.assert(
    fc.property(scores, (frames) => {
      const every = exhaustive(frames)
      for (const [text, { best }] of every) {
        const ids = text ? text.split(',').map(Number) : []
        const path = new Array(frames.frames).fill(0)
        for (const { id, start, end } of alignCtc(frames, small, ids)) path.fill(id, start, end)
        expect(collapse(path, 0).map((t) => t.id)).toEqual(ids)
        expect(probability(frames, path)).toBeCloseTo(best, 12)
      }
    }),
    { numRuns: 60 },
  )
})

test('joins the paths of a text where the greedy path misses it', () => {
  // Blank is likeliest in both frames (0.6 each), "a" in one of them or both is likelier still.
  const row = [0.6, 0.4, 1e-9].map(Math.log)
  const frames = { data: Float32Array.from([...row, ...row]), frames: 2, tokens: 3 }
  expect(greedyCtc(frames, small)).toEqual([])
  expect(beamCtc(frames, small)[0]!.ids).toEqual([1])
})

test('a narrow beam of a long sound stays a beam', () => {
  const frames = 300
  const data = Float32Array.from(
    { length: frames * 3 },
    (_, i) => 3 * Math.sin(i * 0.37) * Math.cos(i * 0.11),
  )
  const beams = beamCtc({ data, frames, tokens: 3 }, small, { width: 4 })
  expect(beams).toHaveLength(4)
  expect(alignCtc({ data, frames, tokens: 3 }, small, beams[0]!.ids)).toHaveLength(beams[0]!.ids.length)
})

test('reads vocabularies of both forms', () => {
  expect(
    ctcVocabulary(
      { a: 1, '[PAD]': 0, ' ': 3 },
      { pad_token: { content: '[PAD]' }, word_delimiter_token: ' ' },
    ),
  ).toEqual({
    tokens: ['[PAD]', 'a', '', ' '],
    blank: 0,
    delimiter: 3,
  })
})

test.each([
  ['no blank', () => ctcVocabulary(['a']), /no blank/],
  ['an id out of this world', () => ctcVocabulary({ a: 2 ** 30, '<pad>': 0 }), /the id/],
  ['a fraction of an id', () => ctcVocabulary({ a: 0.5 }), /the id/],
  [
    'scores of another size',
    () => greedyCtc({ data: new Float32Array(5), frames: 2, tokens: 3 }, small),
    /5 scores/,
  ],
  [
    'a beam of none',
    () => beamCtc({ data: new Float32Array(3), frames: 1, tokens: 3 }, small, { width: 0 }),
    /beam/,
  ],
  [
    'too few frames',
    () => alignCtc({ data: new Float32Array(3), frames: 1, tokens: 3 }, small, [1, 2]),
    /too few/,
  ],
])('refuses %s', (_, act, message) => {
  expect(act).toThrow(RangeError)
  expect(act).toThrow(message)
})
