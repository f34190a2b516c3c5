/**
 * LLaVA-NeXT's images as tiles, and the order in which the rows of their features stand in a text: the whole image
 * first, then the tiles put together again, without what padded them, a line end behind each row.
 */

import type { FlowCall } from '../format.js'
import { bestResolution } from '../tasks/image-size.js'
import { product, type Tensor } from '../tensor.js'

/** The end of a line of patches, in an order. */
const LINE_END = 0xffffffff

/** `round(v, 7)` and down, as the reference cuts. */
const whole = (v: number): number => Math.floor(Math.round(v * 1e7) / 1e7)

/** [first, end) of the rows or columns of a grid that an image of this shape fills. */
function filled(size: number, other: number, grid: number, gridOther: number): [number, number] {
  const scaled = whole((size * gridOther) / other)
  const padding = Math.floor((grid - scaled) / 2)
  return [padding, grid - padding]
}

interface Args {
  /** Heights and widths in turns. */
  pinpoints: readonly number[]
  /** Pixels of a tile's side, and patches. */
  tile: number
  side: number
}

/** Tiles of an image, how many of them, and rows of features from row `first` on. */
function orderOf([height, width]: readonly [number, number], { pinpoints, tile, side }: Args, first: number) {
  const sizes = Array.from({ length: pinpoints.length / 2 }, (_, i): [number, number] => [
    pinpoints[2 * i]!,
    pinpoints[2 * i + 1]!,
  ])
  const [tall, wide] = bestResolution({ width, height }, sizes)
  const [down, across] = [Math.floor(tall / tile), Math.floor(wide / tile)]
  const area = side * side
  const order = Array.from({ length: area }, (_, i) => first + i)
  const [gridH, gridW] = [down * side, across * side]
  const wider = width / height > gridW / gridH
  const [top, bottom] = wider ? filled(height, width, gridH, gridW) : [0, gridH]
  const [left, right] = wider ? [0, gridW] : filled(width, height, gridW, gridH)
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const at = 1 + Math.floor(y / side) * across + Math.floor(x / side)
      order.push(first + at * area + (y % side) * side + (x % side))
    }
    order.push(LINE_END)
  }
  return { order, tiles: 1 + down * across }
}

/**
 * `pixel_values` [images, tiles, channels, height, width], each image's own tiles first, and `image_sizes`
 * [images, 2], heights and widths before tiling → `tiles` [n, channels, height, width], `order` [rows].
 */
export function llavaNextTiles(
  { pixel_values: pixels, image_sizes: sizes }: Readonly<Record<string, Tensor>>,
  args: NonNullable<FlowCall['args']>,
): Record<string, Tensor> {
  const { pinpoints, tile, side } = args as unknown as Args
  const [images = 0, most = 0, ...shape] = pixels!.shape
  const size = product(shape)
  const parts: (Float32Array | Uint32Array)[] = []
  const order: number[] = []
  let count = 0
  for (let i = 0; i < images; i++) {
    const own = [sizes!.data[2 * i]!, sizes!.data[2 * i + 1]!] as const
    const made = orderOf(own, { pinpoints, tile, side }, count * side * side)
    if (made.tiles > most)
      throw new RangeError(`image ${i} of ${own.join(' by ')} has ${made.tiles} tiles, pixel_values ${most}`)
    parts.push(pixels!.data.subarray(i * most * size, (i * most + made.tiles) * size))
    // A list may be longer than a call takes arguments.
    for (const n of made.order) order.push(n)
    count += made.tiles
  }
  const data = new Float32Array(count * size)
  let at = 0
  for (const part of parts) {
    data.set(part, at)
    at += part.length
  }
  return {
    tiles: { dtype: 'f32', shape: [count, ...shape], data },
    order: { dtype: 'u32', shape: [order.length], data: Uint32Array.from(order) },
  }
}
