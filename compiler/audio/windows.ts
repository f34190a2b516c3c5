/** Windows and tables of short-time Fourier transforms, in float64. */

/**
 * Hann's window of n samples: 1/2 - 1/2 cos(2 pi i / n).
 * @param symmetric ends at 0 on both sides: over n - 1 in place of n
 */
export function hann(n: number, symmetric = false): Float64Array {
  const period = symmetric ? Math.max(n - 1, 1) : n
  return Float64Array.from({ length: n }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / period))
}

/** A window of fewer samples in the middle of n, as transforms that are longer than their window take it. */
export function centred(window: Float64Array, n: number): Float64Array {
  const padded = new Float64Array(n)
  padded.set(window, Math.floor((n - window.length) / 2))
  return padded
}

/** cos and sin of 2 pi j / n for j below n, in pairs: [n, 2]. */
export function turns(n: number): Float64Array {
  return Float64Array.from({ length: 2 * n }, (_, i) => {
    const angle = (2 * Math.PI * Math.floor(i / 2)) / n
    return i % 2 === 0 ? Math.cos(angle) : Math.sin(angle)
  })
}
