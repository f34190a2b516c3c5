/** Shapes of the kernels that move values. */
import { each, row, sizes, type VariantRow } from './common.js'

export const moves: VariantRow[] = [
  row('copy_nd', { WG: 32 }),
  row('copy_nd', { FOLD: 3 }, /workgroup/),
  ...each('copy_nd', sizes(64, 128, 256), /workgroup/),
  row('transpose', { T: 16, WY: 8 }),
  row('transpose', { T: 16, WY: 4 }, /odd|just over/),
  row('transpose', {}, /odd|just over/),
  row('concat', { WG: 32 }),
  row('concat', { FOLD: 3 }, /workgroup/),
  ...each('concat', sizes(64, 128, 256), /workgroup/),
  row('gather', { WG: 32 }),
  ...['put_rows', 'merge_rows'].flatMap((name) => [row(name), ...each(name, sizes(32, 128, 256), /long/)]),
  ...each('gather', sizes(64, 128, 256), /workgroup/),
  ...['to_ids', 'from_ids'].flatMap((name) => [
    row(name, { WG: 32 }),
    row(name, { FOLD: 3 }, /workgroup/),
    ...each(name, sizes(64, 128, 256), /workgroup/),
  ]),
  row('pad', { WG: 32 }),
  row('pad', { FOLD: 3 }, /workgroup/),
  ...each('pad', sizes(64, 128, 256), /workgroup/),
]
