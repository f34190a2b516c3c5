/** The error bounds that lib/math.h, circle.h and power.h state, in units in the last place. */
import { setFlagsFromString } from 'node:v8'
import { describe, expect, test } from 'vitest'
import { openCache } from '../../compiler/cache.js'
import { binaryFunctions, unaryFunctions } from '../../compiler/ops/scalar.js'
import { wasmModule } from '../../compiler/toolchain/index.js'
import { cTemplates, type Variant, variantsOf } from './c-kernels.js'
import { machine } from './c-run.js'

// Node 20 has relaxed SIMD behind this flag.
if (Number(process.versions.node.split('.')[0]) < 22) setFlagsFromString('--experimental-wasm-relaxed-simd')

/** By OP of unary: from, to, units; more than one range where bounds differ. */
const bounds: [OP: string, from: number, to: number, units: number][] = [
  ['exp', -87.33, 88.37, 2],
  ['elu', -80, 80, 3],
  ['silu', -80, 80, 4],
  ['sigmoid', -80, 80, 4],
  ['tanh', -12, 12, 3],
  ['erf', -5, 5, 3],
  ['gelu', -1, 12, 9],
  ['log', 2 ** -20, 4, 2],
  ['log', 1e-39, 1e-38, 2],
  ['log', 1e30, 3e38, 2],
  ['softplus', -15, 15, 4],
  ['sinh', -88, 88, 3],
  ['tan', -20, 20, 4],
  ['asin', -1, 1, 4],
  ['acos', -1, 1, 4],
  ['atan', -12, 12, 3],
]

/** pow: a from, a to, b from, b to. */
const powers = [
  [0, 3, -4, 4],
  [0.9, 1.1, -100, 100],
  [1e5, 1e6, -3, 3],
] as const

const COUNT = 20000

/** Results as float64 in units in the last place of them: the largest difference. */
function worst(results: Float32Array, exact: (i: number) => number): number {
  return results.reduce((most, y, i) => {
    const want = exact(i)
    const unit = 2 ** (Math.floor(Math.log2(Math.max(Math.abs(want), 2 ** -126))) - 23)
    return Math.max(most, Math.abs(y - want) / unit)
  }, 0)
}

describe.each(['base', 'simd128', 'relaxed'] as const)('%s', async (features) => {
  const wanted = ({ template, params }: Variant) =>
    template.name === 'unary' || (template.name === 'binary' && params.OP === 'pow')
  const variants = cTemplates()
    .filter((t) => t.name === 'unary' || t.name === 'binary')
    .flatMap((t) => variantsOf(t, features))
    .filter(wanted)
  const kernels = variants.map((v) => v.kernel)
  const m = machine((await wasmModule(kernels, { features, toolchain: 'yowasp', cache: openCache() })).wasm)
  const [x, b, y] = [1, 2, 3].map((i) => i * 2 ** 17 + m.heap - (m.heap % 16) + 16) as [
    number,
    number,
    number,
  ]
  const floats = (at: number) => new Float32Array(m.memory.buffer, at, COUNT)
  const spread = (at: number, from: number, to: number, step = 1) =>
    floats(at).forEach((_, i, all) => {
      all[i] = from + ((to - from) * (((i * step) % COUNT) + 0.5)) / COUNT
    })

  test.each(bounds)('%s from %d to %d within %d units', (OP, from, to, units) => {
    spread(x, from, to)
    m.exports[`unary_${OP}`]!(x, y, 1, 0, 0, COUNT)
    expect(worst(floats(y), (i) => unaryFunctions[OP]!.f(floats(x)[i]!, 1, 0))).toBeLessThanOrEqual(units)
  })

  test.each(['sin', 'cos'])('%s of up to a million within 2^-23', (OP) => {
    spread(x, -1e6, 1e6)
    m.exports[`unary_${OP}`]!(x, y, 0, 0, 0, COUNT)
    const most = floats(y).reduce(
      (e, v, i) => Math.max(e, Math.abs(v - unaryFunctions[OP]!.f(floats(x)[i]!, 0, 0))),
      0,
    )
    expect(most).toBeLessThanOrEqual(2 ** -23)
  })

  test.each(powers)('pow of %d .. %d by %d .. %d within a unit', (from, to, least, most) => {
    spread(x, from, to)
    spread(b, least, most, 7919)
    m.exports.binary_pow!(x, b, y, COUNT, 0, 0, COUNT)
    expect(worst(floats(y), (i) => floats(x)[i]! ** floats(b)[i]!)).toBeLessThanOrEqual(1)
  })

  test('pow of zeros, infinities, negative numbers and what is no number', () => {
    const inf = Number.POSITIVE_INFINITY
    const values = [0, -0, 1, -1, 0.5, 2, -2, 3, -3, inf, -inf, Number.NaN, 0.75]
    // JavaScript has NaN where C and every tensor library have 1.
    const pairs = values
      .flatMap((a) => values.map((c) => [a, c] as const))
      .filter(([a, c]) => !(Math.abs(a) === 1 && !(Math.abs(c) < inf)))
    pairs.forEach(([a, c], i) => {
      floats(x)[i] = a
      floats(b)[i] = c
    })
    m.exports.binary_pow!(x, b, y, pairs.length, 0, 0, pairs.length)
    const wrong = pairs
      .map(([a, c], i) => ({ a, b: c, got: floats(y)[i]!, want: binaryFunctions.pow!.f(a, c) }))
      .filter(
        ({ got, want }) =>
          !Object.is(got, Math.fround(want)) && !(Math.abs(got - want) <= 2 ** -23 * Math.abs(want)),
      )
    expect(wrong).toEqual([])
  })
})
