/** How the KV cache is stored: sizes, and what quantising loses. */
import { describe, expect, test } from 'vitest'
import {
  decodeKv,
  encodeKv,
  isKvGrouped,
  KV_GROUP,
  kvBytes,
  kvLevels,
  kvStoreError,
  kvTypes,
} from '../../compiler/formats/kv.js'
import { noise } from '../../compiler/ops/common.js'

const grouped = kvTypes.filter(isKvGrouped)

test('bytes of a head vector', () => {
  expect(kvTypes.map((type) => [type, kvBytes(type, 64), kvBytes(type, 80)])).toEqual([
    ['f32', 256, 320],
    ['f16', 128, 160],
    ['q8', 72, 108],
    ['q4', 40, 60],
    ['q3', 32, 48],
    ['q2', 24, 36],
  ])
})

describe.each(grouped)('%s', (type) => {
  test('an element is off by half a step at most, and a rounding of scale and minimum', () => {
    const size = 80
    const values = Float64Array.from({ length: 7 * size }, (_, i) => noise(i, 1) * 10 ** (i % 5))
    const found = decodeKv(type, encodeKv(type, values, size), size)
    for (let row = 0; row < values.length; row += size)
      for (let at = row; at < row + size; at += KV_GROUP) {
        const to = Math.min(at + KV_GROUP, row + size)
        const bound = kvStoreError(type, values.subarray(at, to))
        for (let i = at; i < to; i++) expect(Math.abs(found[i]! - values[i]!)).toBeLessThanOrEqual(bound)
      }
  })

  test('values on the grid stay as they are, and use every level', () => {
    const levels = kvLevels(type) + 1
    const values = Float64Array.from({ length: 8 * KV_GROUP }, (_, i) => ((i * 11) % levels) - 1)
    for (let at = 0; at < values.length; at += KV_GROUP) [values[at], values[at + 1]] = [-1, levels - 2]
    expect(decodeKv(type, encodeKv(type, values, 64), 64)).toEqual(values)
  })

  test('a group of equal values has no scale; one with a NaN is NaN', () => {
    const values = new Float64Array(64).fill(0.5, 0, 32).fill(Number.NaN, 40, 41)
    const found = decodeKv(type, encodeKv(type, values, 64), 64)
    expect([...found]).toEqual([...Array(32).fill(0.5), ...Array(32).fill(Number.NaN)])
  })
})
