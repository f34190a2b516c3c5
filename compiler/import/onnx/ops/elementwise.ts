/** ONNX's operators on elements: https://onnx.ai/onnx/operators/ */
import { type At, known, type Mapping, scalar, type Value } from '../values.js'
import {
  add,
  BOOL,
  binary,
  div,
  isWhole,
  mul,
  not,
  plus,
  sub,
  times,
  unary,
  where,
  wholeQuotient,
} from './apply.js'

/** Named as in wgc's table. */
const plain: Record<string, string> = {
  Abs: 'abs',
  Acos: 'acos',
  Asin: 'asin',
  Atan: 'atan',
  Ceil: 'ceil',
  Cos: 'cos',
  Cosh: 'cosh',
  Erf: 'erf',
  Exp: 'exp',
  Floor: 'floor',
  HardSwish: 'hard_swish',
  Log: 'log',
  Mish: 'mish',
  Neg: 'neg',
  Reciprocal: 'reciprocal',
  Relu: 'relu',
  Round: 'round',
  Sigmoid: 'sigmoid',
  Sign: 'sign',
  Sin: 'sin',
  Sinh: 'sinh',
  Softplus: 'softplus',
  Softsign: 'softsign',
  Sqrt: 'sqrt',
  Tan: 'tan',
  Tanh: 'tanh',
}

const log1p = (at: At, x: Value): Value => unary(at, 'log', plus(at, x, 1))

/** Of floats: what makes no sense for whole numbers stays out. */
const float =
  (f: (at: At, x: Value) => Value): Mapping =>
  (at) =>
    f(at, at.input(0))

const unaries: Record<string, Mapping> = {
  ...Object.fromEntries(
    Object.entries(plain).map(([name, OP]): [string, Mapping] => [name, float((at, x) => unary(at, OP, x))]),
  ),
  Not: float(not),
  Identity: float((_, x) => x),
  // sign(x) ln(|x| + √(x² + 1)): for small x the sum would lose its digits, ln(1 + …) does less.
  Asinh: float((at, x) => {
    const a = unary(at, 'abs', x)
    const square = mul(at, a, a)
    const root = unary(at, 'sqrt', plus(at, square, 1))
    return mul(at, unary(at, 'sign', x), log1p(at, add(at, a, div(at, square, plus(at, root, 1)))))
  }),
  Acosh: float((at, x) => {
    const below = plus(at, x, -1)
    return log1p(at, add(at, below, unary(at, 'sqrt', mul(at, below, plus(at, x, 1)))))
  }),
  Atanh: float((at, x) => times(at, sub(at, log1p(at, x), log1p(at, unary(at, 'neg', x))), 0.5)),
  Celu: float((at, x) => unary(at, 'celu', x, at.float('alpha', 1))),
  Elu: float((at, x) => unary(at, 'elu', x, at.float('alpha', 1))),
  LeakyRelu: float((at, x) => unary(at, 'leaky_relu', x, at.float('alpha', 0.01))),
  ThresholdedRelu: float((at, x) => unary(at, 'thresholded_relu', x, at.float('alpha', 1))),
  HardSigmoid: float((at, x) => unary(at, 'hard_sigmoid', x, at.float('alpha', 0.2), at.float('beta', 0.5))),
  Gelu: float((at, x) => unary(at, at.text('approximate', 'none') === 'tanh' ? 'gelu_tanh' : 'gelu', x)),
  Selu: float((at, x) => {
    const alpha = at.float('alpha', 1.6732632423543772)
    const gamma = at.float('gamma', 1.0507009873554805)
    return times(at, unary(at, 'elu', x, alpha), gamma)
  }),
  Swish: float((at, x) => {
    const alpha = at.float('alpha', 1)
    if (alpha === 1) return unary(at, 'silu', x)
    return times(at, unary(at, 'silu', times(at, x, alpha)), 1 / alpha)
  }),
  SwiGLU: (at) => {
    const [a, b] = [at.input(0), at.input(1)]
    const alpha = at.float('alpha', 1)
    if (alpha === 1) return binary(at, 'silu_mul', a, b)
    return times(at, binary(at, 'silu_mul', times(at, a, alpha), b), 1 / alpha)
  },
  // y = x - bias beyond lambd, x + bias below -lambd, else 0.
  Shrink: float((at, x) => {
    const [bias, lambd] = [at.float('bias', 0), at.float('lambd', 0.5)]
    const outside = binary(at, 'greater', unary(at, 'abs', x), scalar(lambd), x.type)
    return mul(at, outside, sub(at, x, times(at, unary(at, 'sign', x), bias)))
  }),
  IsNaN: float((at, x) => not(at, binary(at, 'equal', x, x))),
  IsInf: float((at, x) => {
    const above = binary(at, 'greater', x, scalar(3.4028234663852886e38), BOOL)
    const below = binary(at, 'less', x, scalar(-3.4028234663852886e38), BOOL)
    if (!at.int('detect_negative', 1)) return above
    return at.int('detect_positive', 1) ? binary(at, 'or', above, below, BOOL) : below
  }),
}

const names: Record<string, string> = {
  Add: 'add',
  And: 'and',
  Equal: 'equal',
  Greater: 'greater',
  GreaterOrEqual: 'greater_equal',
  Less: 'less',
  LessOrEqual: 'less_equal',
  Mul: 'mul',
  Or: 'or',
  Sub: 'sub',
  Xor: 'xor',
}

const truths = /^(And|Equal|Greater|GreaterOrEqual|Less|LessOrEqual|Or|Xor)$/

const binaries: Record<string, Mapping> = {
  ...Object.fromEntries(
    Object.entries(names).map(([name, OP]): [string, Mapping] => [
      name,
      (at) => binary(at, OP, at.input(0), at.input(1), truths.test(name) ? BOOL : at.input(0).type),
    ]),
  ),
  Div: (at) => {
    const [a, b] = [at.input(0), at.input(1)]
    return isWhole(a.type) ? wholeQuotient(at, a, b) : div(at, a, b)
  },
  Mod: (at) => {
    const [a, b] = [at.input(0), at.input(1)]
    const rest = binary(at, at.int('fmod', 0) ? 'mod' : 'floor_mod', a, b)
    return isWhole(a.type) ? unary(at, 'round', rest) : rest
  },
  Pow: (at) => {
    const [a, b] = [at.input(0), at.input(1)]
    const exponent = b.data?.length === 1 ? b.data[0] : undefined
    const power =
      exponent === 2
        ? unary(at, 'square', a)
        : exponent === 0.5
          ? unary(at, 'sqrt', a)
          : binary(at, 'pow', a, b)
    return isWhole(a.type) ? unary(at, 'round', power) : power
  },
  PRelu: (at) => binary(at, 'prelu', at.input(0), at.input(1)),
}

/** Of any number of tensors, two at a time. */
const variadic =
  (f: (at: At, a: Value, b: Value) => Value): Mapping =>
  (at) =>
    at.inputs.map((_, i) => at.input(i)).reduce((a, b) => f(at, a, b))

/** What the kernel's constants may be. */
const CLIP_MOST = 1e38

/** Both bounds in one kernel where they are known, else one after the other. */
function clip(at: At): Value {
  const x = at.input(0)
  const old = (name: string) => {
    const bound = at.node.attributes.get(name)
    return bound && scalar(bound.f)
  }
  const [low, high] = at.opset < 11 ? [old('min'), old('max')] : [at.inputs[1], at.inputs[2]]
  const [from, to] = [low?.data?.[0], high?.data?.[0]]
  const within = (v: number | undefined): v is number => v !== undefined && Math.abs(v) <= CLIP_MOST
  if (within(from) && within(to)) return unary(at, 'clip', x, from, to)
  const above = low ? binary(at, 'max', x, low) : x
  return high ? binary(at, 'min', above, high) : above
}

export const elementwise: Record<string, Mapping> = {
  Where: (at) => where(at, at.input(0), at.input(1), at.input(2)),
  ...unaries,
  ...binaries,
  Clip: clip,
  Max: variadic((at, a, b) => binary(at, 'max', a, b)),
  Min: variadic((at, a, b) => binary(at, 'min', a, b)),
  Sum: variadic(add),
  Mean: (at) => times(at, variadic(add)(at) as Value, 1 / at.inputs.length),
  Dropout: (at) => {
    const training = at.inputs[2] ? at.must(2)[0] !== 0 : false
    const ratio = at.inputs[1] ? at.must(1)[0]! : 0.5
    if (training && ratio !== 0) at.refuse('chance, as training has it')
    const x = at.input(0)
    return [x, known(x.shape, BOOL, new Float64Array(x.shape.reduce((n, d) => n * d, 1)).fill(1))]
  },
}
