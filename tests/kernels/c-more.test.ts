/** What the operators' own cases don't reach: sizes past every blocking, what rounding x costs, extreme weights. */
import { setFlagsFromString } from 'node:v8'
import { describe, expect, test } from 'vitest'
import { WEIGHTS } from '../../compiler/ops/common.js'
import { ops } from '../../compiler/ops/index.js'
import type { Fill, OpCase } from '../../compiler/ops/types.js'
import { findEmcc } from '../../compiler/toolchain/index.js'
import { allKernels, casesOf, quantizerFor, serves } from './c-kernels.js'
import { machine, runCase } from './c-run.js'
import { caseData } from './case-data.js'

// Node 20 has relaxed SIMD behind this flag.
if (Number(process.versions.node.split('.')[0]) < 22) setFlagsFromString('--experimental-wasm-relaxed-simd')

const linear = ops.linear!
const at = (
  M: number,
  N: number,
  K: number,
  weight: OpCase['facts'],
  EPI = 'none',
  fill: Fill = {},
): OpCase => ({
  name: `${M} ${N} ${K} ${weight.W}/${weight.G} ${EPI}`,
  facts: {
    ...{ M, N, K, ...weight, EPI, BIAS: false },
    ...{ ACT: EPI === 'glu' ? 'silu' : 'none', LDY: EPI === 'glu' ? N / 2 : N },
  },
  fill,
})

describe.each(['base', 'simd128', 'relaxed'] as const)('%s', async (features) => {
  const { variants, wasm } = await allKernels(features)
  const m = machine(wasm)
  const run = (c: OpCase, op = linear) => {
    const v = variants.find((v) => v.template.front.op.name === op.name && serves(v, c.facts))!
    return runCase(m, op, v, c, quantizerFor(variants, v))
  }

  // Rows, columns and depth each beyond a block of the product, and no multiple of it.
  test.each(
    WEIGHTS.flatMap((w) => ['none', 'add', 'glu'].map((epi) => at(37, 150, 600, w, epi))).map(
      (c) => [c.name, c] as const,
    ),
  )('a product past every block: %s', (_, c) => {
    expect(run(c).wrong).toEqual([])
  })

  test.each([false, true])('a batch of matrices past every block, TB=%s', (TB) => {
    const facts = { B: 4, BB: 2, M: 37, N: 150, K: 600, TB, SEQ: false, SCALE: 0.25 }
    expect(run({ name: 'past every block', facts }, ops.matmul!).wrong).toEqual([])
    // One row of as many: four panels at a time, one, and a part of one.
    expect(run({ name: 'one row', facts: { ...facts, M: 1 } }, ops.matmul!).wrong).toEqual([])
  })

  // The largest half, the smallest, zeros: panels are shifted by as much as their largest value allows.
  const extremes: [string, (i: number) => number][] = [
    ['the largest', (i) => (i % 7 === 0 ? 65504 : 65504 / (1 + (i % 100)))],
    ['the smallest', (i) => ((i % 5) - 2) * 2 ** -24],
    ['far apart', (i) => [65504, -(2 ** -24), 0, 1, -3e-5][i % 5]!],
    ['a row of nothing', (i) => (i % 3 === 0 ? 0 : ((i % 11) - 5) * 1e-4)],
    ['nothing', () => 0],
  ]
  test.each(
    extremes.flatMap(([name, w]) =>
      WEIGHTS.flatMap((weight) =>
        [1, 5].map(
          (M) => [`${name}, ${weight.W}/${weight.G}, ${M}`, at(M, 21, 70, weight, 'none', { w })] as const,
        ),
      ),
    ),
  )('weights are exact: %s', (_, c) => {
    expect(run(c).wrong).toEqual([])
  })

  // |y - y'| <= sum |w| |x - x'|, and x is off by half a step of its block: its largest / 254, or / 65534.
  test.each(
    WEIGHTS.filter((w) => w.W !== 'f32' && w.W !== 'f16')
      .flatMap((w) => [at(1, 33, 300, w), at(6, 33, 300, w)])
      .map((c) => [c.name, c] as const),
  )('rounding x costs no more than half a step each: %s', (_, c) => {
    const v = variants.find((v) => v.template.front.op.name === 'linear' && serves(v, c.facts))!
    const levels = quantizerFor(variants, v).which === 'narrow' ? 127 : 32767
    const exact = caseData(linear, c, v.template.front.layouts)
    const [x, w] = ['x', 'w'].map((name) => exact.ports.find((p) => p.name === name)!.values) as [
      Float64Array,
      Float64Array,
    ]
    const want = exact.ports.find((p) => p.name === 'y')!.expected!
    const got = new Float32Array(run(c).outputs.y!.buffer)
    const [M, N, K] = [c.facts.M, c.facts.N, c.facts.K].map(Number) as [number, number, number]
    const worst = want.reduce((most, value, i) => {
      const [row, n] = [Math.floor(i / N), i % N]
      let bound = 1e-5
      for (let block = 0; block < K; block += 32) {
        const columns = Array.from({ length: Math.min(32, K - block) }, (_, j) => block + j)
        const step = Math.max(...columns.map((k) => Math.abs(x[row * K + k]!))) / levels
        bound += columns.reduce((sum, k) => sum + Math.abs(w[n * K + k]!), 0) * (step / 2)
      }
      return Math.max(most, Math.abs(got[i]! - value) / bound)
    }, 0)
    expect(got.length).toBe(M * N)
    expect(worst).toBeLessThan(1)
    // Errors are as often up as down: were they all one way, something would be wrong.
    expect(worst).toBeLessThan(0.5)
  })
})

// No engine and no compiler may fuse or reorder what is written as two steps; with relaxed SIMD an engine may.
test.each([
  ['base', 'yowasp'],
  ['base', 'emcc'],
  ['simd128', 'emcc'],
] as const)('%s by %s gives the same answers as simd128, bit for bit', async (features, toolchain) => {
  if (toolchain === 'emcc' && !findEmcc()) return
  const [ours, theirs] = await Promise.all([allKernels('simd128'), allKernels(features, toolchain)])
  const machines = [machine(ours.wasm), machine(theirs.wasm)] as const
  for (const v of ours.variants) {
    const op = ops[v.template.front.op.name]!
    for (const c of casesOf(v)) {
      const [a, b] = machines.map((m) => runCase(m, op, v, c, quantizerFor(ours.variants, v)).outputs)
      expect(b, `${v.kernel.export}: ${c.name}`).toEqual(a)
    }
  }
})
