/** ONNX's operators that move elements or make constants, and leave values alone. */
import { tensorValues } from '../tensors.js'
import { type At, known, type Mapping, sizeOf, type Value, view } from '../values.js'
import { binary, INT64, mul } from './apply.js'
import {
  around,
  axisOf,
  broadcast,
  concatenated,
  denseStrides,
  expanded,
  picked,
  strided,
  transposed,
} from './shapes.js'

/** Axes from an input of newer operator sets, or an attribute of older ones. */
export function axes(at: At, input: number, since = 13): number[] | undefined {
  return at.opset >= since ? at.values(input) : at.ints('axes')
}

function reshape(at: At): Value {
  const x = at.input(0)
  const asked = at.values(1)!
  const zero = at.int('allowzero', 0) === 0
  const dims = asked.map((d, k) => (d === 0 && zero ? (x.shape[k] ?? at.refuse(`no axis ${k} to keep`)) : d))
  const rest = sizeOf(dims.filter((d) => d !== -1))
  const shape = dims.map((d) => (d === -1 ? (rest === 0 ? 0 : sizeOf(x.shape) / rest) : d))
  if (sizeOf(shape) !== sizeOf(x.shape)) at.refuse(`[${x.shape}] is not to be seen as [${asked}]`)
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
  let from = 0
  return lengths.map((length) => {
    from += length
    return part(at, x, axis, from - length, from)
  })
}

function tile(at: At): Value {
  const x = at.input(0)
  const repeats = at.values(1)!
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
  const given = at.opset < 11 ? (at.ints('pads') ?? at.refuse('it has no pads')) : at.values(1)!
  const list = (at.opset < 11 ? undefined : at.values(3)) ?? x.shape.map((_, k) => k)
  const value = at.opset < 11 ? at.float('value', 0) : (at.values(2)?.[0] ?? 0)
  const before = x.shape.map(() => 0)
  const after = x.shape.map(() => 0)
  list.forEach((a, i) => {
    const k = axisOf(at, a, rank)
    before[k] = given[i]!
    after[k] = given[i + list.length]!
  })
  return padded(at, x, before, after, at.text('mode', 'constant'), value)
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

/** Ids counted from the end where negative: when they are known. */
function resolved(v: Value, size: number): Value {
  return v.data ? { ...v, data: v.data.map((i) => (i < 0 ? i + size : i)) } : v
}

function gather(at: At): Value {
  const [x, indices] = [at.input(0), at.input(1)]
  const axis = axisOf(at, at.int('axis', 0), x.shape.length)
  const { A, D, S } = around(x.shape, axis)
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)]
  if (sizeOf(shape) === 0) return known(shape, x.type, [])
  const ids = resolved(indices, D)
  return at.op('gather', { x, ids }, {}, { A, V: D, S, M: sizeOf(indices.shape) }, shape, x.type)
}

/** Every index of a shape, row-major. */
export function* indicesOf(shape: readonly number[]): Generator<number[]> {
  const strides = denseStrides(shape)
  for (let i = 0; i < sizeOf(shape); i++) yield strides.map((s, k) => Math.floor(i / s) % shape[k]!)
}

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, v, i) => sum + v * b[i]!, 0)

function gatherElements(at: At): Value {
  const x = at.input(0)
  const axis = axisOf(at, at.int('axis', 0), x.shape.length)
  const ids = at.values(1)!
  const shape = at.input(1).shape
  const strides = denseStrides(x.shape)
  const places = [...indicesOf(shape)].map((index, i) => {
    const id = ids[i]!
    return dot(
      index.map((v, k) => (k === axis ? (id < 0 ? id + x.shape[axis]! : id) : v)),
      strides,
    )
  })
  return picked(at, x, places, shape)
}

/** Places in x that each row of `ids` means, with as many elements after each as it leaves axes. */
function tuples(x: Value, ids: number[], width: number, batch: number): { starts: number[]; size: number } {
  const strides = denseStrides(x.shape)
  const size = strides[batch + width - 1]!
  const starts = Array.from({ length: ids.length / width }, (_, i) =>
    Array.from({ length: width }, (_, k) => {
      const id = ids[i * width + k]!
      return (id < 0 ? id + x.shape[batch + k]! : id) * strides[batch + k]!
    }).reduce((a, b) => a + b, 0),
  )
  return { starts, size }
}

function gatherNd(at: At): Value {
  const x = at.input(0)
  const indices = at.input(1)
  const batch = at.int('batch_dims', 0)
  const width = indices.shape.at(-1)!
  const { starts, size } = tuples(x, at.values(1)!, width, batch)
  const batches = sizeOf(x.shape.slice(0, batch))
  const [perBatch, stride] = [starts.length / batches, sizeOf(x.shape) / batches]
  const places = starts.flatMap((s, i) =>
    Array.from({ length: size }, (_, j) => Math.floor(i / perBatch) * stride + s + j),
  )
  return picked(at, x, places, [...indices.shape.slice(0, -1), ...x.shape.slice(batch + width)])
}

/** What is done to an element that is there already. */
const scatterOps: Record<string, string> = { add: 'add', mul: 'mul', max: 'max', min: 'min' }

/**
 * x with elements of `updates` in these places: picked from both, one behind the other. Where they are added (or
 * multiplied …) to what is there, places that come twice take a turn each.
 */
export function scattered(at: At, x: Value, updates: Value, places: number[], reduction = 'none'): Value {
  const n = sizeOf(x.shape)
  const flat = view(updates, [sizeOf(updates.shape)])
  const OP = scatterOps[reduction]
  if (!OP && reduction !== 'none') at.refuse(`reduction ${reduction}`)
  const seen = new Map<number, number>()
  const turns: number[][] = []
  places.forEach((place, i) => {
    const turn = OP ? (seen.get(place) ?? 0) : 0
    seen.set(place, turn + 1)
    turns[turn] ??= []
    turns[turn].push(i)
  })
  return turns.reduce((y, which) => {
    const from = Array.from({ length: n }, (_, i) => i)
    for (const [k, i] of which.entries()) from[places[i]!] = n + k
    const chosen = OP ? picked(at, flat, which, [which.length]) : flat
    const old =
      OP &&
      picked(
        at,
        y,
        which.map((i) => places[i]!),
        [which.length],
      )
    const put = OP && old ? binary(at, OP, old, chosen) : chosen
    return picked(at, concatenated(at, [view(y, [n]), put], 0), from, x.shape)
  }, x)
}

function scatterElements(at: At): Value {
  const [x, indices, updates] = [at.input(0), at.input(1), at.input(2)]
  const axis = axisOf(at, at.int('axis', 0), x.shape.length)
  const ids = at.values(1)!
  const strides = denseStrides(x.shape)
  const places = [...indicesOf(indices.shape)].map((index, i) => {
    const id = ids[i]!
    return dot(
      index.map((v, k) => (k === axis ? (id < 0 ? id + x.shape[axis]! : id) : v)),
      strides,
    )
  })
  return scattered(at, x, updates, places, at.text('reduction', 'none'))
}

function scatterNd(at: At): Value {
  const [x, indices, updates] = [at.input(0), at.input(1), at.input(2)]
  const { starts, size } = tuples(x, at.values(1)!, indices.shape.at(-1)!, 0)
  const places = starts.flatMap((s) => Array.from({ length: size }, (_, j) => s + j))
  return scattered(at, x, updates, places, at.text('reduction', 'none'))
}

/** A new axis of `depth`, with the second of two values where it is the index and the first elsewhere. */
function oneHot(at: At): Value {
  const indices = at.input(0)
  const depth = at.values(1)![0]!
  const rank = indices.shape.length + 1
  const axis = axisOf(at, at.int('axis', -1), rank)
  const ids = at.values(0)!
  const shape = [...indices.shape.slice(0, axis), depth, ...indices.shape.slice(axis)]
  const strides = denseStrides(indices.shape)
  const on = [...indicesOf(shape)].map((index) => {
    const id = ids[dot(index.toSpliced(axis, 1), strides)]!
    return (id < 0 ? id + depth : id) === index[axis] ? 1 : 0
  })
  return picked(at, at.input(2), on, shape)
}

function trilu(at: At): Value {
  const x = at.input(0)
  const k = at.inputs[1] ? at.values(1)![0]! : 0
  const upper = at.int('upper', 1) !== 0
  const [rows, columns] = x.shape.slice(-2)
  const mask = [...indicesOf([rows!, columns!])].map(([i, j]) => Number(upper ? j! - i! >= k : j! - i! <= k))
  if (sizeOf(x.shape) === 0) return x
  return mul(at, x, known([rows!, columns!], x.type, mask))
}

function compress(at: At): Value {
  const x = at.input(0)
  const flat = at.node.attributes.get('axis') === undefined
  const on = at.values(1)!.flatMap((c, i) => (c ? [i] : []))
  if (flat) return picked(at, x, on, [on.length])
  const axis = axisOf(at, at.int('axis', 0), x.shape.length)
  const { A, D, S } = around(x.shape, axis)
  const shape = x.shape.map((d, k) => (k === axis ? on.length : d))
  return at.op(
    'gather',
    { x, ids: known([on.length], INT64, on) },
    {},
    { A, V: D, S, M: on.length },
    shape,
    x.type,
  )
}

function reverseSequence(at: At): Value {
  const x = at.input(0)
  const [time, batch] = [at.int('time_axis', 0), at.int('batch_axis', 1)]
  const lengths = at.values(1)!
  const strides = denseStrides(x.shape)
  const places = [...indicesOf(x.shape)].map((index) => {
    const n = lengths[index[batch]!]!
    return dot(
      index.map((v, k) => (k === time && v < n ? n - 1 - v : v)),
      strides,
    )
  })
  return picked(at, x, places, x.shape)
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

function constant(at: At): Value {
  const { attributes } = at.node
  const t = attributes.get('value')?.t
  if (t) return known(t.dims, t.type, tensorValues(t, at.node.op))
  const ints = at.ints('value_ints')
  if (ints) return known([ints.length], INT64, ints)
  const floats = attributes.get('value_floats')?.floats
  if (floats) return known([floats.length], 1, floats)
  if (attributes.has('value_int')) return known([], INT64, [at.int('value_int', 0)])
  if (attributes.has('value_float')) return known([], 1, [at.float('value_float', 0)])
  return at.refuse('a constant of text, or a sparse one')
}

/** Elements that a constant may have without anything in the file for them. */
const MAX_FILLED = 2 ** 26

function constantOfShape(at: At): Value {
  const shape = at.values(0)!
  const t = at.node.attributes.get('value')?.t
  const [type, value] = t ? [t.type, tensorValues(t, at.node.op)[0]!] : [1, 0]
  if (!(sizeOf(shape) <= MAX_FILLED)) at.refuse(`a constant of shape [${shape}]`)
  return known(shape, type, new Float64Array(sizeOf(shape)).fill(value))
}

function eyeLike(at: At): Value {
  const { shape, type } = at.input(0)
  const [rows, columns] = shape as [number, number]
  const k = at.int('k', 0)
  return known(
    shape,
    at.int('dtype', type),
    Array.from({ length: rows * columns }, (_, i) => Number((i % columns) - Math.floor(i / columns) === k)),
  )
}

function range(at: At): Value {
  const [start, limit, delta] = [0, 1, 2].map((i) => at.values(i)![0]!)
  const n = Math.max(0, Math.ceil((limit! - start!) / delta!))
  if (!(n <= MAX_FILLED)) at.refuse(`a range of ${n} numbers`)
  return known(
    [n],
    at.input(0).type,
    Array.from({ length: n }, (_, i) => start! + i * delta!),
  )
}

function shapeOf(at: At): Value {
  const { shape } = at.input(0)
  const clamp = (p: number) => Math.min(Math.max(p < 0 ? p + shape.length : p, 0), shape.length)
  const part = shape.slice(clamp(at.int('start', 0)), clamp(at.int('end', shape.length)))
  return known([part.length], INT64, part)
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
  Expand: (at) => expanded(at, at.input(0), broadcast(at, at.input(0).shape, at.values(1)!)),
  Tile: tile,
  Pad: pad,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherNd,
  ScatterElements: scatterElements,
  Scatter: scatterElements,
  ScatterND: scatterNd,
  OneHot: oneHot,
  Trilu: trilu,
  Compress: compress,
  ReverseSequence: reverseSequence,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  EyeLike: eyeLike,
  Range: range,
  Shape: shapeOf,
  Size: (at) => known([], INT64, [sizeOf(at.input(0).shape)]),
}
