/** The two kinds of feed-forward networks. */
import { activate } from './activation.js'
import { add, linear } from './linear.js'
import type { Making } from './making.js'

export interface FeedForward {
  hidden: number
  inner: number
  activation: string
  bias?: boolean
}

export interface GatedNames {
  gate: string
  up: string
  down: string
  /** Tensors of the graph in the place of gate's and up's: derived ones. */
  weights?: Partial<Record<'gate' | 'up', string>>
}

/** down(act(gate(x)) * up(x)), as SwiGLU and GeGLU (Shazeer 2020). */
export function gatedFeedForward(
  m: Making,
  x: string,
  { hidden, inner, activation, bias = false }: FeedForward,
  { gate, up, down, weights = {} }: GatedNames,
  at: string,
): string {
  const project = (name: 'gate' | 'up', from: string) =>
    linear(m, x, `${at}.${name}`, [inner, hidden], {
      from,
      bias,
      ...(weights[name] !== undefined && { weight: weights[name] }),
    })
  const acted = activate(m, project('gate', gate), activation, `${at}.act`)
  const gated = m.g.op(
    'binary',
    `${at}.gated`,
    { a: acted, b: project('up', up) },
    { OP: 'mul', BCAST: false },
  )
  return linear(m, gated, `${at}.down`, [hidden, inner], { from: down, bias })
}

/** x plus what a layer's part makes of it. */
export const residual = (m: Making, x: string, made: string, name: string): string => add(m, made, x, name)
