import { expect, test } from 'vitest'
import { kernelSet, stalePrebuilt } from '../../compiler/generate/prebuild.js'
import { findPrebuilt, type WasmFeature, wasmModule } from '../../compiler/toolchain/index.js'

const features: WasmFeature[] = ['simd128', 'relaxed']

test('generated/wasm is what the templates give (npm run generate)', () => {
  expect(stalePrebuilt()).toEqual([])
})

test.each(features)('a model of one weight format finds its module, and no larger one, %s', async (f) => {
  const sizes = (['f32', 'f16', 8, 4] as const).map((bits) => {
    const wasm = findPrebuilt(kernelSet(bits, f), f)
    const w = typeof bits === 'number' ? `q${bits}` : bits
    expect(wasm, w).toBeDefined()
    // Not compiled: Node 20 knows no relaxed SIMD.
    expect(Buffer.from(wasm!).includes(`linear_${w}_add`)).toBe(true)
    return wasm!.length
  })
  expect(sizes[2]).toBeLessThan(sizes[3]!)
  const some = kernelSet(8, f).slice(3, 9)
  expect((await wasmModule(some, { features: f })).from).toBe('prebuilt')
})

test('a kernel that differs in a byte, or for other features, is not among them', () => {
  const kernels = kernelSet('f32', 'simd128')
  expect(
    findPrebuilt([...kernels, { ...kernels[0]!, text: `${kernels[0]!.text} ` }], 'simd128'),
  ).toBeUndefined()
  expect(findPrebuilt([{ ...kernels[0]!, export: 'other' }], 'simd128')).toBeUndefined()
  expect(findPrebuilt(kernels, 'relaxed')).toBeUndefined()
})
