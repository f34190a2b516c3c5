/** Functions of elements, as other mappings use them. */

import { types } from '../tensors.js'
import { type At, known, scalar, sizeOf, type Value } from '../values.js'
import { broadcast, broadcastStrides, collapse, ending } from './shapes.js'

export const BOOL = 9
export const INT64 = 7
export const FLOAT = 1

export const isWhole = (type: number): boolean => types[type]?.kind === 'int' || types[type]?.kind === 'uint'

/** Rows and their length, for operators to whom the split is all the same. */
const rows = (shape: readonly number[]) => {
  const D = shape.at(-1) ?? 1
  return { M: sizeOf(shape) / D, D }
}

/** `OP` of every element. */
export function unary(at: At, OP: string, x: Value, ALPHA = 0, BETA = 0, type = x.type): Value {
  if (sizeOf(x.shape) === 0) return known(x.shape, type, [])
  return at.op('unary', { x }, { OP, ALPHA, BETA }, rows(x.shape), x.shape, type)
}

/** Whether a tensor of this shape is a row that repeats through `whole`. */
function isRow(shape: readonly number[], whole: readonly number[]): boolean {
  const first = shape.findIndex((d) => d !== 1)
  const s = first < 0 ? [] : shape.slice(first)
  return s.every((d, k) => d === whole[k - s.length + whole.length])
}

/** Whether two values are one tensor of the graph, seen alike. */
const isSame = (a: Value, b: Value): boolean =>
  a.tensor !== undefined && a.tensor === b.tensor && a.shape.join() === b.shape.join()

const commutes = /^(add|mul|max|min|equal|and|or|xor)$/

/** `OP` of two tensors that broadcast. */
export function binary(at: At, OP: string, left: Value, right: Value, type = left.type): Value {
  // A row or a number on the right has a kernel of its own.
  const swap = sizeOf(left.shape) < sizeOf(right.shape) && commutes.test(OP)
  const [a, b] = swap ? [right, left] : [left, right]
  const shape = broadcast(at, a.shape, b.shape)
  const n = sizeOf(shape)
  if (n === 0) return known(shape, type, [])
  if (OP === 'mul' && isSame(a, b)) return unary(at, 'square', a, 0, 0, type)
  const { M, D } = rows(shape)
  const row = sizeOf(b.shape)
  if (sizeOf(a.shape) !== n || (row !== n && !isRow(b.shape, shape))) {
    const attrs = { OP, ...broadcastFacts(at, shape, { A: a, B: b }) }
    return at.op('binary_nd', { a, b }, attrs, { NA: sizeOf(a.shape), NB: row }, shape, type)
  }
  if (row === n) return at.op('binary', { a, b }, { OP, BCAST: false }, { M, B: M, D }, shape, type)
  return at.op('binary', { a, b }, { OP, BCAST: true }, { M: n / row, B: 1, D: row }, shape, type)
}

/** Axes of the kernels that broadcast. */
const AXES = 5

/** Sizes D0 to D4 of the result, and each operand's strides along them. */
function broadcastFacts(
  at: At,
  shape: readonly number[],
  operands: Record<string, Value>,
): Record<string, number> {
  const strides = Object.values(operands).map((v) => broadcastStrides(v.shape, shape))
  const [dims, ...steps] = collapse(shape, ...strides)
  if (dims.length > AXES) at.refuse(`it broadcasts along ${dims.length} axes, wgc along ${AXES} at most`)
  const facts: Record<string, number> = {}
  const set = (prefix: string, values: number[], filler: number) => {
    for (const [k, v] of ending(values, AXES, filler).entries()) facts[`${prefix}${k}`] = v
  }
  set('D', dims, 1)
  for (const [i, name] of Object.keys(operands).entries()) set(`${name}S`, steps[i]!, 0)
  return facts
}

/** a where c isn't 0, else b. */
export function where(at: At, c: Value, a: Value, b: Value): Value {
  const shape = broadcast(at, c.shape, a.shape, b.shape)
  if (sizeOf(shape) === 0) return known(shape, a.type, [])
  const sizes = { NC: sizeOf(c.shape), NA: sizeOf(a.shape), NB: sizeOf(b.shape) }
  return at.op('where_nd', { c, a, b }, broadcastFacts(at, shape, { C: c, A: a, B: b }), sizes, shape, a.type)
}

export const add = (at: At, a: Value, b: Value): Value => binary(at, 'add', a, b)
export const mul = (at: At, a: Value, b: Value): Value => binary(at, 'mul', a, b)
export const sub = (at: At, a: Value, b: Value): Value => binary(at, 'sub', a, b)
export const div = (at: At, a: Value, b: Value): Value => binary(at, 'div', a, b)
export const times = (at: At, x: Value, factor: number): Value =>
  factor === 1 ? x : mul(at, x, scalar(factor, x.type))
export const plus = (at: At, x: Value, term: number): Value =>
  term === 0 ? x : add(at, x, scalar(term, x.type))

/** Towards zero. */
export const truncated = (at: At, x: Value): Value =>
  binary(at, 'mul', unary(at, 'sign', x), unary(at, 'floor', unary(at, 'abs', x)))

/** a / b of whole numbers, towards zero: what divides is divided, so that f32's quotient is exact enough to round. */
export function wholeQuotient(at: At, a: Value, b: Value): Value {
  const rest = unary(at, 'round', binary(at, 'mod', a, b))
  return unary(at, 'round', div(at, sub(at, a, rest), b))
}

/** 1 where an element isn't 0. */
export const truth = (at: At, x: Value): Value => not(at, not(at, x))

export const not = (at: At, x: Value): Value => unary(at, 'not', x, 0, 0, BOOL)
