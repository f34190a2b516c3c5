/** Windows, tables and mel filters, from their definitions. */
import { describe, expect, test } from 'vitest'
import { type MelOptions, melFilters } from '../../compiler/audio/mel.js'
import { centred, hann, turns } from '../../compiler/audio/windows.js'

const close = (found: ArrayLike<number>, expected: number[]) => {
  expect(found.length).toBe(expected.length)
  expected.forEach((want, i) => {
    expect(found[i]).toBeCloseTo(want, 12)
  })
}

describe('windows', () => {
  test('periodic', () => close(hann(4), [0, 0.5, 1, 0.5]))
  test('symmetric', () => close(hann(5, true), [0, 0.5, 1, 0.5, 0]))
  test('of one sample', () => {
    close(hann(1), [0])
    close(hann(1, true), [0])
  })
  test('in the middle of a longer transform', () => {
    close(centred(Float64Array.of(1, 2, 3), 6), [0, 1, 2, 3, 0, 0])
    close(centred(Float64Array.of(1, 2), 6), [0, 0, 1, 2, 0, 0])
  })
  test('turns', () => close(turns(4), [1, 0, 0, 1, -1, 0, 0, -1]))
})

describe('mel filters', () => {
  const row = (options: MelOptions, m: number) =>
    [...melFilters(options)].slice(m * options.bins, (m + 1) * options.bins)

  test('Slaney below 1000 Hz is linear: corners at 0, 200, 400, 600', () => {
    const options: MelOptions = { rate: 1200, bins: 7, mels: 2, norm: 'none' }
    close(row(options, 0), [0, 0.5, 1, 0.5, 0, 0, 0])
    close(row(options, 1), [0, 0, 0, 0.5, 1, 0.5, 0])
  })
  test('an area of 1 in Hz', () => {
    close(row({ rate: 1200, bins: 7, mels: 2 }, 1), [0, 0, 0, 0.0025, 0.005, 0.0025, 0])
  })
  test('Slaney above 1000 Hz: 27 mels to a factor of 6.4', () => {
    // One mel each: 28 corners from 1000 to 6400.
    const ratio = 6.4 ** (1 / 27)
    const filters = melFilters({ rate: 16000, bins: 8001, mels: 26, low: 1000, high: 6400, norm: 'none' })
    for (const m of [0, 7, 25]) {
      const peaks = filters.subarray(m * 8001, (m + 1) * 8001)
      const top = peaks.reduce((best, v, i) => (v > peaks[best]! ? i : best), 0)
      expect(Math.abs(top - 1000 * ratio ** (m + 1))).toBeLessThan(1)
      expect(peaks[Math.floor(1000 * ratio ** m)]).toBe(0)
      expect(peaks[Math.floor(1000 * ratio ** m) + 1]).toBeGreaterThan(0)
      expect(peaks[Math.ceil(1000 * ratio ** (m + 2))]).toBe(0)
    }
  })
  test('HTK: 700 (10^(m / 2595) - 1)', () => {
    // 6300 Hz is 2595 mel, so that the middle of 0 and it is 700 (√10 - 1) Hz.
    const filters = melFilters({ rate: 12600, bins: 6301, mels: 1, scale: 'htk', norm: 'none' })
    const top = filters.reduce((best, v, i) => (v > filters[best]! ? i : best), 0)
    expect(top).toBe(Math.round(700 * (Math.sqrt(10) - 1)))
  })
  test('between two frequencies only', () => {
    const filters = melFilters({ rate: 48000, bins: 513, mels: 64, low: 50, high: 14000, scale: 'htk' })
    const used = Array.from({ length: 513 }, (_, k) => filters.some((v, i) => i % 513 === k && v > 0))
    expect(used.indexOf(true)).toBe(Math.floor((50 / 24000) * 512) + 1)
    expect(used.lastIndexOf(true)).toBe(Math.ceil((14000 / 24000) * 512) - 1)
  })
})
