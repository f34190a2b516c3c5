/** Coordinates of resampled axes against the formulas of ONNX's Resize. */
import { describe, expect, test } from 'vitest'
import { fraction, resizeAxis } from '../../compiler/ops/resize_axis.js'

type Formula = (o: number, size: number, out: number, scale: number) => number

const formulas: Record<string, Formula> = {
  half_pixel: (o, _, __, scale) => (o + 0.5) / scale - 0.5,
  half_pixel_symmetric(o, size, out, scale) {
    const adjustment = out / (scale * size)
    return (size / 2) * (1 - adjustment) + (o + 0.5) / scale - 0.5
  },
  pytorch_half_pixel: (o, _, out, scale) => (out > 1 ? (o + 0.5) / scale - 0.5 : 0),
  asymmetric: (o, _, __, scale) => o / scale,
  align_corners: (o, size, _, scale) => (size * scale === 1 ? 0 : (o * (size - 1)) / (size * scale - 1)),
}

const cases: [size: number, out: number, scale?: number][] = [
  ...([
    [4, 8],
    [7, 3],
    [5, 5],
    [1, 6],
    [6, 1],
    [1, 1],
    [640, 1333],
  ] as [number, number][]),
  [4, 2, 0.6],
  [4, 3, Math.fround(0.8)],
  [7, 9, Math.fround(1.3)],
  [3, 7, 2.5],
]

describe.each(Object.entries(formulas))('%s', (coord, formula) => {
  test.each(cases)('%d to %d, scale %s', (size, out, scale) => {
    const { mul, add, div } = resizeAxis(coord, size, out, scale)
    for (const number of [mul, add, div]) expect(Number.isInteger(number)).toBe(true)
    expect(div).toBeGreaterThan(0)
    expect((out - 1) * mul + Math.abs(add)).toBeLessThan(2 ** 31)
    for (let o = 0; o < out; o++)
      expect((o * mul + add) / div).toBeCloseTo(formula(o, size, out, scale ?? out / size), 4)
  })
})

test('a scale is the fraction that was meant', () => {
  expect(fraction(Math.fround(0.6))).toEqual([3, 5])
  expect(fraction(Math.fround(1 / 3))).toEqual([1, 3])
  expect(fraction(2)).toEqual([2, 1])
  expect(fraction(Math.fround(1333 / 800))).toEqual([1333, 800])
})

test('other coordinates are refused by name', () => {
  expect(() => resizeAxis('tf_crop_and_resize', 2, 4)).toThrow(/no coordinates of tf_crop_and_resize/)
})
