/** ONNX's operators that are several of wgc's. */
import { type At, known, type Mapping, sizeOf, type Value, view } from '../values.js'
import { add, mul, plus, sub, times, unary } from './apply.js'
import { scattered } from './indexing.js'
import { padded, part } from './movement.js'
import { matmul } from './products.js'
import { reduced } from './reductions.js'
import { axisOf, concatenated, denseStrides, expanded, indicesOf } from './shapes.js'

/** Steps along an axis that an unrolled operator takes. */
const MAX_STEPS = 256

/** Running products: no kernel has them, so an axis must be short. */
function cumulativeProduct(at: At): Value {
  const x = at.input(0)
  const axis = axisOf(at, at.must(1)[0]!, x.shape.length)
  const D = x.shape[axis]!
  if (D > MAX_STEPS) at.refuse(`running products of ${D} elements`)
  const order = Array.from({ length: D }, (_, i) => (at.int('reverse', 0) ? D - 1 - i : i))
  const parts: Value[] = []
  const exclusive = at.int('exclusive', 0) !== 0
  let product: Value | undefined
  const step = (d: number) => part(at, x, axis, d, d + 1)
  for (const d of order) {
    const before = product
    product = before ? mul(at, before, step(d)) : step(d)
    const ones = known(product.shape, x.type, new Float64Array(sizeOf(product.shape)).fill(1))
    parts[d] = exclusive ? (before ?? ones) : product
  }
  return concatenated(at, parts, axis)
}

/** Cut or padded alike at both ends of each axis, the odd one at the end. */
function centreCropPad(at: At): Value {
  const x = at.input(0)
  const axes = at.ints('axes')?.map((a) => axisOf(at, a, x.shape.length)) ?? x.shape.map((_, k) => k)
  const target = at.must(1)
  const before = x.shape.map(() => 0)
  const after = x.shape.map(() => 0)
  const y = axes.reduce((v, axis, i) => {
    const extra = target[i]! - x.shape[axis]!
    if (extra < 0) {
      const from = Math.floor(-extra / 2)
      return part(at, v, axis, from, from + target[i]!)
    }
    before[axis] = Math.floor(extra / 2)
    after[axis] = extra - before[axis]!
    return v
  }, x)
  return padded(at, y, before, after)
}

/** Coordinates of a grid's points in [-1, 1], times a matrix for each batch. */
function affineGrid(at: At): Value {
  const theta = at.input(0)
  const [N, , ...space] = at.must(1) as [number, number, ...number[]]
  const corners = at.int('align_corners', 0) !== 0
  const along = (i: number, n: number) => (corners ? -1 + (2 * i) / (n - 1) : -1 + (2 * i + 1) / n)
  const points = [...indicesOf(space)].flatMap((index) => [
    ...index.map((i, k) => along(i, space[k]!)).reverse(),
    1,
  ])
  const rank = space.length
  const grid = known([sizeOf(space), rank + 1], theta.type, points)
  const y = matmul(at, expanded(at, view(grid, [1, ...grid.shape]), [N, ...grid.shape]), theta, { TB: true })
  return view(y, [N, ...space, rank])
}

/** Blocks added where they came from: a transposed convolution that multiplies by 1 in one place of its kernel. */
function columnsToImage(at: At): Value {
  const x = at.input(0)
  const [image, block] = [at.must(1), at.must(2)]
  if (image.length > 2) at.refuse(`it is over ${image.length} axes of space, wgc's is over 2 at most`)
  const ones = image.map(() => 1)
  const wide = (list: number[], filler: number) => (list.length === 1 ? [filler, ...list] : list)
  const [SH, SW] = wide(at.ints('strides') ?? ones, 1) as [number, number]
  const [DH, DW] = wide(at.ints('dilations') ?? ones, 1) as [number, number]
  const pads = at.ints('pads') ?? [...ones, ...ones].map(() => 0)
  const rank = image.length
  const [PT, PL] = wide(pads.slice(0, rank), 0) as [number, number]
  const [PB, PR] = wide(pads.slice(rank), 0) as [number, number]
  const [OH, OW] = wide(image, 1) as [number, number]
  const [KH, KW] = wide(block, 1) as [number, number]
  const [B, rows] = x.shape as [number, number]
  const taps = KH * KW
  const C = rows / taps
  const IH = Math.floor((OH + PT + PB - DH * (KH - 1) - 1) / SH) + 1
  const IW = Math.floor((OW + PL + PR - DW * (KW - 1) - 1) / SW) + 1
  const w = known(
    [rows, 1, KH, KW],
    x.type,
    Array.from({ length: rows * taps }, (_, i) => Number(Math.floor(i / taps) % taps === i % taps)),
  )
  return at.op(
    'conv_transpose2d',
    { x, w },
    { KH, KW, SH, SW, DH, DW, PT, PL, GROUPS: C, BIAS: false, ACT: 'none', EPI: 'none' },
    { B, CIN: rows, IH, IW, COUT: C, OH, OW },
    [B, C, ...image],
    x.type,
  )
}

/** New rows of a cache at each batch's place, which may go round. */
function tensorScatter(at: At): Value {
  const [cache, update] = [at.input(0), at.input(1)]
  const axis = axisOf(at, at.int('axis', -2), cache.shape.length)
  const starts = at.inputs[2] ? at.must(2) : Array<number>(cache.shape[0]!).fill(0)
  const circular = at.text('mode', 'linear') === 'circular'
  const strides = denseStrides(cache.shape)
  const places = [...indicesOf(update.shape)].map((index) =>
    index.reduce((sum, i, k) => {
      const at = k === axis ? i + starts[index[0]!]! : i
      return sum + (k === axis && circular ? at % cache.shape[axis]! : at) * strides[k]!
    }, 0),
  )
  return scattered(at, cache, update, places)
}

/** Each value at the place in the plane that its index says; zeros around. */
function maxUnpool(at: At): Value {
  const x = at.input(0)
  const indices = at.must(1)
  const kernel = at.ints('kernel_shape') ?? at.refuse('it has no kernel_shape')
  const strides = at.ints('strides') ?? kernel.map(() => 1)
  const pads = at.ints('pads') ?? [...kernel, ...kernel].map(() => 0)
  const space = x.shape
    .slice(2)
    .map((n, k) => (n - 1) * strides[k]! - pads[k]! - pads[k + kernel.length]! + kernel[k]!)
  const natural = [...x.shape.slice(0, 2), ...space]
  const shape = at.inputs[2] ? at.must(2) : natural
  // Indices count through the smaller tensor.
  const from = [...indicesOf(natural)]
  const to = denseStrides(shape)
  const places = indices.map((i) => from[i]!.reduce((sum, c, k) => sum + c * to[k]!, 0))
  return scattered(at, known(shape, x.type, new Float64Array(sizeOf(shape))), x, places)
}

/** S ← exp(decay) S + k (β (v - Sᵀ k))ᵀ, y = scale Sᵀ q, a token after another; each part as update_rule says. */
function linearAttention(at: At): Value[] {
  const rule = at.text('update_rule', 'gated_delta')
  const [gated, delta] = [rule.includes('gated'), rule.includes('delta')]
  const [H, KVH] = [at.int('q_num_heads', 0), at.int('kv_num_heads', 0)]
  const [query, key, value] = [at.input(0), at.input(1), at.input(2)]
  const [B, T] = query.shape as [number, number]
  const [HD, VD] = [query.shape[2]! / H, value.shape[2]! / KVH]
  const scale = at.float('scale', 0) || 1 / Math.sqrt(HD)
  const type = query.type
  const token = (v: Value, t: number, shape: number[]) => view(part(at, v, 1, t, t + 1), shape)
  /** A number for each head, or for each of its keys. */
  const perHead = (v: Value, t: number) => {
    const width = v.shape[2]! / KVH
    return token(v, t, width < 1 ? [B, v.shape[2]!, 1, 1] : [B, KVH, width, 1])
  }
  let state = at.inputs[3] ?? known([B, KVH, HD, VD], type, new Float64Array(B * KVH * HD * VD))
  const outputs: Value[] = []
  for (let t = 0; t < T; t++) {
    const [k, v] = [token(key, t, [B, KVH, HD, 1]), token(value, t, [B, KVH, 1, VD])]
    const rows = view(k, [B, KVH, 1, HD])
    if (gated) state = mul(at, state, unary(at, 'exp', perHead(at.input(4), t)))
    const error = delta ? mul(at, sub(at, v, matmul(at, rows, state)), perHead(at.input(5), t)) : v
    state = add(at, state, mul(at, expanded(at, k, [B, KVH, HD, VD]), error))
    const shared = expanded(at, view(state, [B, KVH, 1, HD, VD]), [B, KVH, H / KVH, HD, VD])
    const q = token(query, t, [B, H, 1, HD])
    outputs.push(view(matmul(at, q, view(shared, [B, H, HD, VD]), { SCALE: scale }), [B, 1, H * VD]))
  }
  return [concatenated(at, outputs, 1), state]
}

/** Statistics of the batch itself, and the running ones moved towards them. */
export function trainedBatchNorm(at: At): Value[] {
  const [x, g, b, mean, variance] = [0, 1, 2, 3, 4].map((i) => at.input(i)) as [
    ...[Value, Value, Value],
    ...[Value, Value],
  ]
  const axes = x.shape.map((_, k) => k).filter((k) => k !== 1)
  const C = x.shape[1]!
  const channels = (v: Value) =>
    view(
      v,
      x.shape.map((_, k) => (k === 1 ? C : 1)),
    )
  const now = reduced(at, 'mean', x, axes, true)
  const centred = sub(at, x, now)
  const spread = reduced(at, 'mean', unary(at, 'square', centred), axes, true)
  const scaled = mul(at, centred, unary(at, 'rsqrt', plus(at, spread, at.float('epsilon', 1e-5))))
  const momentum = at.float('momentum', 0.9)
  const moved = (old: Value, v: Value) =>
    add(at, times(at, old, momentum), times(at, view(v, [C]), 1 - momentum))
  return [add(at, mul(at, scaled, channels(g)), channels(b)), moved(mean, now), moved(variance, spread)]
}

export const compositions: Record<string, Mapping> = {
  CumProd: cumulativeProduct,
  CenterCropPad: centreCropPad,
  AffineGrid: affineGrid,
  Col2Im: columnsToImage,
  TensorScatter: tensorScatter,
  MaxUnpool: maxUnpool,
  LinearAttention: linearAttention,
}
