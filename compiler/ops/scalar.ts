/**
 * Functions of one and of two numbers in float64, by the names that `OP` of unary, binary and binary_nd may
 * have, and how exact WGSL promises them to be (its table of accuracy, section 15.7.4).
 */
import { activations, erf, sigmoid } from './activations.js'
import { F32_EPS } from './common.js'

/** Bound on an error: absolute, plus relative to the largest result. */
export interface Bound {
  abs: number
  rel: number
}

/** A few correctly rounded steps, divisions, square roots, and exp where its argument is near 0. */
const FEW: Bound = { abs: 0, rel: 16 * F32_EPS }
/** exp of x is good to 3 + 2 |x| units: 180 where it overflows. */
const EXP: Bound = { abs: 2 * F32_EPS, rel: 180 * F32_EPS }
/** tanh is promised to 1e-5; log near 1 to 2^-21. */
const TANH: Bound = { abs: 1e-5, rel: 16 * F32_EPS }
const LOG: Bound = { abs: 2 ** -20, rel: 16 * F32_EPS }
const EXACT: Bound = { abs: 0, rel: 0 }

interface Unary {
  f(x: number, alpha: number, beta: number): number
  bound: Bound
}

const u = (f: Unary['f'], bound: Bound = FEW): Unary => ({ f, bound })

/** To the nearest whole number, halves to the even one. */
function roundEven(x: number): number {
  const low = Math.floor(x)
  if (x - low !== 0.5) return Math.round(x)
  return low % 2 === 0 ? low : low + 1
}

const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))

/** ALPHA is a slope, scale, threshold or bound; clip is to ALPHA..BETA, hard_sigmoid is ALPHA x + BETA within 0..1. */
export const unaryFunctions: Record<string, Unary> = {
  silu: u(activations.silu),
  // 1.5e-7 times x / 2: the polynomial for erf (Abramowitz and Stegun 7.1.26).
  gelu: u(activations.gelu, { abs: 4e-7, rel: 16 * F32_EPS }),
  gelu_tanh: u(activations.gelu_tanh, { abs: 2e-5, rel: 16 * F32_EPS }),
  quick_gelu: u(activations.quick_gelu),
  relu: u(activations.relu, EXACT),
  sigmoid: u(sigmoid),
  tanh: u(Math.tanh, TANH),
  exp: u(Math.exp, EXP),
  log: u(Math.log, LOG),
  sqrt: u(Math.sqrt),
  rsqrt: u((x) => 1 / Math.sqrt(x)),
  neg: u((x) => -x, EXACT),
  abs: u(Math.abs, EXACT),
  sin: u(Math.sin),
  cos: u(Math.cos),
  // Up to 50 in the cases: an error of the quotient's divisor counts 50 times.
  tan: u(Math.tan, { abs: 0, rel: 128 * F32_EPS }),
  // WGSL: 6.81e-5, or as atan2 (4096 units).
  asin: u(Math.asin, { abs: 6.81e-5, rel: 4096 * F32_EPS }),
  acos: u(Math.acos, { abs: 6.81e-5, rel: 4096 * F32_EPS }),
  atan: u(Math.atan, { abs: 0, rel: 4096 * F32_EPS }),
  sinh: u(Math.sinh, EXP),
  cosh: u(Math.cosh, EXP),
  erf: u(erf, { abs: 4e-7, rel: 4 * F32_EPS }),
  softplus: u(softplus, LOG),
  softsign: u((x) => x / (1 + Math.abs(x))),
  elu: u((x, alpha) => (x > 0 ? x : alpha * Math.expm1(x))),
  /** Klambauer et al. 2017. */
  selu: u((x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x))),
  celu: u((x, alpha) => Math.max(x, 0) + Math.min(0, alpha * Math.expm1(x / alpha))),
  /** Misra 2019: x tanh(softplus(x)). */
  mish: u((x) => x * Math.tanh(softplus(x))),
  leaky_relu: u((x, alpha) => (x < 0 ? alpha * x : x)),
  thresholded_relu: u((x, alpha) => (x > alpha ? x : 0), EXACT),
  hard_sigmoid: u((x, alpha, beta) => Math.max(0, Math.min(1, alpha * x + beta))),
  hard_swish: u((x) => x * Math.max(0, Math.min(1, x / 6 + 0.5))),
  square: u((x) => x * x),
  reciprocal: u((x) => 1 / x),
  floor: u(Math.floor, EXACT),
  ceil: u(Math.ceil, EXACT),
  round: u(roundEven, EXACT),
  sign: u(Math.sign, EXACT),
  not: u((x) => Number(x === 0), EXACT),
  clip: u((x, alpha, beta) => Math.min(Math.max(x, alpha), beta), EXACT),
  affine: u((x, alpha, beta) => alpha * x + beta),
  /** Within (-ALPHA, ALPHA), as Gemma 2 keeps logits. */
  softcap: u((x, alpha) => alpha * Math.tanh(x / alpha), { abs: 5e-5, rel: 16 * F32_EPS }),
}

export interface Binary {
  f(a: number, b: number): number
  bound: Bound
  /** Operations, as a division is one. */
  flops: number
}

const b = (f: Binary['f'], bound: Bound = FEW, flops = 1): Binary => ({ f, bound, flops })
const gated = (g: (x: number) => number, bound: Bound = FEW) => b((x, y) => g(x) * y, bound, 5)
const truth = (f: (x: number, y: number) => boolean) => b((x, y) => Number(f(x, y)), EXACT)

/** Comparisons give 1 or 0; and, or, xor take every number but 0 for true. */
export const binaryFunctions: Record<string, Binary> = {
  add: b((x, y) => x + y),
  mul: b((x, y) => x * y),
  silu_mul: gated(activations.silu),
  gelu_mul: gated(activations.gelu, { abs: 8e-7, rel: 16 * F32_EPS }),
  gelu_tanh_mul: gated(activations.gelu_tanh, { abs: 4e-5, rel: 16 * F32_EPS }),
  quick_gelu_mul: gated(activations.quick_gelu),
  relu_mul: gated(activations.relu),
  sub: b((x, y) => x - y),
  div: b((x, y) => x / y),
  min: b(Math.min, EXACT),
  max: b(Math.max, EXACT),
  // WGSL: as exp2(b log2(a)). log2 is off by 2^-21 near 1, by 3 units elsewhere, and exp2 multiplies that.
  pow: b((x, y) => x ** y, { abs: 0, rel: 512 * F32_EPS }, 8),
  prelu: b((x, y) => (x < 0 ? x * y : x)),
  /** Of a, with a's sign, as C's fmod. */
  mod: b((x, y) => x % y, { abs: 2e-5, rel: 0 }),
  /** With b's sign, as Python's %. */
  floor_mod: b((x, y) => x - y * Math.floor(x / y), { abs: 2e-5, rel: 0 }),
  equal: truth((x, y) => x === y),
  less: truth((x, y) => x < y),
  less_equal: truth((x, y) => x <= y),
  greater: truth((x, y) => x > y),
  greater_equal: truth((x, y) => x >= y),
  and: truth((x, y) => x !== 0 && y !== 0),
  or: truth((x, y) => x !== 0 || y !== 0),
  xor: truth((x, y) => (x !== 0) !== (y !== 0)),
}
