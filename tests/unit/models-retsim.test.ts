/** RETSim, a trained model of a family of its own, against embeddings computed elsewhere in float64. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build } from '../../compiler/index.js'
import { charactersToCodes } from '../../runtime/tasks/characters.js'
import { backendsHere, loadBundle } from '../helpers/goldens.js'
import { whyAbsent } from '../helpers/models.js'

const FOLDER = '../shared/models/retsim'

test('characters become bits, and long texts chunks', () => {
  const { shape, data } = charactersToCodes('a😀', { length: 3, bits: 21 })
  expect(shape).toEqual([1, 3, 21])
  const rows = [0, 1, 2].map((i) => parseInt(data.slice(i * 21, (i + 1) * 21).join(''), 2))
  expect(rows).toEqual([97, 0x1f600, 0])
  expect(charactersToCodes('', { length: 2 }).shape).toEqual([1, 2, 24])
  expect(charactersToCodes('abcde', { length: 2 }).shape).toEqual([3, 2, 24])
})

describe.skipIf(whyAbsent(FOLDER))('the trained model', () => {
  let out = ''
  beforeAll(async () => {
    out = mkdtempSync(join(tmpdir(), 'wgc-retsim-'))
    const only = ['wasm-simd128', 'webgpu-chromium-base']
    await build({ model: FOLDER, targets: ['node'], only, bits: 'f32', out: join(out, 'b') })
  })
  afterAll(() => rmSync(out, { recursive: true, force: true }))

  test.each(backendsHere('wasm', 'wgpu'))('on %s', async (backend) => {
    const { texts, embeddings } = JSON.parse(readFileSync(join(FOLDER, 'retsim-golden.json'), 'utf8'))
    const model = await loadBundle(join(out, 'b'), backend)
    for (const [i, text] of (texts as string[]).entries()) {
      const { embedding } = await model.run({ codes: charactersToCodes(text) })
      expect(embedding!.shape).toEqual([1, 256])
      // Squared scores over 512 characters: in f32 the backends differ from each other by as much.
      const off = Array.from(embedding!.data, (v, j) => Math.abs(v - embeddings[i][j]))
      expect(Math.max(...off), text).toBeLessThan(1e-4)
    }
    model.destroy()
  })
})
