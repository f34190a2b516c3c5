import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromF16, toF16 } from '../../compiler/formats/f16.js'
import { formatNames, formats, GROUPS, groupOf, WHOLE_ROW } from '../../compiler/formats/formats.js'
import { layoutNamed, layouts } from '../../compiler/formats/layouts.js'
import type { Layout } from '../../compiler/formats/types.js'
import type { WeightFormatName } from '../../compiler/ir/graph.js'

const weights = (rows: number, k: number, seed: number): Float32Array =>
  Float32Array.from({ length: rows * k }, (_, i) => Math.sin(i * 12.9898 + seed * 78.233) * (1 + (i % 7)))

type Meaning = (group: number[], x: number) => { value: number; step: number }

const clamp = (x: number, min: number, max: number) => Math.min(max, Math.max(min, x))

/** The value of largest magnitude is kept, as the least integer. */
const signed =
  (bits: number): Meaning =>
  (group, x) => {
    const least = -(2 ** (bits - 1))
    const most = group.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0)
    const step = fromF16(toF16(most / least))
    return { value: step && clamp(Math.round(x / step), least, -least - 1) * step, step: Math.abs(step) }
  }

/** The least value is kept, and the largest is 2^bits - 1 steps above it. */
const counted =
  (bits: number): Meaning =>
  (group, x) => {
    const levels = 2 ** bits - 1
    const least = fromF16(toF16(Math.min(...group)))
    const step = fromF16(toF16(Math.max(0, Math.max(...group) - least) / levels))
    return {
      value: step === 0 ? least : clamp(Math.round((x - least) / step), 0, levels) * step + least,
      step,
    }
  }

/** Value of one weight by the contract, in float64: an independent statement of the formats. */
const definition: Record<WeightFormatName, Meaning> = {
  f32: (_, x) => ({ value: x, step: 0 }),
  f16: (_, x) => ({ value: fromF16(toF16(x)), step: 0 }),
  q8(group, x) {
    const step = fromF16(toF16(Math.max(...group.map(Math.abs)) / 127))
    return { value: step && Math.min(127, Math.max(-127, Math.round(x / step))) * step, step }
  },
  q4: signed(4),
  q3: signed(3),
  q2: signed(2),
  q8a: counted(8),
  q4a: counted(4),
  q3a: counted(3),
  q2a: counted(2),
}

/** A whole row counts as groups of 32. */
const span = (group: number, k: number) => (group === WHOLE_ROW ? Math.ceil(k / 32) * 32 : group)

const shape = fc.record({
  rows: fc.integer({ min: 1, max: 7 }),
  k: fc.integer({ min: 1, max: 300 }),
  group: fc.constantFrom(...GROUPS, WHOLE_ROW),
  seed: fc.integer({ min: 0, max: 1000 }),
})

describe.each(formatNames)('format %s', (name) => {
  test('decodes to what the definition says', () => {
    fc.assert(
      fc.property(shape, ({ rows, k, group, seed }) => {
        const values = weights(rows, k, seed)
        const decoded = formats[name].decode(formats[name].quantizeRows(values, rows, k, group))
        for (let i = 0; i < values.length; i++) {
          const start = i - ((i % k) % span(group, k))
          const members = [...values.subarray(start, Math.min(start + span(group, k), i - (i % k) + k))]
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
    expect(c.min?.length).toBe(formats[name].minimum ? 6 : undefined)
    if (grouped) expect([...c.q.subarray(70, 128)].every((q) => q === 0)).toBe(true)
  })

  test('pads a whole row to a multiple of 32', () => {
    const c = formats[name].quantizeRows(weights(3, 70, 1), 3, 70, WHOLE_ROW)
    const grouped = formats[name].grouped
    expect([c.kp, c.group, c.scale?.length]).toEqual(grouped ? [96, 96, 3] : [70, 1, undefined])
  })

  test('what is no number does not spread to its neighbours', () => {
    if (!formats[name].grouped) return
    const values = new Float32Array(64).fill(Number.NaN)
    values.set([3, Number.NaN, 1.5, 0])
    const decoded = formats[name].decode(formats[name].quantizeRows(values, 2, 32, 32))
    expect([...decoded].every(Number.isFinite)).toBe(true)
    expect(decoded[0]).toBeCloseTo(3, 1)
    expect([...decoded.subarray(32)].every((v) => v === 0)).toBe(true)
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

test('three and two bits: the value of largest magnitude is the least integer', () => {
  const three = formats.q3.quantizeRows(new Float32Array([1, -2, 1.9, 0]), 1, 4, 32)
  expect([[...three.q.subarray(0, 4)], fromF16(three.scale![0]!)]).toEqual([[2, -4, 3, 0], 0.5])
  const two = formats.q2.quantizeRows(new Float32Array([0.5, 1, -1, 0]), 1, 4, 32)
  expect([[...two.q.subarray(0, 4)], fromF16(two.scale![0]!)]).toEqual([[-1, -2, 1, 0], -0.5])
})

describe('asymmetric formats', () => {
  const quantize = (name: WeightFormatName, ...values: number[]) =>
    formats[name].quantizeRows(new Float32Array(values), 1, values.length, 32)

  test('count steps from the minimum', () => {
    const c = quantize('q2a', 5, 6.4, 8, 7)
    expect([...c.q.subarray(0, 4)]).toEqual([0, 1, 3, 2])
    expect([fromF16(c.scale![0]!), fromF16(c.min![0]!)]).toEqual([1, 5])
  })

  test('equal values are kept, without a step', () => {
    const c = quantize('q4a', -0.75, -0.75, -0.75)
    expect([c.scale![0], fromF16(c.min![0]!)]).toEqual([0, -0.75])
    expect([...formats.q4a.decode(c)]).toEqual([-0.75, -0.75, -0.75])
  })

  test('a minimum that is rounded to above every value leaves no step below it', () => {
    // The nearest half of 2049.5 is 2050.
    const c = quantize('q8a', 2049.5, 2049.5)
    expect([c.scale![0], fromF16(c.min![0]!)]).toEqual([0, 2050])
    const more = quantize('q8a', 2049.5, 2305)
    expect([fromF16(more.scale![0]!), ...more.q.subarray(0, 2)]).toEqual([1, 0, 255])
  })

  test('the whole range of halves has a finite step', () => {
    for (const name of ['q8a', 'q4a', 'q3a', 'q2a'] as const) {
      const c = quantize(name, -65504, 65504)
      expect(Number.isFinite(fromF16(c.scale![0]!)), name).toBe(true)
    }
  })
})

test('group sizes', () => {
  expect(groupOf('f32', undefined)).toBe(1)
  expect(groupOf('f16', 64)).toBe(1)
  expect(groupOf('q4', 64)).toBe(64)
  expect(groupOf('q3a', WHOLE_ROW)).toBe(0)
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
        fc.constantFrom(...GROUPS, WHOLE_ROW),
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

  test('q3: six bits of a byte are two weights, the high two are of the last eight', () => {
    // Scale 1, so that q + 4 counts 0 to 7: vec4 t of a word holds t everywhere, in every byte.
    const values = Float32Array.from({ length: 32 }, (_, i) => Math.floor(i / 4) - 4)
    const block = pack('q3', formats.q3.quantizeRows(values, 1, 32, 32))
    const stored = [0 | (1 << 3) | (2 << 6), 2 | (3 << 3) | (3 << 6), 4 | (5 << 3) | (1 << 6) | (1 << 7)]
    expect([...block.data]).toEqual(stored.flatMap((byte) => [byte, byte, byte, byte]))
    expect(bytes('q3', 3, 33, 32)).toEqual({ data: 3 * 24, scale: 12 })
  })

  test('q3: neighbours lie in neighbouring bytes', () => {
    const values = Float32Array.from({ length: 32 }, (_, i) => (i === 0 ? -4 : (i % 4) - 2))
    const block = pack('q3', formats.q3.quantizeRows(values, 1, 32, 32))
    expect([...block.data.subarray(4, 8)]).toEqual([2, 3, 4, 5].map((v) => v | (v << 3) | ((v & 3) << 6)))
  })

  test('q2: four vec4s a word, the first lowest', () => {
    const values = Float32Array.from({ length: 32 }, (_, i) => (Math.floor(i / 4) % 4) - 2)
    const block = pack('q2', formats.q2.quantizeRows(values, 1, 32, 32))
    expect([...block.data]).toEqual(Array(8).fill(0b11_10_01_00))
    expect(bytes('q2', 3, 33, 32)).toEqual({ data: 3 * 16, scale: 12 })
  })

  test('asymmetric: scale and minimum of a group in one word', () => {
    const block = pack('q8a', formats.q8a.quantizeRows(new Float32Array([-1, 254]), 1, 2, 32))
    expect([...block.data.subarray(0, 3)]).toEqual([0, 255, 0])
    expect([...block.scale]).toEqual([0x00, 0x3c, 0x00, 0xbc])
    expect(bytes('q4a', 3, 65, 64)).toEqual({ data: 3 * 64, scale: 3 * 2 * 4 })
    expect(bytes('q4a', 3, 65, WHOLE_ROW)).toEqual({ data: 3 * 48, scale: 3 * 4 })
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

describe('layout panels, byte for byte', () => {
  const { pack, bytes } = layoutNamed('panels')
  /** What row r has of the first block: its words lie 64 bytes apart. */
  const row = (data: Uint8Array, r: number, words: number) =>
    Array.from({ length: words }, (_, v) => [...data.subarray(16 + v * 64 + r * 4, 20 + v * 64 + r * 4)])

  test('a row has as many words of a block as a weight has bits', () => {
    // Scale 1, so that q + 4 counts 0 to 7.
    const values = Float32Array.from({ length: 64 }, (_, i) => (i < 32 ? 0 : Math.floor((i - 32) / 4) - 4))
    const { data } = pack('q3', formats.q3.quantizeRows(values, 2, 32, 32))
    const stored = [0 | (1 << 3) | (2 << 6), 2 | (3 << 3) | (3 << 6), 4 | (5 << 3) | (1 << 6) | (1 << 7)]
    expect(row(data, 1, 3)).toEqual(stored.map((byte) => [byte, byte, byte, byte]))
    // Integer zero is stored as 4.
    expect(row(data, 0, 3)).toEqual([0x24, 0x24, 0xe4].map((byte) => [byte, byte, byte, byte]))
    expect(bytes('q3', 17, 33, 32)).toEqual({ data: 2 * (16 + 2 * (192 + 32)), scale: 0 })
    expect(bytes('q3', 17, 33, WHOLE_ROW)).toEqual({ data: 2 * (16 + 2 * 192 + 32), scale: 0 })
  })

  test('minima follow the scales, and share their shift', () => {
    const block = formats.q2a.quantizeRows(new Float32Array([-1, 2, -1, 0]), 1, 4, 32)
    const { data } = pack('q2a', block)
    expect(row(data, 0, 2)).toEqual([
      [0, 3, 0, 1],
      [0, 0, 0, 0],
    ])
    const halves = new Uint16Array(data.slice(16 + 128).buffer)
    // Both are as large as a power of two can be: 2^15.
    expect([fromF16(halves[0]!), fromF16(halves[16]!)]).toEqual([32768, -32768])
    expect(new Float32Array(data.slice(0, 4).buffer)[0]).toBe(2 ** (112 - 15))
    expect(bytes('q2a', 1, 4, 32).data).toBe(16 + 128 + 64)
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
