/** q8 and q4 in groups of 32 beside ggml's q8_0 and q4_0, of the same real weights. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { arrayFromF16, fromF16 } from '../../compiler/formats/f16.js'
import { formats } from '../../compiler/formats/formats.js'

const folder = new URL('../../../shared/quantref/', import.meta.url)
const present = existsSync(folder)
if (!present) console.warn(`SKIPPED: the ggml reference is not at ${folder.pathname}`)

const BLOCK = 32
const read = (name: string) => Uint8Array.from(readFileSync(new URL(name, folder)))
const floats = (name: string) => new Float32Array(read(name).buffer)

/** ggml's f16 scales, at the start of each block of so many bytes. */
function scalesOf(bytes: Uint8Array, blockBytes: number): number[] {
  const view = new DataView(bytes.buffer)
  return Array.from({ length: bytes.length / blockBytes }, (_, i) => view.getUint16(i * blockBytes, true))
}

describe.skipIf(!present)('against ggml', () => {
  test.each([
    { ours: 'q8', theirs: 'q8_0', blockBytes: 34 },
    { ours: 'q4', theirs: 'q4_0', blockBytes: 18 },
  ] as const)(
    '$ours has the scales of $theirs, and its values up to rounding',
    ({ ours, theirs, blockBytes }) => {
      const source = floats('src.f32')
      const canonical = formats[ours].quantizeRows(source, 1, source.length, BLOCK)
      expect([...canonical.scale!]).toEqual(scalesOf(read(`${theirs}.q.bin`), blockBytes))

      const reference = floats(`${theirs}.deq.f32`)
      const decoded = formats[ours].decode(canonical)
      let squared = 0
      let referenceSquared = 0
      let different = 0
      for (let i = 0; i < source.length; i++) {
        squared += (decoded[i]! - source[i]!) ** 2
        referenceSquared += (reference[i]! - source[i]!) ** 2
        const step = Math.abs(fromF16(canonical.scale![Math.floor(i / BLOCK)]!))
        // ggml divides by the scale before it is rounded to f16, so a value near a tie may be a step away.
        expect(Math.abs(decoded[i]! - reference[i]!)).toBeLessThanOrEqual(step * 1.001)
        if (Math.abs(decoded[i]! - reference[i]!) > step / 2) different++
      }
      expect(different / source.length).toBeLessThan(0.02)
      // Ours is chosen for the scale that is stored, so it is no worse.
      expect(squared).toBeLessThanOrEqual(referenceSquared)
    },
  )

  test('f16 is bit for bit the same', () => {
    const halves = new Uint16Array(read('f16.q.bin').buffer)
    const source = floats('src.f32')
    expect(formats.f16.quantizeRows(source, 1, source.length, 1).q).toEqual(halves)
    expect(arrayFromF16(halves)).toEqual(floats('f16.deq.f32'))
  })
})
