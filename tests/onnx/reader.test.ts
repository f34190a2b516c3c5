/** The reader of ONNX files: what it reads, and that damaged files are errors that name the file. */
import { PbfWriter } from 'pbf'
import { describe, expect, test } from 'vitest'
import { WgcError } from '../../compiler/errors.js'
import { readModel, readTensor } from '../../compiler/import/onnx/reader.js'
import { tensorValues } from '../../compiler/import/onnx/tensors.js'

type Write = (pbf: PbfWriter) => void

const message = (write: Write): Uint8Array => {
  const pbf = new PbfWriter()
  write(pbf)
  return pbf.finish().slice()
}

/** A tensor: dims, type, and what the test is about. */
const tensor = (dims: number[], type: number, rest: Write): Uint8Array =>
  message((pbf) => {
    pbf.writePackedVarint(1, dims)
    pbf.writeVarintField(2, type)
    pbf.writeStringField(8, 'w')
    rest(pbf)
  })

const values = (bytes: Uint8Array) => [...tensorValues(readTensor(bytes, 'w.pb'), 'w.pb')]

const raw = (dims: number[], type: number, ...bytes: number[]) =>
  values(tensor(dims, type, (pbf) => pbf.writeBytesField(9, Uint8Array.from(bytes))))

/** A model of one Add, with an initialiser. */
const model = message((pbf) => {
  pbf.writeVarintField(1, 10)
  pbf.writeBytesField(
    8,
    message((o) => {
      o.writeStringField(1, 'ai.onnx')
      o.writeVarintField(2, 21)
    }),
  )
  pbf.writeBytesField(
    7,
    message((g) => {
      g.writeBytesField(
        1,
        message((n) => {
          n.writeStringField(1, 'x')
          n.writeStringField(1, 'w')
          n.writeStringField(2, 'y')
          n.writeStringField(4, 'Add')
        }),
      )
      g.writeStringField(2, 'graph')
      g.writeBytesField(
        5,
        tensor([2], 1, (t) => t.writePackedFloat(4, [1.5, -2])),
      )
    }),
  )
})

const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (e) {
    if (e instanceof WgcError) return e.code
    throw e
  }
  return 'none'
}

test('a model is read as it stands', () => {
  const { graph, opsets, irVersion } = readModel(model, 'm.onnx')
  expect(irVersion).toBe(10)
  expect(opsets).toEqual(new Map([['', 21]]))
  expect(graph.nodes.map((n) => [n.op, n.inputs, n.outputs])).toEqual([['Add', ['x', 'w'], ['y']]])
  expect([...tensorValues(graph.initializers[0]!, 'm.onnx')]).toEqual([1.5, -2])
})

describe('values of tensors', () => {
  test.each([
    ['uint8', 2, [255, 3], [255, 3]],
    ['int8', 3, [255, 3], [-1, 3]],
    ['int16', 5, [0xfe, 0xff, 1, 0], [-2, 1]],
    ['int64', 7, [...Array(8).fill(255), 5, 0, 0, 0, 0, 0, 0, 0], [-1, 5]],
    ['bool', 9, [0, 1], [0, 1]],
    ['float16', 10, [0, 0x3c, 0, 0xc1], [1, -2.5]],
    ['bfloat16', 16, [0x80, 0x3f, 0x20, 0xc0], [1, -2.5]],
    ['float8e4m3fn', 17, [0x7e, 0x01], [448, 2 ** -9]],
    ['float8e4m3fnuz', 18, [0x7f, 0x81], [240, -(2 ** -10)]],
    ['float8e5m2', 19, [0x7b, 0xfc], [57344, -Infinity]],
    ['float8e5m2fnuz', 20, [0x7f, 0x80], [57344, Number.NaN]],
    ['uint4', 21, [0xe3], [3, 14]],
    ['int4', 22, [0xe3], [3, -2]],
    ['float4e2m1', 23, [0xf1], [0.5, -6]],
    ['float8e8m0', 24, [127, 129], [1, 4]],
    ['uint2', 25, [0b1101], [1, 3]],
    ['int2', 26, [0b1101], [1, -1]],
  ])('%s', (_, type, bytes, expected) => {
    expect(raw([2], type, ...bytes)).toEqual(expected)
  })

  test('as integers of their own field, signed, packed or as bits', () => {
    const ints = (type: number, list: number[], field = 5) =>
      values(tensor([2], type, (pbf) => pbf.writePackedVarint(field, list)))
    expect(ints(6, [-7, 300])).toEqual([-7, 300])
    expect(ints(7, [-7, 2 ** 40], 7)).toEqual([-7, 2 ** 40])
    expect(ints(10, [0x3c00, 0xc100])).toEqual([1, -2.5])
    expect(values(tensor([3], 22, (pbf) => pbf.writePackedVarint(5, [0xe3, 0x0f])))).toEqual([3, -2, -1])
  })

  test.each([
    ['too few bytes', tensor([2], 1, (pbf) => pbf.writeBytesField(9, new Uint8Array(7)))],
    ['a negative size', tensor([-2], 1, (pbf) => pbf.writeBytesField(9, new Uint8Array(8)))],
    ['a huge shape', tensor([2 ** 31, 2 ** 31], 2, (pbf) => pbf.writeBytesField(9, new Uint8Array(8)))],
    ['a huge shape without data', tensor([2 ** 30], 2, () => undefined)],
    ['data elsewhere', tensor([2], 1, (pbf) => pbf.writeVarintField(14, 1))],
    ['text', tensor([1], 8, (pbf) => pbf.writeStringField(6, 'a'))],
    ['an unknown type', tensor([1], 99, (pbf) => pbf.writeBytesField(9, new Uint8Array(4)))],
  ])('%s is refused', (_, bytes) => {
    expect(codeOf(() => values(bytes))).toBe('WGC231')
  })
})

describe('damaged files', () => {
  test('of every length are errors of the file', () => {
    for (let n = 0; n < model.length; n++)
      expect(codeOf(() => readModel(model.slice(0, n), 'm.onnx'))).toMatch(/WGC230|none/)
  })

  test('with any byte changed are read or refused, never a fault', () => {
    for (let at = 0; at < model.length; at++)
      for (const flip of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
        const bytes = model.slice()
        bytes[at]! ^= flip
        const code = codeOf(() => {
          const { graph } = readModel(bytes, 'm.onnx')
          for (const t of graph.initializers) tensorValues(t, 'm.onnx')
        })
        expect(code).toMatch(/WGC23[01]|none/)
      }
  })

  test('that are no ONNX at all', () => {
    expect(codeOf(() => readModel(new Uint8Array(0), 'm.onnx'))).toBe('WGC230')
    expect(codeOf(() => readModel(Buffer.from('{"model": true}'), 'm.onnx'))).toBe('WGC230')
  })

  test('nested without end', () => {
    let inner = message((g) => g.writeStringField(2, 'innermost'))
    for (let i = 0; i < 60; i++) {
      const attribute = message((a) => a.writeBytesField(6, inner))
      const node = message((n) => n.writeBytesField(5, attribute))
      inner = message((g) => g.writeBytesField(1, node))
    }
    expect(
      codeOf(() =>
        readModel(
          message((m) => m.writeBytesField(7, inner)),
          'm.onnx',
        ),
      ),
    ).toBe('WGC230')
  })
})
