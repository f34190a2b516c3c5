/**
 * Operators of `com.microsoft` that onnxruntime's optimiser and quantiser put into encoders.
 * https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
 */
import { type At, known, type Mapping, sizeOf, type Value, view } from '../values.js'
import { add, BOOL, binary, times, unary } from './apply.js'
import { gathered } from './indexing.js'
import { microsoftQuantized } from './microsoft-quantized.js'
import { normedRows } from './norms.js'
import { convolved, matmul } from './products.js'
import { axisOf, expanded, transposed } from './shapes.js'

const wanted = (at: At, i: number): boolean => (at.node.outputs[i] ?? '') !== ''

/** norm(input + skip + bias), and the sum itself. */
const skipNorm =
  (op: 'layernorm' | 'rmsnorm'): Mapping =>
  (at) => {
    const layer = op === 'layernorm'
    const [gain, shift, bias] = [at.input(2), layer ? at.inputs[3] : undefined, at.inputs[layer ? 4 : 3]]
    const sum = add(at, at.input(0), at.input(1))
    const x = bias ? add(at, sum, bias) : sum
    const axis = x.shape.length - 1
    const y = normedRows(at, op, x, { g: gain, b: shift, axis, EPS: at.float('epsilon', 1e-5) })
    return [y, undefined, undefined, x]
  }

const activations: Record<string, string> = {
  ...{ Relu: 'relu', Sigmoid: 'sigmoid', Tanh: 'tanh', Silu: 'silu', Swish: 'silu' },
  ...{ Gelu: 'gelu', FastGelu: 'gelu_tanh', HardSwish: 'hard_swish' },
}

/** What FusedConv and FusedGemm do to each sum. */
function activated(at: At, x: Value): Value {
  const name = at.text('activation', '')
  const params = at.node.attributes.get('activation_params')?.floats ?? []
  if (name === '') return x
  if (name === 'LeakyRelu') return unary(at, 'leaky_relu', x, at.float('leaky_relu_alpha', params[0] ?? 0.01))
  if (name === 'Clip') return unary(at, 'clip', x, params[0] ?? -1e38, params[1] ?? 1e38)
  if (name === 'HardSigmoid') return unary(at, 'hard_sigmoid', x, params[0] ?? 0.2, params[1] ?? 0.5)
  return unary(at, activations[name] ?? at.refuse(`activation ${name}`), x)
}

/** A matrix with its last two axes turned. */
const turned = (at: At, x: Value): Value => {
  const axes = x.shape.map((_, k) => k)
  return transposed(at, x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2])
}

function fusedMatmul(at: At): Value {
  if (at.int('transBatchA', 0) || at.int('transBatchB', 0)) at.refuse('matrices whose batches are turned')
  const a = at.int('transA', 0) ? turned(at, at.input(0)) : at.input(0)
  const product = matmul(at, a, at.input(1), { TB: at.int('transB', 0) !== 0 })
  return times(at, product, at.float('alpha', 1))
}

/** Which keys may be seen, as sdpa has it: lengths of the sequences, or what is added to scores. */
function keysSeen(at: At, mask: Value | undefined, B: number, M: number, L: number) {
  if (!mask) return {}
  // A length of each sequence.
  if (mask.shape.length === 1 && mask.shape[0] === B) return { len: { ...mask, type: 6 } }
  const filter = at.float('mask_filter_value', -10000)
  const shape =
    mask.shape.length === 2 && mask.shape[1] === L
      ? [mask.shape[0]!, 1, 1, L]
      : mask.shape.length === 3
        ? [mask.shape[0]!, 1, mask.shape[1]!, mask.shape[2]!]
        : at.refuse(`a mask of [${mask.shape}]`)
  const hidden = binary(at, 'equal', view(mask, shape), known([], mask.type, [0]), BOOL)
  const added = times(at, { ...hidden, type: 1 }, filter)
  if (shape[2] === 1) return { keymask: view(added, [shape[0]!, L]) }
  return { bias: expanded(at, added, [shape[0]!, 1, M, L]) }
}

/** Attention of rows of heads side by side, [B, M, H D] each. */
function attend(
  at: At,
  [q, k, v]: [Value, Value, Value],
  mask: Value | undefined,
  more: Value | undefined,
): Value {
  const H = at.int('num_heads', 0) || at.refuse('num_heads is missing')
  const [B, M, width] = q.shape as [number, number, number]
  const L = k.shape[1]!
  const [HD, VD] = [width / H, v.shape[2]! / H]
  const { len, keymask, bias: hiding } = keysSeen(at, mask, B, M, L) as Record<string, Value | undefined>
  const extra = more && expanded(at, more, [...more.shape.slice(0, 2), M, L])
  const bias = hiding && extra ? add(at, hiding, extra) : (hiding ?? extra)
  const attrs = {
    ...{
      H,
      KVH: H,
      HD,
      VD,
      SCALE: at.float('scale', 0) || 1 / Math.sqrt(HD),
      SOFTCAP: 0,
      WINDOW: 0,
      SPAN: 0,
    },
    ...{ CAUSAL: at.int('unidirectional', 0) !== 0, TOKENS: 'none', LENGTHS: len !== undefined },
    ...{ BIAS: bias ? 'full' : 'none', MASK: false, KEYS: keymask !== undefined },
  }
  const sizes = {
    B,
    M,
    L,
    BB: bias?.shape[0] ?? 1,
    HB: bias?.shape[1] ?? 1,
    MB: 1,
    KB: keymask?.shape[0] ?? 1,
  }
  return at.op('sdpa', { q, k, v, len, bias, keymask }, attrs, sizes, [B, M, H * VD], q.type)
}

/** x through one matrix to queries, keys and values. */
function attention(at: At): Value[] {
  const [x, w, b] = [at.input(0), at.input(1), at.inputs[2]]
  if (at.inputs[4] || wanted(at, 1)) at.refuse('keys of the past')
  if (at.int('do_rotary', 0)) at.refuse('do_rotary')
  const columns = w.shape[1]!
  const sizes = at.ints('qkv_hidden_sizes') ?? [columns / 3, columns / 3, columns / 3]
  const part = (i: number): Value => {
    const from = sizes.slice(0, i).reduce((s, n) => s + n, 0)
    const matrix = sliceOf(at, w, 1, from, from + sizes[i]!)
    const y = matmul(at, x, matrix)
    return b ? add(at, y, sliceOf(at, b, 0, from, from + sizes[i]!)) : y
  }
  return [attend(at, [part(0), part(1), part(2)], at.inputs[3], at.inputs[5])]
}

function multiHeadAttention(at: At): Value[] {
  if (at.inputs[6] || at.inputs[7] || wanted(at, 1)) at.refuse('keys of the past')
  const q = at.input(0)
  const [key, value] = [at.inputs[1], at.inputs[2]]
  if (q.shape.length !== 3 || key?.shape.length !== 3 || value?.shape.length !== 3)
    return at.refuse('queries, keys and values packed together')
  const bias = at.inputs[3]
  const widths = [q, key, value].map((t) => t.shape[2]!)
  const biased = (t: Value, i: number): Value => {
    const from = widths.slice(0, i).reduce((s, n) => s + n, 0)
    return bias ? add(at, t, sliceOf(at, bias, 0, from, from + widths[i]!)) : t
  }
  return [attend(at, [biased(q, 0), biased(key, 1), biased(value, 2)], at.inputs[4], at.inputs[5])]
}

function sliceOf(at: At, x: Value, axis: number, from: number, to: number): Value {
  const { A, D, S } = {
    A: sizeOf(x.shape.slice(0, axis)),
    D: x.shape[axis]!,
    S: sizeOf(x.shape.slice(axis + 1)),
  }
  const shape = x.shape.with(axis, to - from)
  const dims = { D0: 1, D1: 1, D2: 1, D3: A, D4: to - from, D5: S }
  const steps = { XS0: 0, XS1: 0, XS2: 0, XS3: D * S, XS4: S, XS5: 1, X0: from * S, XN: sizeOf(x.shape) }
  return at.op('copy_nd', { x }, { ...dims, ...steps }, {}, shape, x.type)
}

/** Word, position and segment rows added, then normalised. */
function embedLayerNorm(at: At): (Value | undefined)[] {
  const ids = at.input(0)
  const [B, T] = ids.shape as [number, number]
  const places =
    at.inputs[8] ??
    known(
      [1, T],
      7,
      Array.from({ length: T }, (_, i) => i),
    )
  const words = gathered(at, at.input(2), ids)
  const sum = add(at, words, gathered(at, at.input(3), places))
  const segments = at.inputs[1] && at.inputs[4]
  const x = segments ? add(at, sum, gathered(at, at.input(4), at.input(1))) : sum
  const EPS = at.float('epsilon', 1e-12)
  const y = normedRows(at, 'layernorm', x, { g: at.input(5), b: at.input(6), axis: 2, EPS })
  const mask = at.inputs[7]
  const summed = mask && at.op('reduce', { x: mask }, { OP: 'sum' }, { A: B, D: T, S: 1 }, [B], 6)
  return [y, summed ?? known([B], 6, new Float64Array(B)), x]
}

const own: Record<string, Mapping> = {
  SkipLayerNormalization: skipNorm('layernorm'),
  SkipSimplifiedLayerNormalization: skipNorm('rmsnorm'),
  Gelu: (at) => unary(at, 'gelu', at.input(0)),
  FastGelu: (at) => unary(at, 'gelu_tanh', at.inputs[1] ? add(at, at.input(0), at.input(1)) : at.input(0)),
  BiasGelu: (at) => unary(at, 'gelu', add(at, at.input(0), at.input(1))),
  QuickGelu: (at) => {
    const alpha = at.float('alpha', 1.702)
    return times(at, unary(at, 'silu', times(at, at.input(0), alpha)), 1 / alpha)
  },
  Attention: attention,
  MultiHeadAttention: multiHeadAttention,
  EmbedLayerNormalization: embedLayerNorm,
  FusedMatMul: fusedMatmul,
  FusedGemm: (at) => {
    const a = at.int('transA', 0) ? turned(at, at.input(0)) : at.input(0)
    const product = times(
      at,
      matmul(at, a, at.input(1), { TB: at.int('transB', 0) !== 0 }),
      at.float('alpha', 1),
    )
    return activated(
      at,
      at.inputs[2] ? add(at, product, times(at, at.inputs[2], at.float('beta', 1))) : product,
    )
  },
  FusedConv: (at) => {
    const y = convolved(at, at.input(0), at.input(1), at.inputs[2])
    return activated(at, at.inputs[3] ? add(at, y, at.inputs[3]) : y)
  },
  ...microsoftQuantized,
}

export const microsoft: Record<string, Mapping> = {
  ...Object.fromEntries(Object.entries(own).map(([name, mapping]) => [`com.microsoft.${name}`, mapping])),
  // Written under ONNX's own domain by older optimisers.
  SimplifiedLayerNormalization: (at) => {
    const x = at.input(0)
    const axis = axisOf(at, at.int('axis', -1), x.shape.length)
    return normedRows(at, 'rmsnorm', x, { g: at.inputs[1], axis, EPS: at.float('epsilon', 1e-5) })
  },
}
