/** What encoders share: attention of all rows to all rows, and layers normed before or after their parts. */
import type { Expr } from '../../../runtime/expr.js'
import { computed, rowsOf } from '../../import/derived.js'
import { activate } from './activation.js'
import { add, linear } from './linear.js'
import { type Making, viewed } from './making.js'
import { layerNorm } from './norm.js'

/** Where a layer's tensors are in the files. */
export interface EncoderNames {
  q: string
  k: string
  v: string
  o: string
  /** Norm of attention, and of the feed-forward. */
  norms: [string, string]
  /** The feed-forward's products. */
  up: string
  down: string
  /** Vectors that what the parts give is multiplied by (Touvron et al. 2021), where there are any. */
  scales?: [string, string]
}

export interface EncoderLayer {
  hidden: number
  heads: number
  ffn: number
  eps: number
  activation: string
  /** before: x + f(norm(x)), as in ViT.  after: norm(x + f(x)), as in BERT. */
  norm: 'before' | 'after'
  /** Of query, key and value. Default true. */
  qkvBias?: boolean
  /** Whether rows see only those before them. */
  causal?: boolean
  /** Pieces that the rows are, which don't see each other: frames of a video. Default 1. */
  pieces?: number
  /** The feed-forward's first product is two in one, silu of the first times the second. */
  gated?: boolean
}

/** silu(x aᵀ) * (x bᵀ), a and b the halves [n, k] of one matrix. */
function gatedSilu(m: Making, x: string, name: string, [n, k]: [n: number, k: number], from: string): string {
  const half = (part: 0 | 1, as: string) => {
    const rows: [number, number] = [part * n, part * n + n]
    const weight = m.derive(
      rowsOf(`${from}.weight[${part}]`, { name: `${from}.weight`, shape: [2 * n, k] }, rows),
    )
    const biasVector = m.derive(
      rowsOf(`${from}.bias[${part}]`, { name: `${from}.bias`, shape: [2 * n] }, rows),
    )
    return linear(m, x, `${name}.${as}`, [n, k], { from, bias: true, weight, biasVector })
  }
  const acted = activate(m, half(0, 'gate'), 'silu', `${name}.act`)
  return m.g.op('binary', name, { a: acted, b: half(1, 'up') }, { OP: 'mul', BCAST: false })
}

/** Added to the scores of keys, [1, rows]: 0, or -1e38 where a mask of ones and zeros [rows] has a 0. */
export const keyMask = ({ g, rows }: Making, mask: string): string =>
  g.op('unary', `${mask}.hides`, { x: mask }, { OP: 'affine', ALPHA: 1e38, BETA: -1e38 }, { M: 1, D: rows })

/** A part's last product, times a vector by columns: folded into its weights. */
function closing(
  m: Making,
  x: string,
  name: string,
  [n, k]: [n: number, k: number],
  { from, scale }: { from: string; scale: string | undefined },
): string {
  if (scale === undefined) return linear(m, x, name, [n, k], { from, bias: true })
  const folded = (part: string, shape: number[]) =>
    m.derive(
      computed(
        `${from}.${part} * ${scale}`,
        [
          { name: `${from}.${part}`, shape },
          { name: scale, shape: [n] },
        ],
        shape,
        (w, by) => w!.map((value, i) => value * by![Math.floor(i / (w!.length / n))]!),
      ),
    )
  const weight = folded('weight', [n, k])
  return linear(m, x, name, [n, k], { from, bias: true, weight, biasVector: folded('bias', [n]) })
}

export interface AttentionOptions {
  /** Of `keyMask`. */
  mask?: string | undefined
  /** Rows that are seen, where they are not those that see: [rows, hidden], as many pieces. */
  seen?: { x: string; rows: number }
}

/** softmax(q kᵀ / sqrt(size) + mask) v over x [rows, hidden], and its product with the output's weights. */
export function attention(
  m: Making,
  d: EncoderLayer,
  x: string,
  names: Pick<EncoderNames, 'q' | 'k' | 'v' | 'o' | 'scales'>,
  at: string,
  { mask, seen }: AttentionOptions = {},
): string {
  const project = (name: 'q' | 'k' | 'v', from: string) =>
    linear(m, from, `${at}.${name}`, [d.hidden, d.hidden], { from: names[name], bias: d.qkvBias ?? true })
  const size = d.hidden / d.heads
  const pieces = d.pieces ?? 1
  const each = (rows: Expr) => (pieces === 1 ? rows : Number(rows) / pieces)
  const from = seen?.x ?? x
  const mixed = m.g.op(
    'sdpa',
    `${at}.attention`,
    {
      q: project('q', x),
      k: project('k', from),
      v: project('v', from),
      ...(mask !== undefined && { keymask: mask }),
    },
    {
      ...{ H: d.heads, KVH: d.heads, HD: size, VD: size, SCALE: 1 / Math.sqrt(size) },
      ...{ CAUSAL: d.causal ?? false, KEYS: mask !== undefined },
    },
    { B: pieces, M: each(m.rows), L: each(seen?.rows ?? m.rows) },
  )
  const rows = viewed(m.g, mixed, [m.rows, d.hidden])
  return closing(m, rows, `${at}.o`, [d.hidden, d.hidden], { from: names.o, scale: names.scales?.[0] })
}

/** The two products of a layer on x [rows, hidden], and the activation between them. */
export function feedForward(
  m: Making,
  d: Pick<EncoderLayer, 'hidden' | 'ffn' | 'activation' | 'gated'>,
  x: string,
  names: Pick<EncoderNames, 'up' | 'down' | 'scales'>,
  at: string,
): string {
  const up = () => linear(m, x, `${at}.up`, [d.ffn, d.hidden], { from: names.up, bias: true })
  const inner = d.gated
    ? gatedSilu(m, x, `${at}.up`, [d.ffn, d.hidden], names.up)
    : activate(m, up(), d.activation, `${at}.act`)
  return closing(m, inner, `${at}.down`, [d.hidden, d.ffn], { from: names.down, scale: names.scales?.[1] })
}

/** One layer on x [rows, hidden]. `mask`: of `keyMask`. */
export function encoderLayer(
  m: Making,
  d: EncoderLayer,
  x: string,
  names: EncoderNames,
  at: string,
  mask?: string,
): string {
  const norm = (y: string, i: 0 | 1) => layerNorm(m, y, names.norms[i], `${at}.norm${i + 1}`, d.hidden, d)
  const attended = (y: string) => attention(m, d, y, names, at, { mask })
  const fed = (y: string) => feedForward(m, d, y, names, at)
  if (d.norm === 'before') {
    const y = add(m, attended(norm(x, 0)), x, `${at}.residual1`)
    return add(m, fed(norm(y, 1)), y, `${at}.residual2`)
  }
  const y = norm(add(m, attended(x), x, `${at}.residual1`), 0)
  return norm(add(m, fed(y), y, `${at}.residual2`), 1)
}

/** Rows [from, from + count) of x, `width` wide: [count, width]. */
export const rowsFrom = (
  { g }: Making,
  x: string,
  [from, count]: [from: number, count: number],
  width: number,
  rows: Expr,
  name: string,
): string => {
  const y = g.op(
    'copy_nd',
    name,
    { x },
    { D4: count, D5: width, XS4: width, X0: from * width },
    { XN: typeof rows === 'number' ? rows * width : ['*', rows, width] },
  )
  return viewed(g, y, [count, width])
}
