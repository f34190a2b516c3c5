/** Coordinates of a resampled axis as quotients of integers. */

export interface AxisMap {
  /** Element o of the output lies at (o mul + add) / div of the input. */
  mul: number
  add: number
  div: number
}

const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b))

/**
 * The fraction of smallest denominator next to x, by continued fractions: a scale of 0.6 stored as float32 is 3 / 5
 * again, as who wrote it meant.
 */
export function fraction(x: number, error = 2 ** -23): [numerator: number, denominator: number] {
  let [n0, d0, n1, d1] = [0, 1, 1, 0]
  for (let rest = x; ; ) {
    const whole = Math.floor(rest)
    ;[n0, d0, n1, d1] = [n1, d1, whole * n1 + n0, whole * d1 + d0]
    if (Math.abs(n1 / d1 - x) <= error * Math.abs(x)) return [n1, d1]
    rest = 1 / (rest - whole)
  }
}

/** What each of ONNX's coordinate_transformation_modes says, for a scale of n / d. */
const maps: Record<string, (size: number, out: number, n: number, d: number) => AxisMap> = {
  // (o + 1/2) / scale - 1/2
  half_pixel: (_, __, n, d) => ({ mul: 2 * d, add: d - n, div: 2 * n }),
  // What is lost where an output was rounded is lost on both sides: from size/2 - out / (2 scale) on.
  half_pixel_symmetric: (size, out, n, d) => ({ mul: 2 * d, add: size * n - out * d + d - n, div: 2 * n }),
  // The first element alone where there is one only.
  pytorch_half_pixel: (_, out, n, d) =>
    out > 1 ? { mul: 2 * d, add: d - n, div: 2 * n } : { mul: 0, add: 0, div: 1 },
  // o / scale
  asymmetric: (_, __, n, d) => ({ mul: d, add: 0, div: n }),
  // o (size - 1) / (size scale - 1)
  align_corners: (size, _, n, d) =>
    size * n > d ? { mul: (size - 1) * d, add: 0, div: size * n - d } : { mul: 0, add: 0, div: 1 },
}

/**
 * @param coord a coordinate_transformation_mode of ONNX's Resize: half_pixel, half_pixel_symmetric,
 *   pytorch_half_pixel, asymmetric, align_corners
 * @param size elements of the input
 * @param out elements of the output
 * @param scale where it was given and is not just out / size
 * @throws TypeError for another mode
 */
export function resizeAxis(coord: string, size: number, out: number, scale?: number): AxisMap {
  const map = maps[coord]
  if (!map) throw new TypeError(`no coordinates of ${coord}; there are ${Object.keys(maps).join(' ')}`)
  const [n, d] = scale === undefined ? [out, size] : fraction(scale)
  const { mul, add, div } = map(size, out, n, d)
  const common = gcd(gcd(mul, add), div)
  return { mul: mul / common, add: add / common, div: div / common }
}
