/** Blocks of every ggml type that is read, beside what ggml itself makes of them; and kept as wgc's own formats. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { formats } from '../../compiler/formats/formats.js'
import { codesOf, decodeBlocks } from '../../compiler/import/gguf/decode.js'
import { ggmlTypes } from '../../compiler/import/gguf/types.js'

const folder = new URL('../../../shared/quantref/', import.meta.url)
const present = existsSync(folder)
if (!present) console.warn(`SKIPPED: the ggml reference is not at ${folder.pathname}`)

interface Reference {
  type: string
  ggml_type: number
  block: number
  block_bytes: number
}
const references: Reference[] = present ? JSON.parse(readFileSync(new URL('index.json', folder), 'utf8')) : []
const read = (name: string) => Uint8Array.from(readFileSync(new URL(name, folder)))
const typeOf = (r: Reference) => ggmlTypes[r.ggml_type]!
const bitsOf = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length)

describe.skipIf(!present)('ggml', () => {
  test.each(references)('$type is known by its size', (r) => {
    expect(typeOf(r)).toMatchObject({ block: r.block, bytes: r.block_bytes })
    expect(typeOf(r).name.toLowerCase()).toBe(r.type.toLowerCase())
  })

  test.each(references.filter((r) => typeOf(r)?.read))('$type is read bit for bit', (r) => {
    const wanted = new Float32Array(read(`${r.type}.deq.f32`).buffer)
    expect(bitsOf(decodeBlocks(read(`${r.type}.q.bin`), typeOf(r)))).toEqual(bitsOf(wanted))
  })

  const codes = references.filter((r) => {
    const { read: how, kept } = typeOf(r) ?? {}
    return how && how !== 'float' && kept?.how !== 'requantised'
  })
  test.each(codes)('$type is kept in a format of our own', (r) => {
    const type = typeOf(r)
    const kept = type.kept!
    const k = 256
    const canonical = codesOf(read(`${r.type}.q.bin`), type, k)
    expect(canonical).toMatchObject({ k, kp: k, group: kept.group })
    const format = formats[kept.format]
    const [least, most] = format.minimum
      ? [0, 2 ** format.bits - 1]
      : [-(2 ** (format.bits - 1)), 2 ** (format.bits - 1) - 1]
    expect(canonical.q.every((q: number) => q >= least && q <= most)).toBe(true)
    const wanted = new Float32Array(read(`${r.type}.deq.f32`).buffer)
    const values = format.decode(canonical)
    const range = Math.max(...wanted.map(Math.abs))
    const worst = Math.max(...values.map((v, i) => Math.abs(Math.fround(v) - wanted[i]!)))
    if (kept.how === 'exact') expect(worst).toBe(0)
    // Scale and minimum are each off by at most half a unit in a half's 11 digits.
    else expect(worst).toBeLessThan(range * 2 ** -9)
  })
})
