/**
 * Activations as bytes (`i8x4`) or halves (`f16`): what a kernel that reads them is given, and whether one that makes
 * them is right.
 */
import { arrayToF16, F16_MAX, fromF16 } from '../../compiler/formats/f16.js'
import { byteRowBytes, dequantizeByteRow, quantizedBlocks } from '../../compiler/ops/quantize_rows.js'
import type { Facts, OpDef } from '../../compiler/ops/types.js'
import { evaluateExpression, parseExpression, type Template } from '../../compiler/specialize/index.js'
import { type CaseData, POISON, type PortData } from './case-data.js'

const BLOCK = 32

type Narrow = 'i8x4' | 'f16'

/** Ports of a template that hold activations as bytes or halves, and as which. */
export const narrowPorts = ({ front: { op } }: Template): Record<string, Narrow> =>
  Object.fromEntries(
    [...op.inputs, ...op.outputs]
      .filter((p) => p.type === 'i8x4' || p.type === 'f16')
      .map((p) => [p.name, p.type as Narrow]),
  )

interface Block {
  scale: number
  bytes: number[]
}

/** A block's exact scale and bytes. */
function quantize(values: Float64Array): Block {
  const largest = values.reduce((max, x) => Math.max(max, Math.abs(x)), 0)
  const scale = largest > 1e-30 ? largest / 127 : 0
  return { scale, bytes: Array.from(values, (x) => (scale > 0 ? Math.round(x / scale) : 0)) }
}

const blocksOf = (row: Float64Array): Float64Array[] =>
  Array.from({ length: quantizedBlocks(row.length) }, (_, b) => row.slice(b * BLOCK, (b + 1) * BLOCK))

function packRow(row: Float64Array): Uint8Array {
  const blocks = blocksOf(row).map(quantize)
  const view = new DataView(new ArrayBuffer(byteRowBytes(row.length)))
  blocks.forEach(({ scale, bytes }, b) => {
    bytes.forEach((q, i) => {
      view.setInt8(b * BLOCK + i, q)
    })
    view.setFloat32(blocks.length * BLOCK + 4 * b, scale, true)
    const sum = bytes.reduce((total, q) => total + q, 0)
    view.setInt32(blocks.length * (BLOCK + 4) + 4 * b, sum, true)
  })
  return new Uint8Array(view.buffer)
}

const rowsOf = ({ values }: PortData, K: number): Float64Array[] =>
  Array.from({ length: values.length / K }, (_, m) => values.slice(m * K, (m + 1) * K))

/** Columns of a port's rows. */
const columnsOf = ({ spec }: PortData, facts: Facts): number =>
  Number(evaluateExpression(parseExpression(spec.shape.at(-1) ?? '1'), facts))

/** The port as bytes. Its values are what they stand for: a reader owes no more. */
function asBytes(port: PortData, K: number): PortData {
  if (port.expected) {
    const words = (port.values.length / K) * (byteRowBytes(K) / 4)
    return { ...port, bytes: { [port.name]: new Uint8Array(new Uint32Array(words).fill(POISON).buffer) } }
  }
  const rows = rowsOf(port, K).map(packRow)
  const values = Float64Array.from(rows.flatMap((row) => [...dequantizeByteRow(row, K)]))
  return { ...port, values, bytes: { [port.name]: new Uint8Array(Buffer.concat(rows)) } }
}

/** The port as halves. */
function asHalves(port: PortData): PortData {
  const bits = arrayToF16(Float32Array.from(port.values))
  if (port.expected) bits.fill(POISON & 0xffff)
  const values = port.expected ? port.values : Float64Array.from(bits, fromF16)
  return { ...port, values, bytes: { [port.name]: new Uint8Array(bits.buffer) } }
}

/** A case with some ports narrower, and what the reference makes of them. */
export function withNarrow(op: OpDef, data: CaseData, narrow: Record<string, Narrow>): CaseData {
  const ports = data.ports.map((port) => {
    const type = narrow[port.name]
    return type === undefined
      ? port
      : type === 'f16'
        ? asHalves(port)
        : asBytes(port, columnsOf(port, data.facts))
  })
  const values = Object.fromEntries(
    ports.map(({ name, spec, values }) => [name, spec.role === 'in' ? values : values.slice()]),
  )
  op.reference(values, data.facts, data.step)
  return { ...data, ports: ports.map((p) => (p.expected ? { ...p, expected: values[p.name]! } : p)) }
}

/** What is wrong with what a kernel made narrower; puts back what was there before. */
export function compareNarrow(
  type: Narrow,
  op: OpDef,
  data: CaseData,
  port: PortData,
  variant: Facts,
  found: Uint8Array,
): string[] {
  if (type === 'f16') return compareHalves(port, found)
  // A conversion owes the very bytes, a kernel that computes as well what its operator owes.
  const { abs, rel } =
    op.name === 'quantize_rows' ? { abs: 0, rel: 0 } : op.tolerance({ ...data.facts, ...variant })
  const largest = port.expected!.reduce((max, x) => Math.max(max, Math.abs(x)), 0)
  return compareBytes(data, port, found, abs + rel * largest)
}

/** A half is one of the two nearest: WGSL leaves open how it rounds. */
function compareHalves({ name, expected, bytes }: PortData, found: Uint8Array): string[] {
  const view = new DataView(found.buffer, found.byteOffset, found.byteLength)
  const wrong: string[] = []
  expected!.forEach((value, i) => {
    const want = Math.min(Math.max(value, -F16_MAX), F16_MAX)
    const got = fromF16(view.getUint16(2 * i, true))
    if (!(Math.abs(got - want) <= Math.max(Math.abs(want) * 2 ** -10, 2 ** -24)))
      wrong.push(`${name}[${i}] is ${got}, expected ${want}`)
  })
  found.set(bytes[name]!)
  return wrong.slice(0, 4)
}

/** Rows that a kernel quantised, of values that are off by `bound` at most. */
function compareBytes({ facts }: CaseData, port: PortData, found: Uint8Array, bound: number): string[] {
  const { name, expected, bytes } = port
  const K = columnsOf(port, facts)
  const wrong: string[] = []
  rowsOf({ values: expected! } as PortData, K).forEach((row, m) => {
    const view = new DataView(found.buffer, found.byteOffset + m * byteRowBytes(K), byteRowBytes(K))
    const blocks = blocksOf(row)
    blocks.forEach((values, b) => {
      const where = `${name}, row ${m}, block ${b}`
      const want = quantize(values)
      const scale = view.getFloat32(blocks.length * BLOCK + 4 * b, true)
      if (!(Math.abs(scale - want.scale) <= want.scale * 2 ** -21 + bound / 127))
        wrong.push(`${where}: scale ${scale}, expected ${want.scale}`)
      let sum = 0
      for (let i = 0; i < BLOCK; i++) {
        const q = view.getInt8(b * BLOCK + i)
        sum += q
        const exact = scale > 0 ? (values[i] ?? 0) / scale : 0
        const off = scale > 0 ? bound / scale : 0
        if (!(Math.abs(q - exact) < 0.501 + off)) wrong.push(`${where}: byte ${i} is ${q}, expected ${exact}`)
      }
      const said = view.getInt32(blocks.length * (BLOCK + 4) + 4 * b, true)
      if (said !== sum) wrong.push(`${where}: sum ${said}, its bytes make ${sum}`)
    })
  })
  found.set(bytes[name]!)
  return wrong.length > 3 ? [...wrong.slice(0, 3), `${wrong.length} faults in all`] : wrong
}
