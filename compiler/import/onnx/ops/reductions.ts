/** ONNX's operators that make one number of an axis, or go along one. */
import { type At, known, type Mapping, sizeOf, type Value, view } from '../values.js'
import { INT64 } from './apply.js'
import { around, axisOf, transposed } from './shapes.js'

/** What a reduction of no element at all is. */
const ofNothing: Record<string, number> = {
  ...{ sum: 0, mean: Number.NaN, prod: 1, max: -Infinity, min: Infinity },
  ...{ l1: 0, l2: 0, sumsq: 0, logsum: -Infinity, logsumexp: -Infinity },
}

/** Axes that lie side by side in memory are one; others are brought there first. */
export function reduced(at: At, OP: string, x: Value, axes: readonly number[], keep: boolean): Value {
  const gone = [...new Set(axes)].sort((a, b) => a - b)
  const shape = keep
    ? x.shape.map((d, k) => (gone.includes(k) ? 1 : d))
    : x.shape.filter((_, k) => !gone.includes(k))
  if (sizeOf(x.shape) === 0) return known(shape, x.type, new Float64Array(sizeOf(shape)).fill(ofNothing[OP]!))
  const first = gone[0] ?? x.shape.length
  const adjacent = gone.every((axis, i) => axis === first + i)
  const rest = x.shape.map((_, k) => k).filter((k) => !gone.includes(k))
  const source = adjacent ? x : transposed(at, x, [...rest, ...gone])
  const D = sizeOf(gone.map((k) => x.shape[k]!))
  const A = adjacent ? sizeOf(x.shape.slice(0, first)) : sizeOf(x.shape) / D
  const S = adjacent ? sizeOf(x.shape.slice(first + gone.length)) : 1
  return at.op('reduce', { x: source }, { OP }, { A, D, S }, shape, x.type)
}

/** `since`: from this operator set on, axes are an input. */
const reduction =
  (OP: string, since = 18): Mapping =>
  (at) => {
    const x = at.input(0)
    const given = at.opset >= since ? at.values(1) : at.ints('axes')
    const all = given === undefined || given.length === 0
    if (all && at.int('noop_with_empty_axes', 0)) return reduced(at, OP, x, [], true)
    const axes = all ? x.shape.map((_, k) => k) : given.map((a) => axisOf(at, a, x.shape.length))
    return reduced(at, OP, x, axes, at.int('keepdims', 1) !== 0)
  }

const arg =
  (OP: string): Mapping =>
  (at) => {
    const x = at.input(0)
    const axis = axisOf(at, at.int('axis', 0), x.shape.length)
    const PICK = at.int('select_last_index', 0) ? 'last' : 'first'
    const shape = at.int('keepdims', 1)
      ? x.shape.map((d, k) => (k === axis ? 1 : d))
      : x.shape.filter((_, k) => k !== axis)
    return at.op('argreduce', { x }, { OP, PICK }, around(x.shape, axis), shape, INT64)
  }

function cumulativeSum(at: At): Value {
  const x = at.input(0)
  const axis = axisOf(at, at.must(1)[0]!, x.shape.length)
  const attrs = { EXCLUSIVE: at.int('exclusive', 0) !== 0, REVERSE: at.int('reverse', 0) !== 0 }
  return view(at.op('cumsum', { x }, attrs, around(x.shape, axis), x.shape, x.type), x.shape)
}

export const reductions: Record<string, Mapping> = {
  ReduceSum: reduction('sum', 13),
  ReduceMean: reduction('mean'),
  ReduceMax: reduction('max'),
  ReduceMin: reduction('min'),
  ReduceProd: reduction('prod'),
  ReduceL1: reduction('l1'),
  ReduceL2: reduction('l2'),
  ReduceSumSquare: reduction('sumsq'),
  ReduceLogSum: reduction('logsum'),
  ReduceLogSumExp: reduction('logsumexp'),
  ArgMax: arg('argmax'),
  ArgMin: arg('argmin'),
  CumSum: cumulativeSum,
}
