/** Learned positions, added to the activations. */
import { reshaped } from '../../import/derived.js'
import type { Making } from './making.js'

/** x plus the rows of a table [positions, width], or [1, positions, width], at the step's positions, `offset` rows further (2 in OPT and BART). */
export function learnedPositions(m: Making, x: string, weight: string, shape: number[], offset = 0): string {
  // A vector: positions stay floats, however few bits matrices have.
  const table = m.derive(reshaped(`${weight}[rows]`, weight, shape, [shape.reduce((n, d) => n * d, 1)]))
  return m.g.op('add_positions', 'embed.positions', { x, table }, { OFFSET: offset }, { M: m.rows })
}
