/**
 * Resizing as Pillow does it, to the bit: models were trained on its output, and a browser's own scaling (no
 * antialiasing, or another) gives visibly other pixels. Two passes; a filter as wide as the ratio, when
 * shrinking; weights in fixed point; bytes in between.
 */
import { checkSize, type Pixels } from './pixels.js'

/** Pillow's numbers, which preprocessor_config.json holds as `resample`. */
export type Resample = 0 | 1 | 2 | 3 | 4 | 5

interface Filter {
  /** Beyond this distance it is 0. */
  support: number
  at(x: number): number
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI))

/** Keys' cubic convolution, with Pillow's a. */
function cubic(x: number): number {
  const a = -0.5
  const d = Math.abs(x)
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0
}

function hamming(x: number): number {
  const d = Math.abs(x)
  return d >= 1 ? 0 : sinc(d) * (0.54 + 0.46 * Math.cos(d * Math.PI))
}

const NEAREST = 0
const FILTERS: Record<number, Filter> = {
  1: { support: 3, at: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
  2: { support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) },
  3: { support: 2, at: cubic },
  4: { support: 0.5, at: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  5: { support: 1, at: hamming },
}

/** Bits behind the point of a weight: 8 are a byte's, 2 are left for sums beyond it. */
const BITS = 22

interface Weights {
  /** First source pixel of each output. */
  start: Int32Array
  /** How many it takes. */
  count: Int32Array
  /** `width` places an output. */
  values: Int32Array
  width: number
}

/** What each of `to` outputs takes of `from` pixels. */
function weightsOf(from: number, to: number, { support: reach, at }: Filter): Weights {
  const scale = from / to
  const stretch = Math.max(scale, 1)
  const support = reach * stretch
  const width = Math.ceil(support) * 2 + 1
  const start = new Int32Array(to)
  const count = new Int32Array(to)
  const values = new Int32Array(to * width)
  const row = new Float64Array(width)
  for (let i = 0; i < to; i++) {
    const center = (i + 0.5) * scale
    const first = Math.max(0, Math.trunc(center - support + 0.5))
    const n = Math.min(from, Math.trunc(center + support + 0.5)) - first
    let sum = 0
    for (let k = 0; k < n; k++) {
      row[k] = at((k + first - center + 0.5) * (1 / stretch))
      sum += row[k]!
    }
    for (let k = 0; k < n; k++) {
      const w = (sum === 0 ? row[k]! : row[k]! / sum) * 2 ** BITS
      values[i * width + k] = Math.trunc(w < 0 ? w - 0.5 : w + 0.5)
    }
    start[i] = first
    count[i] = n
  }
  return { start, count, values, width }
}

/**
 * One pass over `lines` lines: pixel i of line l is at `(l * lineStep + i * step) * 3` of `data`, and at the
 * same place of the result with its own steps.
 */
function pass(
  data: Uint8Array,
  out: Uint8Array,
  lines: number,
  [lineStep, step]: [number, number],
  [outLineStep, outStep]: [number, number],
  { start, count, values, width }: Weights,
): void {
  const half = 1 << (BITS - 1)
  const byte = (v: number) => Math.min(255, Math.max(0, v >> BITS))
  for (let line = 0; line < lines; line++) {
    for (let i = 0; i < start.length; i++) {
      let r = half
      let g = half
      let b = half
      const n = count[i]!
      let from = (line * lineStep + start[i]! * step) * 3
      for (let k = i * width; k < i * width + n; k++) {
        const w = values[k]!
        r += data[from]! * w
        g += data[from + 1]! * w
        b += data[from + 2]! * w
        from += step * 3
      }
      const to = (line * outLineStep + i * outStep) * 3
      out[to] = byte(r)
      out[to + 1] = byte(g)
      out[to + 2] = byte(b)
    }
  }
}

/** Adds the step up, as Pillow does: a product may round to the other side of a pixel's edge. */
function nearestOf(from: number, to: number): Int32Array {
  const step = from / to
  let at = step * 0.5
  return Int32Array.from({ length: to }, () => {
    const i = Math.min(from - 1, Math.trunc(at))
    at += step
    return i
  })
}

function nearest(image: Pixels, width: number, height: number): Uint8Array {
  const out = new Uint8Array(width * height * 3)
  const xs = nearestOf(image.width, width)
  const ys = nearestOf(image.height, height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (ys[y]! * image.width + xs[x]!) * 3
      out.set(image.data.subarray(from, from + 3), (y * width + x) * 3)
    }
  }
  return out
}

/** Throws RangeError for a filter or size that there isn't. */
export function resize(image: Pixels, width: number, height: number, resample: number): Pixels {
  checkSize(width, height, 'a resized image')
  if (width === image.width && height === image.height) return image
  if (resample === NEAREST) return { width, height, data: nearest(image, width, height) }
  const filter = Object.hasOwn(FILTERS, resample) ? FILTERS[resample] : undefined
  if (!filter) throw new RangeError(`resample is ${resample}; Pillow's filters are 0 to 5`)
  let { data } = image
  if (width !== image.width) {
    checkSize(width, image.height, 'a resized image')
    const out = new Uint8Array(width * image.height * 3)
    pass(data, out, image.height, [image.width, 1], [width, 1], weightsOf(image.width, width, filter))
    data = out
  }
  if (height !== image.height) {
    const out = new Uint8Array(width * height * 3)
    pass(data, out, width, [1, width], [1, width], weightsOf(image.height, height, filter))
    data = out
  }
  return { width, height, data }
}
