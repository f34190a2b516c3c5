/** Transformers over the pixels of planes, which look at each other and at a text (Rombach et al. 2022). */
import type { Expr } from '../../../runtime/expr.js'
import { rowsOf } from '../../import/derived.js'
import { add, linear } from './linear.js'
import type { Making } from './making.js'
import { layerNorm } from './norm.js'
import { addRows, type GroupNorm, groupNorm, type Planes, toRows } from './planes.js'

export interface SpatialTransformer extends GroupNorm {
  heads: number
  layers: number
  /** What it looks at: a tensor [rows, width]. */
  context: { name: string; rows: Expr; width: number }
}

/** Of the layers inside. */
const EPS = 1e-5

/** Attention of x [m.rows, hidden] to `to`. */
function attention(
  m: Making,
  x: string,
  from: string,
  [hidden, heads]: [hidden: number, heads: number],
  to: SpatialTransformer['context'],
): string {
  const size = hidden / heads
  const other = { ...m, rows: to.rows }
  const q = linear(m, x, `${from}.to_q`, [hidden, hidden], { from: `${from}.to_q` })
  const k = linear(other, to.name, `${from}.to_k`, [hidden, to.width], { from: `${from}.to_k` })
  const v = linear(other, to.name, `${from}.to_v`, [hidden, to.width], { from: `${from}.to_v` })
  const mixed = m.g.op(
    'sdpa',
    `${from}.mixed`,
    { q, k, v },
    { H: heads, KVH: heads, HD: size, VD: size, SCALE: 1 / Math.sqrt(size) },
    { B: 1, M: m.rows, L: to.rows },
  )
  return linear(m, mixed, `${from}.to_out`, [hidden, hidden], { from: `${from}.to_out.0`, bias: true })
}

/** down(up(x) * gelu(gate(x))): the files hold up and gate as one, up first. */
function geglu(m: Making, x: string, from: string, hidden: number): string {
  const inner = 4 * hidden
  const proj = `${from}.net.0.proj`
  const part = (name: string, first: number) => {
    const rows: [number, number] = [first, first + inner]
    const weight = { name: `${proj}.weight`, shape: [2 * inner, hidden] }
    const bias = { name: `${proj}.bias`, shape: [2 * inner] }
    return linear(m, x, `${from}.${name}`, [inner, hidden], {
      ...{ from: proj, bias: true },
      weight: m.derive(rowsOf(`${proj}.weight, ${name}`, weight, rows)),
      biasVector: m.derive(rowsOf(`${proj}.bias, ${name}`, bias, rows)),
    })
  }
  const gate = m.g.op('unary', `${from}.act`, { x: part('gate', inner) }, { OP: 'gelu' })
  const b = part('up', 0)
  const gated = m.g.op('binary', `${from}.gated`, { a: gate, b }, { OP: 'mul', BCAST: false })
  return linear(m, gated, `${from}.down`, [hidden, inner], { from: `${from}.net.2`, bias: true })
}

/** x plus what the transformer makes of it. Its products before and after are 1 x 1 convolutions in some files: the same. */
export function spatialTransformer(m: Making, x: Planes, from: string, d: SpatialTransformer): Planes {
  const hidden = x.channels
  const rows = { ...m, rows: x.height * x.width }
  const project = (y: string, name: string) =>
    linear(rows, y, `${from}.${name}`, [hidden, hidden], { from: `${from}.${name}`, bias: true })
  const normed = groupNorm(m, x, `${from}.norm`, d)
  let y = project(toRows(m, normed, `${from}.rows`), 'proj_in')
  for (let i = 0; i < d.layers; i++) {
    const at = `${from}.transformer_blocks.${i}`
    const norm = (n: number) => layerNorm(rows, y, `${at}.norm${n}`, `${at}.norm${n}`, hidden, { eps: EPS })
    const own = norm(1)
    const itself = { name: own, rows: rows.rows, width: hidden }
    y = add(m, attention(rows, own, `${at}.attn1`, [hidden, d.heads], itself), y, `${at}.residual1`)
    y = add(m, attention(rows, norm(2), `${at}.attn2`, [hidden, d.heads], d.context), y, `${at}.residual2`)
    y = add(m, geglu(rows, norm(3), `${at}.ff`, hidden), y, `${at}.residual3`)
  }
  return addRows(m, x, project(y, 'proj_out'), `${from}.residual`)
}
