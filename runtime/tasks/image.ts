/**
 * From pictures to what a vision model takes, as its preprocessor_config.json says: resize, crop, rescale,
 * normalise, pad; LLaVA-NeXT's tiles and Qwen2-VL's patches. Agrees with transformers' Pillow processors to
 * the last bit of a float.
 */
import type { Tensor } from '../tensor.js'
import { type ImageSteps, imageSteps, type PreprocessorConfig } from './image-config.js'
import { bestResolution, fit, MARGINLESS, smartSize, targetSize } from './image-size.js'
import { checkSize, cut, type ImageSource, MAX_PIXELS, type Pixels, readImage } from './pixels.js'
import { resize } from './resize.js'

/** A type, so that it can be given to `model.run` as it is. */
export type ImageInputs = {
  /** [B,3,H,W]; tiles [B,tiles,3,H,W]; a clip [1,frames,3,H,W]; patches [sum of patches, values a patch]. */
  pixel_values: Tensor
  /** [B,H,W], 1 where there is image. Only of processors that pad (DETR). */
  pixel_mask?: Tensor
  /** [B,2], height and width of each image as it was given. LLaVA-NeXT. */
  image_sizes?: Tensor
  /** [B,3], patches in time, down and across. Qwen2-VL. */
  image_grid_thw?: Tensor
}

const f32 = (shape: number[], data: Float32Array): Tensor => ({ dtype: 'f32', shape, data })
const u32 = (shape: number[], values: ArrayLike<number>): Tensor => ({
  ...{ dtype: 'u32', shape, data: Uint32Array.from(values) },
})

/** What each byte becomes, a table a channel: rounded to floats at every step, as it was in training. */
function tablesOf({ rescale, mean, std }: ImageSteps): Float32Array[] {
  const f = Math.fround
  return mean.map((m, c) =>
    Float32Array.from({ length: 256 }, (_, v) => f(f(f(v * rescale) - f(m)) / f(std[c]!))),
  )
}

/** Writes an image as [3,H,W] at `at` of an array whose rows are `width` and whose planes `width * height`. */
function write(
  out: Float32Array,
  at: number,
  image: Pixels,
  tables: Float32Array[],
  width: number,
  plane: number,
) {
  for (let c = 0; c < 3; c++) {
    const table = tables[c]!
    for (let y = 0; y < image.height; y++) {
      const to = at + c * plane + y * width
      const from = y * image.width * 3 + c
      for (let x = 0; x < image.width; x++) out[to + x] = table[image.data[from + x * 3]!]!
    }
  }
}

function centerCrop(image: Pixels, [height, width]: readonly [number, number]): Pixels {
  // Rounds to the other side where the image is smaller than its crop, as it did in training.
  const start = (have: number, want: number) =>
    have >= want ? (have - want) >> 1 : -Math.ceil((want - have) / 2)
  const left = start(image.width, width)
  const top = start(image.height, height)
  return left === 0 && top === 0 && image.width === width && image.height === height
    ? image
    : cut(image, left, top, width, height)
}

/** Resize and crop. */
function shaped(image: Pixels, steps: ImageSteps): Pixels {
  const { size, resample, cropPct } = steps
  let out = image
  if (size && cropPct !== undefined && size.shortest_edge) {
    const edge = size.shortest_edge
    if (edge >= MARGINLESS) out = resize(image, edge, edge, resample)
    else {
      const larger = targetSize(image, { shortest_edge: Math.trunc(edge / cropPct) })
      out = centerCrop(resize(image, larger.width, larger.height, resample), [edge, edge])
    }
  } else if (size) {
    const to = targetSize(image, size, steps.multiple)
    out = resize(image, to.width, to.height, resample)
  }
  return steps.crop ? centerCrop(out, steps.crop) : out
}

/** Of an image. Models have 4 to 36. */
const MOST_TILES = 1024

/** The image as a whole, then its tiles, row by row. */
function tilesOf(image: Pixels, steps: ImageSteps): Pixels[] {
  const { size, resample } = steps
  const [height, width] = bestResolution(image, steps.tiles!)
  const inner = fit(image, [height, width])
  const scaled = resize(image, inner.width, inner.height, resample)
  const whole = cut(scaled, -((width - inner.width) >> 1), -((height - inner.height) >> 1), width, height)
  const side = steps.crop?.[0] ?? size?.height ?? size?.shortest_edge
  const base =
    size?.height && size.width ? [size.height, size.width] : [size?.shortest_edge, size?.shortest_edge]
  if (!side || !base[0] || !base[1]) throw new RangeError('preprocessor_config.json: tiles need a size')
  if (Math.ceil(height / side) * Math.ceil(width / side) > MOST_TILES) {
    throw new RangeError(`preprocessor_config.json: ${height} by ${width} in tiles of ${side} are too many`)
  }
  const tiles = [resize(image, base[1], base[0], resample)]
  for (let y = 0; y < height; y += side) {
    for (let x = 0; x < width; x += side) {
      tiles.push(cut(whole, x, y, Math.min(side, width - x), Math.min(side, height - y)))
    }
  }
  return tiles.map((tile) => shaped(tile, steps))
}

/** `groups` of images of one size (or padded to one) as [groups, images, 3, H, W]; short groups end in zeros. */
function stack(groups: readonly Pixels[][], steps: ImageSteps): { data: Float32Array; shape: number[] } {
  const all = groups.flat()
  const largest = (side: 'width' | 'height') => Math.max(...all.map((p) => p[side]))
  const [height, width] = (steps.pad && steps.padSize) || [largest('height'), largest('width')]
  for (const p of all) {
    const fits = steps.pad ? p.width <= width && p.height <= height : p.width === width && p.height === height
    if (!fits) {
      throw new RangeError(
        `an image became ${p.width} by ${p.height} pixels, others ${width} by ${height}: run them one by one`,
      )
    }
  }
  const each = Math.max(...groups.map((g) => g.length))
  const image = 3 * width * height
  checkSize(width, height * each * groups.length, 'a batch of images')
  const data = new Float32Array(groups.length * each * image)
  const tables = tablesOf(steps)
  groups.forEach((group, g) => {
    group.forEach((p, i) => {
      write(data, (g * each + i) * image, p, tables, width, width * height)
    })
  })
  return { data, shape: [groups.length, each, 3, height, width] }
}

/**
 * Qwen2-VL's patches: those that are merged lie together; a patch is [channel, time, y, x], a still image
 * being the same at all times.
 */
function patchesOf(image: Pixels, steps: ImageSteps): { data: Float32Array; grid: number[]; values: number } {
  const { size, time, merge } = steps.patches!
  const down = image.height / size
  const across = image.width / size
  if (down % merge || across % merge) {
    throw new RangeError(`an image of ${image.width} by ${image.height} is no multiple of ${size * merge}`)
  }
  const plane = new Float32Array(3 * image.width * image.height)
  write(plane, 0, image, tablesOf(steps), image.width, image.width * image.height)
  const values = 3 * time * size * size
  const data = new Float32Array(down * across * values)
  let at = 0
  for (let block = 0; block < (down * across) / merge ** 2; block++) {
    const blocks = across / merge
    for (let part = 0; part < merge ** 2; part++) {
      const y = (Math.floor(block / blocks) * merge + Math.floor(part / merge)) * size
      const x = ((block % blocks) * merge + (part % merge)) * size
      for (let c = 0; c < 3; c++) {
        for (let row = 0; row < time * size; row++) {
          const from = (c * image.height + y + (row % size)) * image.width + x
          data.set(plane.subarray(from, from + size), at)
          at += size
        }
      }
    }
  }
  return { data, grid: [1, down, across], values }
}

function patched(images: readonly Pixels[], steps: ImageSteps): ImageInputs {
  const { size, merge, pixels } = steps.patches!
  const parts = images.map((image) => {
    const to = pixels ? smartSize(image, size * merge, pixels) : image
    checkSize(to.width, to.height, 'a resized image')
    return patchesOf(resize(image, to.width, to.height, steps.resample), steps)
  })
  const { values } = parts[0]!
  const total = parts.reduce((n, p) => n + p.data.length, 0)
  if (total > MAX_PIXELS * 3) throw new RangeError('these images are too many for one batch')
  const data = new Float32Array(total)
  let at = 0
  for (const p of parts) {
    data.set(p.data, at)
    at += p.data.length
  }
  return {
    pixel_values: f32([total / values, values], data),
    image_grid_thw: u32(
      [parts.length, 3],
      parts.flatMap((p) => p.grid),
    ),
  }
}

function maskOf(images: readonly Pixels[], height: number, width: number): Tensor {
  const mask = new Uint32Array(images.length * height * width)
  images.forEach((p, i) => {
    for (let y = 0; y < p.height; y++) {
      const from = (i * height + y) * width
      mask.fill(1, from, from + p.width)
    }
  })
  return { dtype: 'u32', shape: [images.length, height, width], data: mask }
}

/**
 * A batch of images, as a parsed preprocessor_config.json says.
 * Throws RangeError for no image, for a config that can't be meant, for images that can't be one batch.
 */
export function preprocessImages(images: readonly Pixels[], config: PreprocessorConfig = {}): ImageInputs {
  if (!images.length) throw new RangeError('no image was given')
  const steps = imageSteps(config)
  if (steps.patches) return patched(images, steps)
  if (steps.tiles) {
    // Padding means tiles here, which `stack` does anyway.
    const { data, shape } = stack(
      images.map((p) => tilesOf(p, steps)),
      { ...steps, pad: false },
    )
    const sizes = images.flatMap((p) => [p.height, p.width])
    return { pixel_values: f32(shape, data), image_sizes: u32([images.length, 2], sizes) }
  }
  const ready = images.map((p) => shaped(p, steps))
  const { data, shape } = stack(steps.frames ? [ready] : ready.map((p) => [p]), steps)
  const [groups, each, channels, height, width] = shape as [number, number, number, number, number]
  const pixel_values = f32(steps.frames ? shape : [groups * each, channels, height, width], data)
  return steps.mask ? { pixel_values, pixel_mask: maskOf(ready, height, width) } : { pixel_values }
}

/** The same of anything that holds an image: `ImageData`, `<img>`, a canvas, a `Blob`. */
export async function imageInputs(
  images: ImageSource | readonly ImageSource[],
  config: PreprocessorConfig = {},
): Promise<ImageInputs> {
  const list = Array.isArray(images) ? (images as readonly ImageSource[]) : [images as ImageSource]
  return preprocessImages(await Promise.all(list.map(readImage)), config)
}
