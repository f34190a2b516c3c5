/** Shapes of the kernels that go along an axis: softmax, reductions, running sums. */
import { cross, each, row, SUBGROUPS, sizes, type VariantRow } from './common.js'

const SMALL = { WG: 32 }
const LARGER = sizes(64, 128, 256)

export const reductions: VariantRow[] = [
  ...each('softmax_rows', cross(SUBGROUPS, [SMALL])),
  ...each('softmax_rows', cross(SUBGROUPS, LARGER), /long/),
  row('softmax_rows', { ...SMALL, FOLD: 3 }, /just over/),
  row('softmax_columns', SMALL),
  ...each('softmax_columns', LARGER, /just over/),
  row('softmax_columns', { ...SMALL, FOLD: 3 }, /just over/),
  ...['reduce_rows', 'argreduce_rows'].flatMap((name) => [
    ...each(name, cross(SUBGROUPS, [SMALL])),
    ...each(name, cross(SUBGROUPS, LARGER), /long/),
    row(name, { ...SMALL, FOLD: 3 }, /^(sum|first argmax), (odd|rows of quads)/),
  ]),
  row('reduce_rows', { WG: 64 }, /^prod, odd/),
  ...['reduce_columns', 'argreduce_columns'].flatMap((name) => [
    row(name, SMALL),
    ...each(name, LARGER, /^(sum|first argmax), (columns|short)/),
    row(name, { ...SMALL, FOLD: 3 }, /^(sum|first argmax), columns/),
  ]),
  row('cumsum_columns', SMALL),
  ...each('cumsum_columns', LARGER, /more columns/),
  row('cumsum_columns', { ...SMALL, FOLD: 3 }, /more columns/),
  row('cumsum_rows', SMALL),
  ...each('cumsum_rows', LARGER, /^(long|exclusive, from the end, long) rows/),
  row('cumsum_rows', { ...SMALL, FOLD: 3 }, /long columns/),
]
