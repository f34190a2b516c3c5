/** ONNX models as tests write them: plain objects, and their bytes. */
import { PbfWriter } from 'pbf'
import { toF16 } from '../../compiler/formats/f16.js'
import type {
  AttributeProto,
  GraphProto,
  ModelProto,
  NodeProto,
  TensorProto,
  ValueInfo,
} from '../../compiler/import/onnx/protos.js'

export type AttributeValue = number | string | number[] | GraphProto | TensorProto | { float: number }

/** An attribute of the type that its value has; whole numbers are ints unless given as `{ float }`. */
function attribute(name: string, value: AttributeValue): AttributeProto {
  const none = { name, type: 0, f: 0, i: 0, s: '', floats: [], ints: [], strings: [], ref: '' }
  if (typeof value === 'string') return { ...none, type: 3, s: value }
  if (typeof value === 'number')
    return Number.isInteger(value) ? { ...none, type: 2, i: value } : { ...none, type: 1, f: value }
  if (Array.isArray(value))
    return value.every(Number.isInteger)
      ? { ...none, type: 7, ints: value }
      : { ...none, type: 6, floats: value }
  if ('float' in value) return { ...none, type: 1, f: value.float }
  return 'nodes' in value ? { ...none, type: 5, g: value } : { ...none, type: 4, t: value }
}

/** `node('Conv', ['x', 'w'], ['y'], { strides: [2, 2] })`; an operator of another domain as `domain:Operator`. */
export function node(
  op: string,
  inputs: string[],
  outputs: string[],
  attributes: Record<string, AttributeValue> = {},
  name = '',
): NodeProto {
  const [domain, kind] = op.includes(':') ? (op.split(':') as [string, string]) : ['', op]
  return {
    ...{ op: kind, domain, name, inputs, outputs },
    attributes: new Map(Object.entries(attributes).map(([k, v]) => [k, attribute(k, v)])),
  }
}

const WRITE: Record<number, [number, (v: DataView, at: number, n: number) => void]> = {
  1: [4, (v, at, n) => v.setFloat32(at, n, true)],
  2: [1, (v, at, n) => v.setUint8(at, n)],
  3: [1, (v, at, n) => v.setInt8(at, n)],
  6: [4, (v, at, n) => v.setInt32(at, n, true)],
  7: [8, (v, at, n) => v.setBigInt64(at, BigInt(n), true)],
  9: [1, (v, at, n) => v.setUint8(at, n)],
  10: [2, (v, at, n) => v.setUint16(at, toF16(n), true)],
}

/** An initialiser of float, or another type's number: 2 uint8, 3 int8, 6 int32, 7 int64, 9 bool, 10 float16. */
export function tensor(name: string, dims: number[], values: ArrayLike<number>, type = 1): TensorProto {
  const [width, write] = WRITE[type]!
  const view = new DataView(new ArrayBuffer(width * values.length))
  for (let i = 0; i < values.length; i++) write(view, i * width, values[i]!)
  return {
    ...{ name, dims, type, fixed: [], ints: [], strings: [], external: undefined },
    raw: new Uint8Array(view.buffer),
  }
}

type Given = ValueInfo | [name: string, shape: ValueInfo['shape'], type?: number]

const value = (v: Given): ValueInfo => (Array.isArray(v) ? { name: v[0], shape: v[1], type: v[2] ?? 1 } : v)

export const graph = (
  nodes: NodeProto[],
  inputs: Given[],
  outputs: (Given | string)[],
  initializers: TensorProto[] = [],
): GraphProto => ({
  ...{ name: 'test', nodes, initializers, values: [], sparse: 0 },
  inputs: inputs.map(value),
  outputs: outputs.map((o) => (typeof o === 'string' ? { name: o, type: 1, shape: undefined } : value(o))),
})

export const model = (g: GraphProto, opset = 17, domains: string[] = []): ModelProto => ({
  ...{ irVersion: 8, producer: 'wgc tests', functions: [], graph: g },
  opsets: new Map([['', opset], ...domains.map((d): [string, number] => [d, 1])]),
})

type Write = (pbf: PbfWriter) => void

const message = (write: Write): Uint8Array => {
  const pbf = new PbfWriter()
  write(pbf)
  return pbf.finish().slice()
}

const tensorBytes = (t: TensorProto): Uint8Array =>
  message((p) => {
    p.writePackedVarint(1, t.dims)
    p.writeVarintField(2, t.type)
    p.writeStringField(8, t.name)
    if (t.raw) p.writeBytesField(9, t.raw)
    for (const [k, v] of t.external ?? []) {
      p.writeBytesField(
        13,
        message((e) => {
          e.writeStringField(1, k)
          e.writeStringField(2, v)
        }),
      )
    }
    if (t.external) p.writeVarintField(14, 1)
  })

const attributeBytes = (a: AttributeProto): Uint8Array =>
  message((p) => {
    p.writeStringField(1, a.name)
    if (a.type === 1) p.writeFloatField(2, a.f)
    if (a.type === 2) p.writeVarintField(3, a.i)
    if (a.type === 3) p.writeStringField(4, a.s)
    if (a.t) p.writeBytesField(5, tensorBytes(a.t))
    if (a.g) p.writeBytesField(6, graphBytes(a.g))
    for (const f of a.floats) p.writeFloatField(7, f)
    for (const i of a.ints) p.writeVarintField(8, i)
    p.writeVarintField(20, a.type)
  })

const nodeBytes = (n: NodeProto): Uint8Array =>
  message((p) => {
    for (const i of n.inputs) p.writeStringField(1, i)
    for (const o of n.outputs) p.writeStringField(2, o)
    p.writeStringField(3, n.name)
    p.writeStringField(4, n.op)
    for (const a of n.attributes.values()) p.writeBytesField(5, attributeBytes(a))
    p.writeStringField(7, n.domain)
  })

const valueBytes = (v: ValueInfo): Uint8Array =>
  message((p) => {
    p.writeStringField(1, v.name)
    const shape = message((s) => {
      for (const d of v.shape ?? [])
        s.writeBytesField(
          1,
          message((e) => (typeof d === 'number' ? e.writeVarintField(1, d) : e.writeStringField(2, d ?? ''))),
        )
    })
    const type = message((t) => {
      t.writeVarintField(1, v.type ?? 1)
      if (v.shape) t.writeBytesField(2, shape)
    })
    p.writeBytesField(
      2,
      message((t) => t.writeBytesField(1, type)),
    )
  })

const graphBytes = (g: GraphProto): Uint8Array =>
  message((p) => {
    for (const n of g.nodes) p.writeBytesField(1, nodeBytes(n))
    p.writeStringField(2, g.name)
    for (const t of g.initializers) p.writeBytesField(5, tensorBytes(t))
    for (const v of g.inputs) p.writeBytesField(11, valueBytes(v))
    for (const v of g.outputs) p.writeBytesField(12, valueBytes(v))
  })

/** The bytes of a model file. */
export const modelBytes = (m: ModelProto): Uint8Array =>
  message((p) => {
    p.writeVarintField(1, m.irVersion)
    p.writeStringField(2, m.producer)
    p.writeBytesField(7, graphBytes(m.graph))
    for (const [domain, version] of m.opsets)
      p.writeBytesField(
        8,
        message((o) => {
          o.writeStringField(1, domain)
          o.writeVarintField(2, version)
        }),
      )
  })

/** Numbers in [-1, 1) that look random, and are the same in every run. */
export function noise(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  }
}
