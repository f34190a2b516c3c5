import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import {
  type CKernel,
  compileC,
  exportName,
  findEmcc,
  kernelKey,
  moduleKey,
  wasmModule,
} from '../../compiler/toolchain/index.js'
import { YOWASP_VERSION } from '../../compiler/toolchain/yowasp.js'
import packageJson from '../../package.json' with { type: 'json' }

const scale: CKernel = {
  name: 'scale.c',
  entry: 'scale',
  export: 'scale_2',
  text: `#include <wasm_simd128.h>
static void one(float *p) { wasm_v128_store(p, wasm_f32x4_add(wasm_v128_load(p), wasm_v128_load(p))); }
void scale(float *p, int begin, int end) { for (int i = begin; i < end; i += 4) one(p + i); }
`,
}
/** Has a static function of the same name, and arrays on the stack and in static data. */
const count: CKernel = {
  name: 'count.c',
  entry: 'count',
  export: 'count',
  text: `static int calls;
static void one(int *p) { *p += 1; }
int count(int n) { volatile int a[1000]; for (int i = 0; i < 1000; i++) a[i] = n; one(&calls); return calls + a[n]; }
`,
}

const instantiate = (wasm: Uint8Array) => {
  const memory = new WebAssembly.Memory({ initial: 4 })
  const module = new WebAssembly.Module(wasm as BufferSource)
  const { exports } = new WebAssembly.Instance(module, { env: { memory } })
  return { memory, module, exports: exports as Record<string, CallableFunction & { value: number }> }
}

const toolchains = ['yowasp', 'emcc'] as const
const emccAt = findEmcc()
if (!emccAt) console.warn('emcc is not installed: its tests are skipped')

describe.each(toolchains)('%s', (toolchain) => {
  const it = test.skipIf(toolchain === 'emcc' && !emccAt)
  const options = { features: 'simd128', toolchain } as const

  it('makes one module of several files, with the exports asked for and nothing more', async () => {
    const { wasm } = await compileC([scale, count], options)
    const { module, memory, exports } = instantiate(wasm)
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }])
    expect(Object.keys(exports).sort()).toEqual(['__heap_base', 'count', 'scale_2'])
    const at = exports.__heap_base!.value
    expect(at).toBeGreaterThanOrEqual(65536)
    new Float32Array(memory.buffer).fill(3)
    exports.scale_2!(at, 0, 8)
    expect([...new Float32Array(memory.buffer, at, 9)]).toEqual([6, 6, 6, 6, 6, 6, 6, 6, 3])
    expect(exports.count!(7) - exports.count!(7)).toBe(-1)
  })

  it('gives the same bytes each time, whatever the order of its kernels', async () => {
    const [a, b] = [await compileC([scale, count], options), await compileC([count, scale], options)]
    expect(a.wasm).toEqual(b.wasm)
    expect(a.toolchain).toBe(b.toolchain)
  })

  it('says file, line and reason of an error', async () => {
    const bad = { ...scale, text: scale.text.replace('p + i', 'q + i') }
    await expect(compileC([bad], options)).rejects.toMatchObject({
      code: 'WGC520',
      message: expect.stringContaining("'q'"),
      place: { file: 'scale.c', line: 3, text: expect.stringContaining('one(q + i)') },
    })
  })

  it('says what a kernel lacks', async () => {
    const bad = { ...count, text: 'int missing(int); int count(int n) { return missing(n); }' }
    await expect(compileC([bad], options)).rejects.toMatchObject({
      code: 'WGC523',
      message: expect.stringContaining('missing'),
    })
  })
})

test.skipIf(!emccAt)('an old emcc is told apart from relaxed SIMD', async () => {
  const clang = Number(
    execFileSync(emccAt!, ['-dM', '-E', '-x', 'c', '/dev/null'], { encoding: 'utf8' }).match(
      /__clang_major__ (\d+)/,
    )![1],
  )
  const made = compileC([scale], { features: 'relaxed', toolchain: 'emcc' })
  if (clang < 17)
    await expect(made).rejects.toMatchObject({ code: 'WGC522', hint: expect.stringContaining('--toolchain') })
  else expect(WebAssembly.validate((await made).wasm as BufferSource)).toBe(true)
})

test('an emcc that is not there is said so', async () => {
  const before = process.env.EMCC
  process.env.EMCC = '/nowhere/emcc'
  try {
    await expect(compileC([scale], { features: 'simd128', toolchain: 'emcc' })).rejects.toMatchObject({
      code: 'WGC521',
      message: expect.stringContaining('/nowhere/emcc'),
    })
  } finally {
    if (before === undefined) delete process.env.EMCC
    else process.env.EMCC = before
  }
})

test('the compiler is the one that package.json pins', () => {
  expect(YOWASP_VERSION).toBe(packageJson.dependencies['@yowasp/clang'])
})

test('keys depend on text, names, features and compiler, not on the order', () => {
  const keys = [
    kernelKey(scale, 'simd128', 'a'),
    kernelKey(scale, 'relaxed', 'a'),
    kernelKey(scale, 'simd128', 'b'),
    kernelKey({ ...scale, export: 'other' }, 'simd128', 'a'),
    kernelKey({ ...scale, text: `${scale.text} ` }, 'simd128', 'a'),
  ]
  expect(new Set(keys).size).toBe(keys.length)
  expect(kernelKey({ ...scale, name: 'elsewhere.c' }, 'simd128', 'a')).toBe(keys[0])
  expect(moduleKey([scale, count], 'simd128', 'a')).toBe(moduleKey([count, scale], 'simd128', 'a'))
})

test('a module is compiled once and then found in the cache', async () => {
  const store = new Map<string, Uint8Array>()
  const cache = { get: (k: string) => store.get(k), put: (k: string, v: Uint8Array) => void store.set(k, v) }
  const first = await wasmModule([scale, count], { features: 'simd128', cache })
  const second = await wasmModule([count, scale], { features: 'simd128', cache })
  expect([first.from, second.from]).toEqual(['compiled', 'cache'])
  expect(second.wasm).toEqual(first.wasm)
})

test('a compilation can be given up', async () => {
  const signal = AbortSignal.abort()
  await expect(compileC([scale], { features: 'simd128', signal })).rejects.toThrow('aborted')
})

test('names of exports', () => {
  expect(exportName('linear', { W: 'q4', EPI: 'add', RELAXED: true })).toBe('linear_q4_add')
  expect(exportName('norm', { LAST: true, GAIN: false, T: 4 })).toBe('norm_last_4')
})
