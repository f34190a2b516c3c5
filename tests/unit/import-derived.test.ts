/** Weights that are made from the files' tensors: read by rows as if the files held them. */
import { describe, expect, test } from 'vitest'
import {
  checkWeight,
  type Derived,
  mapped,
  reshaped,
  rowsOf,
  transposed,
  withDerived,
} from '../../compiler/import/derived.js'
import { checkTensor, type WeightSource } from '../../compiler/import/weights.js'

/** A source of counting numbers, which notes what is read. */
function files(shapes: Record<string, number[]>): { weights: WeightSource; reads: string[] } {
  const reads: string[] = []
  const shape = (name: string) => shapes[name] ?? []
  const weights: WeightSource = {
    names: () => Object.keys(shapes),
    has: (name) => name in shapes,
    shape,
    dtype: () => 'F16',
    file: () => 'model.safetensors',
    async readRows(name, from, to) {
      reads.push(`${name} ${from}:${to}`)
      const k = shape(name)
        .slice(1)
        .reduce((n, d) => n * d, 1)
      return Float32Array.from({ length: (to - from) * k }, (_, i) => from * k + i)
    },
  }
  return { weights, reads }
}

const shapes = { m: [2, 3], v: [4], scalar: [1, 1, 3], conv: [2, 3, 1, 2] }
const matrix = { name: 'm', shape: [2, 3] }
const vector = { name: 'v', shape: [4] }
const sum: Derived = {
  name: 'd',
  shape: [2, 3],
  sources: [matrix, { name: 'scalar', shape: [1, 1, 3] }],
  compute: ([m, s]) => m!.map((x, i) => x + 10 * s![i % 3]!),
}

test.each<[string, Derived, from: number, to: number, values: number[]]>([
  ['a matrix turned', transposed('d', 'm', [3, 2]), 0, 3, [0, 3, 1, 4, 2, 5]],
  ['rows of a matrix turned', transposed('d', 'm', [3, 2]), 1, 2, [1, 4]],
  ['some rows of a matrix turned', transposed('d', 'm', [2, 2], { from: 1, of: 3 }), 0, 2, [1, 4, 2, 5]],
  ['another shape', reshaped('d', 'scalar', [1, 1, 3], [3]), 1, 3, [1, 2]],
  ['rows of a matrix', rowsOf('d', matrix, [1, 2]), 0, 1, [3, 4, 5]],
  ['elements of a vector', rowsOf('d', vector, [1, 4]), 1, 3, [2, 3]],
  ['a function of each', mapped('d', vector, (x) => 1 + x), 0, 4, [1, 2, 3, 4]],
  ['two tensors', sum, 1, 2, [3, 14, 25]],
])('%s', async (_, derived, from, to, values) => {
  const source = withDerived(files(shapes).weights, [derived])
  expect(source.has('d')).toBe(true)
  expect(source.shape('d')).toEqual(derived.shape)
  expect(source.file('d')).toBe('model.safetensors')
  expect([...(await source.readRows('d', from, to))]).toEqual(values)
  // All of it is what compute makes of its sources.
  const whole = await source.readRows('d', 0, derived.shape[0]!)
  const sources = await Promise.all(derived.sources.map((s) => source.readRows(s.name, 0, s.shape[0]!)))
  expect(whole).toEqual(derived.compute(sources))
})

test('tensors of the files stay as they are', async () => {
  const source = withDerived(files(shapes).weights, [sum])
  expect(source.names()).toEqual(['m', 'v', 'scalar', 'conv', 'd'])
  expect([source.dtype('m'), source.dtype('d')]).toEqual(['F16', 'F32'])
  expect([...(await source.readRows('m', 1, 2))]).toEqual([3, 4, 5])
})

test('what is computed is computed once while it is read, what is cut is read in its rows alone', async () => {
  const { weights, reads } = files(shapes)
  const source = withDerived(weights, [transposed('t', 'm', [3, 2]), rowsOf('r', matrix, [1, 2])])
  for (let row = 0; row < 3; row++) await source.readRows('t', row, row + 1)
  await source.readRows('r', 0, 1)
  expect(reads).toEqual(['m 0:2', 'm 1:2'])
})

test('few are kept', async () => {
  const { weights, reads } = files(shapes)
  const many = Array.from({ length: 6 }, (_, i) => mapped(`d${i}`, vector, (x) => x + i))
  const source = withDerived(weights, many)
  for (const d of [...many, many[0]!]) await source.readRows(d.name, 0, 4)
  expect(reads.length).toBe(7)
})

describe('a source of another shape is refused', () => {
  const wrong = transposed('d', 'm', [2, 3])
  const message = /tensor m is \[2, 3\], the config says \[3, 2\]/
  test('when the graph is checked', () => {
    const { weights } = files(shapes)
    expect(() => checkWeight(weights, [wrong], 'd', [2, 3])).toThrow(message)
    expect(() => checkWeight(weights, [], 'm', [3, 2])).toThrow(message)
    expect(() => checkWeight(weights, [], 'm', [2, 3])).not.toThrow()
  })
  test('when it is read', async () => {
    const source = withDerived(files(shapes).weights, [wrong, rowsOf('r', { name: 'v', shape: [5] }, [0, 5])])
    await expect(source.readRows('d', 0, 1)).rejects.toThrow(message)
    await expect(source.readRows('r', 0, 1)).rejects.toThrow(/tensor v is \[4\]/)
  })
  test('as are values that are too few', async () => {
    const short: Derived = { ...sum, compute: () => new Float32Array(2) }
    await expect(withDerived(files(shapes).weights, [short]).readRows('d', 0, 1)).rejects.toThrow(/2 values/)
  })
})

test('trailing axes may be read as one, and no others', () => {
  const { weights } = files(shapes)
  expect(() => checkTensor(weights, 'conv', [2, 6])).not.toThrow()
  expect(() => checkTensor(weights, 'conv', [2, 3, 1, 2])).not.toThrow()
  for (const shape of [[6, 2], [2, 3], [2, 3, 2], [12], [2, 6, 1]])
    expect(() => checkTensor(weights, 'conv', shape)).toThrow(/tensor conv is/)
  expect(() => checkTensor(weights, 'v', [4, 1])).toThrow(/tensor v is/)
})
