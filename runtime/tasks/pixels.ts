/** Pictures as bytes: red, green and blue side by side, rows from the top. Alpha is dropped, as Pillow does. */

export interface Pixels {
  width: number
  height: number
  /** `height * width * 3`. */
  data: Uint8Array
}

/** What a canvas, a decoder or a test gives: 4 (RGBA), 3 (RGB) or 1 (grey) bytes a pixel. ImageData is one. */
export interface RawImage {
  width: number
  height: number
  data: ArrayLike<number>
}

/** What a canvas can draw. */
export type Drawable =
  | ImageBitmap
  | HTMLImageElement
  | HTMLCanvasElement
  | HTMLVideoElement
  | OffscreenCanvas
  | VideoFrame

export type ImageSource = RawImage | Drawable | Blob

/** Most pixels of any picture here: 4 bytes each of them must fit memory several times. */
export const MAX_PIXELS = 1 << 26

/** Throws RangeError for a size that is no size, or is too large. */
export function checkSize(width: number, height: number, what = 'an image'): void {
  const ok = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0
  if (!ok) throw new RangeError(`${what} is ${width} by ${height} pixels; both must be whole and above 0`)
  if (width * height > MAX_PIXELS) {
    throw new RangeError(`${what} is ${width} by ${height} pixels; at most ${MAX_PIXELS} are taken`)
  }
}

/** Throws RangeError when the bytes don't fit the size. */
export function pixelsOf({ width, height, data }: RawImage): Pixels {
  checkSize(width, height)
  const count = width * height
  const step = data.length / count
  if (step !== 1 && step !== 3 && step !== 4) {
    throw new RangeError(
      `an image of ${width} by ${height} has ${data.length} bytes; 1, 3 or 4 a pixel are taken`,
    )
  }
  if (step === 3 && data instanceof Uint8Array) return { width, height, data }
  const out = new Uint8Array(count * 3)
  const [green, blue] = step === 1 ? [0, 0] : [1, 2]
  for (let i = 0; i < count; i++) {
    out[i * 3] = data[i * step]!
    out[i * 3 + 1] = data[i * step + green]!
    out[i * 3 + 2] = data[i * step + blue]!
  }
  return { width, height, data: out }
}

/** A size as the browser states it: an `<img>` has its own beside the one on the page. */
function drawnSize(source: Drawable): [number, number] {
  if ('naturalWidth' in source) return [source.naturalWidth, source.naturalHeight]
  if ('videoWidth' in source) return [source.videoWidth, source.videoHeight]
  if ('displayWidth' in source) return [source.displayWidth, source.displayHeight]
  return [source.width, source.height]
}

/**
 * Reads any source of an image. Blobs (files, responses) are decoded, what can be drawn is drawn.
 * Throws RangeError for an image without size, TypeError where the browser has no canvas.
 */
export async function readImage(source: ImageSource): Promise<Pixels> {
  if ('data' in source) return pixelsOf(source)
  if (source instanceof Blob) {
    const bitmap = await createImageBitmap(source)
    try {
      return await readImage(bitmap)
    } finally {
      bitmap.close()
    }
  }
  const [width, height] = drawnSize(source)
  checkSize(width, height)
  const canvas =
    typeof OffscreenCanvas === 'function'
      ? new OffscreenCanvas(width, height)
      : Object.assign(document.createElement('canvas'), { width, height })
  const context = canvas.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D | null
  if (!context) throw new TypeError('no 2d canvas here: give ImageData')
  context.drawImage(source, 0, 0, width, height)
  return pixelsOf(context.getImageData(0, 0, width, height))
}

/** The part of an image from (left, top). What lies outside the image is black. */
export function cut(image: Pixels, left: number, top: number, width: number, height: number): Pixels {
  checkSize(width, height)
  const data = new Uint8Array(width * height * 3)
  const from = Math.max(0, left)
  const to = Math.min(image.width, left + width)
  for (let y = Math.max(0, top); y < Math.min(image.height, top + height) && from < to; y++) {
    const row = image.data.subarray((y * image.width + from) * 3, (y * image.width + to) * 3)
    data.set(row, ((y - top) * width + from - left) * 3)
  }
  return { width, height, data }
}
