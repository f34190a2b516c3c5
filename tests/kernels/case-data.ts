/**
 * An operator's case as data: what each port holds in float64, its bytes as a kernel finds them, and what the
 * reference makes of it. For every kernel language.
 */
import { arrayToF16, fromF16, toF16 } from '../../compiler/formats/f16.js'
import { formats, groupOf } from '../../compiler/formats/formats.js'
import { layoutNamed } from '../../compiler/formats/layouts.js'
import type { WeightFormatName } from '../../compiler/ir/graph.js'
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

/** Bytes of an element of a port that is no weight. */
export const elementBytes = (spec: PortSpec, facts: Facts): number =>
  spec.kind === 'state' && facts.KV === 'f16' ? 2 : 4

/** An element of a port that is no weight, from its bytes. */
export function readElement(spec: PortSpec, facts: Facts, view: DataView, at: number): number {
  if (spec.kind === 'u32') return view.getUint32(at, true)
  return elementBytes(spec, facts) === 2 ? fromF16(view.getUint16(at, true)) : view.getFloat32(at, true)
}

function encode(spec: PortSpec, facts: Facts, values: Float64Array): Uint8Array {
  if (spec.kind === 'u32') return new Uint8Array(Uint32Array.from(values).buffer)
  const floats = Float32Array.from(values)
  return new Uint8Array(elementBytes(spec, facts) === 2 ? arrayToF16(floats).buffer : floats.buffer)
}

function stored(spec: PortSpec, facts: Facts, value: number): number {
  if (spec.kind === 'u32') return value
  return elementBytes(spec, facts) === 2 ? fromF16(toF16(value)) : Math.fround(value)
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
    const values = Float64Array.from({ length: count }, (_, i) => stored(spec, facts, fill(i, facts, step)))
    if (spec.kind === 'weight')
      return weightData(name, spec, Float32Array.from(values), facts, layouts[name] ?? 'rows')
    if (spec.role !== 'out') return { name, spec, values, bytes: { [name]: encode(spec, facts, values) } }
    const poison = new Uint8Array(new Uint32Array(count).fill(POISON).buffer)
    return { name, spec, values: values.fill(Number.NaN), bytes: { [name]: poison } }
  })
  // No operator reads what it writes, so NaN in place of both kinds of output shows what it wrote.
  const before = ports.map(({ name, spec, values }) => {
    return [
      name,
      spec.role === 'in' ? values.slice() : new Float64Array(values.length).fill(Number.NaN),
    ] as const
  })
  const after = Object.fromEntries(before)
  op.reference(after, facts, step)
  for (const port of ports) if (port.spec.role !== 'in') port.expected = after[port.name]!
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
  const width = elementBytes(spec, facts)
  const view = new DataView(found.buffer, found.byteOffset, found.byteLength)
  const wrong: string[] = []
  expected!.forEach((want, i) => {
    if (Number.isNaN(want)) return
    const got = readElement(spec, facts, view, i * width)
    if (!(Math.abs(got - want) <= bound)) wrong.push(`${name}[${i}] is ${got}, expected ${want} ± ${bound}`)
    found.set(bytes[name]!.subarray(i * width, (i + 1) * width), i * width)
  })
  return wrong.length > 3 ? [...wrong.slice(0, 3), `${wrong.length} elements in all`] : wrong
}
