/** ONNX's quantised operators, on whole numbers that f32 holds exactly. */
import { types } from '../tensors.js'
import { type At, known, type Mapping, sizeOf, type Value, view } from '../values.js'
import { add, binary, div, mul, sub, times, unary } from './apply.js'
import { rounded } from './casts.js'
import { convolved, matmul } from './products.js'
import { reduced } from './reductions.js'
import { axisOf, expanded } from './shapes.js'

/** A scale or zero point as it broadcasts to x: one for all, one along an axis, or one for each block of it. */
function spread(at: At, v: Value, x: Value): Value {
  if (sizeOf(v.shape) === 1) return view(v, [])
  const axis = axisOf(at, at.int('axis', 1), x.shape.length)
  const block = at.int('block_size', 0)
  if (block === 0)
    return view(
      v,
      x.shape.map((d, k) => (k === axis ? d : 1)),
    )
  if (v.shape[axis]! * block !== x.shape[axis]) at.refuse('blocks that do not fill the axis')
  const split = v.shape.toSpliced(axis, 1, v.shape[axis]!, 1)
  const full = v.shape.toSpliced(axis, 1, v.shape[axis]!, block)
  return view(expanded(at, view(v, split), full), x.shape)
}

/** The least and the most that an integer type holds. */
function limits(at: At, type: number): [number, number] {
  const row = types[type]
  if (!row || row.kind === 'float' || row.kind === 'bool' || row.bits > 16)
    return at.refuse(`quantising to ${row?.name}`)
  return row.kind === 'int' ? [-(2 ** (row.bits - 1)), 2 ** (row.bits - 1) - 1] : [0, 2 ** row.bits - 1]
}

/** The nearest whole number to x / scale, moved by the zero point, within what the type holds. */
function quantize(at: At, x: Value, scale: Value, zero: Value | undefined, type: number): Value {
  // A float's zero point is 0.
  if (types[type]?.kind === 'float') return rounded(at, div(at, x, scale), type, at.int('saturate', 1) !== 0)
  const [low, high] = limits(at, type)
  const steps = unary(at, 'round', div(at, x, scale))
  return unary(at, 'clip', zero ? add(at, steps, zero) : steps, low, high, type)
}

const dequantize = (at: At, x: Value, scale: Value, zero: Value | undefined): Value =>
  mul(at, { ...(zero ? sub(at, x, zero) : x), type: scale.type }, scale)

function quantizeLinear(at: At): Value {
  const [x, scale, zero] = [at.input(0), at.input(1), at.inputs[2]]
  const type = at.int('output_dtype', 0) || (zero?.type ?? 2)
  return quantize(at, x, spread(at, scale, x), zero && spread(at, zero, x), type)
}

function dequantizeLinear(at: At): Value {
  const [x, scale, zero] = [at.input(0), at.input(1), at.inputs[2]]
  return dequantize(at, x, spread(at, scale, x), zero && spread(at, zero, x))
}

/** To uint8, with 0 among what it stands for exactly. */
function dynamicQuantize(at: At): Value[] {
  const x = at.input(0)
  const axes = x.shape.map((_, k) => k)
  const zero = known([], x.type, [0])
  const high = binary(at, 'max', reduced(at, 'max', x, axes, false), zero)
  const low = binary(at, 'min', reduced(at, 'min', x, axes, false), zero)
  const scale = times(at, sub(at, high, low), 1 / 255)
  const start = unary(at, 'round', div(at, unary(at, 'neg', low), scale))
  const point = unary(at, 'clip', start, 0, 255, 2)
  return [quantize(at, x, scale, point, 2), scale, point]
}

/** Zero points of a matrix: one, or one a row (of the left), or one a column (of the right). */
function centred(at: At, x: Value, zero: Value | undefined, rows: boolean): Value {
  if (!zero) return x
  return sub(at, x, lined(zero, rows))
}

const lined = (v: Value, rows: boolean): Value => {
  if (sizeOf(v.shape) === 1) return view(v, [])
  return v.shape.length === 1 && rows ? view(v, [...v.shape, 1]) : v
}

/** y = quantised(scale a · b): the product of whole numbers first, which f32 holds. */
function quantizedMatmul(at: At): Value {
  const [a, aScale, aZero, b, bScale, bZero, yScale, yZero] = [0, 1, 2, 3, 4, 5, 6, 7].map((i) =>
    at.input(i),
  ) as [...[Value, Value, Value, Value], ...[Value, Value, Value, Value]]
  const product = matmul(at, centred(at, a, aZero, true), centred(at, b, bZero, false))
  const scaled = mul(at, mul(at, { ...product, type: 1 }, lined(aScale, true)), lined(bScale, false))
  return quantize(at, scaled, lined(yScale, true), lined(yZero, true), yZero.type)
}

function integerMatmul(at: At): Value {
  const product = matmul(
    at,
    centred(at, at.input(0), at.inputs[2], true),
    centred(at, at.input(1), at.inputs[3], false),
  )
  return { ...product, type: 6 }
}

/** Sums of products of whole numbers, which f32 holds up to 2^24. */
function integerConv(at: At): Value {
  const [x, w] = [at.input(0), at.input(1)]
  const zero = (v: Value | undefined) => v && (sizeOf(v.shape) === 1 ? view(v, []) : perFilter(v, w))
  return { ...convolved(at, minus(at, x, zero(at.inputs[2])), minus(at, w, zero(at.inputs[3]))), type: 6 }
}

const minus = (at: At, v: Value, zero: Value | undefined): Value => (zero ? sub(at, v, zero) : v)

/** One for each filter of w. */
const perFilter = (v: Value, w: Value): Value => view(v, [v.shape[0]!, ...w.shape.slice(1).map(() => 1)])

function quantizedConv(at: At): Value {
  const [x, xScale, xZero, w, wScale, wZero, yScale, yZero] = [0, 1, 2, 3, 4, 5, 6, 7].map((i) =>
    at.input(i),
  ) as [...[Value, Value, Value, Value], ...[Value, Value, Value, Value]]
  const one = (v: Value) => view(v, [])
  const filters = (v: Value) => (sizeOf(v.shape) === 1 ? one(v) : perFilter(v, w))
  const sums = convolved(at, sub(at, x, one(xZero)), sub(at, w, filters(wZero)), at.inputs[8])
  const channels = (v: Value) =>
    sizeOf(v.shape) === 1 ? one(v) : view(v, [v.shape[0]!, ...sums.shape.slice(2).map(() => 1)])
  const scaled = mul(at, mul(at, { ...sums, type: 1 }, one(xScale)), channels(wScale))
  return quantize(at, scaled, one(yScale), one(yZero), yZero.type)
}

export const quantized: Record<string, Mapping> = {
  QuantizeLinear: quantizeLinear,
  DequantizeLinear: dequantizeLinear,
  DynamicQuantizeLinear: dynamicQuantize,
  QLinearMatMul: quantizedMatmul,
  MatMulInteger: integerMatmul,
  ConvInteger: integerConv,
  QLinearConv: quantizedConv,
}
