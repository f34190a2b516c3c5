/**
 * Operators of `com.microsoft` on quantised tensors, as what they stand for.
 * https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
 */
import { type At, type Mapping, sizeOf, type Value, view } from '../values.js'
import { add, binary, mul, sub, unary } from './apply.js'
import { softmaxOf } from './norms.js'
import { matmul } from './products.js'
import { quantized } from './quantized.js'
import { axisOf, concatenated } from './shapes.js'

/** Blocks of 2 to 8 bits along each output's row, with a scale and perhaps a zero point each, as a matrix. */
function matmulNBits(at: At): Value {
  const [K, N, bits, block] = [at.int('K', 0), at.int('N', 0), at.int('bits', 4), at.int('block_size', 32)]
  if (![2, 4, 8].includes(bits) || block < 16) at.refuse(`${bits} bits in blocks of ${block}`)
  if (at.inputs[4]) at.refuse('g_idx')
  const blocks = Math.ceil(K / block)
  const each = 8 / bits
  const [packed, scales] = [at.input(1), at.input(2)]
  if (sizeOf(packed.shape) !== (N * blocks * block) / each) at.refuse(`weights of [${packed.shape}]`)
  const zero = at.inputs[3]
  if (zero && zero.type !== 2) at.refuse('zero points that are no bytes')
  const unpack = (bytes: ArrayLike<number>, rows: number, columns: number): Float64Array => {
    const stride = Math.ceil(columns / each)
    const out = new Float64Array(rows * columns)
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++)
        out[r * columns + c] =
          (bytes[r * stride + Math.floor(c / each)]! >> ((c % each) * bits)) & ((1 << bits) - 1)
    return out
  }
  const w = at.later([packed, scales, ...(zero ? [zero] : [])], N * K, ([q, s, z]) => {
    const values = unpack(q!, N, blocks * block)
    const zeros = z && unpack(z, N, blocks)
    const out = new Float64Array(N * K)
    for (let n = 0; n < N; n++)
      for (let k = 0; k < K; k++) {
        const b = n * blocks + Math.floor(k / block)
        const centre = zeros ? zeros[b]! : 2 ** (bits - 1)
        out[n * K + k] = (values[n * blocks * block + k]! - centre) * s![b]!
      }
    return out
  })
  if (!w) return at.refuse('weights that are known only when the model runs, or too large')
  const y = matmul(at, at.input(0), { ...w, shape: [N, K] }, { TB: true })
  return at.inputs[5] ? add(at, y, at.inputs[5]) : y
}

/** Quantised operators of two tensors: what they stand for, computed, and quantised again. */
const quantizedBinary =
  (OP: string): Mapping =>
  (at) => {
    const value = (i: number): Value => {
      const x = at.input(i)
      const centred = at.inputs[i + 2] ? sub(at, x, view(at.input(i + 2), [])) : x
      return mul(at, { ...centred, type: 1 }, view(at.input(i + 1), []))
    }
    const y = binary(at, OP, value(0), value(3), 1)
    return requantized(at, y, at.input(6), at.inputs[7], at.input(0).type)
  }

function requantized(at: At, y: Value, scale: Value, zero: Value | undefined, type: number): Value {
  const made = quantized.QuantizeLinear!({
    ...at,
    inputs: [y, scale, zero],
    input: (i) => [y, scale, zero][i] ?? at.refuse(`input ${i} is missing`),
    int: (name, otherwise) => (name === 'output_dtype' ? (zero?.type ?? type) : otherwise),
  })
  return made as Value
}

/** One tensor's: (x, scale, zero, y scale, y zero). */
const quantizedUnary =
  (f: (at: At, x: Value) => Value): Mapping =>
  (at) => {
    const x = at.input(0)
    const centred = at.inputs[2] ? sub(at, x, view(at.input(2), [])) : x
    const value = mul(at, { ...centred, type: 1 }, view(at.input(1), []))
    return requantized(at, f(at, value), at.input(3), at.inputs[4], x.type)
  }

function globalMean(at: At, x: Value): Value {
  if (at.int('channels_last', 0)) at.refuse('channels_last')
  const [A, D] = [sizeOf(x.shape.slice(0, 2)), sizeOf(x.shape.slice(2))]
  const shape = x.shape.map((d, k) => (k < 2 ? d : 1))
  return at.op('reduce', { x }, { OP: 'mean' }, { A, D, S: 1 }, shape, x.type)
}

/** a · (b as it stands for), from bytes and scales; a stays in floats. */
function dynamicQuantizeMatmul(at: At): Value {
  const [a, b, scale, zero, bias] = [at.input(0), at.input(1), at.input(2), at.inputs[3], at.inputs[4]]
  const w = mul(at, { ...(zero ? sub(at, b, zero) : b), type: 1 }, scale)
  const y = matmul(at, a, w)
  return bias ? add(at, y, bias) : y
}

/** (a, b, a scale, b scale, a zero, b zero, bias): a product of bytes as floats. */
function integerToFloat(at: At): Value {
  const [a, b, zeroA, zeroB] = [at.input(0), at.input(1), at.inputs[4], at.inputs[5]]
  const left = zeroA ? sub(at, a, view(zeroA, [])) : a
  const right = zeroB ? sub(at, b, zeroB) : b
  const product = { ...matmul(at, left, right), type: 1 }
  const y = mul(at, product, mul(at, view(at.input(2), []), at.input(3)))
  return at.inputs[6] ? add(at, y, at.input(6)) : y
}

/** (y scale, y zero, then each part with its scale and zero). */
function quantizedConcat(at: At): Value {
  const count = (at.inputs.length - 2) / 3
  const parts = Array.from({ length: count }, (_, i) => {
    const [x, scale, zero] = [at.input(2 + 3 * i), at.input(3 + 3 * i), at.inputs[4 + 3 * i]]
    return mul(at, { ...(zero ? sub(at, x, view(zero, [])) : x), type: 1 }, view(scale, []))
  })
  const axis = axisOf(at, at.int('axis', 0), parts[0]!.shape.length)
  return requantized(at, concatenated(at, parts, axis), at.input(0), at.inputs[1], at.input(2).type)
}

/** Without their domain. */
export const microsoftQuantized: Record<string, Mapping> = {
  MatMulNBits: matmulNBits,
  DynamicQuantizeMatMul: dynamicQuantizeMatmul,
  MatMulIntegerToFloat: integerToFloat,
  QLinearAdd: quantizedBinary('add'),
  QLinearMul: quantizedBinary('mul'),
  QLinearConcat: quantizedConcat,
  QLinearSigmoid: quantizedUnary((at, x) => unary(at, 'sigmoid', x)),
  QLinearLeakyRelu: quantizedUnary((at, x) => unary(at, 'leaky_relu', x, at.float('alpha', 0.01))),
  QLinearGlobalAveragePool: quantizedUnary(globalMean),
  QLinearSoftmax: quantizedUnary((at, x) => softmaxOf(at, x, axisOf(at, at.int('axis', -1), x.shape.length))),
  QuantizeLinear: quantized.QuantizeLinear!,
  DequantizeLinear: quantized.DequantizeLinear!,
}
