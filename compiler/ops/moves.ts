/** What the operators that only move values share. */
import { num } from './common.js'
import type { Facts } from './types.js'

/** Values go over as bits. */
export const exact = () => ({ abs: 0, rel: 0 })

/** The facts `<prefix>0`, `<prefix>1`, … as a list. */
export const listed = (facts: Facts, prefix: string, count: number): number[] =>
  Array.from({ length: count }, (_, i) => num(facts, `${prefix}${i}`))

/** A list as facts, filled up in front: `numbered('D', [5, 4], 3, 1)` is `{ D0: 1, D1: 5, D2: 4 }`. */
export function numbered(prefix: string, values: number[], count: number, filler: number): Facts {
  const padded = [...Array<number>(count - values.length).fill(filler), ...values]
  return Object.fromEntries(padded.map((value, i) => [`${prefix}${i}`, value]))
}

export const product = (values: number[]): number => values.reduce((a, b) => a * b, 1)

/** Coordinates of the row-major element `index` of a tensor. */
export function coordinates(index: number, dims: number[]): number[] {
  const at: number[] = []
  let rest = index
  for (const size of [...dims].reverse()) {
    at.unshift(rest % size)
    rest = Math.floor(rest / size)
  }
  return at
}

/** Distances of neighbours along each axis of a dense row-major tensor. */
export const denseStrides = (dims: number[]): number[] => dims.map((_, i) => product(dims.slice(i + 1)))
