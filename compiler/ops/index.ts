/** The table of operators, by name. A new operator is a file beside this one and a line here. */
import { attention } from './attention.js'
import { binary } from './binary.js'
import { concat } from './concat.js'
import { conv_transpose2d } from './conv_transpose2d.js'
import { conv2d } from './conv2d.js'
import { copy_nd } from './copy_nd.js'
import { embed } from './embed.js'
import { gather } from './gather.js'
import { groupnorm } from './groupnorm.js'
import { kv_append } from './kv_append.js'
import { l2norm } from './l2norm.js'
import { layernorm } from './layernorm.js'
import { linear } from './linear.js'
import { matmul } from './matmul.js'
import { pad } from './pad.js'
import { penalize } from './penalize.js'
import { pool2d } from './pool2d.js'
import { quantize_rows } from './quantize_rows.js'
import { resize2d } from './resize2d.js'
import { rmsnorm } from './rmsnorm.js'
import { rope } from './rope.js'
import { rope_kv } from './rope_kv.js'
import { sample } from './sample.js'
import { scale_shift } from './scale_shift.js'
import { sdpa } from './sdpa.js'
import { softmax } from './softmax.js'
import { transpose } from './transpose.js'
import type { OpDef } from './types.js'
import { unary } from './unary.js'

const rows = [
  embed,
  rmsnorm,
  softmax,
  l2norm,
  scale_shift,
  groupnorm,
  layernorm,
  binary,
  unary,
  linear,
  matmul,
  rope,
  kv_append,
  rope_kv,
  attention,
  sdpa,
  penalize,
  sample,
  quantize_rows,
  conv2d,
  conv_transpose2d,
  copy_nd,
  transpose,
  concat,
  gather,
  pad,
  pool2d,
  resize2d,
]

export const ops: Readonly<Record<string, OpDef>> = Object.fromEntries(rows.map((op) => [op.name, op]))
