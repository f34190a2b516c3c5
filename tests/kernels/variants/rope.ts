/** Shapes of the rotary kernels. */
import { each, row, sizes, type VariantRow } from './common.js'

export const rope: VariantRow[] = [row('rope'), ...each('rope', sizes(32, 128, 256), /more than a workgroup/)]
