/** Windows that convolutions and pools move over space, from ONNX's attributes. */
import type { At } from '../values.js'

/** Each list has height and width; a 1-d operator has a height of 1. */
export interface Window {
  size: number[]
  out: number[]
  kernel: number[]
  strides: number[]
  dilations: number[]
  before: number[]
  after: number[]
}

/** Sizes of one axis. */
interface Axis {
  size: number
  kernel: number
  stride: number
  dilation: number
  before: number
  after: number
  ceil: boolean
  auto: string
}

/** Padding of one axis, and how many windows fit. */
function placed(a: Axis): { before: number; after: number; out: number } {
  const reach = (a.kernel - 1) * a.dilation + 1
  if (a.auto.startsWith('SAME')) {
    const out = Math.ceil(a.size / a.stride)
    const total = Math.max((out - 1) * a.stride + reach - a.size, 0)
    const less = Math.floor(total / 2)
    const before = a.auto === 'SAME_UPPER' ? less : total - less
    return { before, after: total - before, out }
  }
  const [before, after] = a.auto === 'VALID' ? [0, 0] : [a.before, a.after]
  const steps = (a.size + before + after - reach) / a.stride
  const out = (a.ceil ? Math.ceil(steps) : Math.floor(steps)) + 1
  // A last window must begin in x or before it.
  const outside = a.ceil && (out - 1) * a.stride >= a.size + before
  return { before, after, out: outside ? out - 1 : out }
}

/**
 * @param space sizes of the axes that the window moves over, 1 or 2 of them
 * @param kernel its size along each
 */
export function windows(at: At, space: readonly number[], kernel: readonly number[]): Window {
  const rank = space.length
  if (rank > 2) at.refuse(`it is over ${rank} axes of space, wgc's is over 2 at most`)
  const axes = axisWindows(at, space, kernel)
  const wide = (list: number[], filler: number) => (rank === 1 ? [filler, ...list] : list)
  return {
    size: wide([...space], 1),
    out: wide(
      axes.map((a) => a.out),
      1,
    ),
    kernel: wide([...kernel], 1),
    strides: wide(
      axes.map((a) => a.stride),
      1,
    ),
    dilations: wide(
      axes.map((a) => a.dilation),
      1,
    ),
    before: wide(
      axes.map((a) => a.before),
      0,
    ),
    after: wide(
      axes.map((a) => a.after),
      0,
    ),
  }
}

export interface AxisWindow {
  size: number
  kernel: number
  stride: number
  dilation: number
  before: number
  after: number
  out: number
}

/** The same an axis at a time, for any number of axes. */
export function axisWindows(at: At, space: readonly number[], kernel: readonly number[]): AxisWindow[] {
  const ones = space.map(() => 1)
  const strides = at.ints('strides') ?? ones
  const dilations = at.ints('dilations') ?? ones
  const pads = at.ints('pads') ?? [...ones, ...ones].map(() => 0)
  return space.map((size, k) => {
    const axis = { size, kernel: kernel[k]!, stride: strides[k]!, dilation: dilations[k]! }
    const place = placed({
      ...axis,
      before: pads[k]!,
      after: pads[k + space.length]!,
      ceil: at.int('ceil_mode', 0) !== 0,
      auto: at.text('auto_pad', 'NOTSET'),
    })
    return { ...axis, ...place }
  })
}
