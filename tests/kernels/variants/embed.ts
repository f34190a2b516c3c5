/** Shapes of the embedding kernel. */
import { each, row, sizes, type VariantRow } from './common.js'

export const embed: VariantRow[] = [row('embed'), ...each('embed', sizes(32, 128, 256), /a long row/)]
