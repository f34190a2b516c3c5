/**
 * An operator's case as data: what each port holds in float64, its bytes as a kernel finds them, and what the
 * reference makes of it. For every kernel language.
 */
import { arrayToF16, fromF16 } from '../../compiler/formats/f16.js'
import { formats, groupOf } from '../../compiler/formats/formats.js'
import {
  decodeKv,
  encodeKv,
  isKvGrouped,
  KV_GROUP,
  kvBytes,
  kvStoreError,
} from '../../compiler/formats/kv.js'
import { layoutNamed } from '../../compiler/formats/layouts.js'
import type { KvType, WeightFormatName } from '../../compiler/ir/graph.js'
import { noise } from '../../compiler/ops/common.js'
import type { Facts, OpCase, OpDef, PortSpec, StepValues } from '../../compiler/ops/types.js'
import { evaluateExpression, parseExpression } from '../../compiler/specialize/index.js'

export interface PortData {
  name: string
  spec: PortSpec
  /** Values before the kernel runs, as stored; NaN in an output. */
  values: Float64Array
  /** Bytes by binding: the port's own, and `<name>_scale` of a weight whose layout keeps scales apart. */
  bytes: Record<string, Uint8Array>
  /** Outputs only: values afterwards, NaN where the operator leaves an element alone. */
  expected?: Float64Array
}

export interface CaseData {
  facts: Facts
  step: StepValues
  ports: PortData[]
}

/** A NaN that no kernel makes. */
export const POISON = 0x7fc5a5a5

export const holds = (condition: string, facts: Facts): boolean =>
  evaluateExpression(parseExpression(condition), facts) === true

const size = (text: string, facts: Facts) => Number(evaluateExpression(parseExpression(text), facts))

/** How elements of a port that is no weight are stored: words, or like a vector of the KV cache. */
const storage = (spec: PortSpec, facts: Facts): KvType | 'u32' =>
  spec.kind === 'u32' ? 'u32' : spec.kind === 'state' ? (facts.KV as KvType) : 'f32'

/** Elements that are stored together: a head vector of a quantised cache, else one. */
function unit(spec: PortSpec, facts: Facts): { elements: number; bytes: number } {
  const type = storage(spec, facts)
  if (type === 'u32') return { elements: 1, bytes: 4 }
  const elements = isKvGrouped(type) ? Number(facts.HD) : 1
  return { elements, bytes: kvBytes(type, elements) }
}

function encode(spec: PortSpec, facts: Facts, values: Float64Array): Uint8Array {
  const type = storage(spec, facts)
  if (type === 'u32') return new Uint8Array(Uint32Array.from(values).buffer)
  if (isKvGrouped(type)) return encodeKv(type, values, Number(facts.HD))
  const floats = Float32Array.from(values)
  return new Uint8Array(type === 'f16' ? arrayToF16(floats).buffer : floats.buffer)
}

function decode(spec: PortSpec, facts: Facts, bytes: Uint8Array): Float64Array {
  const type = storage(spec, facts)
  if (type !== 'u32' && isKvGrouped(type)) return decodeKv(type, bytes, Number(facts.HD))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const width = unit(spec, facts).bytes
  const read = (at: number) =>
    type === 'u32'
      ? view.getUint32(at, true)
      : type === 'f16'
        ? fromF16(view.getUint16(at, true))
        : view.getFloat32(at, true)
  return Float64Array.from({ length: bytes.length / width }, (_, i) => read(i * width))
}

/** What storing adds to an operator's tolerance, by element: quantising has a bound for each group. */
function storeErrors(spec: PortSpec, facts: Facts, values: Float64Array): (i: number) => number {
  const type = storage(spec, facts)
  if (type === 'u32' || !isKvGrouped(type)) return () => 0
  const HD = Number(facts.HD)
  return (i) => {
    const row = i - (i % HD)
    const from = row + Math.floor((i % HD) / KV_GROUP) * KV_GROUP
    return kvStoreError(type, values.subarray(from, Math.min(from + KV_GROUP, row + HD)))
  }
}

function weightData(
  name: string,
  spec: PortSpec,
  floats: Float32Array,
  facts: Facts,
  layout: string,
): PortData {
  const format = facts.W as WeightFormatName
  const [n, k] = spec.shape.map((text) => size(text, facts)) as [number, number]
  const block = formats[format].quantizeRows(floats, n, k, groupOf(format, Number(facts.G)))
  const packed = layoutNamed(layout).pack(format, block)
  const bytes: Record<string, Uint8Array> = { [name]: packed.data }
  if (packed.scale.length > 0) bytes[`${name}_scale`] = packed.scale
  return { name, spec, values: formats[format].decode(block), bytes }
}

/**
 * The data of one case.
 * @param layouts weight port to layout, where it isn't `rows`
 */
export function caseData(op: OpDef, opCase: OpCase, layouts: Record<string, string> = {}): CaseData {
  const facts = opCase.facts
  const seq = typeof facts.M === 'number' ? facts.M : 1
  const step: StepValues = {
    ...{ seq, past: 0, seed: 1, top_k: 0, top_p: 1, temperature: 0, penalty: 1, sample: 1 },
    ...opCase.step,
  }
  // As the uniform stores them.
  step.top_p = Math.fround(step.top_p)
  step.temperature = Math.fround(step.temperature)
  step.penalty = Math.fround(step.penalty)
  const present = Object.entries(op.ports).filter(([, { when }]) => when === undefined || holds(when, facts))
  const ports = present.map(([name, spec], stream): PortData => {
    const count = spec.shape.reduce((product, text) => product * size(text, facts), 1)
    const fill = opCase.fill?.[name] ?? op.fill?.[name] ?? ((i: number) => noise(i, stream))
    const filled = Float64Array.from({ length: count }, (_, i) => fill(i, facts, step))
    if (spec.kind === 'weight')
      return weightData(name, spec, Float32Array.from(filled), facts, layouts[name] ?? 'rows')
    if (spec.role !== 'out') {
      const bytes = encode(spec, facts, filled)
      return { name, spec, values: decode(spec, facts, bytes), bytes: { [name]: bytes } }
    }
    const poison = new Uint8Array(new Uint32Array(count).fill(POISON).buffer)
    return { name, spec, values: filled.fill(Number.NaN), bytes: { [name]: poison } }
  })
  // NaN in place of outputs shows what was written; of what is read as well, that it has changed.
  const after = Object.fromEntries(ports.map(({ name, values }) => [name, values.slice()]))
  op.reference(after, facts, step)
  for (const port of ports) {
    if (port.spec.role === 'in') continue
    port.expected = after[port.name]!.map((value, i) =>
      Object.is(value, port.values[i]) ? Number.NaN : value,
    )
  }
  return { facts, step, ports }
}

/** The step uniform: 32 bytes, as in `runtime/format.ts`. */
export function stepBytes(step: StepValues): Uint8Array {
  const view = new DataView(new ArrayBuffer(32))
  const words = [step.seq, step.past, step.seed, step.top_k]
  words.forEach((value, i) => {
    view.setUint32(4 * i, value, true)
  })
  view.setFloat32(16, step.top_p, true)
  view.setFloat32(20, step.temperature, true)
  view.setUint32(24, step.sample, true)
  view.setFloat32(28, step.penalty, true)
  return new Uint8Array(view.buffer)
}

/**
 * Compares a port's bytes with what is expected, within the operator's tolerance, and puts back what was there
 * before, so that the caller can check that nothing else has changed. Returns the first few differences.
 */
export function compare(
  op: OpDef,
  { facts }: CaseData,
  { name, spec, expected, bytes }: PortData,
  variant: Facts,
  found: Uint8Array,
): string[] {
  const { abs, rel } = op.tolerance({ ...facts, ...variant })
  const largest = expected!.reduce((max, x) => Math.max(max, Math.abs(x) || 0), 0)
  const bound = abs + rel * largest
  const together = unit(spec, facts)
  const values = decode(spec, facts, found)
  const storing = storeErrors(spec, facts, expected!)
  const wrong: string[] = []
  expected!.forEach((want, i) => {
    if (Number.isNaN(want)) return
    const [got, most] = [values[i]!, bound + storing(i)]
    if (!(Math.abs(got - want) <= most)) wrong.push(`${name}[${i}] is ${got}, expected ${want} ± ${most}`)
    const at = Math.floor(i / together.elements) * together.bytes
    found.set(bytes[name]!.subarray(at, at + together.bytes), at)
  })
  return wrong.length > 3 ? [...wrong.slice(0, 3), `${wrong.length} elements in all`] : wrong
}
