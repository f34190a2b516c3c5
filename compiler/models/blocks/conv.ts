/** Convolutions along one axis, over signals [channels, places], and weights that are stored by length and direction. */
import type { Expr } from '../../../runtime/expr.js'
import type { Derived } from '../../import/derived.js'
import type { Builder } from '../../ir/builder.js'
import { size } from '../../ir/size.js'
import type { ModelOptions } from '../types.js'
import type { Making } from './making.js'

/** n as ceil((of - less) / by). */
const divided = (n: Expr): { of: Expr; less: number; by: number } => {
  if (typeof n !== 'object' || n[0] !== 'ceildiv' || typeof n[2] !== 'number')
    return { of: n, less: 0, by: 1 }
  const [, inner, by] = n
  if (typeof inner !== 'object' || typeof inner[2] !== 'number') return { of: inner, less: 0, by }
  if (inner[0] === '-') return { of: inner[1], less: inner[2], by }
  return inner[0] === '+' ? { of: inner[1], less: -inner[2], by } : { of: inner, less: 0, by }
}

/**
 * Places of a window of `kernel` taps, `stride` apart, within n and so many zeros around it:
 * floor((n + padding - span) / stride) + 1. Of a layer on a layer, one division, not one in the other: as
 * ceil((ceil(a / b) - c) / d) = ceil((a - b c) / (b d)).
 */
export function convLength(
  n: Expr,
  kernel: number,
  stride: number,
  { dilation = 1, padding = 0 }: { dilation?: number; padding?: number } = {},
): Expr {
  const { of, less, by } = divided(n)
  const all = less + ((kernel - 1) * dilation - padding) * by
  return size('ceildiv', all < 0 ? size('+', of, -all) : size('-', of, all), by * stride)
}

export interface Conv1d {
  channels: [from: number, to: number]
  kernel: number
  stride?: number
  dilation?: number
  groups?: number
  /** Zeros in front; those behind follow from the lengths. */
  padding?: number
}

/** x [from, lengths[0]] to [to, lengths[1]] with the weight w [to, from / groups * kernel]. */
export function conv1d(
  { g }: Making,
  x: string,
  name: string,
  { channels: [from, to], kernel, stride = 1, dilation = 1, groups = 1, padding = 0 }: Conv1d,
  [places, made]: [from: Expr, to: Expr],
  { w, b }: { w: string; b?: string | undefined },
): string {
  const y = g.op(
    'conv2d',
    name,
    { x, w, ...(b !== undefined && { b }) },
    {
      ...{ KH: 1, KW: kernel, SW: stride, DW: dilation, PL: padding, GROUPS: groups },
      BIAS: b !== undefined,
    },
    { B: 1, CIN: from, IH: 1, IW: places, COUT: to, OH: 1, OW: made },
  )
  return seenAs(g, y, [to, made])
}

/** A tensor under another shape of as many elements: what follows takes its last axes for rows. */
export function seenAs(g: Builder, y: string, shape: Expr[]): string {
  g.graph.tensors.set(y, { ...g.graph.tensors.get(y)!, shape })
  return y
}

/** [rows, columns] → [columns, rows]. */
export const turned = (
  { g }: Making,
  x: string,
  [rows, columns]: [rows: Expr, columns: Expr],
  name: string,
): string => g.op('transpose', name, { x }, {}, { B: 1, M: rows, N: columns })

/**
 * The weight of `<from>.weight` as a matrix [shape[0], …]: as it is where the files have it, else
 * g v / |v| (Salimans and Kingma 2016) by the axis along which g has its lengths, under both of PyTorch's names.
 */
export function weightNormed(
  m: Making,
  { has }: ModelOptions,
  from: string,
  shape: [number, number, number],
  axis: 0 | 2,
): string {
  const [rows, middle, last] = shape
  const matrix = [rows, middle * last]
  if (has(`${from}.weight`) && !has(`${from}.parametrizations.weight.original0`))
    return m.g.weight(`${from}.weight`, matrix)
  const old = has(`${from}.weight_g`) && !has(`${from}.parametrizations.weight.original0`)
  const [gName, vName] = old ? ['weight_g', 'weight_v'] : ['original0', 'original1']
  const at = old ? from : `${from}.parametrizations.weight`
  const derived: Derived = {
    name: `${from}.weight, normed`,
    shape: matrix,
    sources: [
      { name: `${at}.${gName}`, shape: axis === 0 ? [rows, 1, 1] : [1, 1, last] },
      { name: `${at}.${vName}`, shape },
    ],
    compute: ([lengths, v]) => {
      const of = (i: number) => (axis === 0 ? Math.floor(i / (middle * last)) : i % last)
      const squares = new Float64Array(lengths!.length)
      v!.forEach((value, i) => {
        squares[of(i)]! += value * value
      })
      return v!.map((value, i) => (value * lengths![of(i)]!) / Math.sqrt(squares[of(i)]!))
    },
  }
  return m.derive(derived)
}
