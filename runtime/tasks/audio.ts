/** Sound for models: one channel, the right rate, the right loudness, the right length. Samples are -1 to 1. */
import type { Tensor } from '../tensor.js'

/** Samples of one or more channels. What `AudioContext.decodeAudioData` gives (AudioBuffer) is one. */
export interface Sound {
  sampleRate: number
  /** Planar: each channel's samples. */
  channels: readonly Float32Array[]
}

/** The part of the Web Audio API's AudioBuffer that is used. */
export interface AudioBufferLike {
  readonly sampleRate: number
  readonly numberOfChannels: number
  getChannelData(channel: number): Float32Array
}

export type AudioSource = Sound | AudioBufferLike | { sampleRate: number; data: Float32Array }

/** Most samples at once: 12 hours at 16 kHz. */
export const MAX_SAMPLES = 1 << 30

/** The mean of the channels. Throws RangeError when they differ in length, or there is none. */
export function mono(channels: readonly Float32Array[]): Float32Array {
  const [first] = channels
  if (!first) throw new RangeError('a sound needs a channel')
  if (channels.some((c) => c.length !== first.length)) {
    throw new RangeError('the channels of a sound differ in length')
  }
  if (channels.length === 1) return first
  return first.map((_, i) => channels.reduce((sum, c) => sum + c[i]!, 0) / channels.length)
}

export interface ResampleOptions {
  /** Zero crossings of the sinc on each side: more is a steeper filter, and slower. Default 32. */
  zeros?: number
  /** Where the filter cuts, of the lower of the two Nyquist frequencies. Default 0.95. */
  rolloff?: number
}

const gcd = (a: number, b: number): number => (b ? gcd(b, a % b) : a)

function checkRate(rate: number): void {
  if (!(Number.isInteger(rate) && rate > 0 && rate <= 1 << 20)) {
    throw new RangeError(`a sample rate is ${rate} Hz; whole numbers up to ${1 << 20} are taken`)
  }
}

/** Most weights that all phases of a filter may have: rates without a common divisor make many. */
const MAX_WEIGHTS = 1 << 24

interface Phases {
  /** Samples in and out a turn: the rates by their greatest divisor. */
  from: number
  to: number
  /** Samples before the first of a turn that its outputs read. */
  before: number
  width: number
  /** `width` weights for each of `to` outputs. */
  weights: Float32Array
}

/** A sinc under a Hann window, sampled at every phase between the rates (J. O. Smith's bandlimited interpolation). */
function phasesOf(from: number, to: number, zeros: number, rolloff: number): Phases {
  const cutoff = Math.min(from, to) * rolloff
  const before = Math.ceil((zeros * from) / cutoff)
  const width = 2 * before + from
  if (width * to > MAX_WEIGHTS) {
    throw new RangeError(`rates of ${from} to ${to} have no common divisor: resample by way of another`)
  }
  const weights = new Float32Array(width * to)
  for (let phase = 0; phase < to; phase++) {
    for (let k = 0; k < width; k++) {
      const t = ((k - before) / from - phase / to) * cutoff
      if (Math.abs(t) >= zeros) continue
      const window = Math.cos((t * Math.PI) / zeros / 2) ** 2
      const sinc = t === 0 ? 1 : Math.sin(t * Math.PI) / (t * Math.PI)
      weights[phase * width + k] = (sinc * window * cutoff) / from
    }
  }
  return { from, to, before, width, weights }
}

/**
 * Samples at another rate, without what the new rate can't hold. With `zeros` 6 and `rolloff` 0.99 it is
 * torchaudio's `resample`. Throws RangeError for rates that can't be meant, or a result too long.
 */
export function resampleAudio(
  samples: Float32Array,
  fromRate: number,
  toRate: number,
  { zeros = 32, rolloff = 0.95 }: ResampleOptions = {},
): Float32Array {
  checkRate(fromRate)
  checkRate(toRate)
  if (!(Number.isInteger(zeros) && zeros > 0 && zeros <= 512 && rolloff > 0 && rolloff <= 1)) {
    throw new RangeError('zeros must be 1 to 512, rolloff above 0 and at most 1')
  }
  if (fromRate === toRate || !samples.length) return samples
  const divisor = gcd(fromRate, toRate)
  const from = fromRate / divisor
  const to = toRate / divisor
  const length = Math.ceil((samples.length * to) / from)
  if (length > MAX_SAMPLES) throw new RangeError(`${length} samples are too many`)
  const { before, width, weights } = phasesOf(from, to, zeros, rolloff)
  const out = new Float32Array(length)
  for (let i = 0; i < length; i++) {
    const start = Math.floor(i / to) * from - before
    const row = (i % to) * width - start
    let sum = 0
    const end = Math.min(samples.length, start + width)
    for (let k = Math.max(0, start); k < end; k++) sum += samples[k]! * weights[row + k]!
    out[i] = sum
  }
  return out
}

/** One channel at the model's rate, of anything that holds sound. */
export function monoAt(source: AudioSource, sampleRate: number, options?: ResampleOptions): Float32Array {
  const channels =
    'data' in source
      ? [source.data]
      : 'channels' in source
        ? source.channels
        : Array.from({ length: source.numberOfChannels }, (_, i) => source.getChannelData(i))
  return resampleAudio(mono(channels), source.sampleRate, sampleRate, options)
}

/** Mean 0, variance 1 (plus 1e-7, as wav2vec 2.0's extractor has it). */
export function normalizeAudio(samples: Float32Array): Float32Array {
  if (!samples.length) return samples
  const mean = samples.reduce((a, b) => a + b, 0) / samples.length
  const variance = samples.reduce((a, b) => a + (b - mean) ** 2, 0) / samples.length
  const by = 1 / Math.sqrt(variance + 1e-7)
  return samples.map((v) => (v - mean) * by)
}

/** A type, so that it can be given to `model.run` as it is. */
export type AudioInputs = {
  /** [B,T] */
  input_values: Tensor
  /** [B,T], 1 where there is sound. */
  attention_mask: Tensor
}

/** A batch of sounds of any lengths, the shorter ones ending in zeros. `length`: of all, or the longest's. */
export function batchAudio(sounds: readonly Float32Array[], length?: number): AudioInputs {
  const T = length ?? Math.max(0, ...sounds.map((s) => s.length))
  const total = T * sounds.length
  if (!(total > 0 && total <= MAX_SAMPLES)) throw new RangeError(`a batch of ${total} samples can't be made`)
  const data = new Float32Array(total)
  const mask = new Uint32Array(total)
  sounds.forEach((s, i) => {
    const part = s.subarray(0, T)
    data.set(part, i * T)
    mask.fill(1, i * T, i * T + part.length)
  })
  const shape = [sounds.length, T]
  return {
    input_values: { dtype: 'f32', shape, data },
    attention_mask: { dtype: 'u32', shape: [...shape], data: mask },
  }
}

/** A part of a long sound. Samples: where it starts and ends, and how many at its ends are others' as well. */
export interface Chunk {
  start: number
  end: number
  /** Heard for context only. */
  left: number
  right: number
}

/**
 * Cuts a sound of `length` samples into chunks of at most `size` that overlap by `stride` on each side; what
 * is neither `left` nor `right` of a chunk covers the sound exactly once.
 * Throws RangeError when nothing is left between the strides.
 */
export function chunkAudio(length: number, size: number, stride: number): Chunk[] {
  if (!(stride >= 0 && size > 2 * stride)) {
    throw new RangeError(`chunks of ${size} samples leave nothing between strides of ${stride}`)
  }
  const chunks: Chunk[] = []
  for (let start = 0; ; start += size - 2 * stride) {
    const end = Math.min(length, start + size)
    const last = end === length
    chunks.push({ start, end, left: start ? stride : 0, right: last ? 0 : stride })
    if (last) return chunks
  }
}

/** Where the sound is quietest between two places: a good place to cut. `window` samples are looked at together. */
export function quietest(samples: Float32Array, from: number, to: number, window: number): number {
  let energy = 0
  let least = Infinity
  let best = to
  for (let i = from; i < to; i++) {
    energy += samples[i]! ** 2
    if (i - from >= window) energy -= samples[i - window]! ** 2
    if (i - from >= window - 1 && energy <= least) {
      least = energy
      best = i + 1 - (window >> 1)
    }
  }
  return best
}
