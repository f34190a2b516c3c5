/** What rows of the table of WGSL variants are made of. */
import type { Facts } from '../../../compiler/ops/types.js'

export interface VariantRow {
  template: string
  /** Features and tunables; facts come from the case. */
  params: Facts
  /** Cases by name; all where absent. */
  cases?: RegExp
}

export const row = (template: string, params: Facts = {}, cases?: RegExp): VariantRow => ({
  template,
  params,
  ...(cases && { cases }),
})

/** One row a parameter set. */
export const each = (template: string, sets: Facts[], cases?: RegExp): VariantRow[] =>
  sets.map((params) => row(template, params, cases))

export const SUBGROUPS: Facts[] = [{ SUBGROUPS: false }, { SUBGROUPS: true }]

export const sizes = (...values: number[]): Facts[] => values.map((WG) => ({ WG }))

/** Lanes in columns and rows, and many in a row, as `targets/workgroups.json` names them. */
export const BLOCKS: Facts[] = [
  { WX: 4, WY: 4, BLOCK: true },
  { WX: 8, WY: 16, BLOCK: true },
  { WX: 16, WY: 16, BLOCK: false },
]

/** Lanes in two rows: so, too. */
export const TWO_ROWS: Facts = { WG: 128, WY: 2 }

/** Every set of `a` with every one of `b`. */
export const cross = (a: Facts[], b: Facts[]): Facts[] => a.flatMap((x) => b.map((y) => ({ ...x, ...y })))
