/** ONNX's operators whose results are known while translating. */
import { payloadOf } from '../late.js'
import { tensorValues } from '../tensors.js'
import { type At, computed, known, type Mapping, sizeOf, type Value } from '../values.js'
import { INT64 } from './apply.js'

function constant(at: At): Value {
  const { attributes } = at.node
  const t = attributes.get('value')?.t
  if (t) return { shape: t.dims, type: t.type, ...payloadOf(t, at.node.op) }
  const ints = at.ints('value_ints')
  if (ints) return known([ints.length], INT64, ints)
  const floats = attributes.get('value_floats')?.floats
  if (floats) return known([floats.length], 1, floats)
  if (attributes.has('value_int')) return known([], INT64, [at.int('value_int', 0)])
  if (attributes.has('value_float')) return known([], 1, [at.float('value_float', 0)])
  return at.refuse('a constant of text, or a sparse one')
}

function constantOfShape(at: At): Value {
  const t = at.node.attributes.get('value')?.t
  const [type, value] = t ? [t.type, tensorValues(t, at.node.op)[0]!] : [1, 0]
  return computed(at, at.must(0), type, () => value)
}

function eyeLike(at: At): Value {
  const { shape, type } = at.input(0)
  const columns = shape[1]!
  const k = at.int('k', 0)
  return computed(at, shape, at.int('dtype', type), (i) =>
    Number((i % columns) - Math.floor(i / columns) === k),
  )
}

function range(at: At): Value {
  const [start, limit, delta] = [0, 1, 2].map((i) => at.must(i)[0]!) as [number, number, number]
  const n = Math.max(0, Math.ceil((limit - start) / delta))
  return computed(at, [n], at.input(0).type, (i) => start + i * delta)
}

function shapeOf(at: At): Value {
  const { shape } = at.input(0)
  const clamp = (p: number) => Math.min(Math.max(p < 0 ? p + shape.length : p, 0), shape.length)
  const part = shape.slice(clamp(at.int('start', 0)), clamp(at.int('end', shape.length)))
  return known([part.length], INT64, part)
}

export const constants: Record<string, Mapping> = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  EyeLike: eyeLike,
  Range: range,
  Shape: shapeOf,
  Size: (at) => known([], INT64, [sizeOf(at.input(0).shape)]),
}
