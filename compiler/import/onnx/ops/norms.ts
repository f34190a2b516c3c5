/** ONNX's normalisations and softmax. */
import { type At, type Mapping, sizeOf, type Value, view } from '../values.js'
import { add, binary, div, mul, plus, sub, unary } from './apply.js'
import { trainedBatchNorm } from './compositions.js'
import { reduced } from './reductions.js'
import { around, axisOf, expanded, transposed } from './shapes.js'

/** Along an axis; before opset 13 along it and all after it. */
function softmax(at: At, LOG: boolean): Value {
  const x = at.input(0)
  const axis = axisOf(at, at.int('axis', at.opset < 13 ? 1 : -1), x.shape.length)
  return softmaxOf(at, x, axis, LOG, at.opset < 13)
}

export function softmaxOf(at: At, x: Value, axis: number, LOG = false, rest = false): Value {
  const { A, D, S } = around(x.shape, axis)
  const sizes = rest ? { A, D: D * S, S: 1 } : { A, D, S }
  return at.op('softmax', { x }, { SCALE: 1, LOG }, sizes, x.shape, x.type)
}

/** 1 at the first of the largest. */
function hardmax(at: At): Value {
  const x = at.input(0)
  const axis = axisOf(at, at.int('axis', at.opset < 13 ? 1 : -1), x.shape.length)
  const largest = binary(at, 'equal', x, reduced(at, 'max', x, [axis], true), x.type)
  const { A, D, S } = around(x.shape, axis)
  const count = at.op('cumsum', { x: largest }, {}, { A, D, S }, x.shape, x.type)
  return mul(at, largest, binary(at, 'equal', count, largest, x.type))
}

/** A vector that every row of D is multiplied by, or added to: as long as a row. */
function row(at: At, v: Value | undefined, x: Value, axis: number): Value | undefined {
  if (!v) return undefined
  const shape = x.shape.slice(axis)
  return v.shape.length <= shape.length ? expanded(at, v, shape) : at.refuse(`a scale of [${v.shape}]`)
}

function layerNorm(at: At): (Value | undefined)[] {
  const x = at.input(0)
  const axis = axisOf(at, at.int('axis', -1), x.shape.length)
  const EPS = at.float('epsilon', 1e-5)
  const y = normedRows(at, 'layernorm', x, { g: at.inputs[1], b: at.inputs[2], axis, EPS })
  if (at.node.outputs.slice(1).every((o) => o === '')) return [y]
  const axes = x.shape.map((_, k) => k).slice(axis)
  const mean = reduced(at, 'mean', x, axes, true)
  const variance = reduced(at, 'mean', unary(at, 'square', sub(at, x, mean)), axes, true)
  return [y, mean, unary(at, 'rsqrt', plus(at, variance, EPS))]
}

function rmsNorm(at: At): Value {
  const x = at.input(0)
  const axis = axisOf(at, at.int('axis', -1), x.shape.length)
  return normedRows(at, 'rmsnorm', x, { g: at.inputs[1], axis, EPS: at.float('epsilon', 1e-5) })
}

/** Rows, from an axis on, brought to the same spread (and mean), then multiplied by g and b added. */
export function normedRows(
  at: At,
  op: 'layernorm' | 'rmsnorm',
  x: Value,
  { g, b, axis, EPS }: { g?: Value | undefined; b?: Value | undefined; axis: number; EPS: number },
): Value {
  const [R, D] = [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]
  const [gain, shift] = [row(at, g, x, axis), row(at, b, x, axis)]
  if (![gain, shift].every((v) => !v || at.isApart(v))) {
    const y = normedRows(at, op, x, { axis, EPS })
    const scaled = gain ? mul(at, y, view(gain, x.shape.slice(axis))) : y
    return shift ? add(at, scaled, view(shift, x.shape.slice(axis))) : scaled
  }
  const attrs = {
    ...{ EPS, GAIN: gain !== undefined, LAST: false },
    ...(op === 'layernorm' && { BIAS: shift !== undefined }),
  }
  return at.op(op, { x, g: gain, ...(shift && { b: shift }) }, attrs, { R, M: R, D }, x.shape, x.type)
}

function groups(at: At, x: Value, GROUPS: number, g: Value | undefined, b: Value | undefined): Value {
  const [B, C] = x.shape as [number, number]
  if (g && b && !(at.isApart(g) && at.isApart(b)))
    return moved(at, groups(at, x, GROUPS, undefined, undefined), g, b)
  const attrs = { GROUPS, EPS: at.float('epsilon', 1e-5), GAIN: g !== undefined, ACT: 'none' }
  return at.op('groupnorm', { x, g, b }, attrs, { B, C, S: sizeOf(x.shape.slice(2)) }, x.shape, x.type)
}

/** x scale + shift, by channel. */
function moved(at: At, x: Value, scale: Value, shift: Value): Value {
  const channels = [x.shape[1] ?? 1, ...x.shape.slice(2).map(() => 1)]
  return add(at, mul(at, x, view(scale, channels)), view(shift, channels))
}

function groupNorm(at: At): Value {
  const x = at.input(0)
  const C = x.shape[1]!
  const GROUPS = at.int('num_groups', 1)
  // Before opset 21 a group has one scale.
  const channel = (v: Value) =>
    v.shape[0] === C ? v : view(expanded(at, view(v, [GROUPS, 1]), [GROUPS, C / GROUPS]), [C])
  return groups(at, x, GROUPS, channel(at.input(1)), channel(at.input(2)))
}

/** Statistics that stand: a scale and a shift of every channel. */
function batchNorm(at: At): Value | Value[] {
  if (at.int('training_mode', 0)) return trainedBatchNorm(at)
  const [x, g, b, mean, variance] = [0, 1, 2, 3, 4].map((i) => at.input(i)) as [
    Value,
    Value,
    Value,
    Value,
    Value,
  ]
  const scale = mul(at, g, unary(at, 'rsqrt', plus(at, variance, at.float('epsilon', 1e-5))))
  const shift = sub(at, b, mul(at, mean, scale))
  if (!at.isApart(scale) || !at.isApart(shift)) return moved(at, x, scale, shift)
  const [B, C] = x.shape as [number, number]
  const sizes = { B, C: C ?? 1, S: sizeOf(x.shape.slice(2)) }
  return at.op('scale_shift', { x, scale, shift }, { ACT: 'none' }, sizes, x.shape, x.type)
}

/** Of rows along an axis: the axis is last for the kernel. */
function lpNorm(at: At): Value {
  const x = at.input(0)
  const axis = axisOf(at, at.int('axis', -1), x.shape.length)
  if (at.int('p', 2) === 1) {
    const size = reduced(at, 'l1', x, [axis], true)
    return div(at, x, binary(at, 'max', size, { shape: [], type: x.type, data: Float64Array.of(1e-30) }))
  }
  const last = x.shape.length - 1
  const perm = x.shape.map((_, k) => (k === axis ? last : k === last ? axis : k))
  const rows = transposed(at, x, perm)
  const D = rows.shape[last]!
  const sizes = { M: sizeOf(rows.shape) / D, D }
  const y = at.op('l2norm', { x: rows }, { EPS: 1e-30, MODE: 'max' }, sizes, rows.shape, x.type)
  return transposed(at, y, perm)
}

/** (x - mean) / (deviation + 1e-9), over these axes. */
function meanVariance(at: At): Value {
  const x = at.input(0)
  const axes = at.ints('axes') ?? [0, 2, 3]
  const centred = sub(at, x, reduced(at, 'mean', x, axes, true))
  const deviation = unary(at, 'sqrt', reduced(at, 'mean', unary(at, 'square', centred), axes, true))
  return div(at, centred, plus(at, deviation, 1e-9))
}

export const norms: Record<string, Mapping> = {
  Softmax: (at) => softmax(at, false),
  LogSoftmax: (at) => softmax(at, true),
  Hardmax: hardmax,
  LayerNormalization: layerNorm,
  RMSNormalization: rmsNorm,
  GroupNormalization: groupNorm,
  InstanceNormalization: (at) => groups(at, at.input(0), at.input(0).shape[1]!, at.input(1), at.input(2)),
  BatchNormalization: batchNorm,
  LpNormalization: lpNorm,
  MeanVarianceNormalization: meanVariance,
}
