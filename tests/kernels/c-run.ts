/** Runs one C kernel on one case of its operator, in memory whose every byte outside its outputs is watched. */
import { dequantizeRow, quantizedRowBytes } from '../../compiler/ops/quantize_rows.js'
import type { Facts, OpCase, OpDef } from '../../compiler/ops/types.js'
import { evaluateExpression } from '../../compiler/specialize/index.js'
import type { Variant } from './c-kernels.js'
import { type CaseData, caseData, compare, POISON, type PortData, stepBytes } from './case-data.js'

/** Bytes around every operand: NaNs, so that a value read from there shows, each another, so that a copy does. */
const GUARD = 256

export interface Machine {
  memory: WebAssembly.Memory
  exports: Record<string, (...args: number[]) => void>
  heap: number
}

export function machine(wasm: Uint8Array): Machine {
  const memory = new WebAssembly.Memory({ initial: 256 })
  const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm as BufferSource), { env: { memory } })
  const heap = (instance.exports.__heap_base as WebAssembly.Global).value
  return { memory, exports: instance.exports as Machine['exports'], heap }
}

/** Puts operands into memory with guards around: where each is, and all that memory as it was. */
function place(
  m: Machine,
  operands: Map<string, Uint8Array>,
): { at: Map<string, number>; before: Uint8Array } {
  const at = new Map<string, number>()
  let top = Math.ceil(m.heap / 256) * 256 + GUARD
  for (const [name, bytes] of operands) {
    at.set(name, top)
    top = Math.ceil((top + bytes.length) / 256) * 256 + GUARD
  }
  const missing = top - m.memory.buffer.byteLength
  if (missing > 0) m.memory.grow(Math.ceil(missing / 65536))
  const words = new Uint32Array(m.memory.buffer, 0, top / 4)
  for (let i = Math.ceil(m.heap / 4); i < words.length; i++) words[i] = 0x7fc00000 | (i & 0x3fffff)
  const all = new Uint8Array(m.memory.buffer, 0, top)
  for (const [name, bytes] of operands) all.set(bytes, at.get(name)!)
  return { at, before: all.slice() }
}

/** Arguments for a kernel to do all work items in four calls, from the last on, as threads would. */
function callsOf({ template, params }: Variant, facts: Facts, at: Map<string, number>): number[][] {
  const env: Facts = { ...facts, ...params }
  const args = template.front.args.map((name) => at.get(name) ?? Number(env[name] ?? 0))
  const items = Number(evaluateExpression(template.front.grid[0]!, env))
  const cuts = [0, Math.min(1, items), Math.ceil(items / 3), Math.ceil((items * 3) / 4), items]
  return [4, 3, 2, 1].map((i) => [...args, cuts[i - 1]!, cuts[i]!])
}

function call(m: Machine, { kernel }: Variant, calls: number[][]): void {
  for (const args of calls) m.exports[kernel.export]!(...args)
}

/** What makes the integers that a port of type i8x32 holds, and which of them its reader takes. */
export interface Quantizer {
  variant: Variant
  which: 'wide' | 'narrow'
}

export function dequantizeRows(bytes: Uint8Array, M: number, K: number, which: Quantizer['which']) {
  const stride = quantizedRowBytes(K)
  const out = new Float64Array(M * K)
  for (let row = 0; row < M; row++)
    out.set(dequantizeRow(bytes.subarray(row * stride, (row + 1) * stride), K, which), row * K)
  return out
}

/** The port as `quantize_rows` makes it. Its values are what the integers stand for: a reader owes no more. */
function quantized(m: Machine, port: PortData, facts: Facts, { variant, which }: Quantizer): PortData {
  const [M, K] = [Number(facts.M), Number(facts.K)]
  const size = M * quantizedRowBytes(K)
  const { at } = place(
    m,
    new Map([
      ['x', port.bytes[port.name]!],
      ['y', new Uint8Array(size)],
    ]),
  )
  call(m, variant, callsOf(variant, { M, K }, at))
  const bytes = new Uint8Array(m.memory.buffer).slice(at.get('y')!, at.get('y')! + size)
  return { ...port, values: dequantizeRows(bytes, M, K, which), bytes: { [port.name]: bytes } }
}

/** The case with its integers in place, and what the reference makes of them. */
function withIntegers(m: Machine, op: OpDef, v: Variant, data: CaseData, quantizer: Quantizer): CaseData {
  const { inputs, outputs } = v.template.front.op
  const isInteger = (name: string) => inputs.find((p) => p.name === name)?.type === 'i8x32'
  const ports = data.ports.map((port) =>
    isInteger(port.name) ? quantized(m, port, data.facts, quantizer) : port,
  )
  const [M, K] = [Number(data.facts.M), Number(data.facts.K)]
  if (outputs[0]!.type === 'i8x32') {
    const y = ports.find((p) => p.name === 'y')!
    y.bytes.y = new Uint8Array(new Uint32Array((M * quantizedRowBytes(K)) / 4).fill(POISON).buffer)
  }
  if (inputs.some((p) => p.type === 'i8x32')) {
    const values = Object.fromEntries(
      ports.map((p) => [
        p.name,
        p.spec.role === 'in' ? p.values : new Float64Array(p.values.length).fill(Number.NaN),
      ]),
    )
    op.reference(values, data.facts, data.step)
    for (const port of ports) if (port.expected) port.expected = values[port.name]!
  }
  return { ...data, ports }
}

export interface Result {
  /** What differs from the reference by more than the operator's tolerance. */
  wrong: string[]
  /** What each output holds now. */
  outputs: Record<string, Uint8Array>
  data: CaseData
}

/** A case in memory, and what is to be called. */
export interface Prepared {
  op: OpDef
  variant: Variant
  data: CaseData
  at: Map<string, number>
  /** The memory's content up to behind the last guard. */
  before: Uint8Array
  /** Where the module's own data ends, and what is watched begins. */
  heap: number
  calls: number[][]
}

/** Lays the case out in the machine's memory. */
export function prepare(m: Machine, op: OpDef, variant: Variant, c: OpCase, quantizer: Quantizer): Prepared {
  const data = withIntegers(m, op, variant, caseData(op, c, variant.template.front.layouts), quantizer)
  const operands = new Map(data.ports.flatMap((p) => Object.entries(p.bytes)))
  operands.set('step', stepBytes(data.step))
  const { at, before } = place(m, operands)
  return { op, variant, data, at, before, heap: m.heap, calls: callsOf(variant, data.facts, at) }
}

export function runCase(m: Machine, op: OpDef, variant: Variant, c: OpCase, quantizer: Quantizer): Result {
  const prepared = prepare(m, op, variant, c, quantizer)
  call(m, variant, prepared.calls)
  return judge(prepared, new Uint8Array(m.memory.buffer, 0, prepared.before.length).slice())
}

/** What a kernel made of the memory; `after` is changed. */
export function judge({ op, variant, data, at, before, heap }: Prepared, after: Uint8Array): Result {
  const { front } = variant.template
  const outputs: Result['outputs'] = {}
  const wrong: string[] = []
  for (const port of data.ports) {
    if (!port.expected) continue
    const start = at.get(port.name)!
    const found = after.subarray(start, start + port.bytes[port.name]!.length)
    outputs[port.name] = found.slice()
    if (front.op.outputs[0]!.type === 'i8x32') {
      wrong.push(...compareIntegers(op, data, port, found, variant.params.RELAXED === true))
      found.set(port.bytes[port.name]!)
    } else wrong.push(...compare(op, data, port, variant.params, found))
  }
  const touched = after.findIndex((byte, i) => i >= heap && byte !== before[i])
  if (touched >= 0) wrong.push(`wrote to ${whereIs(touched, at)}`)
  return { wrong, outputs, data }
}

/** Integers against the values they stand for: 16-bit ones, and with relaxed SIMD 8-bit ones. */
function compareIntegers(
  op: OpDef,
  data: CaseData,
  port: PortData,
  found: Uint8Array,
  narrow: boolean,
): string[] {
  const [M, K] = [Number(data.facts.M), Number(data.facts.K)]
  return (narrow ? (['wide', 'narrow'] as const) : (['wide'] as const)).flatMap((which) => {
    const floats = new Uint8Array(Float32Array.from(dequantizeRows(found, M, K, which)).buffer)
    const asFloats = { ...port, bytes: { [port.name]: new Uint8Array(floats.length) } }
    return compare(op, data, asFloats, {}, floats).map((text) => `${which}: ${text}`)
  })
}

function whereIs(address: number, at: Map<string, number>): string {
  const near = [...at].filter(([, a]) => a - GUARD <= address).at(-1)
  return near ? `byte ${address - near[1]} of ${near[0]}` : `address ${address}`
}
