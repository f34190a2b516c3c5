/** Products with weights, and sums of activations. */
import type { Making } from './making.js'

export interface LinearOptions {
  /** Where the weights are in the files: `<from>.weight`, `<from>.bias`. */
  from: string
  bias?: boolean
  /** Tensors of the graph to take instead: derived ones. */
  weight?: string
  biasVector?: string
}

/** x wᵀ + b, w [n, k]. */
export function linear(
  { g }: Making,
  x: string,
  name: string,
  [n, k]: [n: number, k: number],
  { from, bias = false, weight, biasVector }: LinearOptions,
): string {
  const w = weight ?? g.weight(`${from}.weight`, [n, k])
  const b = bias ? (biasVector ?? g.weight(`${from}.bias`, [n])) : undefined
  const inputs = { x, w, ...(b !== undefined && { b }) }
  return g.op('linear', name, inputs, { EPI: 'none', LDY: n, BIAS: b !== undefined })
}

export const add = ({ g }: Making, a: string, b: string, name: string): string =>
  g.op('binary', name, { a, b }, { OP: 'add', BCAST: false })
