/** Values of an ONNX graph as translation sees them, and what a mapping of an operator is given. */
import { fail } from '../../errors.js'
import type { Attr, DType } from '../../ir/graph.js'
import { described } from './describe.js'
import type { Late } from './late.js'
import type { GraphProto, NodeProto } from './protos.js'

/**
 * A tensor of the ONNX graph. Its values are known while translating (`data`, or `late` where they are many), or a
 * tensor of wgc's graph holds them (`tensor`), or an input of the model does that nothing has read yet (`source`).
 *
 * wgc's tensors are flat: an operator says by its sizes how it sees them, so a reshape is another `shape`.
 */
export interface Value {
  shape: readonly number[]
  /** ONNX element type. wgc holds every one as f32, ids as u32. */
  type: number
  data?: Float64Array
  late?: Late
  tensor?: string
  stored?: DType
  source?: string
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1)

export const isKnown = (v: Value): boolean => v.data !== undefined || v.late !== undefined

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
  /** `size` elements computed from known values, when they are wanted; undefined where some are not known. */
  later(
    operands: readonly Value[],
    size: number,
    compute: (values: Float64Array[]) => Float64Array,
  ): Value | undefined
  /**
   * Whether kernels can bind a value apart from what they write, as they must what they only read: weights, gains.
   * Values that the model computes lie among what kernels write.
   */
  isApart(v: Value): boolean
  /** A value's elements, if they are known or the caller promises them. */
  valuesOf(v: Value): Float64Array | undefined
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
  const where = described(node)
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
