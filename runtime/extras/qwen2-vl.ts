/** Positions of Qwen2-VL: of patches in an image, and of words and images in a text (M-RoPE). */
import type { FlowCall } from '../format.js'
import type { Tensor } from '../tensor.js'

type Inputs = Readonly<Record<string, Tensor>>
type Args = NonNullable<FlowCall['args']>

/** Frames, rows and columns of patches of each image. */
function gridsOf({ image_grid_thw: grid }: Inputs, merge: number): [number, number, number][] {
  const data = grid?.data ?? []
  return Array.from({ length: data.length / 3 }, (_, i) => {
    const [t, h, w] = [data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!]
    if (h % merge || w % merge || !(t * h * w > 0))
      throw new RangeError(
        `image_grid_thw: image ${i} has ${t} × ${h} × ${w} patches; sides must be multiples of ${merge}`,
      )
    return [t, h, w]
  })
}

/**
 * `image_grid_thw` [images, 3] → `vision_positions` [2, patches], row and column of each, in blocks of merge × merge as
 * the tower merges them; `frames`, the patches of each frame: those that see each other.
 */
export function qwen2VlPatches(inputs: Inputs, { merge }: Args): Record<string, Tensor> {
  const side = Number(merge)
  const grids = gridsOf(inputs, side)
  const frames = grids.flatMap(([t, h, w]) => Array<number>(t).fill(h * w))
  const total = frames.reduce((a, b) => a + b, 0)
  const data = new Uint32Array(2 * total)
  let at = 0
  for (const [t, h, w] of grids)
    for (let frame = 0; frame < t; frame++)
      for (let y = 0; y < h; y += side)
        for (let x = 0; x < w; x += side)
          for (let i = 0; i < side * side; i++, at++) {
            data[at] = y + Math.floor(i / side)
            data[total + at] = x + (i % side)
          }
  return {
    vision_positions: { dtype: 'u32', shape: [2, total], data },
    frames: { dtype: 'u32', shape: [frames.length], data: Uint32Array.from(frames) },
  }
}

/**
 * `input_ids` [1, n], `image_grid_thw` where there are images → `positions` [3, context]: time, row and column of each
 * token. A text goes on one after the largest position of what stands before it; so does what is still to come.
 */
export function qwen2VlPositions(inputs: Inputs, args: Args): Record<string, Tensor> {
  const { token, merge, context } = args as { token: number; merge: number; context: number }
  const { shape, data: ids } = inputs.input_ids!
  if (shape[0] !== 1) throw new RangeError(`input_ids: a batch of ${shape[0]}; one text at a time has images`)
  const grids = gridsOf(inputs, merge)
  const data = new Uint32Array(3 * context)
  let next = 0
  let image = 0
  for (let i = 0; i < context; ) {
    const grid = i < ids.length && ids[i] === token ? grids[image] : undefined
    if (!grid) {
      for (let axis = 0; axis < 3; axis++) data[axis * context + i] = next
      next++
      i++
      continue
    }
    const [t, h, w] = [grid[0], grid[1] / merge, grid[2] / merge]
    for (let j = 0; j < t * h * w && i < context; j++, i++) {
      data[i] = next + Math.floor(j / (h * w))
      data[context + i] = next + (Math.floor(j / w) % h)
      data[2 * context + i] = next + (j % w)
    }
    next += Math.max(t, h, w)
    image++
  }
  return { positions: { dtype: 'u32', shape: [3, context], data } }
}
