/** ONNX's Resize, by the kernel that resamples two axes; other axes in turn. */
import { resizeFacts } from '../../../ops/resize2d.js'
import { type At, type Mapping, sizeOf, type Value, view } from '../values.js'
import { axisOf } from './shapes.js'

interface Axis {
  axis: number
  size: number
  out: number
  scale: number | undefined
}

/** What each axis becomes: from sizes or scales, for the axes named. */
function targets(at: At, x: Value): Axis[] {
  const [scales, sizes] = [
    at.opset < 11 ? at.values(1) : at.values(2),
    at.opset < 11 ? undefined : at.values(3),
  ]
  const axes = (at.ints('axes') ?? x.shape.map((_, k) => k)).map((a) => axisOf(at, a, x.shape.length))
  if (scales && scales.length > 0)
    return axes.map((axis, i) => {
      const size = x.shape[axis]!
      return { axis, size, out: Math.floor(size * scales[i]!), scale: scales[i]! }
    })
  if (!sizes) return at.refuse('it has neither scales nor sizes')
  const policy = at.text('keep_aspect_ratio_policy', 'stretch')
  if (policy === 'stretch')
    return axes.map((axis, i) => ({ axis, size: x.shape[axis]!, out: sizes[i]!, scale: undefined }))
  const ratios = axes.map((axis, i) => sizes[i]! / x.shape[axis]!)
  const scale = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios)
  return axes.map((axis) => {
    const size = x.shape[axis]!
    // Half up.
    return { axis, size, out: Math.floor(scale * size + 0.5), scale }
  })
}

/** Two axes of x resampled: `h` before `w`, all between them belonging to neither. */
function resampled(
  at: At,
  x: Value,
  h: Axis,
  w: Axis,
  attrs: Record<string, string | number | boolean>,
): Value {
  const coord = at.text('coordinate_transformation_mode', 'half_pixel')
  const sizes: [number, number, number, number] = [h.size, w.size, h.out, w.out]
  const given: [number, number] = [h.scale ?? h.out / h.size, w.scale ?? w.out / w.size]
  const { OH, OW, ...places } = resizeFacts(coord, sizes, given) as Record<string, number>
  const inner = sizeOf(x.shape.slice(w.axis + 1))
  if (inner !== 1 || w.axis !== h.axis + 1) at.refuse('it resizes axes that are not the last ones')
  const C = sizeOf(x.shape.slice(0, h.axis))
  const shape = x.shape.map((d, k) => (k === h.axis ? h.out : k === w.axis ? w.out : d))
  return at.op(
    'resize2d',
    { x },
    { ...attrs, ...places },
    { B: 1, C, IH: h.size, IW: w.size, OH: OH!, OW: OW! },
    shape,
    x.type,
  )
}

const MODES = ['nearest', 'linear', 'cubic']
const COORDS = ['half_pixel', 'half_pixel_symmetric', 'pytorch_half_pixel', 'asymmetric', 'align_corners']

function resize(at: At): Value {
  const x = at.input(0)
  const coord = at.text('coordinate_transformation_mode', 'half_pixel')
  const MODE = at.text('mode', 'nearest')
  if (!COORDS.includes(coord)) at.refuse(`coordinates of ${coord}`)
  if (!MODES.includes(MODE)) at.refuse(`mode ${MODE}`)
  if (at.int('antialias', 0)) at.refuse('antialias')
  const attrs = {
    MODE,
    ROUND: at.text('nearest_mode', 'round_prefer_floor'),
    EXCLUDE: at.int('exclude_outside', 0) !== 0,
    CUBIC_A: at.float('cubic_coeff_a', -0.75),
  }
  const changed = targets(at, x).filter((a) => a.out !== a.size || (a.scale ?? 1) !== 1)
  changed.sort((a, b) => a.axis - b.axis)
  const last = x.shape.length - 1
  const still = (axis: number): Axis => {
    const size = x.shape[axis] ?? 1
    return { axis, size, out: size, scale: undefined }
  }
  if (changed.length === 0) return x
  if (changed.some((a) => a.axis < last - 1)) at.refuse('it resizes axes that are not the last two')
  const find = (axis: number) => changed.find((a) => a.axis === axis) ?? still(axis)
  const wide = last === 0 ? view(x, [1, ...x.shape]) : x
  const shift = last === 0 ? 1 : 0
  const [h, w] =
    last === 0
      ? [
          { ...still(-1), axis: 0 },
          { ...find(0), axis: 1 },
        ]
      : [find(last - 1), find(last)]
  const y = resampled(at, wide, h!, w!, attrs)
  return shift ? view(y, y.shape.slice(1)) : y
}

export const resizes: Record<string, Mapping> = {
  Resize: resize,
  Upsample: (at) => {
    const x = at.input(0)
    const scales = at.opset < 9 ? at.node.attributes.get('scales')?.floats : at.values(1)
    if (!scales || scales.length !== x.shape.length) return at.refuse('it has no scale for every axis')
    const last = x.shape.length - 1
    if (scales.slice(0, -2).some((s) => s !== 1)) at.refuse('it resizes axes that are not the last two')
    const axis = (k: number): Axis => {
      const size = x.shape[k]!
      return { axis: k, size, out: Math.floor(size * scales[k]!), scale: scales[k]! }
    }
    const attrs = { MODE: at.text('mode', 'nearest'), ROUND: 'floor', EXCLUDE: false, CUBIC_A: -0.75 }
    const { OH, OW, ...places } = resizeFacts(
      'asymmetric',
      [axis(last - 1).size, axis(last).size, axis(last - 1).out, axis(last).out],
      [scales[last - 1]!, scales[last]!],
    ) as Record<string, number>
    const C = sizeOf(x.shape.slice(0, -2))
    const sizes = { B: 1, C, IH: x.shape[last - 1]!, IW: x.shape[last]!, OH: OH!, OW: OW! }
    return at.op(
      'resize2d',
      { x },
      { ...attrs, ...places },
      sizes,
      [...x.shape.slice(0, -2), OH!, OW!],
      x.type,
    )
  },
}
