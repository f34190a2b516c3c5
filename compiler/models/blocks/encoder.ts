/** What encoders share: attention of all rows to all rows, and layers normed before or after their parts. */
import type { Expr } from '../../../runtime/expr.js'
import { activate } from './activation.js'
import { add, linear } from './linear.js'
import type { Making } from './making.js'
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
}

/** Added to the scores of keys, [1, rows]: 0, or -1e38 where a mask of ones and zeros [rows] has a 0. */
export const keyMask = ({ g, rows }: Making, mask: string): string =>
  g.op('unary', `${mask}.hides`, { x: mask }, { OP: 'affine', ALPHA: 1e38, BETA: -1e38 }, { M: 1, D: rows })

/** softmax(q kᵀ / sqrt(size) + mask) v over x [rows, hidden]. */
function attention(
  m: Making,
  d: EncoderLayer,
  x: string,
  names: EncoderNames,
  at: string,
  mask: string | undefined,
): string {
  const project = (name: 'q' | 'k' | 'v') =>
    linear(m, x, `${at}.${name}`, [d.hidden, d.hidden], { from: names[name], bias: d.qkvBias ?? true })
  const size = d.hidden / d.heads
  const mixed = m.g.op(
    'sdpa',
    `${at}.attention`,
    { q: project('q'), k: project('k'), v: project('v'), ...(mask !== undefined && { keymask: mask }) },
    {
      ...{ H: d.heads, KVH: d.heads, HD: size, VD: size, SCALE: 1 / Math.sqrt(size) },
      ...{ CAUSAL: d.causal ?? false, KEYS: mask !== undefined },
    },
    { B: 1, M: m.rows, L: m.rows },
  )
  return linear(m, mixed, `${at}.o`, [d.hidden, d.hidden], { from: names.o, bias: true })
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
  const fed = (y: string) => {
    const inner = linear(m, y, `${at}.up`, [d.ffn, d.hidden], { from: names.up, bias: true })
    const acted = activate(m, inner, d.activation, `${at}.act`)
    return linear(m, acted, `${at}.down`, [d.hidden, d.ffn], { from: names.down, bias: true })
  }
  if (d.norm === 'before') {
    const y = add(m, attention(m, d, norm(x, 0), names, at, mask), x, `${at}.residual1`)
    return add(m, fed(norm(y, 1)), y, `${at}.residual2`)
  }
  const y = norm(add(m, attention(m, d, x, names, at, mask), x, `${at}.residual1`), 0)
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
  const tensor = g.graph.tensors.get(y)!
  g.graph.tensors.set(y, { ...tensor, shape: [count, width] })
  return y
}
