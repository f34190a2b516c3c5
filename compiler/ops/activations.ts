/** Activation functions in float64, from their definitions: what `ACT` of an operator may be. */

/** Error function: its power series near 0, a continued fraction of erfc beyond (Abramowitz and Stegun 7.1.5, 7.1.14). */
export function erf(x: number): number {
  const z = Math.abs(x)
  if (z > 6) return Math.sign(x)
  if (z < 2.5) {
    let term = x
    let sum = x
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (-x * x) / n
      sum += term / (2 * n + 1)
    }
    return (2 / Math.sqrt(Math.PI)) * sum
  }
  let tail = 0
  for (let n = 120; n > 0; n--) tail = n / 2 / (z + tail)
  return Math.sign(x) * (1 - Math.exp(-z * z) / Math.sqrt(Math.PI) / (z + tail))
}

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

/** By name; `none` leaves a value as it is. `lib/act.wgsl` has the same names. */
export const activations = {
  none: (x: number): number => x,
  relu: (x: number): number => Math.max(x, 0),
  /** Hendrycks and Gimpel 2016: x Φ(x). */
  gelu: (x: number): number => (x / 2) * (1 + erf(x / Math.SQRT2)),
  gelu_tanh: (x: number): number =>
    (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  /** CLIP's. */
  quick_gelu: (x: number): number => x * sigmoid(1.702 * x),
  silu: (x: number): number => x * sigmoid(x),
  tanh: Math.tanh,
  sigmoid,
} as const

export type Activation = keyof typeof activations

export const activationNames = Object.keys(activations) as Activation[]

/** The function that an operator's `ACT` names. */
export function activation(name: unknown): (x: number) => number {
  const f = activations[name as Activation]
  if (!f) throw new TypeError(`no activation ${name}`)
  return f
}
