/** ONNX's operators that take elements from places that indices say, or put them there. */
import { LATE_FROM } from '../late.js'
import {
  type At,
  computed,
  isKnown,
  known,
  type Mapping,
  scalar,
  sizeOf,
  type Value,
  view,
} from '../values.js'
import { BOOL, binary, INT64, where } from './apply.js'
import { around, axisOf, concatenated, denseStrides, indicesOf, picked } from './shapes.js'

/** Ids counted from the end where negative. */
function resolved(at: At, v: Value, size: number): Value {
  // Computed while the model runs: negative ones are turned there. The caller's own are never negative.
  if (v.stored === 'f32')
    return { ...at.emit('to_ids', { x: v }, { WRAP: size }, { N: sizeOf(v.shape) }).y!, shape: v.shape }
  const data = isKnown(v) ? at.valuesOf(v) : undefined
  return data?.some((i) => i < 0) ? { ...v, data: data.map((i) => (i < 0 ? i + size : i)) } : v
}

/** Parts of x along an axis, in the order that indices say. */
export function gathered(at: At, x: Value, indices: Value, axis = 0): Value {
  const { A, D, S } = around(x.shape, axis)
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)]
  if (sizeOf(shape) === 0) return known(shape, x.type, [])
  const M = sizeOf(indices.shape)
  const ids = resolved(at, indices, D)
  // A table of the model is a weight, in whatever format weights are stored in.
  if (isKnown(x) && !isKnown(ids) && A === 1 && S > 1 && D * S >= LATE_FROM)
    return at.op('embed', { tokens: ids, w: x }, { ROW0: 0, C: M - 1 }, { M, V: D, D: S }, shape, x.type)
  return at.op('gather', { x, ids }, {}, { A, V: D, S, M }, shape, x.type)
}

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, v, i) => sum + v * b[i]!, 0)

/** Places in x of indices along an axis, whose other coordinates are their own. */
function alongAxis(at: At, x: Value, indices: Value, ids: number[]): number[] {
  const axis = axisOf(at, at.int('axis', 0), x.shape.length)
  const strides = denseStrides(x.shape)
  return [...indicesOf(indices.shape)].map((index, i) => {
    const id = ids[i]!
    return dot(index.with(axis, id < 0 ? id + x.shape[axis]! : id), strides)
  })
}

function gatherElements(at: At): Value {
  const [x, indices] = [at.input(0), at.input(1)]
  return picked(at, x, alongAxis(at, x, indices, at.must(1)), indices.shape)
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
  const { starts, size } = tuples(x, at.must(1), width, batch)
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
  const places = alongAxis(at, x, indices, at.must(1))
  return scattered(at, x, updates, places, at.text('reduction', 'none'))
}

function scatterNd(at: At): Value {
  const [x, indices, updates] = [at.input(0), at.input(1), at.input(2)]
  const { starts, size } = tuples(x, at.must(1), indices.shape.at(-1)!, 0)
  const places = starts.flatMap((s) => Array.from({ length: size }, (_, j) => s + j))
  return scattered(at, x, updates, places, at.text('reduction', 'none'))
}

/** A new axis of `depth`, with the second of two values where it is the index and the first elsewhere. */
function oneHot(at: At): Value {
  const indices = at.input(0)
  const depth = at.must(1)[0]!
  const rank = indices.shape.length + 1
  const axis = axisOf(at, at.int('axis', -1), rank)
  const ids = at.must(0)
  const shape = [...indices.shape.slice(0, axis), depth, ...indices.shape.slice(axis)]
  const { S } = around(indices.shape.toSpliced(axis, 0, depth), axis)
  // Row-major, [before, depth, after].
  const on = computed(at, shape, INT64, (i) => {
    const id = ids[Math.floor(i / (depth * S)) * S + (i % S)]!
    return Number((id < 0 ? id + depth : id) === Math.floor(i / S) % depth)
  })
  return picked(at, at.input(2), on.data!, shape)
}

function trilu(at: At): Value {
  const x = at.input(0)
  const k = at.inputs[1] ? at.must(1)[0]! : 0
  const upper = at.int('upper', 1) !== 0
  const [rows, columns] = x.shape.slice(-2)
  if (sizeOf(x.shape) === 0) return x
  const mask = computed(at, [rows!, columns!], BOOL, (i) => {
    const diagonal = (i % columns!) - Math.floor(i / columns!)
    return Number(upper ? diagonal >= k : diagonal <= k)
  })
  return where(at, mask, x, scalar(0, x.type))
}

function compress(at: At): Value {
  const x = at.input(0)
  const flat = at.node.attributes.get('axis') === undefined
  const on = at.must(1).flatMap((c, i) => (c ? [i] : []))
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
  const lengths = at.must(1)
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

export const indexing: Record<string, Mapping> = {
  Gather: (at) => {
    const x = at.input(0)
    return gathered(at, x, at.input(1), axisOf(at, at.int('axis', 0), x.shape.length))
  },
  GatherElements: gatherElements,
  GatherND: gatherNd,
  ScatterElements: scatterElements,
  Scatter: scatterElements,
  ScatterND: scatterNd,
  OneHot: oneHot,
  Trilu: trilu,
  Compress: compress,
  ReverseSequence: reverseSequence,
}
