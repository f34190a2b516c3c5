/** Shapes of the recurrent cells. */
import { each, row, sizes, type VariantRow } from './common.js'

export const recurrent: VariantRow[] = [
  row('lstm_cell'),
  ...each('lstm_cell', sizes(32, 128, 256), /^just over/),
  row('lstm'),
  ...each('lstm', sizes(32, 128, 64), /^just over|odd/),
  row('gru_cell'),
  ...each('gru_cell', sizes(32, 128, 256), /^just over/),
]
