/** Shapes: numpy's rules, and moving elements by strides. */
import { copyFacts } from '../../../ops/copy_nd.js'
import { odometer } from '../fold.js'
import { type At, isKnown, known, sizeOf, type Value, view } from '../values.js'

/** An axis counted from the front; ONNX counts from the back where it is negative. */
export function axisOf(at: At, axis: number, rank: number): number {
  const a = axis < 0 ? axis + rank : axis
  return a >= 0 && a < Math.max(rank, 1) ? a : at.refuse(`axis ${axis} of a tensor of rank ${rank}`)
}

export const denseStrides = (shape: readonly number[]): number[] => {
  const strides = shape.map(() => 1)
  for (let k = shape.length - 2; k >= 0; k--) strides[k] = strides[k + 1]! * shape[k + 1]!
  return strides
}

/** Sizes before, at and after an axis: what operators that work along one see. */
export function around(shape: readonly number[], axis: number): { A: number; D: number; S: number } {
  return { A: sizeOf(shape.slice(0, axis)), D: shape[axis] ?? 1, S: sizeOf(shape.slice(axis + 1)) }
}

/** The shape that these broadcast to. https://onnx.ai/onnx/repo-docs/Broadcasting.html */
export function broadcast(at: At, ...shapes: (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((s) => s.length))
  return Array.from({ length: rank }, (_, k) => {
    const dims = shapes.map((s) => s[k - rank + s.length] ?? 1).filter((d) => d !== 1)
    if (dims.some((d) => d !== dims[0]))
      at.refuse(`[${shapes.join('] and [')}] do not broadcast: ${dims.join(' and ')}`)
    return dims[0] ?? 1
  })
}

/** Strides of a dense tensor as it broadcasts to `shape`. */
export function broadcastStrides(from: readonly number[], shape: readonly number[]): number[] {
  const strides = denseStrides(from)
  return shape.map((_, k) => {
    const axis = k - shape.length + from.length
    return axis < 0 || from[axis] === 1 ? 0 : strides[axis]!
  })
}

/** Axes of size 1 left out, and neighbours that all strides pass through as through one made one. */
export function collapse(
  dims: readonly number[],
  ...strides: (readonly number[])[]
): [number[], ...number[][]] {
  const kept = dims.map((_, k) => k).filter((k) => dims[k] !== 1)
  const out: number[] = []
  const outs: number[][] = strides.map(() => [])
  for (const k of kept) {
    const joins = out.length > 0 && strides.every((s, i) => outs[i]!.at(-1) === s[k]! * dims[k]!)
    if (joins) {
      out[out.length - 1]! *= dims[k]!
      for (const [i, s] of strides.entries()) outs[i]![out.length - 1] = s[k]!
    } else {
      out.push(dims[k]!)
      for (const [i, s] of strides.entries()) outs[i]!.push(s[k]!)
    }
  }
  return [out, ...outs]
}

/** Axes that kernels of strides have. */
const AXES = 6

/** `values` in the last of `n` places, the first ones filled. */
export const ending = (values: readonly number[], n: number, filler: number): number[] => [
  ...Array<number>(n - values.length).fill(filler),
  ...values,
]

/** y[i0, …] = x[start + Σ ik stride_k], under `shape`; nothing is done where that is x itself. */
export function strided(
  at: At,
  x: Value,
  shape: readonly number[],
  strides: readonly number[],
  start = 0,
): Value {
  const n = sizeOf(shape)
  if (n === 0) return known(shape, x.type, [])
  const [dims, steps] = collapse(shape, strides) as [number[], number[]]
  const whole = dims.length === 0 || (dims.length === 1 && steps[0] === 1)
  if (whole && start === 0 && n === sizeOf(x.shape)) return view(x, shape)
  if (dims.length > AXES && isKnown(x)) {
    const from = at.valuesOf(x)!
    const data = new Float64Array(n)
    odometer(dims, [steps], [start], (to, places) => {
      data[to] = from[places[0]!]!
    })
    return { shape, type: x.type, data }
  }
  if (dims.length > AXES) at.refuse(`it moves along ${dims.length} axes, wgc along ${AXES} at most`)
  const facts = copyFacts(ending(dims, AXES, 1), ending(steps, AXES, 0), sizeOf(x.shape), start)
  return at.op('copy_nd', { x }, facts as Record<string, number>, {}, shape, x.type)
}

export function transposed(at: At, x: Value, perm: readonly number[]): Value {
  const strides = denseStrides(x.shape)
  return strided(
    at,
    x,
    perm.map((k) => x.shape[k]!),
    perm.map((k) => strides[k]!),
  )
}

export const expanded = (at: At, x: Value, shape: readonly number[]): Value =>
  strided(at, x, shape, broadcastStrides(x.shape, shape))

/** Tensors end to end along an axis; parts without elements left out. */
export function concatenated(at: At, parts: Value[], axis: number): Value {
  const first = parts[0]!
  const length = parts.reduce((sum, p) => sum + p.shape[axis]!, 0)
  const shape = first.shape.map((d, k) => (k === axis ? length : d))
  const full = parts.filter((p) => sizeOf(p.shape) > 0)
  if (full.length === 0) return known(shape, first.type, [])
  if (full.length === 1) return view(full[0]!, shape)
  if (full.length > 4) {
    const joined: Value[] = []
    for (let i = 0; i < full.length; i += 4) joined.push(concatenated(at, full.slice(i, i + 4), axis))
    return concatenated(at, joined, axis)
  }
  const { A, S } = around(shape, axis)
  const [a, b, c, d] = full
  const [DA, DB, DC, DD] = full.map((p) => p.shape[axis]!)
  const sizes = { A, S, DA: DA!, DB: DB!, DC: DC ?? 0, DD: DD ?? 0 }
  return at.op('concat', { a, b, c, d }, { COUNT: full.length, D: length }, sizes, shape, first.type)
}

/** Elements of x, seen flat, at these places. */
export function picked(at: At, x: Value, places: ArrayLike<number>, shape: readonly number[]): Value {
  if (sizeOf(shape) === 0) return known(shape, x.type, [])
  const ids = known([places.length], 7, places)
  const sizes = { A: 1, V: sizeOf(x.shape), S: 1, M: places.length }
  return at.op('gather', { x, ids }, {}, sizes, shape, x.type)
}

/** Every index of a shape, row-major. */
export function* indicesOf(shape: readonly number[]): Generator<number[]> {
  const strides = denseStrides(shape)
  for (let i = 0; i < sizeOf(shape); i++) yield strides.map((s, k) => Math.floor(i / s) % shape[k]!)
}
