/**
 * An optional entry of its own: functions that some models' flows call between programs, on small values. The
 * runtime imports it when a bundle's flow names one.
 */
import { chunksApart, overlapAdd } from './extras/audio-chunks.js'

import { mergeAxes, splitAxis } from './extras/axes.js'
import { llavaNextTiles } from './extras/llava-next.js'
import { qwen2VlPatches, qwen2VlPositions } from './extras/qwen2-vl.js'
import type { FlowCall } from './format.js'
import type { Tensor } from './tensor.js'

/** What no kernel does. Throws RangeError for inputs that don't go together. */
export type HostFunction = (
  inputs: Readonly<Record<string, Tensor>>,
  args: NonNullable<FlowCall['args']>,
) => Record<string, Tensor>

/** By the name that flows know them by. */
export const functions: Readonly<Record<string, HostFunction>> = {
  chunks_apart: chunksApart,
  overlap_add: overlapAdd,
  llava_next_tiles: llavaNextTiles,
  qwen2_vl_patches: qwen2VlPatches,
  qwen2_vl_positions: qwen2VlPositions,
  split_axis: splitAxis,
  merge_axes: mergeAxes,
}
