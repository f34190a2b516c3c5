/**
 * The shapes of the WGSL kernels that are tested: feature and format parameters in every combination, tunables
 * each at every value somewhere. A new shape is a row in a file below `variants/`; a test checks that none is
 * missing.
 */
import { attention } from './variants/attention.js'
import { audio } from './variants/audio.js'
import type { VariantRow } from './variants/common.js'
import { conv } from './variants/conv.js'
import { elementwise } from './variants/elementwise.js'
import { embed } from './variants/embed.js'
import { int8 } from './variants/int8.js'
import { linear, normLinear } from './variants/linear.js'
import { matmul } from './variants/matmul.js'
import { matrix } from './variants/matrix.js'
import { moves } from './variants/moves.js'
import { norms } from './variants/norms.js'
import { pool } from './variants/pool.js'
import { recurrent } from './variants/recurrent.js'
import { reductions } from './variants/reductions.js'
import { resize } from './variants/resize.js'
import { rope } from './variants/rope.js'
import { sample } from './variants/sample.js'
import { sdpa } from './variants/sdpa.js'

export type { VariantRow }

export const rows: VariantRow[] = [
  ...embed,
  ...norms,
  ...reductions,
  ...elementwise,
  ...linear,
  ...normLinear,
  ...matmul,
  ...int8,
  ...matrix,
  ...rope,
  ...attention,
  ...sdpa,
  ...sample,
  ...conv,
  ...recurrent,
  ...moves,
  ...pool,
  ...resize,
  ...audio,
]
