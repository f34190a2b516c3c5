/**
 * Filters from the bins of a Fourier transform to mel bands, in float64. The scales: Slaney, "Auditory Toolbox"
 * (1998), linear below 1000 Hz and logarithmic above; HTK, "The HTK Book" (2006), 2595 log10(1 + f / 700).
 */

export interface MelOptions {
  /** Samples a second. */
  rate: number
  /** Bins of the transform, from 0 Hz to rate / 2 inclusive. */
  bins: number
  mels: number
  /** Hz; 0 where absent. */
  low?: number
  /** Hz; rate / 2 where absent. */
  high?: number
  scale?: 'slaney' | 'htk'
  /** slaney: each triangle has an area of 1 (in Hz); none: each is 1 at its top. */
  norm?: 'slaney' | 'none'
}

interface Scale {
  toMel(hz: number): number
  toHz(mel: number): number
}

// 15 mels to 1000 Hz, then 27 to each factor of 6.4.
const LINEAR = 200 / 3
const BREAK = 1000 / LINEAR
const STEP = Math.log(6.4) / 27

const scales: Record<'slaney' | 'htk', Scale> = {
  slaney: {
    toMel: (hz) => (hz < 1000 ? hz / LINEAR : BREAK + Math.log(hz / 1000) / STEP),
    toHz: (mel) => (mel < BREAK ? mel * LINEAR : 1000 * Math.exp((mel - BREAK) * STEP)),
  },
  htk: {
    toMel: (hz) => 2595 * Math.log10(1 + hz / 700),
    toHz: (mel) => 700 * (10 ** (mel / 2595) - 1),
  },
}

/**
 * Triangles that begin at one mel-spaced frequency, are highest at the next and end at the one after it.
 * @returns [mels, bins], row-major
 */
export function melFilters(options: MelOptions): Float64Array {
  const { rate, bins, mels, low = 0, high = rate / 2, scale = 'slaney', norm = 'slaney' } = options
  const { toMel, toHz } = scales[scale]
  const [first, last] = [toMel(low), toMel(high)]
  const corner = (i: number) => toHz(first + ((last - first) * i) / (mels + 1))
  const filters = new Float64Array(mels * bins)
  for (let m = 0; m < mels; m++) {
    const [begin, top, end] = [corner(m), corner(m + 1), corner(m + 2)]
    const height = norm === 'slaney' ? 2 / (end - begin) : 1
    for (let k = 0; k < bins; k++) {
      const hz = ((rate / 2) * k) / Math.max(bins - 1, 1)
      const slope = Math.min((hz - begin) / (top - begin), (end - hz) / (end - top))
      filters[m * bins + k] = height * Math.max(slope, 0)
    }
  }
  return filters
}
