/**
 * Values that are known while translating but stay where they are: in a file until they are written to a bundle, or
 * a computation on such ones. So a model's weights never lie in memory together.
 */
import { elements } from '../safetensors-header.js'
import type { TensorProto } from './protos.js'
import { tensorPart, tensorValues, types } from './tensors.js'

export interface Late {
  readonly size: number
  /** Name of the tensor in the model, or of the first that it follows from. */
  readonly origin: string
  /** ONNX type of what it is read from, the widest of them. */
  readonly type: number
  /** Computes or reads all of it, anew each time. */
  make(): Float64Array
  /** Elements [from, to), where they can be read without the rest. */
  part?(from: number, to: number): Float32Array
}

/** Elements from which on a constant stays out of memory. What decides shapes is far smaller. */
export const LATE_FROM = 4096

/** What a constant is: its values, or where they come from. */
export type Payload = { data: Float64Array } | { late: Late }

const payloads = new WeakMap<TensorProto, Payload>()

/**
 * A tensor of the file; the same object however often it is asked for, as the body of a loop does.
 * @throws WGC231 when the tensor contradicts itself
 */
export function payloadOf(t: TensorProto, file: string): Payload {
  const known = payloads.get(t)
  if (known) return known
  const size = elements(t.dims) ?? 0
  const make = () => tensorValues(t, file)
  const late = size >= LATE_FROM && (t.stored ?? t.raw) !== undefined && types[t.type] !== undefined
  const made: Payload = late
    ? {
        late: {
          ...{ size, origin: t.name, type: t.type, make },
          ...(types[t.type]!.bits >= 8 && { part: (from, to) => tensorPart(t, file, from, to) }),
        },
      }
    : { data: make() }
  payloads.set(t, made)
  return made
}

/** What follows from others, when it is wanted. */
export function derived(size: number, from: readonly Late[], make: () => Float64Array): Late {
  const bits = ({ type }: Late) => types[type]!.bits
  const widest = from.reduce<Late | undefined>((a, b) => (a && bits(a) >= bits(b) ? a : b), undefined)
  return { size, origin: from[0]?.origin ?? '', type: widest?.type ?? FLOAT, make }
}

const FLOAT = 1
