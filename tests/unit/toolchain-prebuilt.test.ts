import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageRoot } from '../../compiler/root.js'
import { loadTemplates } from '../../compiler/specialize/index.js'
import { findPrebuilt, stalePrebuilt, type WasmFeature, wasmModule } from '../../compiler/toolchain/index.js'
import { kernelSet } from '../../compiler/toolchain/prebuild.js'

const templates = loadTemplates(join(packageRoot(), 'kernel-templates'))
const features: WasmFeature[] = ['simd128', 'relaxed']

test('generated/wasm is what the templates give (npm run generate)', () => {
  expect(stalePrebuilt()).toEqual([])
})

test.each(features)('a model of one weight format finds its module, and no larger one, %s', async (f) => {
  const sizes = (['f32', 'f16', 'q8', 'q4'] as const).map((w) => {
    const wasm = findPrebuilt(kernelSet(templates, [w], f), f)
    expect(wasm, w).toBeDefined()
    // Not compiled: Node 20 knows no relaxed SIMD.
    expect(Buffer.from(wasm!).includes(`linear_${w}_add`)).toBe(true)
    return wasm!.length
  })
  expect(sizes[2]).toBeLessThan(sizes[3]!)
  const some = kernelSet(templates, ['q8'], f).slice(3, 9)
  expect((await wasmModule(some, { features: f })).from).toBe('prebuilt')
})

test('a kernel that differs in a byte, or for other features, is not among them', () => {
  const kernels = kernelSet(templates, ['f32'], 'simd128')
  expect(
    findPrebuilt([...kernels, { ...kernels[0]!, text: `${kernels[0]!.text} ` }], 'simd128'),
  ).toBeUndefined()
  expect(findPrebuilt([{ ...kernels[0]!, export: 'other' }], 'simd128')).toBeUndefined()
  expect(findPrebuilt(kernels, 'relaxed')).toBeUndefined()
})
