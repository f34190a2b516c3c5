/** The table of operators, by name. A new operator is a file beside this one and a line here. */
import { add_positions } from './add_positions.js'
import { add_rmsnorm } from './add_rmsnorm.js'
import { argreduce } from './argreduce.js'
import { attention } from './attention.js'
import { attention_merge } from './attention_merge.js'
import { attention_split } from './attention_split.js'
import { binary } from './binary.js'
import { binary_nd } from './binary_nd.js'
import { codebook } from './codebook.js'
import { concat } from './concat.js'
import { conv_transpose2d } from './conv_transpose2d.js'
import { conv2d } from './conv2d.js'
import { copy_nd } from './copy_nd.js'
import { cumsum } from './cumsum.js'
import { embed } from './embed.js'
import { embed_pair } from './embed_pair.js'
import { gather } from './gather.js'
import { groupnorm } from './groupnorm.js'
import { gru_cell } from './gru_cell.js'
import { halve_rows } from './halve_rows.js'
import { from_ids, to_ids } from './ids.js'
import { kv_append } from './kv_append.js'
import { l2norm } from './l2norm.js'
import { layernorm } from './layernorm.js'
import { linear } from './linear.js'
import { lstm } from './lstm.js'
import { lstm_cell } from './lstm_cell.js'
import { matmul } from './matmul.js'
import { mel_log } from './mel_log.js'
import { merge_rows } from './merge_rows.js'
import { norm_linear } from './norm_linear.js'
import { pad } from './pad.js'
import { penalize } from './penalize.js'
import { pool2d } from './pool2d.js'
import { put_rows } from './put_rows.js'
import { quantize_rows } from './quantize_rows.js'
import { reduce } from './reduce.js'
import { resize2d } from './resize2d.js'
import { rmsnorm } from './rmsnorm.js'
import { rope } from './rope.js'
import { rope_kv } from './rope_kv.js'
import { rope_split } from './rope_split.js'
import { sample } from './sample.js'
import { scale_shift } from './scale_shift.js'
import { sdpa } from './sdpa.js'
import { softmax } from './softmax.js'
import { stft_power } from './stft_power.js'
import { transpose } from './transpose.js'
import type { OpDef } from './types.js'
import { unary } from './unary.js'
import { where_nd } from './where_nd.js'
import { whisper_scale } from './whisper_scale.js'

const rows = [
  embed,
  embed_pair,
  add_positions,
  rmsnorm,
  add_rmsnorm,
  softmax,
  reduce,
  argreduce,
  cumsum,
  l2norm,
  scale_shift,
  groupnorm,
  layernorm,
  binary,
  binary_nd,
  where_nd,
  unary,
  linear,
  norm_linear,
  matmul,
  rope,
  kv_append,
  rope_kv,
  attention,
  attention_split,
  rope_split,
  attention_merge,
  sdpa,
  penalize,
  sample,
  quantize_rows,
  halve_rows,
  conv2d,
  conv_transpose2d,
  lstm_cell,
  lstm,
  gru_cell,
  copy_nd,
  transpose,
  concat,
  gather,
  merge_rows,
  put_rows,
  to_ids,
  from_ids,
  pad,
  pool2d,
  resize2d,
  stft_power,
  mel_log,
  whisper_scale,
  codebook,
]

export const ops: Readonly<Record<string, OpDef>> = Object.fromEntries(rows.map((op) => [op.name, op]))
