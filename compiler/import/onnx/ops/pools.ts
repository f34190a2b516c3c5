/** ONNX's pools. A window over several axes is a window over each in turn, for means too: counts are products. */
import { type At, type Mapping, scalar, sizeOf, type Value, view } from '../values.js'
import { binary, div, plus, times, unary } from './apply.js'
import { type AxisWindow, axisWindows } from './windows.js'

interface Pool {
  OP: 'max' | 'avg'
  COUNT_PAD: boolean
}

const flat: AxisWindow = { size: 1, kernel: 1, stride: 1, dilation: 1, before: 0, after: 0, out: 1 }

/** Windows over the last two axes of x, as [B, C, IH, IW]. */
function overTwo(at: At, x: Value, { OP, COUNT_PAD }: Pool, h: AxisWindow, w: AxisWindow): Value {
  const attrs = {
    ...{
      OP,
      COUNT_PAD,
      KH: h.kernel,
      KW: w.kernel,
      SH: h.stride,
      SW: w.stride,
      DH: h.dilation,
      DW: w.dilation,
    },
    ...{ PT: h.before, PL: w.before, PB: h.after, PR: w.after },
  }
  const C = sizeOf(x.shape) / (h.size * w.size)
  const sizes = { B: 1, C, IH: h.size, IW: w.size, OH: h.out, OW: w.out }
  return at.op('pool2d', { x }, attrs, sizes, [C, h.out, w.out], x.type)
}

/** Windows over the axes after the first two. */
function pooled(at: At, x: Value, pool: Pool, axes: AxisWindow[]): Value {
  const shape = [...x.shape.slice(0, 2), ...axes.map((a) => a.out)]
  const [h, w] = axes.length === 1 ? [flat, axes[0]!] : [axes.at(-2)!, axes.at(-1)!]
  let y = overTwo(at, x, pool, h, w)
  for (let k = axes.length - 3; k >= 0; k--) {
    // This axis is the height; what lies within it is the width, each of which is a window.
    const inner = sizeOf(axes.slice(k + 1).map((a) => a.out))
    y = overTwo(at, y, pool, axes[k]!, { ...flat, size: inner, out: inner })
  }
  return view(y, shape)
}

const kernelOf = (at: At) => at.ints('kernel_shape') ?? at.refuse('it has no kernel_shape')

function pool(at: At, OP: Pool['OP']): Value {
  const x = at.input(0)
  const axes = axisWindows(at, x.shape.slice(2), kernelOf(at))
  return pooled(at, x, { OP, COUNT_PAD: at.int('count_include_pad', 0) !== 0 }, axes)
}

function global(at: At, OP: Pool['OP']): Value {
  const x = at.input(0)
  const space = x.shape.slice(2)
  const axes = space.map((size) => ({ ...flat, size, kernel: size }))
  return pooled(at, x, { OP, COUNT_PAD: false }, axes)
}

/** (Σ |x|^p)^(1/p) over windows: a mean, padding counted, times the number of taps. */
function lpPool(at: At): Value {
  const x = at.input(0)
  if (at.int('ceil_mode', 0)) at.refuse('ceil_mode')
  const p = at.int('p', 2)
  const kernel = kernelOf(at)
  const power = binary(at, 'pow', unary(at, 'abs', x), scalar(p))
  const mean = pooled(at, power, { OP: 'avg', COUNT_PAD: true }, axisWindows(at, x.shape.slice(2), kernel))
  return binary(at, 'pow', times(at, mean, sizeOf(kernel)), scalar(1 / p))
}

/** x / (bias + alpha mean(x²))^beta, the mean over neighbouring channels, padded with zeros. */
function lrn(at: At): Value {
  const x = at.input(0)
  const [B, C] = x.shape as [number, number]
  const size = at.int('size', 1)
  const S = sizeOf(x.shape.slice(2))
  const before = Math.floor((size - 1) / 2)
  const channels = { ...flat, size: C, kernel: size, before, after: size - 1 - before, out: C }
  const squares = view(unary(at, 'square', x), [B, 1, C, S])
  const mean = pooled(at, squares, { OP: 'avg', COUNT_PAD: true }, [channels, { ...flat, size: S, out: S }])
  const base = plus(at, times(at, mean, at.float('alpha', 1e-4)), at.float('bias', 1))
  return div(at, x, view(binary(at, 'pow', base, scalar(at.float('beta', 0.75))), x.shape))
}

export const pools: Record<string, Mapping> = {
  AveragePool: (at) => pool(at, 'avg'),
  MaxPool: (at) => pool(at, 'max'),
  GlobalAveragePool: (at) => global(at, 'avg'),
  GlobalMaxPool: (at) => global(at, 'max'),
  LpPool: lpPool,
  LRN: lrn,
}
