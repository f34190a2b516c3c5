/** The table of ONNX operators that wgc knows, by name; other domains' with theirs before it. */
import type { Mapping } from '../values.js'
import { elementwise } from './elementwise.js'
import { movement } from './movement.js'
import { norms } from './norms.js'
import { pools } from './pools.js'
import { products } from './products.js'
import { reductions } from './reductions.js'
import { resizes } from './resize.js'

export const mappings: Readonly<Record<string, Mapping>> = {
  ...elementwise,
  ...movement,
  ...norms,
  ...pools,
  ...products,
  ...reductions,
  ...resizes,
}
