/** Operators computed while translating, by their float64 references; those that move much by quicker loops. */
import type { Attr } from '../../ir/graph.js'
import { binary } from '../../ops/binary.js'
import type { OpDef, StepValues } from '../../ops/types.js'

type Facts = Record<string, Attr>
type Values = Record<string, Float64Array>

const STEP: StepValues = {
  ...{ seq: 1, past: 0, seed: 0, top_k: 0, top_p: 1, temperature: 0, sample: 0 },
  penalty: 1,
}

const listed = (facts: Facts, prefix: string, n: number): number[] =>
  Array.from({ length: n }, (_, k) => Number(facts[`${prefix}${k}`] ?? 0))

/**
 * Calls `each` for every element of a shape with the places that strides lead to: an odometer, as weights of
 * millions of elements pass through it.
 */
export function odometer(
  dims: readonly number[],
  strides: readonly (readonly number[])[],
  starts: readonly number[],
  each: (to: number, places: Int32Array) => void,
): void {
  const places = Int32Array.from(starts)
  const index = new Int32Array(dims.length)
  const n = dims.reduce((a, b) => a * b, 1)
  for (let to = 0; to < n; to++) {
    each(to, places)
    for (let k = dims.length - 1; k >= 0; k--) {
      for (let s = 0; s < strides.length; s++) places[s]! += strides[s]![k]!
      index[k]!++
      if (index[k]! < dims[k]!) break
      for (let s = 0; s < strides.length; s++) places[s]! -= dims[k]! * strides[s]![k]!
      index[k] = 0
    }
  }
}

/** Operators whose references look up a place at a time what strides lead to one after another. */
const quick: Record<string, (given: Values, y: Float64Array, facts: Facts) => void> = {
  binary_nd: ({ a, b }, y, facts) => {
    // The table's own function, on operands brought to one shape.
    const dims = listed(facts, 'D', 5)
    const [left, right] = [new Float64Array(y.length), new Float64Array(y.length)]
    odometer(dims, [listed(facts, 'AS', 5), listed(facts, 'BS', 5)], [0, 0], (to, places) => {
      left[to] = a![places[0]!]!
      right[to] = b![places[1]!]!
    })
    binary.reference({ a: left, b: right, y }, { OP: facts.OP!, BCAST: false, M: 1, D: y.length }, STEP)
  },
  copy_nd: ({ x }, y, facts) => {
    odometer(listed(facts, 'D', 6), [listed(facts, 'XS', 6)], [Number(facts.X0 ?? 0)], (to, places) => {
      y[to] = x![places[0]!]!
    })
  },
}

/**
 * Outputs of an operator, by port.
 * @param given operands by port; one that an operator goes on writing in is left as it was
 * @param sizes elements of each output
 */
export function folded(op: OpDef, given: Values, facts: Facts, sizes: Record<string, number>): Values {
  const outputs = Object.fromEntries(
    // An output that is read first starts as what was given for it.
    Object.entries(sizes).map(([port, n]) => [port, given[port]?.slice() ?? new Float64Array(n)]),
  )
  const fast = quick[op.name]
  if (fast) fast(given, outputs.y!, facts)
  else op.reference({ ...given, ...outputs }, facts, STEP)
  return outputs
}
