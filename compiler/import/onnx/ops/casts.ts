/** ONNX's casts: wgc holds every type in f32, so only what a type cannot hold changes. */
import { types } from '../tensors.js'
import { type At, known, type Mapping, scalar, sizeOf, type Value, view } from '../values.js'
import { BOOL, binary, mul, not, plus, truncated, truth, unary, where } from './apply.js'
import { matmul } from './products.js'

/** Elements in another type. */
function cast(at: At, x: Value, type: number): Value {
  const [from, to] = [types[x.type], types[type]]
  if (!from || !to) return at.refuse(`a cast to ${types[type]?.name ?? 'a type without numbers'}`)
  if (x.type === type || x.stored === 'u32') return view(x, x.shape, type)
  if (to.kind === 'bool') return from.kind === 'bool' ? view(x, x.shape, type) : truth(at, x)
  if (to.kind === 'float')
    return to.bits < 16 ? rounded(at, x, type, at.int('saturate', 1) !== 0) : view(x, x.shape, type)
  const whole = from.kind === 'float' ? { ...truncated(at, x), type } : view(x, x.shape, type)
  const holds = from.kind === 'bool' || (to.kind === from.kind && to.bits >= from.bits)
  return holds || to.bits > 16 ? whole : wrapped(at, whole, to)
}

/** Whole numbers as they are in so many bits: every step is exact, as it only divides by a power of two. */
function wrapped(at: At, x: Value, { bits, kind }: { bits: number; kind: string }): Value {
  const shift = kind === 'int' ? 2 ** (bits - 1) : 0
  const rest = binary(at, 'floor_mod', plus(at, x, shift), scalar(2 ** bits, x.type))
  return plus(at, rest, -shift)
}

/** The bits of short integers seen as another type's. */
function bitCast(at: At, x: Value, type: number): Value {
  const [from, to] = [types[x.type], types[type]]
  const short = from && to && from.bits === to.bits && to.bits <= 16
  if (!short || from.kind === 'float' || to.kind === 'float') return at.refuse('bits seen as another type')
  if (from.kind === 'bool' || from.kind === to.kind) return view(x, x.shape, type)
  return wrapped(at, view(x, x.shape, type), to)
}

/** The float32 before a positive one. */
function previous(x: number): number {
  const view = new DataView(new ArrayBuffer(4))
  view.setFloat32(0, x)
  view.setUint32(0, view.getUint32(0) - 1)
  return view.getFloat32(0)
}

/** Comparisons that rounding to a type of 8 bits may take in all. */
const MAX_COMPARED = 2 ** 24

/**
 * Floats of 4 or 8 bits, to the nearest, ties to even. No kernel rounds so: each of the type's values, of which
 * there are at most 127, is a step that is taken where x lies beyond the middle before it.
 */
export function rounded(at: At, x: Value, type: number, saturate: boolean): Value {
  const row = types[type]!
  if (row.name === 'float8e8m0') return at.refuse(`rounding to ${row.name}`)
  const values = Array.from({ length: 2 ** (row.bits - 1) }, (_, code) => row.bitsToValue!(code)).filter(
    Number.isFinite,
  )
  const n = sizeOf(x.shape)
  const K = values.length - 1
  if (n * K > MAX_COMPARED) return at.refuse(`rounding ${n} numbers to ${row.name}`)
  const middle = (low: number, high: number, code: number) =>
    // Ties go to the even code: where that is the one above, the middle itself is beyond.
    code % 2 === 0 ? (low + high) / 2 : previous((low + high) / 2)
  const steps = values.slice(1).map((v, i) => v - values[i]!)
  const middles = values.slice(1).map((v, i) => middle(values[i]!, v, i))
  const size = unary(at, 'abs', x)
  const beyond = binary(at, 'greater', view(size, [n, 1]), known([1, K], 1, middles), 1)
  const sum = view(matmul(at, beyond, known([K, 1], 1, steps)), x.shape, type)
  const most = values[K]!
  const unlimited = binary(at, 'greater', size, scalar(middle(most, most + steps[K - 1]!, K)), BOOL)
  const overflow = scalar(row.name === 'float8e5m2' ? Infinity : Number.NaN)
  const held = saturate || row.bits < 8 ? sum : where(at, unlimited, overflow, sum)
  const signed = { ...mul(at, held, unary(at, 'sign', x)), type }
  // Types below 8 bits have no NaN.
  const unknown = scalar(row.bits < 8 ? 0 : Number.NaN)
  return { ...where(at, not(at, binary(at, 'equal', x, x, BOOL)), unknown, signed), type }
}

export const casts: Record<string, Mapping> = {
  Cast: (at) => cast(at, at.input(0), at.int('to', 1)),
  CastLike: (at) => cast(at, at.input(0), at.input(1).type),
  BitCast: (at) => bitCast(at, at.input(0), at.int('to', 1)),
}
