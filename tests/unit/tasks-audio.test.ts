/** Sound: against torchaudio and transformers, and against what a filter must do. */
import { describe, expect, test } from 'vitest'
import {
  batchAudio,
  chunkAudio,
  mono,
  monoAt,
  normalizeAudio,
  quietest,
  resampleAudio,
} from '../../runtime/tasks/audio.js'
import { fixture, type Packed, tone, unpack } from '../helpers/task-fixtures.js'

interface References {
  resample: {
    from: number
    to: number
    n: number
    options: { lowpass_filter_width?: number; rolloff?: number }
    out: Packed
  }[]
  normalised: { input_values: Packed; attention_mask: Packed }
}
const references = fixture('audio.json') as References

const largest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (v, i) => Math.abs(v - b[i]!)))

test.each(references.resample.map((r) => [`${r.from} to ${r.to} Hz`, r] as const))(
  "%s is torchaudio's",
  (_, { from, to, n, options, out }) => {
    const { lowpass_filter_width: zeros = 6, rolloff = 0.99 } = options
    const got = resampleAudio(tone(n, from), from, to, { zeros, rolloff })
    const want = unpack(out)
    expect([got.length]).toEqual(want.shape)
    expect(largest(got, want.data)).toBeLessThan(1e-5) // It holds its filter in floats.
  },
)

describe('as it is by default', () => {
  const sine = (hz: number, rate: number, n: number) =>
    Float32Array.from({ length: n }, (_, i) => Math.sin((2 * Math.PI * hz * i) / rate))

  test.each([
    [44100, 16000, 6800],
    [48000, 16000, 6800],
    [8000, 16000, 3400],
    [16000, 48000, 6800],
    [22050, 16000, 100],
    [96000, 44100, 18000],
  ])('%d to %d Hz keeps %d Hz', (from, to, hz) => {
    const got = resampleAudio(sine(hz, from, from / 10), from, to)
    expect(got.length).toBe(Math.ceil(to / 10))
    const inner = [to / 50, (to * 4) / 50] as const
    expect(largest(got.subarray(...inner), sine(hz, to, to / 10).subarray(...inner))).toBeLessThan(1e-3)
  })

  test.each([
    [44100, 16000, 8300],
    [48000, 16000, 12000],
    [48000, 8000, 4200],
  ])('%d to %d Hz silences %d Hz', (from, to, hz) => {
    const got = resampleAudio(sine(hz, from, from / 10), from, to)
    expect(Math.max(...got.subarray(to / 50, (to * 4) / 50).map(Math.abs))).toBeLessThan(3e-3)
  })
})

test("normalises and pads as wav2vec 2.0's extractor does", () => {
  const { input_values, attention_mask } = references.normalised
  const sounds = [tone(40, 16000), tone(25, 16000).map((v) => v * 0.2 + 0.1)]
  const got = batchAudio(sounds.map(normalizeAudio))
  const want = unpack(input_values)
  expect(got.input_values.shape).toEqual(want.shape)
  expect(largest(got.input_values.data, want.data)).toBeLessThan(1e-5)
  expect(Array.from(got.attention_mask.data)).toEqual(unpack(attention_mask).data)
})

test('mixes channels, whatever holds them', () => {
  const [a, b] = [Float32Array.of(1, 0, -1), Float32Array.of(0, 0.5, -0.5)]
  const want = Float32Array.of(0.5, 0.25, -0.75)
  expect(mono([a, b])).toEqual(want)
  expect(monoAt({ sampleRate: 16000, channels: [a, b] }, 16000)).toEqual(want)
  const buffer = { sampleRate: 16000, numberOfChannels: 2, getChannelData: (i: number) => [a, b][i]! }
  expect(monoAt(buffer, 16000)).toEqual(want)
  expect(monoAt({ sampleRate: 8000, data: tone(100, 8000) }, 16000)).toHaveLength(200)
})

test.each([
  [100, 40, 5],
  [40, 40, 5],
  [41, 40, 5],
  [1, 40, 5],
  [1000, 7, 0],
  [99, 11, 5],
])('%d samples in chunks of %d with strides of %d are each heard once', (length, size, stride) => {
  const times = new Array(length).fill(0)
  for (const { start, end, left, right } of chunkAudio(length, size, stride)) {
    expect(end - start).toBeLessThanOrEqual(size)
    for (let i = start + left; i < end - right; i++) times[i]++
  }
  expect(new Set(times)).toEqual(new Set([1]))
})

test('finds the quiet place', () => {
  const samples = new Float32Array(1000).fill(0.5)
  samples.fill(0.01, 620, 660)
  const at = quietest(samples, 400, 1000, 20)
  expect(at).toBeGreaterThan(620)
  expect(at).toBeLessThan(660)
})

test.each([
  ['no channel', () => mono([])],
  ['channels of two lengths', () => mono([new Float32Array(2), new Float32Array(3)])],
  ['a rate of 0', () => resampleAudio(new Float32Array(2), 0, 16000)],
  ['a fraction of a rate', () => resampleAudio(new Float32Array(2), 44100.5, 16000)],
  ['rates that share nothing', () => resampleAudio(new Float32Array(2), 1048573, 1048571)],
  ['strides that leave nothing', () => chunkAudio(10, 10, 5)],
  ['an empty batch', () => batchAudio([])],
])('refuses %s', (_, act) => expect(act).toThrow(RangeError))
