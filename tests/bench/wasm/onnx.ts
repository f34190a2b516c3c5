/** ONNX files of matrix products alone, written with `pbf`: field numbers are those of onnx.proto3. */
import { PbfWriter } from 'pbf'
import { arrayToF16 } from '../../../compiler/formats/f16.js'
import { noise } from '../../../compiler/ops/common.js'

export type Write = (w: PbfWriter) => void

export const FLOAT = 1
export const UINT8 = 2
export const INT32 = 6
export const INT64 = 7
export const FLOAT16 = 10

type Data = Float32Array | Uint8Array | Uint16Array | BigInt64Array

/** Halves come as their bits. */
const typeOf = (data: Data) =>
  data instanceof Float32Array
    ? FLOAT
    : data instanceof Uint16Array
      ? FLOAT16
      : data instanceof BigInt64Array
        ? INT64
        : UINT8

const message = (field: number, write: Write) => (w: PbfWriter) =>
  w.writeMessage(field, (_: null, inner: PbfWriter) => write(inner), null)

const all =
  (...parts: Write[]): Write =>
  (w) => {
    for (const part of parts) part(w)
  }

/** ValueInfoProto: a tensor of floats unless said; a size may have a name instead. */
const value = (name: string, dims: (number | string)[], type = FLOAT): Write =>
  all(
    (w) => w.writeStringField(1, name),
    message(
      2,
      message(1, (w) => {
        w.writeVarintField(1, type)
        w.writeMessage(
          2,
          (_: null, shape: PbfWriter) => {
            for (const n of dims)
              shape.writeMessage(
                1,
                (m: number | string, d: PbfWriter) =>
                  typeof m === 'number' ? d.writeVarintField(1, m) : d.writeStringField(2, m),
                n,
              )
          },
          null,
        )
      }),
    ),
  )

/** TensorProto. */
export const tensor =
  (name: string, dims: number[], data: Data): Write =>
  (w) => {
    w.writePackedVarint(1, dims)
    w.writeVarintField(2, typeOf(data))
    w.writeStringField(8, name)
    w.writeBytesField(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  }

/** TensorProto of what lies in a file beside the model's, `bytes` long from `offset`. */
export const elsewhere =
  (name: string, dims: number[], type: number, [path, offset, bytes]: [string, number, number]): Write =>
  (w) => {
    w.writePackedVarint(1, dims)
    w.writeVarintField(2, type)
    w.writeStringField(8, name)
    for (const [key, text] of Object.entries({ location: path, offset, length: bytes }))
      message(13, (entry) => {
        entry.writeStringField(1, key)
        entry.writeStringField(2, String(text))
      })(w)
    w.writeVarintField(14, 1)
  }

export interface NodeSpec {
  op: string
  /** An empty name is an input or output that is left out. */
  inputs: string[]
  output: string | string[]
  domain?: string
  ints?: Record<string, number>
  floats?: Record<string, number>
}

const ATTRIBUTE_FLOAT = 1
const ATTRIBUTE_INT = 2

const nodeProto =
  ({ op, inputs, output, domain, ints = {}, floats = {} }: NodeSpec): Write =>
  (w) => {
    for (const input of inputs) w.writeStringField(1, input)
    for (const name of [output].flat()) w.writeStringField(2, name)
    w.writeStringField(4, op)
    for (const [name, i] of Object.entries(ints))
      message(5, (a) => {
        a.writeStringField(1, name)
        a.writeVarintField(3, i)
        a.writeVarintField(20, ATTRIBUTE_INT)
      })(w)
    for (const [name, f] of Object.entries(floats))
      message(5, (a) => {
        a.writeStringField(1, name)
        a.writeFloatField(2, f)
        a.writeVarintField(20, ATTRIBUTE_FLOAT)
      })(w)
    if (domain) w.writeStringField(7, domain)
  }

export interface GraphSpec {
  nodes: NodeSpec[]
  tensors: Write[]
  inputs: Port[]
  outputs: Port[]
}

export type Port = [name: string, dims: (number | string)[], type?: number]

export function file({ nodes, tensors, inputs, outputs }: GraphSpec): Uint8Array {
  const w = new PbfWriter()
  w.writeVarintField(1, 8)
  message(7, (g) => {
    for (const n of nodes) message(1, nodeProto(n))(g)
    g.writeStringField(2, 'g')
    for (const t of tensors) message(5, t)(g)
    for (const port of inputs) message(11, value(...port))(g)
    for (const port of outputs) message(12, value(...port))(g)
  })(w)
  for (const [domain, version] of [
    ['', 17],
    ['com.microsoft', 1],
  ] as const)
    message(8, (o) => {
      o.writeStringField(1, domain)
      o.writeVarintField(2, version)
    })(w)
  return w.finish()
}

const BLOCK = 32

/** Numbers that no processor takes a slow path for. */
const floats = (count: number, size: number) =>
  Float32Array.from({ length: count }, (_, i) => size * noise(i, 3))

/** x times one matrix of the model: `MatMul`, or `MatMulNBits` in blocks of 32. Noise, or zeros. */
function product(x: string, to: string, N: number, K: number, bits: number, accuracy: number, zeros = false) {
  const weights = (count: number, size: number) => (zeros ? new Float32Array(count) : floats(count, size))
  if (bits === 32)
    return {
      node: { op: 'MatMul', inputs: [x, `${to}.w`], output: to },
      tensors: [tensor(`${to}.w`, [K, N], weights(N * K, 0.05))],
    }
  const blocks = Math.ceil(K / BLOCK)
  const bytes = new Uint8Array((N * blocks * BLOCK * bits) / 8)
  if (!zeros) for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 2654435761) >>> 13
  const scales = weights(N * blocks, 0.001).map((s) => (zeros ? 0 : 0.002 + s))
  const ints = { K, N, bits, block_size: BLOCK, accuracy_level: accuracy }
  return {
    node: { op: 'MatMulNBits', inputs: [x, `${to}.w`, `${to}.s`], output: to, domain: 'com.microsoft', ints },
    tensors: [
      tensor(`${to}.w`, [N, blocks, (BLOCK * bits) / 8], bytes),
      tensor(`${to}.s`, [N * blocks], scales),
    ],
  }
}

/** y[M,N] = x[M,K] w. */
export function linearFile(M: number, N: number, K: number, bits: number, accuracy: number): Uint8Array {
  const { node, tensors } = product('x', 'y', N, K, bits, accuracy)
  return file({ nodes: [node], tensors, inputs: [['x', [M, K]]], outputs: [['y', [M, N]]] })
}

/**
 * `x` of [m, K] times `count` matrices of 4 bits in turns, N x K and K x N, to `y`: each reads what the one before made.
 * `halves`: numbers and scales are halves. Scales stand for `block` weights.
 */
export function chainFile({ N, K, count, block, accuracy, halves }: ChainSpec): Uint8Array {
  const type = halves ? FLOAT16 : FLOAT
  const bytes = Uint8Array.from({ length: (N * K) / 2 }, (_, i) => (i * 2654435761) >>> 13)
  const scales = floats((N * K) / block, 0.001).map((s) => 0.002 + s)
  const kept = halves ? arrayToF16(scales) : scales
  const made = Array.from({ length: count }, (_, i) => {
    const [n, k] = i % 2 === 0 ? [N, K] : [K, N]
    const to = i === count - 1 ? 'y' : `y${i}`
    const ints = { K: k, N: n, bits: 4, block_size: block, accuracy_level: accuracy }
    const inputs = [i === 0 ? 'x' : `y${i - 1}`, `${to}.w`, `${to}.s`]
    return {
      node: { op: 'MatMulNBits', inputs, output: to, domain: 'com.microsoft', ints },
      tensors: [
        tensor(`${to}.w`, [n, k / block, block / 2], bytes),
        tensor(`${to}.s`, [(n * k) / block], kept),
      ],
    }
  })
  return file({
    nodes: made.map((m) => m.node),
    tensors: made.flatMap((m) => m.tensors),
    inputs: [['x', ['m', K], type]],
    outputs: [['y', ['m', count % 2 === 0 ? K : N], type]],
  })
}

export interface ChainSpec {
  N: number
  K: number
  count: number
  block: number
  accuracy: number
  halves: boolean
}

/** y = a b, both given. */
export const matmulFile = (M: number, N: number, K: number): Uint8Array =>
  file({
    nodes: [{ op: 'MatMul', inputs: ['a', 'b'], output: 'y' }],
    tensors: [],
    inputs: [
      ['a', [M, K]],
      ['b', [K, N]],
    ],
    outputs: [['y', [M, N]]],
  })

export interface LlamaDims {
  hidden: number
  ffn: number
  layers: number
  heads: number
  kvHeads: number
  headSize: number
  vocab: number
}

/** A matrix of a model: its name, what it multiplies, its columns and rows. */
export type Matrix = [name: string, x: string, N: number, K: number]

/**
 * The matrices of a llama, each of which reads what another made, so that none can be left out or done before: no
 * norms, rotations, attention, activations or sampling. Of gate and up, k and v, one is a dead end, and an output.
 */
export function matricesOf(d: LlamaDims): Matrix[] {
  const kv = d.kvHeads * d.headSize
  const layers = Array.from({ length: d.layers }, (_, i): Matrix[] => {
    const [x, l] = [i ? `down${i - 1}` : 'x', i]
    return [
      [`q${l}`, x, d.heads * d.headSize, d.hidden],
      [`k${l}`, x, kv, d.hidden],
      [`v${l}`, x, kv, d.hidden],
      [`o${l}`, `q${l}`, d.hidden, d.heads * d.headSize],
      [`gate${l}`, `o${l}`, d.ffn, d.hidden],
      [`up${l}`, `o${l}`, d.ffn, d.hidden],
      [`down${l}`, `gate${l}`, d.hidden, d.ffn],
    ]
  })
  return layers.flat()
}

/**
 * Those and, of the last row alone, the logits: what a prefill of any number of rows and a decode step multiply.
 * `zeros`: for weights.
 */
export function llamaFile(d: LlamaDims, bits: number, accuracy: number, zeros: boolean): Uint8Array {
  const matrices = matricesOf(d)
  const made = matrices.map(([name, x, N, K]) => product(x, name, N, K, bits, accuracy, zeros))
  const head = product('last', 'logits', d.vocab, d.hidden, bits, accuracy, zeros)
  const row = { op: 'Gather', inputs: [`down${d.layers - 1}`, 'at'], output: 'last', ints: { axis: 0 } }
  const read = new Set(matrices.map(([, x]) => x))
  const ends = matrices.filter(([name]) => !read.has(name) && name !== `down${d.layers - 1}`)
  return file({
    nodes: [...made.map((m) => m.node), row, head.node],
    tensors: [
      ...made.flatMap((m) => m.tensors),
      ...head.tensors,
      tensor('at', [1], new BigInt64Array([-1n])),
    ],
    inputs: [['x', ['m', d.hidden]]],
    outputs: [...ends.map(([name, , N]): Port => [name, ['m', N]]), ['logits', [1, d.vocab]]],
  })
}
