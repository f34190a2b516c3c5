import { setFlagsFromString } from 'node:v8'
import { beforeAll, describe, expect, test } from 'vitest'
import { ops } from '../../compiler/ops/index.js'
import { findEmcc } from '../../compiler/toolchain/index.js'
import { allKernels, allVariants, casesOf, quantizerFor, serves } from './c-kernels.js'
import { type Machine, machine, runCase } from './c-run.js'

// Node 20 has relaxed SIMD behind this flag. Its baseline compiler gets i32x4.relaxed_dot wrong, which no kernel uses.
if (Number(process.versions.node.split('.')[0]) < 22) setFlagsFromString('--experimental-wasm-relaxed-simd')

const builds = [
  { features: 'base', toolchain: 'yowasp' },
  { features: 'simd128', toolchain: 'yowasp' },
  { features: 'relaxed', toolchain: 'yowasp' },
  { features: 'base', toolchain: 'emcc' },
  { features: 'simd128', toolchain: 'emcc' },
] as const
const emcc = findEmcc()
if (!emcc) console.warn('emcc is not installed: its kernels are not tested')

describe.each(builds)('$features by $toolchain', ({ features, toolchain }) => {
  const variants = allVariants(features)
  const skip = toolchain === 'emcc' && !emcc
  let m: Machine
  beforeAll(async () => {
    if (!skip) m = machine((await allKernels(features, toolchain)).wasm)
    // Some 300 kernels, where the cache has none of them yet.
  }, 600_000)
  describe.skipIf(skip).each(variants.map((v) => [v.kernel.export, v] as const))('%s', (_, v) => {
    const op = ops[v.template.front.op.name]!
    test.each(casesOf(v).map((c) => [c.name, c] as const))('%s', (_, c) => {
      expect(runCase(m, op, v, c, quantizerFor(variants, v)).wrong).toEqual([])
    })
  })
})

/** Conversions that only kernels of GPUs ask for, and what only they put into one kernel. */
const GPU_ONLY = new Set(['halve_rows', 'norm_linear', 'embed_pair', 'rope_split'])

test('every case of every operator is run by some variant', () => {
  const variants = allVariants('simd128')
  const shared = Object.values(ops).filter((op) => !GPU_ONLY.has(op.name))
  const left = shared.flatMap((op) =>
    op.cases
      .filter((c) => !variants.some((v) => v.template.front.op.name === op.name && serves(v, c.facts)))
      .map((c) => `${op.name}: ${c.name}`),
  )
  expect(left).toEqual([])
})
