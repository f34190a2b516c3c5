/** ONNX's matrix products and convolutions. */
import { type At, isKnown, type Mapping, sizeOf, type Value, view } from '../values.js'
import { add, times } from './apply.js'
import { broadcast, expanded, transposed } from './shapes.js'
import { type Window, windows } from './windows.js'

/** a[B, M, K] b[B, K, N], or b[B, N, K] with TB; one matrix of b may serve all of a's. */
export function matmul(
  at: At,
  a: Value,
  b: Value,
  { TB = false, SCALE = 1 }: { TB?: boolean; SCALE?: number } = {},
): Value {
  const [M, K] = a.shape.slice(-2) as [number, number]
  const [rows, columns] = b.shape.slice(-2) as [number, number]
  const [N, depth] = TB ? [rows, columns] : [columns, rows]
  if (depth !== K) at.refuse(`[${a.shape}] and [${b.shape}] have no product`)
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)]
  const batch = broadcast(at, batchA, batchB)
  const B = sizeOf(batch)
  const shared = sizeOf(batchB) === 1
  const left = expanded(at, a, [...batch, M, K])
  const right = shared ? b : expanded(at, b, [...batch, rows, columns])
  // A constant matrix is a weight: [N, K], in whatever format weights are stored in.
  if (shared && isKnown(b) && !isKnown(a) && SCALE === 1) {
    const w = TB ? view(b, [N, K]) : transposed(at, view(b, [K, N]), [1, 0])
    return at.op(
      'linear',
      { x: left, w },
      { EPI: 'none', LDY: N },
      { M: B * M, N, K },
      [...batch, M, N],
      a.type,
    )
  }
  const sizes = { B, BB: shared ? 1 : B, M, N, K }
  return at.op('matmul', { a: left, b: right }, { TB, SCALE, N }, sizes, [...batch, M, N], a.type)
}

/** numpy's matmul: a vector is a row on the left, a column on the right. */
function matMul(at: At): Value {
  const [a, b] = [at.input(0), at.input(1)]
  const y = matmul(
    at,
    a.shape.length === 1 ? view(a, [1, ...a.shape]) : a,
    b.shape.length === 1 ? view(b, [...b.shape, 1]) : b,
  )
  const shape = [...y.shape]
  if (b.shape.length === 1) shape.pop()
  if (a.shape.length === 1) shape.splice(b.shape.length === 1 ? -1 : -2, 1)
  return view(y, shape)
}

/** alpha a b + beta c. */
function gemm(at: At): Value {
  const a = at.int('transA', 0) ? transposed(at, at.input(0), [1, 0]) : at.input(0)
  const TB = at.int('transB', 0) !== 0
  const product = matmul(at, a, at.input(1), { TB, SCALE: at.float('alpha', 1) })
  const c = at.inputs[2]
  return c ? add(at, product, times(at, c, at.float('beta', 1))) : product
}

/** A bias that no kernel may read beside what it writes is added by itself. */
function biased(at: At, b: Value | undefined, conv: (b: Value | undefined) => Value): Value {
  if (!b || at.isApart(b)) return conv(b)
  const y = conv(undefined)
  return add(at, y, view(b, [y.shape[1]!, ...y.shape.slice(2).map(() => 1)]))
}

const needsApart = (at: At, w: Value): void => {
  if (!at.isApart(w)) at.refuse('its weights are known only when the model runs')
}

/** Facts of both kinds of convolution; 1-d is a height of 1. */
function convolution(at: At, w: Window, GROUPS: number, COUT: number, bias: boolean) {
  const [B, CIN] = at.input(0).shape as [number, number]
  const [IH, IW] = w.size as [number, number]
  const [OH, OW] = w.out as [number, number]
  const [KH, KW] = w.kernel as [number, number]
  const [SH, SW] = w.strides as [number, number]
  const [DH, DW] = w.dilations as [number, number]
  const [PT, PL] = w.before as [number, number]
  const attrs = { KH, KW, SH, SW, DH, DW, PT, PL, GROUPS, BIAS: bias, ACT: 'none', EPI: 'none' }
  return { attrs, sizes: { B, CIN, IH, IW, COUT, OH, OW } }
}

/** x and w convolved as the node's attributes say. */
export function convolved(at: At, x: Value, w: Value, b?: Value): Value {
  needsApart(at, w)
  const window = windows(at, x.shape.slice(2), w.shape.slice(2))
  const shape = [x.shape[0]!, w.shape[0]!, ...window.out.slice(2 - (x.shape.length - 2))]
  return biased(at, b, (own) => {
    const { attrs, sizes } = convolution(at, window, at.int('group', 1), w.shape[0]!, own !== undefined)
    return at.op('conv2d', { x, w, b: own }, attrs, sizes, shape, x.type)
  })
}

/** Its sizes run backwards: out = (in - 1) stride + (kernel - 1) dilation + 1 + output_padding - pads. */
function convTranspose(at: At): Value {
  const [x, w, b] = [at.input(0), at.input(1), at.inputs[2]]
  const space = x.shape.slice(2)
  const GROUPS = at.int('group', 1)
  const COUT = w.shape[1]! * GROUPS
  const rank = space.length
  if (rank > 2) at.refuse(`it is over ${rank} axes of space, wgc's is over 2 at most`)
  const kernel = w.shape.slice(2)
  const ones = space.map(() => 1)
  const strides = at.ints('strides') ?? ones
  const dilations = at.ints('dilations') ?? ones
  const extra = at.ints('output_padding') ?? space.map(() => 0)
  const wanted = at.ints('output_shape')
  const auto = at.text('auto_pad', 'NOTSET')
  const pads = at.ints('pads') ?? space.flatMap(() => [0, 0])
  const full = space.map((n, k) => strides[k]! * (n - 1) + extra[k]! + (kernel[k]! - 1) * dilations[k]! + 1)
  const same = auto.startsWith('SAME')
  const target = wanted ?? (same ? space.map((n, k) => n * strides[k]!) : undefined)
  const before = space.map((_, k) => {
    if (!target) return pads[k]!
    const total = Math.max(full[k]! - target[k]!, 0)
    return auto === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2)
  })
  const out = target ?? full.map((n, k) => n - pads[k]! - pads[k + rank]!)
  const wide = (list: readonly number[], filler: number) => (rank === 1 ? [filler, ...list] : [...list])
  const window: Window = {
    size: wide(space, 1),
    out: wide(out, 1),
    kernel: wide(kernel, 1),
    strides: wide(strides, 1),
    dilations: wide(dilations, 1),
    before: wide(before, 0),
    after: wide(
      before.map(() => 0),
      0,
    ),
  }
  needsApart(at, w)
  return biased(at, b, (own) => {
    const { attrs, sizes } = convolution(at, window, GROUPS, COUT, own !== undefined)
    return at.op('conv_transpose2d', { x, w, b: own }, attrs, sizes, [x.shape[0]!, COUT, ...out], x.type)
  })
}

export const products: Record<string, Mapping> = {
  MatMul: matMul,
  Gemm: gemm,
  Conv: (at) => convolved(at, at.input(0), at.input(1), at.inputs[2]),
  ConvTranspose: convTranspose,
}
