import { padModes } from '../../../ops/pad.js'
import { type At, known, type Mapping, sizeOf, type Value, view } from '../values.js'
import { axisOf, broadcast, concatenated, denseStrides, expanded, strided, transposed } from './shapes.js'

/** Axes from an input of newer operator sets, or an attribute of older ones. */
export function axes(at: At, input: number, since = 13): number[] | undefined {
  return at.opset >= since ? at.values(input) : at.ints('axes')
}

function reshape(at: At): Value {
  const x = at.input(0)
  const asked = at.must(1)
  const zero = at.int('allowzero', 0) === 0
  const dims = asked.map((d, k) => (d === 0 && zero ? (x.shape[k] ?? at.refuse(`no axis ${k} to keep`)) : d))
  const rest = sizeOf(dims.filter((d) => d !== -1))
  const shape = dims.map((d) => (d === -1 ? (rest === 0 ? 0 : sizeOf(x.shape) / rest) : d))
  if (shape.some((d) => d < 0) || sizeOf(shape) !== sizeOf(x.shape))
    at.refuse(`[${x.shape}] is not to be seen as [${asked}]`)
  return view(x, shape)
}

function unsqueeze(at: At): Value {
  const x = at.input(0)
  const list = axes(at, 1) ?? []
  const rank = x.shape.length + list.length
  const places = new Set(list.map((a) => axisOf(at, a, rank)))
  const rest = [...x.shape]
  return view(
    x,
    Array.from({ length: rank }, (_, k) => (places.has(k) ? 1 : rest.shift()!)),
  )
}

function squeeze(at: At): Value {
  const x = at.input(0)
  const places = axes(at, 1)?.map((a) => axisOf(at, a, x.shape.length))
  return view(
    x,
    x.shape.filter((d, k) => (places ? !places.includes(k) : d !== 1)),
  )
}

function flatten(at: At): Value {
  const x = at.input(0)
  const axis = at.int('axis', 1)
  const k = axis < 0 ? axis + x.shape.length : axis
  return view(x, [sizeOf(x.shape.slice(0, k)), sizeOf(x.shape.slice(k))])
}

/** Starts and ends counted from the end where negative, and clamped as numpy's are. */
function slice(at: At): Value {
  const x = at.input(0)
  const old = at.opset < 10
  const starts = (old ? at.ints('starts') : at.values(1)) ?? at.refuse('it has no starts')
  const ends = (old ? at.ints('ends') : at.values(2)) ?? at.refuse('it has no ends')
  const list = (old ? at.ints('axes') : at.values(3)) ?? starts.map((_, i) => i)
  const steps = (old ? undefined : at.values(4)) ?? starts.map(() => 1)
  const shape = [...x.shape]
  const strides = denseStrides(x.shape)
  let start = 0
  list.forEach((a, i) => {
    const k = axisOf(at, a, x.shape.length)
    const [size, step] = [x.shape[k]!, steps[i]!]
    if (!step) at.refuse('a step of 0')
    const [low, high] = step > 0 ? [0, size] : [-1, size - 1]
    const place = (p: number, least: number) => Math.min(Math.max(p < 0 ? p + size : p, least), high)
    const [from, to] = [place(starts[i]!, low === -1 ? 0 : low), place(ends[i]!, low)]
    start += from * denseStrides(x.shape)[k]!
    shape[k] = Math.max(0, Math.ceil((to - from) / step))
    strides[k] = strides[k]! * step
  })
  return strided(at, x, shape, strides, start)
}

/** x between two places along an axis. */
export function part(at: At, x: Value, axis: number, from: number, to: number): Value {
  const strides = denseStrides(x.shape)
  const shape = x.shape.map((d, k) => (k === axis ? to - from : d))
  return strided(at, x, shape, strides, from * strides[axis]!)
}

function split(at: At): Value[] {
  const x = at.input(0)
  const axis = axisOf(at, at.int('axis', 0), x.shape.length)
  const size = x.shape[axis]!
  const count = at.int('num_outputs', at.node.outputs.length)
  const each = Math.ceil(size / count)
  const lengths =
    (at.opset >= 13 ? at.values(1) : at.ints('split')) ??
    Array.from({ length: count }, (_, i) => Math.min(each, size - i * each))
  if (lengths.some((n) => n < 0) || lengths.reduce((a, b) => a + b, 0) !== size)
    at.refuse(`parts of ${lengths} of an axis of ${size}`)
  let from = 0
  return lengths.map((length) => {
    from += length
    return part(at, x, axis, from - length, from)
  })
}

function tile(at: At): Value {
  const x = at.input(0)
  const repeats = at.must(1)
  const strides = denseStrides(x.shape)
  const shape = x.shape.map((d, k) => d * repeats[k]!)
  const repeated = x.shape.map((_, k) => k).filter((k) => repeats[k] !== 1)
  // An axis repeated is two: which copy, and where in it. The kernel has axes for three.
  if (repeated.length <= 3)
    return view(
      strided(
        at,
        x,
        x.shape.flatMap((d, k) => [repeats[k]!, d]),
        strides.flatMap((s) => [0, s]),
      ),
      shape,
    )
  return repeated.reduce((y, k) => concatenated(at, Array<Value>(repeats[k]!).fill(y), k), x)
}

function pad(at: At): Value {
  const x = at.input(0)
  const rank = x.shape.length
  const given = at.opset < 11 ? (at.ints('pads') ?? at.refuse('it has no pads')) : at.must(1)
  const list = (at.opset < 11 ? undefined : at.values(3)) ?? x.shape.map((_, k) => k)
  const value = at.opset < 11 ? at.float('value', 0) : (at.values(2)?.[0] ?? 0)
  const before = x.shape.map(() => 0)
  const after = x.shape.map(() => 0)
  list.forEach((a, i) => {
    const k = axisOf(at, a, rank)
    before[k] = given[i]!
    after[k] = given[i + list.length]!
  })
  const mode = at.text('mode', 'constant')
  if (!padModes.includes(mode)) at.refuse(`mode ${mode}`)
  return padded(at, x, before, after, mode, value)
}

/** Axes that the kernel for padding has. */
const PAD_AXES = 4

/** What the kernel can write. */
const PAD_MOST = 3.4e38

/** Padded by blocks of what no kernel can write as a constant, an axis after another. */
function framed(at: At, x: Value, before: number[], after: number[], value: number): Value {
  return x.shape.reduce<Value>((y, _, k) => {
    const block = (n: number) => {
      const shape = y.shape.with(k, n)
      return known(shape, x.type, new Float64Array(sizeOf(shape)).fill(value))
    }
    if (Math.min(before[k]!, after[k]!) < 0) at.refuse(`it pads with ${value} and crops`)
    return concatenated(at, [block(before[k]!), y, block(after[k]!)], k)
  }, x)
}

export function padded(
  at: At,
  x: Value,
  before: number[],
  after: number[],
  MODE = 'constant',
  VALUE = 0,
): Value {
  if ([...before, ...after].every((p) => p === 0)) return x
  const shape = x.shape.map((d, k) => before[k]! + d + after[k]!)
  if (MODE === 'constant' && Math.abs(VALUE) > PAD_MOST) return framed(at, x, before, after, VALUE)
  // Axes that stay as they are join the one before them.
  const joined: { d: number; p: number; q: number }[] = []
  x.shape.forEach((d, k) => {
    const [p, q] = [before[k]!, after[k]!]
    const last = joined.at(-1)
    if (last && p === 0 && q === 0 && last.p === 0 && last.q === 0) last.d *= d
    else joined.push({ d, p, q })
  })
  if (joined.length > PAD_AXES) at.refuse(`it pads along ${joined.length} axes, wgc along ${PAD_AXES}`)
  while (joined.length < PAD_AXES) joined.unshift({ d: 1, p: 0, q: 0 })
  const attrs: Record<string, number | string> = { MODE, VALUE }
  const sizes: Record<string, number> = {}
  joined.forEach(({ d, p, q }, k) => {
    sizes[`D${k}`] = d
    attrs[`P${k}`] = p
    attrs[`Q${k}`] = q
  })
  return at.op('pad', { x }, attrs, sizes, shape, x.type)
}

/** [B, C, H, W] with blocks of pixels between channels and space. */
function depthToSpace(at: At): Value {
  const x = at.input(0)
  const [B, C, H, W] = x.shape as [number, number, number, number]
  const n = at.int('blocksize', 1)
  const depth = C / (n * n)
  const columnRow = at.text('mode', 'DCR') === 'CRD'
  const split = view(x, columnRow ? [B, depth, n, n, H, W] : [B, n, n, depth, H, W])
  const perm = columnRow ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]
  return view(transposed(at, split, perm), [B, depth, H * n, W * n])
}

function spaceToDepth(at: At): Value {
  const x = at.input(0)
  const [B, C, H, W] = x.shape as [number, number, number, number]
  const n = at.int('blocksize', 1)
  const split = view(x, [B, C, H / n, n, W / n, n])
  return view(transposed(at, split, [0, 3, 5, 1, 2, 4]), [B, C * n * n, H / n, W / n])
}

export const movement: Record<string, Mapping> = {
  Reshape: reshape,
  Unsqueeze: unsqueeze,
  Squeeze: squeeze,
  Flatten: flatten,
  Transpose: (at) => {
    const x = at.input(0)
    return transposed(at, x, at.ints('perm') ?? x.shape.map((_, k) => x.shape.length - 1 - k))
  },
  Concat: (at) => {
    const parts = at.inputs.map((_, i) => at.input(i))
    return concatenated(at, parts, axisOf(at, at.int('axis', 0), parts[0]!.shape.length))
  },
  Slice: slice,
  Split: split,
  Expand: (at) => expanded(at, at.input(0), broadcast(at, at.input(0).shape, at.must(1))),
  Tile: tile,
  Pad: pad,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
}
