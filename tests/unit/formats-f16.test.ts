import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  arrayFromBF16,
  arrayFromF16,
  arrayToF16,
  F16_OVERFLOW,
  fromF16,
  toF16,
} from '../../compiler/formats/f16.js'

/** The nearest of all halves to x, ties to the even one: from the definition, by search. */
function nearestHalf(x: number): number {
  const sign = Object.is(x, -0) || x < 0 ? 0x8000 : 0
  const a = Math.abs(x)
  if (a >= F16_OVERFLOW) return sign | 0x7c00
  let low = 0
  let high = 0x7c00
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (fromF16(middle) <= a) low = middle
    else high = middle
  }
  // Infinity stands for 65536 when the distance to it is measured.
  const above = high === 0x7c00 ? 65536 : fromF16(high)
  const down = a - fromF16(low)
  const up = above - a
  return sign | (down < up || (down === up && low % 2 === 0) ? low : high)
}

test('every half survives the way to float32 and back', () => {
  const all = Uint16Array.from({ length: 65536 }, (_, h) => h)
  const back = arrayToF16(arrayFromF16(all))
  const wrong = [...all].filter((h) => {
    const nan = (h & 0x7c00) === 0x7c00 && (h & 0x3ff) !== 0
    return nan ? (back[h]! & 0x7e00) !== 0x7e00 : back[h] !== h
  })
  expect(wrong).toEqual([])
})

test('the values of halves are those of the definition', () => {
  expect([0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x0400].map(fromF16)).toEqual([
    1,
    -2,
    65504,
    2 ** -24,
    1023 * 2 ** -24,
    2 ** -14,
  ])
  expect([0x7c00, 0xfc00].map(fromF16)).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
  expect(fromF16(0x7e00)).toBeNaN()
  expect(fromF16(0x8000)).toBe(-0)
})

test('every midpoint of two halves, and its neighbours in float32, round as defined', () => {
  const float = new Float32Array(1)
  const bits = new Uint32Array(float.buffer)
  for (let h = 0; h < 0x7c00; h++) {
    const above = h === 0x7bff ? 65536 : fromF16(h + 1)
    float[0] = (fromF16(h) + above) / 2
    const middle = bits[0]!
    for (const u of [middle - 1, middle, middle + 1]) {
      bits[0] = u
      const x = float[0]!
      if (toF16(x) !== nearestHalf(x)) expect(toF16(x), `of ${x}`).toBe(nearestHalf(x))
      if (toF16(-x) !== nearestHalf(-x)) expect(toF16(-x), `of ${-x}`).toBe(nearestHalf(-x))
    }
  }
})

test('any float32 rounds to the nearest half', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true }), (x) => {
      expect(toF16(x)).toBe(nearestHalf(x))
    }),
    { numRuns: 2000 },
  )
})

test('overflow and NaN', () => {
  expect([65519.996, 65520, 1e30, -1e30, Number.NEGATIVE_INFINITY].map(toF16)).toEqual([
    0x7bff, 0x7c00, 0x7c00, 0xfc00, 0xfc00,
  ])
  expect(fromF16(toF16(Number.NaN))).toBeNaN()
})

test('bfloat16 is the upper half of a float32', () => {
  const all = Uint16Array.from({ length: 65536 }, (_, h) => h)
  const view = new DataView(new ArrayBuffer(4))
  const values = arrayFromBF16(all)
  for (const h of all) {
    view.setUint32(0, h << 16)
    if (!Object.is(values[h], view.getFloat32(0))) expect(values[h]).toBe(view.getFloat32(0))
  }
})

test('views that start inside a buffer convert as well', () => {
  const floats = new Float32Array([9, 1, -2, 9]).subarray(1, 3)
  expect([...arrayToF16(floats)]).toEqual([0x3c00, 0xc000])
  expect([...arrayFromF16(new Uint16Array([7, 0x3c00, 0xc000]).subarray(1))]).toEqual([1, -2])
})
