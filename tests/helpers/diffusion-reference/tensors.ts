/** Float64 arithmetic from the definitions, for the reference of Stable Diffusion. Images are [channels][pixels]. */
import { erf } from '../../../compiler/ops/activations.js'

export interface Image {
  channels: number
  height: number
  width: number
  data: Float64Array
}

/** Rows by columns. */
export interface Rows {
  rows: number
  columns: number
  data: Float64Array
}

/** Weights by name. One that is asked for the first time is made: noise, which the test then writes to a file. */
export interface Weights {
  get(name: string, shape: number[]): Float64Array
  all: Map<string, { dtype: 'F32'; shape: number[]; data: Float32Array }>
}

export function randomWeights(seed: number): Weights {
  let state = seed
  const noise = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  }
  const all: Weights['all'] = new Map()
  return {
    all,
    get(name, shape) {
      const count = shape.reduce((a, b) => a * b, 1)
      const inputs = shape.slice(1).reduce((a, b) => a * b, 1)
      // Gains lie about 1; a sum of products is about as large as its operands.
      const [offset, scale] =
        shape.length > 1 ? [0, 1.7 / Math.sqrt(inputs)] : [/norm.*weight$/.test(name) ? 1 : 0, 0.3]
      const known =
        all.get(name)?.data ?? Float32Array.from({ length: count }, () => offset + scale * noise())
      if (known.length !== count) throw new TypeError(`${name} is wanted in two sizes`)
      all.set(name, { dtype: 'F32', shape, data: known })
      return Float64Array.from(known)
    },
  }
}

export const silu = (x: number) => x / (1 + Math.exp(-x))
export const gelu = (x: number) => (x * (1 + erf(x / Math.SQRT2))) / 2
export const quickGelu = (x: number) => x / (1 + Math.exp(-1.702 * x))

export const mapImage = (x: Image, f: (v: number) => number): Image => ({ ...x, data: x.data.map(f) })
export const mapRows = (x: Rows, f: (v: number) => number): Rows => ({ ...x, data: x.data.map(f) })

export function sum<T extends { data: Float64Array }>(a: T, b: T): T {
  if (a.data.length !== b.data.length) throw new TypeError('sizes differ')
  return { ...a, data: a.data.map((v, i) => v + b.data[i]!) }
}

export function linear(
  w: Weights,
  x: Rows,
  name: string,
  out: number,
  bias = true,
  shape = [out, x.columns],
): Rows {
  const weight = w.get(`${name}.weight`, shape)
  const b = bias ? w.get(`${name}.bias`, [out]) : undefined
  const y: Rows = { rows: x.rows, columns: out, data: new Float64Array(x.rows * out) }
  for (let r = 0; r < x.rows; r++)
    for (let o = 0; o < out; o++) {
      let total = b ? b[o]! : 0
      for (let k = 0; k < x.columns; k++) total += x.data[r * x.columns + k]! * weight[o * x.columns + k]!
      y.data[r * out + o] = total
    }
  return y
}

interface Sides {
  size?: number
  stride?: number
  before?: number
  after?: number
}

/** `before`, `after`: rows and columns of zeros above and to the left, below and to the right. */
export function conv(
  w: Weights,
  x: Image,
  name: string,
  out: number,
  { size = 3, stride = 1, before = (size - 1) / 2, after = (size - 1) / 2 }: Sides = {},
): Image {
  const weight = w.get(`${name}.weight`, [out, x.channels, size, size])
  const bias = w.get(`${name}.bias`, [out])
  const height = Math.floor((x.height + before + after - size) / stride) + 1
  const width = Math.floor((x.width + before + after - size) / stride) + 1
  const y: Image = { channels: out, height, width, data: new Float64Array(out * height * width) }
  const at = (c: number, i: number, j: number) =>
    i < 0 || j < 0 || i >= x.height || j >= x.width ? 0 : x.data[(c * x.height + i) * x.width + j]!
  for (let o = 0; o < out; o++)
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++) {
        let total = bias[o]!
        for (let c = 0; c < x.channels; c++)
          for (let a = 0; a < size; a++)
            for (let b = 0; b < size; b++)
              total +=
                weight[((o * x.channels + c) * size + a) * size + b]! *
                at(c, i * stride + a - before, j * stride + b - before)
        y.data[(o * height + i) * width + j] = total
      }
  return y
}

function normalised(values: Float64Array, eps: number): Float64Array {
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length
  return values.map((v) => (v - mean) / Math.sqrt(variance + eps))
}

export function groupNorm(w: Weights, x: Image, name: string, groups: number, eps: number): Image {
  const gain = w.get(`${name}.weight`, [x.channels])
  const bias = w.get(`${name}.bias`, [x.channels])
  const pixels = x.height * x.width
  const length = (x.channels / groups) * pixels
  const data = new Float64Array(x.data.length)
  for (let g = 0; g < groups; g++)
    data.set(normalised(x.data.slice(g * length, (g + 1) * length), eps), g * length)
  return { ...x, data: data.map((v, i) => v * gain[Math.floor(i / pixels)]! + bias[Math.floor(i / pixels)]!) }
}

export function layerNorm(w: Weights, x: Rows, name: string, eps = 1e-5): Rows {
  const gain = w.get(`${name}.weight`, [x.columns])
  const bias = w.get(`${name}.bias`, [x.columns])
  const data = new Float64Array(x.data.length)
  for (let r = 0; r < x.rows; r++)
    data.set(normalised(x.data.slice(r * x.columns, (r + 1) * x.columns), eps), r * x.columns)
  return { ...x, data: data.map((v, i) => v * gain[i % x.columns]! + bias[i % x.columns]!) }
}

/** softmax(q kᵀ / sqrt(size)) v by heads. */
export function attend(q: Rows, k: Rows, v: Rows, heads: number, causal = false): Rows {
  const size = q.columns / heads
  const y: Rows = { ...q, data: new Float64Array(q.data.length) }
  for (let h = 0; h < heads; h++)
    for (let r = 0; r < q.rows; r++) {
      const seen = causal ? r + 1 : k.rows
      const scores = Array.from({ length: seen }, (_, t) => {
        let dot = 0
        for (let d = 0; d < size; d++)
          dot += q.data[r * q.columns + h * size + d]! * k.data[t * k.columns + h * size + d]!
        return Math.exp(dot / Math.sqrt(size))
      })
      const total = scores.reduce((a, b) => a + b, 0)
      for (let d = 0; d < size; d++)
        y.data[r * q.columns + h * size + d] = scores.reduce(
          (acc, s, t) => acc + (s / total) * v.data[t * v.columns + h * size + d]!,
          0,
        )
    }
  return y
}

export function rowsOf(x: Image): Rows {
  const pixels = x.height * x.width
  const y: Rows = { rows: pixels, columns: x.channels, data: new Float64Array(x.data.length) }
  for (let c = 0; c < x.channels; c++)
    for (let p = 0; p < pixels; p++) y.data[p * x.channels + c] = x.data[c * pixels + p]!
  return y
}

export function imageOf(rows: Rows, like: Image): Image {
  const data = new Float64Array(rows.data.length)
  for (let c = 0; c < rows.columns; c++)
    for (let p = 0; p < rows.rows; p++) data[c * rows.rows + p] = rows.data[p * rows.columns + c]!
  return { ...like, channels: rows.columns, data }
}

/** Nearest neighbours, as PyTorch's interpolate takes them. */
export function enlarged(x: Image, height: number, width: number): Image {
  const y: Image = {
    channels: x.channels,
    height,
    width,
    data: new Float64Array(x.channels * height * width),
  }
  for (let c = 0; c < x.channels; c++)
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++)
        y.data[(c * height + i) * width + j] =
          x.data[
            (c * x.height + Math.floor((i * x.height) / height)) * x.width + Math.floor((j * x.width) / width)
          ]!
  return y
}

export const joined = (a: Image, b: Image): Image => ({
  ...a,
  channels: a.channels + b.channels,
  data: Float64Array.from([...a.data, ...b.data]),
})
