import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { formatError, WgcError } from '../../compiler/errors.js'
import { openSafetensors } from '../../compiler/import/safetensors.js'
import { type TensorData, writeSafetensors } from '../../compiler/import/safetensors-write.js'

const folder = mkdtempSync(join(tmpdir(), 'wgc-safetensors-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'model.safetensors')

/** A file of this header and so many bytes of data. */
function file(header: unknown, dataBytes: number, length?: bigint): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(length ?? BigInt(json.length))
  return Buffer.concat([size, json, Buffer.alloc(dataBytes)])
}

const tensor = (dtype: string, shape: unknown, begin: unknown, end: unknown) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
})

async function errorOf(bytes: Uint8Array): Promise<WgcError> {
  writeFileSync(path, bytes)
  try {
    await (await openSafetensors(path)).close()
  } catch (e) {
    if (e instanceof WgcError) return e
    throw e
  }
  throw new Error('it opened')
}

describe('reading', () => {
  test('rows of every float type, and raw bytes', async () => {
    await writeSafetensors(
      path,
      new Map([
        ['f32', { dtype: 'F32', shape: [3, 2], data: new Float32Array([1, 2, 3, 4, 5, 6]) }],
        ['f16', { dtype: 'F16', shape: [2, 2], data: new Uint16Array([0x3c00, 0xc000, 0x0001, 0x7bff]) }],
        ['bf16', { dtype: 'BF16', shape: [3], data: new Uint16Array([0x3f80, 0xc000, 0x7f80]) }],
        ['f64', { dtype: 'F64', shape: [1, 1], data: new Float64Array([0.5]) }],
        ['cube', { dtype: 'F32', shape: [2, 2, 1], data: new Float32Array([1, 2, 3, 4]) }],
        ['scalar', { dtype: 'F32', shape: [], data: new Float32Array([7]) }],
        ['ids', { dtype: 'I64', shape: [2], data: new BigInt64Array([1n, -2n]) }],
        ['bytes', { dtype: 'U8', shape: [3], data: new Uint8Array([1, 2, 3]) }],
        ['none', { dtype: 'F32', shape: [0, 4], data: new Float32Array(0) }],
      ]),
      { format: 'pt' },
    )
    const f = await openSafetensors(path)
    expect([...(await f.readRows('f32', 1, 3))]).toEqual([3, 4, 5, 6])
    expect([...(await f.readRows('f32', 2, 2))]).toEqual([])
    expect([...(await f.readRows('f16', 0, 2))]).toEqual([1, -2, 2 ** -24, 65504])
    expect([...(await f.readRows('bf16', 1, 3))]).toEqual([-2, Number.POSITIVE_INFINITY])
    expect([...(await f.readRows('f64', 0, 1))]).toEqual([0.5])
    expect([...(await f.readRows('cube', 1, 2))]).toEqual([3, 4])
    expect([...(await f.readRows('scalar', 0, 1))]).toEqual([7])
    expect([...(await f.readRows('none', 0, 0))]).toEqual([])
    expect([...new BigInt64Array((await f.readRaw('ids')).buffer as ArrayBuffer)]).toEqual([1n, -2n])
    expect([...(await f.readRaw('bytes'))]).toEqual([1, 2, 3])
    await expect(f.readRows('ids', 0, 1)).rejects.toMatchObject({ code: 'WGC215' })
    await expect(f.readRows('f32', 0, 4)).rejects.toMatchObject({ code: 'WGC901' })
    await expect(f.readRows('gone', 0, 4)).rejects.toMatchObject({ code: 'WGC901' })
    await f.close()
  })

  test('a file that shrinks after it was opened', async () => {
    writeFileSync(path, file({ a: tensor('F32', [4], 0, 16) }, 16))
    const f = await openSafetensors(path)
    writeFileSync(path, 'short')
    await expect(f.readRows('a', 0, 4)).rejects.toMatchObject({ code: 'WGC210' })
    await f.close()
  })

  test('names that objects already have', async () => {
    const header =
      '{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"constructor":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}'
    writeFileSync(path, file(header, 2))
    const f = await openSafetensors(path)
    expect([...f.tensors.keys()].sort()).toEqual(['__proto__', 'constructor'])
    await f.close()
  })
})

const goldens = fileURLToPath(new URL('../../../shared/goldens', import.meta.url))
if (!existsSync(goldens)) console.warn(`SKIPPED: no reference models at ${goldens}`)
test.skipIf(!existsSync(goldens))(
  'every reference model opens, and its tensors read to the last byte',
  async () => {
    const files = readdirSync(goldens, { recursive: true, encoding: 'utf8' }).filter((f) =>
      f.endsWith('.safetensors'),
    )
    expect(files.length).toBeGreaterThan(20)
    for (const name of files) {
      const f = await openSafetensors(join(goldens, name))
      for (const [t, { begin, end }] of f.tensors) expect((await f.readRaw(t)).length).toBe(end - begin)
      await f.close()
    }
  },
)

describe('refusals', () => {
  const a = tensor('F32', [2], 0, 8)
  const cases: [what: string, bytes: Buffer, code: string, says: string][] = [
    ['an empty file', Buffer.alloc(0), 'WGC210', '0 bytes'],
    ['a header that is cut', file({ a }, 0).subarray(0, 20), 'WGC210', 'has 20 bytes'],
    ['data that is cut', file({ a }, 7), 'WGC210', 'truncated'],
    ['a byte too many', file({ a }, 9), 'WGC211', '1 bytes at its end'],
    ['a header of gigabytes', file({ a }, 8, 1n << 40n), 'WGC211', '1099511627776 bytes'],
    ['a header of 2^64 - 1', file({ a }, 8, (1n << 64n) - 1n), 'WGC211', 'header'],
    ['a header of no bytes', file('', 8), 'WGC211', 'not valid JSON'],
    ['no JSON', file('{"a":', 8), 'WGC211', 'not valid JSON'],
    [
      'bytes that are no UTF-8',
      Buffer.concat([file('', 0, 3n), Buffer.from([0x7b, 0xff, 0x7d])]),
      'WGC211',
      'JSON',
    ],
    ['space before the object', file(` ${JSON.stringify({ a })}`, 8), 'WGC211', 'no JSON object'],
    ['a list', file('[]', 0), 'WGC211', 'no JSON object'],
    [
      'a key twice',
      file(`{"a":${JSON.stringify(a)},"\\u0061":${JSON.stringify(a)}}`, 8),
      'WGC211',
      'names "a" twice',
    ],
    [
      'a field twice',
      file('{"a":{"dtype":"U8","dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 8),
      'WGC211',
      '"dtype" twice',
    ],
    ['deep nesting', file(`{"a":${'['.repeat(50000)}${']'.repeat(50000)}}`, 0), 'WGC211', 'too deep'],
    ['metadata that is no texts', file({ __metadata__: { n: 1 }, a }, 8), 'WGC211', '__metadata__'],
    ['an entry that is a number', file({ a: 1 }, 0), 'WGC212', 'no object'],
    ['an unknown type', file({ a: tensor('F33', [2], 0, 8) }, 8), 'WGC212', '"F33" is unknown'],
    ['a type that objects have', file({ a: tensor('toString', [2], 0, 8) }, 8), 'WGC212', 'unknown'],
    ['no shape', file({ a: { dtype: 'F32', data_offsets: [0, 8] } }, 8), 'WGC212', 'no list of sizes'],
    ['a negative size', file({ a: tensor('F32', [-2], 0, 8) }, 8), 'WGC212', 'no list of sizes'],
    ['half a size', file({ a: tensor('F32', [0.5, 4], 0, 8) }, 8), 'WGC212', 'no list of sizes'],
    ['a shape beyond 2^53', file({ a: tensor('F32', [1e15, 1e15, 0], 0, 8) }, 8), 'WGC212', 'too large'],
    ['bits beyond 2^53', file({ a: tensor('F32', [2 ** 50], 0, 8) }, 8), 'WGC212', 'too large'],
    ['one offset', file({ a: { dtype: 'F32', shape: [2], data_offsets: [0] } }, 8), 'WGC212', 'pair'],
    ['offsets that are text', file({ a: tensor('F32', [2], '0', '8') }, 8), 'WGC212', 'pair'],
    ['an end before its begin', file({ a: tensor('F32', [0], 8, 0) }, 8), 'WGC212', 'before it begins'],
    [
      'fewer bytes than the shape',
      file({ a: tensor('F32', [3], 0, 8) }, 8),
      'WGC212',
      'takes 12 bytes, data_offsets say 8',
    ],
    ['an overlap', file({ a, b: tensor('F32', [2], 4, 12) }, 12), 'WGC212', '"b": it overlaps'],
    ['a hole', file({ a, b: tensor('F32', [1], 12, 16) }, 16), 'WGC212', '"b": a hole of 4 bytes'],
    ['a hole at the start', file({ a: tensor('F32', [1], 4, 8) }, 8), 'WGC212', 'a hole of 4 bytes'],
    ['a name with an escape sequence', file({ '\u001b[31m': a }, 8), 'WGC212', 'no name'],
    ['a name without letters', file({ '': a }, 8), 'WGC212', 'no name'],
    [
      'a Git LFS pointer',
      Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\n'),
      'WGC211',
      'Git LFS pointer',
    ],
    ['a web page', Buffer.from('<!doctype html><title>404</title>'), 'WGC211', 'HTML'],
    ['a GGUF file', Buffer.from('GGUF\x03\0\0\0\x24\x01\0\0'), 'WGC211', 'GGUF'],
  ]
  test.each(cases)('%s', async (_, bytes, code, says) => {
    const e = await errorOf(bytes)
    expect(e.code).toBe(code)
    expect(e.message).toContain(says)
    expect(e.exitCode).toBe(1)
    expect(formatError(e)).toMatch(new RegExp(`^${path}: error ${code}: .*\n  hint: `))
  })

  test('a folder, and no file at all', async () => {
    await expect(openSafetensors(folder)).rejects.toMatchObject({ code: 'WGC205' })
    await expect(openSafetensors(join(folder, 'none'), 'look elsewhere')).rejects.toMatchObject({
      code: 'WGC203',
      hint: 'look elsewhere',
    })
  })

  test('any bytes and any damage give an error or a file, never a crash', async () => {
    const size = fc.oneof(fc.nat(40), fc.constantFrom(-1, 0.5, 2 ** 53, 1e300, null, 'x', []))
    const anyTensor = fc.record(
      {
        dtype: fc.oneof(
          fc.constantFrom('F32', 'U8', 'BF16', 'F4', 'F6_E2M3', 'x', '__proto__'),
          fc.jsonValue(),
        ),
        shape: fc.oneof(fc.array(size, { maxLength: 3 }), fc.jsonValue()),
        data_offsets: fc.oneof(fc.array(size, { maxLength: 3 }), fc.jsonValue()),
      },
      { requiredKeys: [] },
    )
    const header = fc.oneof(
      fc.dictionary(fc.string({ unit: 'binary' }), anyTensor, { maxKeys: 3 }).map((h) => JSON.stringify(h)),
      fc.json(),
      fc.string({ unit: 'binary' }),
    )
    const anyFile = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.tuple(header, fc.nat(64)).map(([h, n]) => file(h, n)),
      fc.tuple(header, fc.nat(8), fc.bigInt(0n, 200n)).map(([h, n, length]) => file(h, n, length)),
    )
    await fc.assert(
      fc.asyncProperty(anyFile, async (bytes) => {
        writeFileSync(path, bytes)
        try {
          const f = await openSafetensors(path)
          for (const { begin, end } of f.tensors.values())
            expect(8 <= begin && begin <= end && end <= bytes.length).toBe(true)
          await f.close()
        } catch (e) {
          expect(e).toBeInstanceOf(WgcError)
          expect((e as WgcError).exitCode).toBe(1)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

describe('writing', () => {
  const one = (data: ArrayBufferView) => new Map([['x', { dtype: 'F32' as const, shape: [1], data }]])

  test('aligns the data, sorts wide types first, and gives the same bytes for any order', async () => {
    const tensors: [string, TensorData][] = [
      ['b', { dtype: 'U8', shape: [1], data: new Uint8Array([1]) }],
      ['c', { dtype: 'F32', shape: [1], data: new Float32Array([1]) }],
      ['a', { dtype: 'F32', shape: [1], data: new Float32Array([2]) }],
    ]
    await writeSafetensors(path, new Map(tensors))
    const bytes = readFileSync(path)
    const f = await openSafetensors(path)
    expect([...f.tensors.keys()]).toEqual(['a', 'c', 'b'])
    expect(f.tensors.get('a')!.begin % 8).toBe(0)
    await f.close()
    await writeSafetensors(path, new Map(tensors.toReversed()))
    expect(readFileSync(path).equals(bytes)).toBe(true)
  })

  test('what it can’t write it leaves alone', async () => {
    await expect(writeSafetensors(join(folder, 'no', 'x'), one(new Float32Array(1)))).rejects.toMatchObject({
      code: 'WGC601',
    })
    const taken = mkdtempSync(join(folder, 'taken-'))
    writeFileSync(join(taken, 'x'), '')
    await expect(writeSafetensors(taken, one(new Float32Array(1)))).rejects.toMatchObject({ code: 'WGC601' })
    expect(readdirSync(folder).filter((f) => f.includes('partial'))).toEqual([])
    await expect(writeSafetensors(path, one(new Float32Array(2)))).rejects.toMatchObject({ code: 'WGC901' })
  })
})
