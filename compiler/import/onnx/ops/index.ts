/** The table of ONNX operators that wgc knows, by name; other domains' with theirs before it. */
import type { Mapping } from '../values.js'
import { attentions } from './attention.js'
import { casts } from './casts.js'
import { compositions } from './compositions.js'
import { constants } from './constants.js'
import { einsums } from './einsum.js'
import { elementwise } from './elementwise.js'
import { indexing } from './indexing.js'
import { losses } from './losses.js'
import { microsoft } from './microsoft.js'
import { movement } from './movement.js'
import { norms } from './norms.js'
import { pools } from './pools.js'
import { products } from './products.js'
import { quantized } from './quantized.js'
import { recurrent } from './recurrent.js'
import { reductions } from './reductions.js'
import { resizes } from './resize.js'
import { signals } from './signals.js'
import { sorting } from './sorting.js'

export const mappings: Readonly<Record<string, Mapping>> = {
  ...attentions,
  ...casts,
  ...compositions,
  ...constants,
  ...einsums,
  ...elementwise,
  ...indexing,
  ...losses,
  ...microsoft,
  ...movement,
  ...norms,
  ...pools,
  ...products,
  ...quantized,
  ...recurrent,
  ...reductions,
  ...resizes,
  ...signals,
  ...sorting,
}
