/** Functions of elements, as other mappings use them. */

import { types } from '../tensors.js'
import { type At, known, scalar, sizeOf, type Value, view } from '../values.js'
import { broadcast, expanded } from './shapes.js'

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

const stripped = (shape: readonly number[]) => {
  const first = shape.findIndex((d) => d !== 1)
  return first < 0 ? [] : shape.slice(first)
}

/** Whether a tensor of this shape is a row that repeats through `whole`. */
function isRow(shape: readonly number[], whole: readonly number[]): boolean {
  const s = stripped(shape)
  return s.every((d, k) => d === whole[k - s.length + whole.length])
}

/** `OP` of two tensors that broadcast. */
export function binary(at: At, OP: string, a: Value, b: Value, type = a.type): Value {
  const shape = broadcast(at, a.shape, b.shape)
  const n = sizeOf(shape)
  if (n === 0) return known(shape, type, [])
  const whole = (v: Value) => (sizeOf(v.shape) === n ? v : expanded(at, v, shape))
  if (sizeOf(b.shape) === n || !isRow(b.shape, shape)) {
    const { M, D } = rows(shape)
    return at.op('binary', { a: whole(a), b: whole(b) }, { OP, BCAST: false }, { M, B: M, D }, shape, type)
  }
  const D = sizeOf(b.shape)
  return at.op('binary', { a: whole(a), b }, { OP, BCAST: true }, { M: n / D, B: 1, D }, shape, type)
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

/** Elements in another type: wgc holds them all in f32, so only what a type cannot hold changes. */
export function cast(at: At, x: Value, type: number): Value {
  const [from, to] = [types[x.type], types[type]]
  if (!from || !to) return at.refuse(`a cast to ${types[type]?.name ?? 'a type without numbers'}`)
  if (x.type === type || x.stored === 'u32') return view(x, x.shape, type)
  if (to.kind === 'bool') return from.kind === 'bool' ? view(x, x.shape, type) : truth(at, x)
  if (to.kind === 'float') {
    if (to.bits < 16) return at.refuse(`rounding to ${to.name}`)
    return view(x, x.shape, type)
  }
  if (from.kind === 'float') {
    if (to.bits < 8) return at.refuse(`a cast of floats to ${to.name}`)
    return { ...truncated(at, x), type }
  }
  if (from.kind !== 'bool' && (to.bits < from.bits || to.kind !== from.kind) && to.bits < 32)
    return at.refuse(`a cast from ${from.name} to ${to.name}, which wraps`)
  return view(x, x.shape, type)
}

/** 1 where an element isn't 0. */
export const truth = (at: At, x: Value): Value => not(at, not(at, x))

export const not = (at: At, x: Value): Value => unary(at, 'not', x, 0, 0, BOOL)
