import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromF16, toF16 } from '../../compiler/formats/f16.js'
import { formatNames, formats, GROUPS, groupOf } from '../../compiler/formats/formats.js'
import { layoutNamed, layouts } from '../../compiler/formats/layouts.js'
import type { Layout } from '../../compiler/formats/types.js'
import type { WeightFormatName } from '../../compiler/ir/graph.js'

const weights = (rows: number, k: number, seed: number): Float32Array =>
  Float32Array.from({ length: rows * k }, (_, i) => Math.sin(i * 12.9898 + seed * 78.233) * (1 + (i % 7)))

/** Value of one weight by the contract, in float64: an independent statement of the formats. */
const definition: Record<WeightFormatName, (group: number[], x: number) => { value: number; step: number }> =
  {
    f32: (_, x) => ({ value: x, step: 0 }),
    f16: (_, x) => ({ value: fromF16(toF16(x)), step: 0 }),
    q8(group, x) {
      const step = fromF16(toF16(Math.max(...group.map(Math.abs)) / 127))
      return { value: step && Math.min(127, Math.max(-127, Math.round(x / step))) * step, step }
    },
    q4(group, x) {
      const most = group.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0)
      const step = fromF16(toF16(most / -8))
      return { value: step && Math.min(7, Math.max(-8, Math.round(x / step))) * step, step: Math.abs(step) }
    },
  }

const shape = fc.record({
  rows: fc.integer({ min: 1, max: 7 }),
  k: fc.integer({ min: 1, max: 300 }),
  group: fc.constantFrom(...GROUPS),
  seed: fc.integer({ min: 0, max: 1000 }),
})

describe.each(formatNames)('format %s', (name) => {
  test('decodes to what the definition says', () => {
    fc.assert(
      fc.property(shape, ({ rows, k, group, seed }) => {
        const values = weights(rows, k, seed)
        const decoded = formats[name].decode(formats[name].quantizeRows(values, rows, k, group))
        for (let i = 0; i < values.length; i++) {
          const start = i - ((i % k) % group)
          const members = [...values.subarray(start, Math.min(start + group, i - (i % k) + k))]
          const { value, step } = definition[name](members, values[i]!)
          // A tie between two steps may fall either way: both are as near.
          const tie = Math.abs(Math.abs(values[i]! - value) - step / 2) <= step * 1e-9
          // Adding 0 makes no difference of signed zeros.
          if (!tie) expect(decoded[i]! + 0).toBe(value + 0)
          else expect(Math.abs(decoded[i]! - values[i]!)).toBeCloseTo(step / 2, 6)
        }
      }),
      { numRuns: 50 },
    )
  })

  test('pads with zeros and reports its shape', () => {
    const c = formats[name].quantizeRows(weights(3, 70, 1), 3, 70, 64)
    const grouped = formats[name].grouped
    expect([c.rows, c.k, c.kp, c.group]).toEqual([3, 70, grouped ? 128 : 70, grouped ? 64 : 1])
    expect(c.q.length).toBe(3 * c.kp)
    expect(c.scale?.length).toBe(grouped ? 6 : undefined)
    if (grouped) expect([...c.q.subarray(70, 128)].every((q) => q === 0)).toBe(true)
  })

  test('keeps zeros, and values too small for a scale become zeros', () => {
    const values = new Float32Array(64)
    values.fill(1e-12, 32)
    const decoded = formats[name].decode(formats[name].quantizeRows(values, 2, 32, 32))
    expect([...decoded.subarray(0, 32)].every((v) => v === 0)).toBe(true)
    expect([...decoded].every((v) => Math.abs(v) <= 1.0001e-12)).toBe(true)
  })

  test('stores its largest magnitude', () => {
    const { maxAbs, quantizeRows, decode } = formats[name]
    const most = Math.min(maxAbs, 3.4028234e38)
    const decoded = decode(quantizeRows(new Float32Array([most, -most, 0, most / 2]), 1, 4, 32))
    expect([...decoded].every(Number.isFinite)).toBe(true)
    expect(Math.abs(decoded[0]! / most - 1)).toBeLessThan(0.13)
  })
})

test('the largest magnitude of a q4 group is kept exactly up to its scale', () => {
  const c = formats.q4.quantizeRows(new Float32Array([1, -4, 3.9, 0]), 1, 4, 32)
  expect([...c.q.subarray(0, 4)]).toEqual([2, -8, 7, 0])
  expect(fromF16(c.scale![0]!)).toBe(0.5)
})

test('group sizes', () => {
  expect(groupOf('f32', undefined)).toBe(1)
  expect(groupOf('f16', 64)).toBe(1)
  expect(groupOf('q4', 64)).toBe(64)
  expect(() => groupOf('q4', 48)).toThrow('groups of 48')
})

/** A matrix packed in blocks of `step` row blocks, as the shard writer does. */
function packed(
  layout: Layout,
  format: WeightFormatName,
  values: Float32Array,
  n: number,
  k: number,
  g: number,
  step: number,
) {
  const blocks = { data: [] as Uint8Array[], scale: [] as Uint8Array[] }
  const group = groupOf(format, g)
  for (let row = 0; row < n; row += step * layout.rowBlock) {
    const rows = Math.min(step * layout.rowBlock, n - row)
    const canonical = formats[format].quantizeRows(values.subarray(row * k, (row + rows) * k), rows, k, group)
    const { data, scale } = layout.pack(format, canonical)
    blocks.data.push(data)
    blocks.scale.push(scale)
  }
  return { data: Buffer.concat(blocks.data), scale: Buffer.concat(blocks.scale) }
}

const pairs = [...layouts.values()].flatMap((layout) => layout.formats.map((f) => [layout.name, f] as const))

describe.each(pairs)('layout %s of %s', (layoutName, format) => {
  const layout = layoutNamed(layoutName)

  test('unpacks to what the format decodes to, whatever the blocks', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 1, max: 300 }),
        fc.constantFrom(...GROUPS),
        fc.integer({ min: 1, max: 5 }),
        (n, k, g, step) => {
          const values = weights(n, k, n + k)
          const group = groupOf(format, g)
          const bytes = packed(layout, format, values, n, k, g, step)
          expect({ data: bytes.data.length, scale: bytes.scale.length }).toEqual(
            layout.bytes(format, n, k, group),
          )
          expect((bytes.data.length % 4) + (bytes.scale.length % 4)).toBe(0)
          const expected = formats[format].decode(formats[format].quantizeRows(values, n, k, group))
          expect(layout.unpack(format, bytes, n, k, group)).toEqual(expected)
        },
      ),
      { numRuns: 30 },
    )
  })
})

describe('layout rows, byte for byte', () => {
  const { pack, bytes } = layoutNamed('rows')

  test('q4: byte b of a word holds weight b and weight b + 4', () => {
    const values = Float32Array.from({ length: 32 }, (_, i) => (i % 16) - 8)
    const block = pack('q4', formats.q4.quantizeRows(values, 1, 32, 32))
    // Scale 1, so that q + 8 counts 0 to 15.
    expect([...block.data.subarray(0, 8)]).toEqual([0x40, 0x51, 0x62, 0x73, 0xc8, 0xd9, 0xea, 0xfb])
    expect([...block.scale]).toEqual([0x00, 0x3c, 0, 0])
  })

  test('q4 padding is weight zero, not nibble zero', () => {
    const block = pack('q4', formats.q4.quantizeRows(new Float32Array([-8]), 1, 1, 32))
    expect([...block.data]).toEqual([0x80, ...Array(15).fill(0x88)])
  })

  test('f32 rows end at four, f16 rows at eight columns', () => {
    expect(bytes('f32', 3, 5, 1)).toEqual({ data: 3 * 32, scale: 0 })
    expect(bytes('f16', 3, 9, 1)).toEqual({ data: 3 * 32, scale: 0 })
    const block = pack('f32', formats.f32.quantizeRows(new Float32Array([1, 2, 3, 4, 5, 6]), 2, 3, 1))
    expect([...new Float32Array(block.data.buffer)]).toEqual([1, 2, 3, 0, 4, 5, 6, 0])
  })

  test('q8: two’s complement bytes, scales two to a word', () => {
    const values = new Float32Array(3 * 32).fill(-127)
    const block = pack('q8', formats.q8.quantizeRows(values, 3, 32, 32))
    expect([...block.data].every((b) => b === 0x81)).toBe(true)
    expect([...block.scale]).toEqual([0, 0x3c, 0, 0x3c, 0, 0x3c, 0, 0])
  })
})

test('an unknown layout is a fault', () => {
  expect(() => layoutNamed('columns')).toThrow('no weight layout "columns"')
})

test('14 million weights take less than a second in every format', () => {
  const k = 1024
  const rows = 1024
  const values = weights(rows, k, 3)
  const { pack } = layoutNamed('rows')
  for (const format of formatNames) {
    const start = performance.now()
    for (let i = 0; i < 14; i++)
      pack(format, formats[format].quantizeRows(values, rows, k, groupOf(format, 64)))
    expect(performance.now() - start, format).toBeLessThan(1000)
  }
})
