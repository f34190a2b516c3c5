/** ONNX's transforms of signals: products with matrices that are known while translating. */
import { type At, computed, type Mapping, sizeOf, type Value, view } from '../values.js'
import { mul } from './apply.js'
import { padded, part } from './movement.js'
import { matmul } from './products.js'
import { axisOf, strided, transposed } from './shapes.js'

/**
 * The Fourier transform as a matrix from n numbers (each real, or real and imaginary) to bins of both.
 * @param sign -1: from time to frequency; 1: back, divided by n
 */
function fourier(at: At, n: number, complex: boolean, bins: number, sign: number, type: number): Value {
  const columns = 2 * bins
  const rows = complex ? 2 * n : n
  const scale = sign > 0 ? 1 / n : 1
  return computed(at, [rows, columns], type, (i) => {
    const [row, column] = [Math.floor(i / columns), i % columns]
    const [j, imaginary] = complex ? [row >> 1, row & 1] : [row, 0]
    // The angle within a turn, so that large products lose no digits.
    const angle = (sign * 2 * Math.PI * ((j * (column >> 1)) % n)) / n
    const [cos, sin] = [scale * Math.cos(angle), scale * Math.sin(angle)]
    // (a + ib)(cos + i sin)
    if (column & 1) return imaginary ? cos : sin
    return imaginary ? -sin : cos
  })
}

/** The whole spectrum from the half that a real signal's has: the rest mirrors it. */
function mirrored(at: At, n: number, bins: number, type: number): Value {
  // x[j] = (X0 + 2 Σ (re cos - im sin) …) / n, the middle bin of an even n once.
  return computed(at, [2 * bins, n], type, (i) => {
    const [row, j] = [Math.floor(i / n), i % n]
    const k = row >> 1
    const weight = k === 0 || 2 * k === n ? 1 : 2
    const angle = (2 * Math.PI * ((j * k) % n)) / n
    return (weight / n) * (row & 1 ? -Math.sin(angle) : Math.cos(angle))
  })
}

function dft(at: At): Value {
  const given = at.input(0)
  const last = given.shape.length - 1
  const axis = axisOf(at, at.opset < 20 ? at.int('axis', 1) : (at.values(2)?.[0] ?? -2), given.shape.length)
  const [inverse, onesided] = [at.int('inverse', 0) !== 0, at.int('onesided', 0) !== 0]
  const length = at.values(1)?.[0]
  const bins = given.shape[axis]!
  const half = inverse && onesided
  const n = length ?? (half ? 2 * (bins - 1) : bins)
  const wanted = half ? Math.floor(n / 2) + 1 : n
  // Cut or filled with zeros to the length asked for.
  const cut = bins > wanted ? part(at, given, axis, 0, wanted) : given
  const missing = given.shape.map((_, k) => (k === axis ? Math.max(0, wanted - bins) : 0))
  const x = padded(
    at,
    cut,
    missing.map(() => 0),
    missing,
  )
  const perm = x.shape.map((_, k) => k).filter((k) => k !== axis && k !== last)
  const rows = transposed(at, x, [...perm, axis, last])
  const width = x.shape[last]!
  if (half && width === 1) at.refuse('a one-sided inverse of real numbers')
  const out = half ? n : onesided ? Math.floor(n / 2) + 1 : n
  const matrix = half
    ? mirrored(at, n, wanted, x.type)
    : fourier(at, n, width === 2, out, inverse ? 1 : -1, x.type)
  const R = sizeOf(perm.map((k) => x.shape[k]!))
  const y = matmul(at, view(rows, [R, wanted * width]), matrix)
  const parts = half ? 1 : 2
  const back = x.shape.map((_, k) => {
    if (k === last) return last
    return k === axis ? last - 1 : perm.indexOf(k)
  })
  return transposed(at, view(y, [...perm.map((k) => x.shape[k]!), out, parts]), back)
}

/** Frames of the signal, each times the window, each transformed. */
function stft(at: At): Value {
  const x = at.input(0)
  const [B, L, width] = x.shape as [number, number, number]
  const step = at.must(1)[0]!
  const window = at.inputs[2]
  const n = at.values(3)?.[0] ?? window?.shape[0] ?? at.refuse('it has no length of frames')
  if (width !== 1) at.refuse('a complex signal')
  const frames = Math.floor((L - n) / step) + 1
  const cut = strided(at, x, [B, frames, n], [L, step, 1])
  const bins = at.int('onesided', 1) ? Math.floor(n / 2) + 1 : n
  const y = matmul(at, window ? mul(at, cut, window) : cut, fourier(at, n, false, bins, -1, x.type))
  return view(y, [B, frames, bins, 2])
}

/** Sums of cosines over the window's length, or one less where it is not periodic. */
const window =
  (...terms: number[]): Mapping =>
  (at) => {
    const size = at.must(0)[0]!
    const N = at.int('periodic', 1) ? size : size - 1
    return computed(at, [size], at.int('output_datatype', 1), (i) =>
      terms.reduce((sum, a, k) => sum + a * Math.cos((2 * Math.PI * k * i) / N), 0),
    )
  }

/** Triangles between frequencies that lie evenly on the mel scale, as ONNX rounds them to bins. */
function melWeights(at: At): Value {
  const [mels, length, rate, low, high] = [0, 1, 2, 3, 4].map((i) => at.must(i)[0]!) as [
    ...[number, number, number],
    ...[number, number],
  ]
  const bins = Math.floor(length / 2) + 1
  const mel = (hertz: number) => 2595 * Math.log10(1 + hertz / 700)
  const step = (mel(high) - mel(low)) / (mels + 2)
  const edges = Array.from({ length: mels + 2 }, (_, i) => {
    const hertz = 700 * (10 ** ((i * step + mel(low)) / 2595) - 1)
    return Math.floor(((length + 1) * hertz) / rate)
  })
  const made = computed(at, [bins, mels], at.int('output_datatype', 1), () => 0)
  const y = made.data!
  for (let m = 0; m < mels; m++) {
    const [from, top, to] = [edges[m]!, edges[m + 1]!, edges[m + 2]!]
    for (let k = from; k < top; k++) y[k * mels + m] = (k - from) / (top - from)
    y[top * mels + m] = 1
    for (let k = top; k < to; k++) y[k * mels + m] = (to - k) / (to - top)
  }
  return made
}

export const signals: Record<string, Mapping> = {
  DFT: dft,
  STFT: stft,
  HannWindow: window(0.5, -0.5),
  HammingWindow: window(25 / 46, -21 / 46),
  BlackmanWindow: window(0.42, -0.5, 0.08),
  MelWeightMatrix: melWeights,
}
