/** Normalisations of rows. */
import { mapped, padRows } from '../../import/derived.js'
import { size } from '../../ir/size.js'
import type { Making } from './making.js'

export interface RmsOptions {
  eps: number
  /** Elements of a head in the graph, where zeros stand behind those of the files. */
  padded?: number
  /** What the files' gains are stored less by: 1 in Gemma. */
  offset?: number
  /** Of the step's last row alone. */
  last?: boolean
}

function gain(m: Making, weight: string, length: number, offset = 0, padded = length): string {
  const source = { name: weight, shape: [length] }
  // Zeros make a mean smaller: by as much as the gain is made smaller.
  const share = Math.sqrt(length / padded)
  if (padded !== length)
    return m.derive(
      padRows(
        mapped(weight, source, (w) => (w + offset) * share),
        [length, padded],
      ),
    )
  return offset === 0
    ? m.g.weight(weight, [length])
    : m.derive(mapped(`${weight} + ${offset}`, source, (w) => w + offset))
}

/** x * rsqrt(mean(x²) + eps) * gain over rows of `length`; a pass makes one operator of the two. */
export function rmsNorm(
  m: Making,
  x: string,
  weight: string,
  name: string,
  length: number,
  { eps, offset, last = false }: RmsOptions,
): string {
  const scaled = m.g.op(
    'rmsnorm',
    name,
    { x },
    { EPS: eps, GAIN: false, LAST: last },
    { M: last ? 1 : m.rows },
  )
  return m.g.op(
    'binary',
    `${name}.scaled`,
    { a: scaled, b: gain(m, weight, length, offset) },
    { OP: 'mul', BCAST: true },
  )
}

/** The same over each head of x [rows, heads * size], with one gain for all heads. */
export function headNorm(
  m: Making,
  x: string,
  weight: string,
  name: string,
  [heads, length]: [heads: number, size: number],
  { eps, offset, padded = length }: RmsOptions,
): string {
  // A head is a row here: the same bytes, by other sizes.
  const rows = size('*', m.rows, heads)
  const scaled = m.g.op(
    'rmsnorm',
    name,
    { x },
    { EPS: (eps * length) / padded, GAIN: false, D: padded },
    { R: rows, M: rows },
  )
  return m.g.op(
    'binary',
    `${name}.scaled`,
    { a: scaled, b: gain(m, weight, length, offset, padded) },
    { OP: 'mul', BCAST: true },
  )
}

/** (x - mean) * rsqrt(variance + eps) * gain + bias, from `<from>.weight` and `<from>.bias`. */
export const layerNorm = (
  { g, rows }: Making,
  x: string,
  from: string,
  name: string,
  length: number,
  { eps, last = false }: { eps: number; last?: boolean },
): string =>
  g.op(
    'layernorm',
    name,
    { x, g: g.weight(`${from}.weight`, [length]), b: g.weight(`${from}.bias`, [length]) },
    { EPS: eps, LAST: last },
    { M: last ? 1 : rows },
  )
