/** Modules made ready for threads: what they import and export, and that nothing else about them changes. */
import { describe, expect, test } from 'vitest'
import {
  type CKernel,
  compileC,
  findEmcc,
  STACK_POINTER,
  withSharedMemory,
} from '../../compiler/toolchain/index.js'
import { tinyModule } from '../helpers/tiny-bundle.js'

const stacked: CKernel = {
  name: 'stacked.c',
  entry: 'stacked',
  export: 'stacked',
  text: `static const int table[3] = {5, 7, 9};
int stacked(int n) { volatile int a[1000]; for (int i = 0; i < 1000; i++) a[i] = i; return a[n] + table[n % 3]; }
`,
}

const start = (wasm: Uint8Array, shared: boolean) => {
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 8, shared })
  const module = new WebAssembly.Module(wasm as BufferSource)
  const { exports } = new WebAssembly.Instance(module, { env: { memory } })
  return { memory, exports: exports as Record<string, CallableFunction & { value: number }> }
}

describe.each(['yowasp', 'emcc'] as const)('%s', (toolchain) => {
  test.skipIf(toolchain === 'emcc' && !findEmcc())(
    'shares the memory, and gives the stack away',
    async () => {
      const { wasm } = await compileC([stacked], { features: 'simd128', toolchain })
      const shared = withSharedMemory(wasm)
      expect(() => start(shared, false)).toThrow(/shared/)
      const { memory, exports } = start(shared, true)
      expect(Object.keys(exports).sort()).toEqual(['__heap_base', STACK_POINTER, 'stacked'])
      expect(exports.stacked!(4)).toBe(4 + 7)
      // On a stack of one's own nothing below it or above it is touched.
      const [low, high] = [131072, 196608]
      const bytes = new Uint8Array(memory.buffer)
      const data = bytes.slice(65536, exports.__heap_base!.value)
      bytes.fill(0xee, 0, 65536)
      exports[STACK_POINTER]!.value = high
      expect(exports.stacked!(5)).toBe(5 + 9)
      expect(bytes.subarray(0, 65536).every((b) => b === 0xee)).toBe(true)
      expect(bytes.subarray(high).every((b) => b === 0)).toBe(true)
      expect(bytes.subarray(low, high).some((b) => b !== 0)).toBe(true)
      expect(bytes.slice(65536, exports.__heap_base!.value)).toEqual(data)
    },
  )
})

test('another instance writes over static data what is there', async () => {
  const { wasm } = await compileC([stacked], { features: 'simd128' })
  const module = new WebAssembly.Module(withSharedMemory(wasm) as BufferSource)
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 8, shared: true })
  new WebAssembly.Instance(module, { env: { memory } })
  const before = new Uint8Array(memory.buffer).slice()
  new WebAssembly.Instance(module, { env: { memory } })
  expect(new Uint8Array(memory.buffer)).toEqual(before)
})

test('a module without a stack exports none', () => {
  const flat = Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0],
    ...[2, 0x0f, 1, 3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 0, 1],
    ...[3, 2, 1, 0, 7, 5, 1, 1, 0x66, 0, 0, 10, 4, 1, 2, 0, 0x0b],
  ])
  expect(WebAssembly.validate(flat)).toBe(true)
  expect(Object.keys(start(withSharedMemory(flat), true).exports)).toEqual(['f'])
})

test.each([
  ['cut short', tinyModule.subarray(0, 60)],
  [
    'that imports a function',
    Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2, 7, 1, 1, 0x65, 1, 0x66, 0, 0]),
  ],
])('a module %s is refused', (_, wasm) => {
  expect(() => withSharedMemory(wasm)).toThrow(expect.objectContaining({ code: 'WGC901' }))
})
