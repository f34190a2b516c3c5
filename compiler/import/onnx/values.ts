/** Values of an ONNX graph as translation sees them, and how operators of wgc's table are put to work on them. */
import { fail } from '../../errors.js'
import { addNode, type Builder } from '../../ir/builder.js'
import { expression, hasPort } from '../../ir/facts.js'
import type { Attr, DType, Node } from '../../ir/graph.js'
import { ops } from '../../ops/index.js'
import type { PortSpec, StepValues } from '../../ops/types.js'
import { evaluateExpression } from '../../specialize/index.js'
import type { GraphProto, NodeProto } from './protos.js'

/**
 * A tensor of the ONNX graph. Its values are known while translating (`data`), or a tensor of wgc's graph holds
 * them (`tensor`), or an input of the model does that nothing has read yet (`source`).
 *
 * wgc's tensors are flat: an operator says by its sizes how it sees them, so a reshape is another `shape`.
 */
export interface Value {
  shape: readonly number[]
  /** ONNX element type. wgc holds every one as f32, ids as u32. */
  type: number
  data?: Float64Array
  tensor?: string
  stored?: DType
  source?: string
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1)

/** The same elements under another shape, and perhaps another type. */
export function view(v: Value, shape: readonly number[], type = v.type): Value {
  if (sizeOf(shape) !== sizeOf(v.shape)) throw new TypeError(`[${v.shape}] is no [${shape}]`)
  return { ...v, shape, type }
}

export const known = (shape: readonly number[], type: number, data: ArrayLike<number>): Value => ({
  shape,
  type,
  data: Float64Array.from(data),
})

/** The same of a tensor that the model only describes: its values by index, row-major. */
export function computed(
  at: At,
  shape: readonly number[],
  type: number,
  value: (index: number) => number,
): Value {
  const n = sizeOf(shape)
  if (!(n >= 0 && n <= MAX_KNOWN)) at.refuse(`it makes a constant of [${shape.join(', ')}]`)
  const data = new Float64Array(n)
  for (let i = 0; i < n; i++) data[i] = value(i)
  return { shape, type, data }
}

/** A number that broadcasts. */
export const scalar = (value: number, type = 1): Value => known([], type, [value])

/** Inputs of the model whose values the caller can promise, asked for only when an operator needs one. */
export type Fixed = (input: string) => Float64Array | undefined

/** Elements that a tensor may have which is computed while translating: small files must not make large ones. */
export const MAX_KNOWN = 2 ** 26

const STEP: StepValues = {
  seq: 1,
  past: 0,
  seed: 0,
  top_k: 0,
  top_p: 1,
  temperature: 0,
  sample: 0,
  penalty: 1,
}

export interface Emitter {
  /**
   * Adds an operator of the table; where all operands are known its float64 reference computes them instead.
   * Returns its outputs by port, flat.
   * @param sizes every size that the operator's ports name
   */
  emit(
    op: string,
    inputs: Record<string, Value | undefined>,
    attrs: Record<string, Attr>,
    sizes: Record<string, number>,
  ): Record<string, Value>
  /** A value's elements, if they are known or the caller promises them. */
  valuesOf(v: Value): Float64Array | undefined
}

/** How an element of a port is stored. */
const storage = (spec: PortSpec): 'f32' | 'u32' => (spec.kind === 'u32' ? 'u32' : 'f32')

/** Bytes to which rows of weights are padded, in elements of f32. */
const ROW = 4

export function emitter(builder: Builder, fixed: Fixed): Emitter {
  let count = 0
  const constants = new WeakMap<Float64Array, Map<string, string>>()
  const inputs = new Map<string, string>()

  const constant = (data: Float64Array, dtype: 'f32' | 'u32'): string => {
    const names = constants.get(data) ?? new Map<string, string>()
    constants.set(data, names)
    const name = names.get(dtype) ?? `const.${count++}`
    if (names.has(dtype)) return name
    names.set(dtype, name)
    const bits = dtype === 'f32' ? Float32Array.from(data) : new Float32Array(Uint32Array.from(data).buffer)
    builder.constant(name, [data.length], bits)
    if (dtype === 'u32') builder.graph.tensors.set(name, { ...builder.graph.tensors.get(name)!, dtype })
    return name
  }

  const operand = (v: Value, dtype: 'f32' | 'u32', where: string): string => {
    if (v.data) return constant(v.data, dtype)
    if (v.source !== undefined) {
      const name = dtype === 'f32' ? v.source : `${v.source}.u32`
      if (!inputs.has(name)) builder.input(name, dtype, [sizeOf(v.shape)], v.source)
      inputs.set(name, v.source)
      return name
    }
    if (v.stored !== dtype) fail('WGC232', [where, `it reads ${dtype}, its operand is ${v.stored}`])
    return v.tensor!
  }

  /** A matrix for a port of weights. It is stored in f32 here: formats are the precision pass's business. */
  const weight = (v: Value, [rows, columns]: [number, number], where: string): string => {
    if (v.data === undefined && v.source === undefined) {
      const missing = -columns & (ROW - 1)
      if (missing === 0) return operand(v, 'f32', where)
      const sizes = { D0: 1, D1: 1, D2: rows, D3: columns }
      return operand(
        emit('pad', { x: v }, { Q3: missing, MODE: 'constant', VALUE: 0 }, sizes).y!,
        'f32',
        where,
      )
    }
    const name = `weight.${count++}`
    const tensor = builder.weight(name, [rows, columns])
    const t = builder.graph.tensors.get(tensor)!
    builder.graph.tensors.set(name, {
      ...t,
      weight: { ...t.weight!, rows: [0, rows], format: 'f32', group: 32 },
      ...(v.data ? { data: Float32Array.from(v.data) } : { alias: v.source! }),
    })
    return name
  }

  const fold = (
    name: string,
    given: Record<string, Value>,
    facts: Record<string, Attr>,
  ): Record<string, Value> => {
    const op = ops[name]!
    const ports: Record<string, Float64Array> = {}
    const outputs: Record<string, Value> = {}
    for (const [port, spec] of Object.entries(op.ports)) {
      if (!hasPort(spec, facts)) continue
      if (spec.role === 'in') {
        ports[port] = given[port]!.data!
        continue
      }
      const n = sizeOf(spec.shape.map((text) => Number(evaluateExpression(expression(text), facts))))
      if (!(n <= MAX_KNOWN)) fail('WGC232', [name, `it makes a constant of ${n} elements`])
      // An output that is read first starts as what was given for it.
      ports[port] = given[port]?.data?.slice() ?? new Float64Array(n)
      outputs[port] = { shape: [n], type: 1, data: ports[port] }
    }
    op.reference(ports, facts, STEP)
    return outputs
  }

  const emit: Emitter['emit'] = (name, given, attrs, sizes) => {
    const op = ops[name] ?? fail('WGC901', [`no operator ${name}`])
    const facts = { W: 'f32', G: 32, ...op.attrs, ...attrs, ...sizes } as Record<string, Attr>
    const here = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined)) as Record<
      string,
      Value
    >
    if (Object.values(here).every((v) => v.data)) return fold(name, here, facts)
    const node: Node = { op: name, name: `${name}.${count++}`, inputs: {}, outputs: {}, attrs, sizes }
    if (Object.values(op.ports).some((p) => p.kind === 'weight')) node.attrs = { W: 'f32', G: 32, ...attrs }
    for (const [port, v] of Object.entries(here)) {
      const spec = op.ports[port] ?? fail('WGC901', [`${name} has no port ${port}`])
      const where = `${name} ${port}`
      if (spec.kind === 'weight') {
        const [rows, columns] = spec.shape.map((text) => Number(evaluateExpression(expression(text), facts)))
        node.inputs[port] = weight(v, [rows!, columns!], where)
      } else node.inputs[port] = operand(v, storage(spec), where)
    }
    addNode(builder.graph, node)
    return Object.fromEntries(
      Object.entries(node.outputs).map(([port, tensor]): [string, Value] => {
        const t = builder.graph.tensors.get(tensor)!
        const stored = storage(op.ports[port]!)
        if (t.dtype !== stored) builder.graph.tensors.set(tensor, { ...t, dtype: stored })
        return [port, { shape: [sizeOf(t.shape as number[])], type: 1, tensor, stored }]
      }),
    )
  }

  return {
    valuesOf(v) {
      if (v.data === undefined && v.source !== undefined) {
        const data = fixed(v.source)
        if (data) v.data = data
      }
      return v.data
    },
    emit,
  }
}

/** What a mapping sees of one ONNX node. */
export interface At extends Emitter {
  node: NodeProto
  /** Version of the operator set that the node's operator is from. */
  opset: number
  inputs: (Value | undefined)[]
  /** Says that the node can't be translated, and why. */
  refuse(why: string): never
  /** An input that must be there. */
  input(i: number): Value
  /** The values of an input that must be known; undefined where it is left out. */
  values(i: number): number[] | undefined
  /** The same of an input that must be there. */
  must(i: number): number[]
  /** The one output of an operator whose output port is `y`, under the shape that ONNX says. */
  op(
    op: string,
    inputs: Record<string, Value | undefined>,
    attrs: Record<string, Attr>,
    sizes: Record<string, number>,
    shape: readonly number[],
    type: number,
  ): Value
  int(name: string, otherwise: number): number
  float(name: string, otherwise: number): number
  ints(name: string): number[] | undefined
  text(name: string, otherwise: string): string
}

/** Translates a graph within the node's, its inputs given. */
export type Body = (graph: GraphProto, inputs: (Value | undefined)[]) => (Value | undefined)[]

/** From an ONNX node to its outputs. */
export type Mapping = (at: At) => Value | (Value | undefined)[]

export function at(node: NodeProto, opset: number, inputs: (Value | undefined)[], emitter: Emitter): At {
  const where = `${node.op}${node.name ? ` ${node.name}` : ''}`
  const refuse = (why: string): never => fail('WGC232', [where, why])
  const attribute = (name: string, type: number) => {
    const a = node.attributes.get(name)
    if (a && a.type !== type && a.type !== 0) refuse(`attribute ${name} is of type ${a.type}, not ${type}`)
    return a
  }
  const input = (i: number) => inputs[i] ?? refuse(`input ${i} is missing`)
  const values: At['values'] = (i) => {
    const v = inputs[i]
    if (!v) return undefined
    return Array.from(emitter.valuesOf(v) ?? fail('WGC233', [where, node.inputs[i] ?? String(i)]))
  }
  return {
    ...emitter,
    node,
    opset,
    inputs,
    refuse,
    input,
    values,
    must: (i) => values(i) ?? refuse(`input ${i} is missing`),
    op(op, given, attrs, sizes, shape, type) {
      const odd = [...shape, ...Object.values(sizes)].find((n) => !Number.isSafeInteger(n) || n < 0)
      if (odd !== undefined) refuse(`its inputs and attributes contradict each other: a size is ${odd}`)
      return view(emitter.emit(op, given, attrs, sizes).y!, shape, type)
    },
    int: (name, otherwise) => attribute(name, 2)?.i ?? otherwise,
    float: (name, otherwise) => attribute(name, 1)?.f ?? otherwise,
    ints: (name) => attribute(name, 7)?.ints,
    text: (name, otherwise) => attribute(name, 3)?.s ?? otherwise,
  }
}
