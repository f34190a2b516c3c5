import { describe, expect, test } from 'vitest'
import { validateWasm } from '../../compiler/validate/index.js'

const vec = (...items: number[][]) => [items.length, ...items.flat()]
const name = (s: string) => [s.length, ...Buffer.from(s)]
const section = (id: number, bytes: number[]) => [id, bytes.length, ...bytes]
const SIMD = 0xfd
const swizzle = [SIMD, 0x0e]
const relaxedSwizzle = [SIMD, 0x80, 0x02]
const relaxedDot = [SIMD, 0x92, 0x02]
const memory = [...name('env'), ...name('memory'), 2, 0, 1]

interface Parts {
  imports?: number[][]
  exports?: number[][]
  op?: number[]
}

/** (module (import …) (func (export "linear") (param v128 v128) (result v128) <op>)) */
function wasm({ imports = [memory], exports = [[...name('linear'), 0, 0]], op = swizzle }: Parts = {}) {
  const body = [0, 0x20, 0, 0x20, 1, ...op, 0x0b]
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vec([0x60, ...vec([0x7b], [0x7b]), ...vec([0x7b])])),
    ...section(2, vec(...imports)),
    ...section(3, vec([0])),
    ...section(7, vec(...exports)),
    ...section(10, vec([body.length, ...body])),
  ])
}

const expected = { exports: ['linear'], name: 'kernels.wasm' }

test.each([
  ['SIMD', swizzle],
  ['relaxed SIMD', relaxedSwizzle],
  ['a relaxed dot product', relaxedDot],
])('a module with %s passes', async (_, op) => {
  await validateWasm(wasm({ op }), expected)
})

test('relaxed SIMD is not left switched on', async () => {
  const before = WebAssembly.validate(wasm({ op: relaxedSwizzle }))
  await validateWasm(wasm({ op: relaxedSwizzle }), expected)
  expect(WebAssembly.validate(wasm({ op: relaxedSwizzle }))).toBe(before)
})

describe('refused', () => {
  const log = [...name('env'), ...name('log'), 0, 0]
  const foreign = [...name('wasi'), ...name('memory'), 2, 0, 1]
  const cases: [what: string, bytes: Uint8Array, message: RegExp][] = [
    ['no module', Uint8Array.of(1, 2, 3), /not fit to run: expected 4 bytes/],
    ['a cut file', wasm().subarray(0, 40), /not fit to run: /],
    ['wrong types', wasm({ op: [0x6a] }), /function #0.* failed/],
    ['an obsolete opcode', wasm({ op: [SIMD, 0xa2, 0x01] }), /invalid.*opcode/i],
    [
      'a foreign import',
      wasm({ imports: [memory, log], exports: [[...name('linear'), 0, 1]] }),
      /imports the function env\.log, only env\.memory is there/,
    ],
    ['another memory', wasm({ imports: [foreign] }), /imports the memory wasi\.memory/],
    ['a memory of its own', wasm({ imports: [] }), /does not import env\.memory/],
    ['a missing export', wasm({ exports: [[...name('rope'), 0, 0]] }), /does not export linear/],
    [
      'an export that is no function',
      wasm({ exports: [[...name('linear'), 2, 0]] }),
      /does not export linear/,
    ],
  ]
  test.each(cases)('%s', async (_, bytes, message) => {
    await expect(validateWasm(bytes, expected)).rejects.toMatchObject({
      code: 'WGC504',
      message: expect.stringMatching(message),
    })
  })
})
