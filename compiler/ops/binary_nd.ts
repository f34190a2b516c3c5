import { binaryFill, binaryFunction } from './binary.js'
import { num } from './common.js'
import { coordinates, listed, numbered, product } from './moves.js'
import { binaryFunctions } from './scalar.js'
import type { Facts, OpCase, OpDef } from './types.js'

const AXES = 5

/** Elements that an operand of these strides has: up to the last one that is read. */
const extent = (dims: number[], strides: number[]): number =>
  dims.reduce((last, size, k) => last + (size - 1) * strides[k]!, 1)

/**
 * Facts of dims (at most five) and of operands by their strides: `{ A: [3, 1] }` gives AS0 to AS4, and NA, the
 * elements that are read.
 */
export const stridedFacts = (dims: number[], operands: Record<string, number[]>): Facts =>
  Object.assign(
    numbered('D', dims, AXES, 1),
    ...Object.entries(operands).map(([name, strides]) => ({
      ...numbered(`${name}S`, strides, AXES, 0),
      [`N${name}`]: extent(dims, strides),
    })),
  )

/** Attributes of an operand's strides. */
export const strideAttrs = (name: string) =>
  Object.fromEntries(Array.from({ length: AXES }, (_, k) => [`${name}S${k}`, undefined]))

/** For each element of the result, by the facts: where it lies in the operand `name`. */
export function placesOf(facts: Facts, names: string[]): number[][] {
  const dims = listed(facts, 'D', AXES)
  const strides = names.map((name) => listed(facts, `${name}S`, AXES))
  return Array.from({ length: product(dims) }, (_, i) => {
    const at = coordinates(i, dims)
    return strides.map((s) => at.reduce((sum, c, k) => sum + c * s[k]!, 0))
  })
}

export const countOf = (facts: Facts): number => product(listed(facts, 'D', AXES))

export const DIMS = ['D0', 'D1', 'D2', 'D3', 'D4']

const at = (OP: string, name: string, dims: number[], A: number[], B: number[]): OpCase => ({
  name: `${OP}, ${name}`,
  facts: { ...stridedFacts(dims, { A, B }), OP },
  fill: binaryFill,
})

export const binary_nd: OpDef = {
  name: 'binary_nd',
  doc: 'OP of a and b over up to five axes, each read by its strides: 0 repeats it along an axis.',
  ports: {
    a: { role: 'in', kind: 'f32', shape: ['NA'] },
    b: { role: 'in', kind: 'f32', shape: ['NB'] },
    y: { role: 'out', kind: 'f32', shape: DIMS },
  },
  attrs: { OP: undefined, ...numbered('D', [], AXES, 1), ...strideAttrs('A'), ...strideAttrs('B') },
  reference({ a, b, y }, facts) {
    const { f } = binaryFunction(facts)
    placesOf(facts, ['A', 'B']).forEach(([i, j], to) => {
      y![to] = f(a![i!]!, b![j!]!)
    })
  },
  tolerance: (facts) => binaryFunction(facts).bound,
  cost: (facts) => {
    const n = countOf(facts)
    return { flops: n * binaryFunction(facts).flops, bytes: 4 * (n + num(facts, 'NA') + num(facts, 'NB')) }
  },
  cases: [
    at('sub', 'one element', [1], [0], [0]),
    at('sub', 'five axes', [2, 3, 4, 5, 7], [420, 140, 35, 7, 1], [1, 2, 6, 24, 120]),
    at('div', 'both broadcast', [3, 5, 2, 4, 6], [240, 0, 24, 0, 1], [0, 12, 0, 3, 0]),
    at('sub', 'a row', [3, 37], [37, 1], [0, 1]),
    at('sub', 'a column', [3, 37], [37, 1], [1, 0]),
    at('sub', 'a number', [3, 37], [0, 0], [37, 1]),
    at('sub', 'more than a workgroup', [5, 53], [53, 1], [1, 5]),
    ...Object.keys(binaryFunctions).map((OP) => at(OP, 'outer', [7, 11], [1, 0], [0, 1])),
  ],
}
