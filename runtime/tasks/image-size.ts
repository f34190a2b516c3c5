/** The sizes that images are scaled to. The rules are transformers', down to where they round. */
import type { ImageSize, ImageSteps } from './image-config.js'

export interface Size {
  width: number
  height: number
}

/** To the nearest whole number, a half to the even one, as Python rounds. */
export function roundEven(x: number): number {
  const r = Math.round(x)
  return Math.abs(x % 1) === 0.5 && r % 2 ? r - 1 : r
}

/** The shorter side becomes `short`, unless the longer one would pass `long`. */
function byEdges({ width, height }: Size, short: number, long = Infinity): Size {
  const least = Math.min(width, height)
  const most = Math.max(width, height)
  const limited = (most / least) * short > long
  const raw = limited ? (long * least) / most : short
  const edge = limited ? roundEven(raw) : short
  if (least === edge) return { width, height }
  return width < height
    ? { width: edge, height: Math.trunc((raw * height) / width) }
    : { width: Math.trunc((raw * width) / height), height: edge }
}

/** The shorter side becomes `short`. Multiplies before it divides: it rounds otherwise than with two edges. */
function byShortest({ width, height }: Size, short: number): Size {
  return width <= height
    ? { width: short, height: Math.trunc((short * height) / width) }
    : { width: Math.trunc((short * width) / height), height: short }
}

function within({ width, height }: Size, maxWidth: number, maxHeight: number): Size {
  const scale = Math.min(maxHeight / height, maxWidth / width)
  return { width: Math.trunc(width * scale), height: Math.trunc(height * scale) }
}

/** Throws RangeError for a size that states nothing. */
export function targetSize(image: Size, size: ImageSize, multiple = 1): Size {
  const { height, width, shortest_edge, longest_edge, max_height, max_width } = size
  let out: Size
  if (shortest_edge && longest_edge) out = byEdges(image, shortest_edge, longest_edge)
  else if (shortest_edge) out = byShortest(image, shortest_edge)
  else if (max_height && max_width) out = within(image, max_width, max_height)
  else if (height && width) out = { width, height }
  else throw new RangeError(`preprocessor_config.json: size is ${JSON.stringify(size)}, which says no size`)
  return { width: out.width - (out.width % multiple), height: out.height - (out.height % multiple) }
}

/** ConvNeXT's rule below 384 pixels leaves a margin that is then cut off; from there on it squeezes. */
export const MARGINLESS = 384

/**
 * Qwen2-VL's: sides that are multiples of `factor`, a number of pixels within bounds, about the same shape.
 * Throws RangeError for an image more than 200 times as long as wide.
 */
export function smartSize({ width, height }: Size, factor: number, [least, most]: [number, number]): Size {
  if (Math.max(width, height) / Math.min(width, height) > 200) {
    throw new RangeError(`an image of ${width} by ${height} pixels is too narrow: at most 200 to 1`)
  }
  const round = (v: number) => roundEven(v / factor) * factor
  const area = round(height) * round(width)
  if (area > most) {
    const shrink = Math.sqrt((height * width) / most)
    const side = (v: number) => Math.max(factor, Math.floor(v / shrink / factor) * factor)
    return { height: side(height), width: side(width) }
  }
  if (area < least) {
    const grow = Math.sqrt(least / (height * width))
    const side = (v: number) => Math.ceil((v * grow) / factor) * factor
    return { height: side(height), width: side(width) }
  }
  return { height: round(height), width: round(width) }
}

/** LLaVA-NeXT's: of the possible sizes, the one that keeps most of the image, then the one that wastes least. */
export function bestResolution(
  { width, height }: Size,
  possible: NonNullable<ImageSteps['tiles']>,
): [height: number, width: number] {
  let best: [number, number] | undefined
  let kept = 0
  let wasted = Infinity
  for (const [h, w] of possible) {
    const scale = Math.min(w / width, h / height)
    const effective = Math.min(Math.trunc(width * scale) * Math.trunc(height * scale), width * height)
    const waste = w * h - effective
    if (effective > kept || (effective === kept && waste < wasted)) {
      kept = effective
      wasted = waste
      best = [h, w]
    }
  }
  if (!best) throw new RangeError('preprocessor_config.json: image_grid_pinpoints fits no image')
  return best
}

/** As large as fits into `[height, width]`. */
export function fit({ width, height }: Size, [h, w]: readonly [number, number]): Size {
  const scaleW = w / width
  const scaleH = h / height
  return scaleW < scaleH
    ? { width: w, height: Math.min(Math.ceil(height * scaleW), h) }
    : { height: h, width: Math.min(Math.ceil(width * scaleH), w) }
}
