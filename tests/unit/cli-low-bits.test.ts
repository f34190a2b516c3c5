/** Bundles of few bits, with minima and whole rows: the tokens that a float32 model of the same, rounded weights gives. */
import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { leaveOut } from '../../compiler/build/fits.js'
import { formats, groupOf, WHOLE_ROW } from '../../compiler/formats/formats.js'
import { openSafetensors } from '../../compiler/import/safetensors.js'
import { type TensorData, writeSafetensors } from '../../compiler/import/safetensors-write.js'
import type { WeightFormatName } from '../../compiler/ir/graph.js'
import { freshDist, type TemporaryFolder, temporaryFolder, wgcJson } from '../helpers/cli.js'
import { STORIES, storiesCases } from '../helpers/models.js'

const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json'
const noDriver = existsSync(SWIFTSHADER) ? undefined : `${SWIFTSHADER} is absent`
if (noDriver) console.warn(`\n*** ${noDriver}: Dawn is NOT TESTED ***\n`)

let folder: TemporaryFolder
const at = (name: string) => join(folder.path, name)

beforeAll(async () => {
  folder = temporaryFolder()
  await freshDist()
})

afterAll(() => folder?.remove())

interface Built {
  notes: string[]
  model: { weights: string }
  targets: Record<string, string[]>
}

const build = (out: string, ...more: string[]) =>
  wgcJson<Built>(['build', '--model', STORIES, '--out', at(out), ...more])

/** A copy of the model whose matrices hold what a format keeps of them; the embedding is of another one. */
async function rounded(to: string, matrices: WeightFormatName, embedding: WeightFormatName, group: number) {
  mkdirSync(to)
  for (const file of ['config.json', 'tokenizer.json', 'tokenizer_config.json'])
    copyFileSync(join(STORIES, file), join(to, file))
  const file = await openSafetensors(join(STORIES, 'model.safetensors'))
  const tensors = new Map<string, TensorData>()
  for (const [name, { shape, dtype }] of file.tensors) {
    expect(dtype).toBe('F32')
    const values = new Float32Array((await file.readRaw(name)).slice().buffer)
    const format = formats[/embed|lm_head/.test(name) ? embedding : matrices]
    const [rows, k] = shape as [number, number]
    const kept = () =>
      Float32Array.from(format.decode(format.quantizeRows(values, rows, k, groupOf(format.name, group))))
    tensors.set(name, { shape, dtype, data: shape.length === 2 ? kept() : values })
  }
  await file.close()
  await writeSafetensors(join(to, 'model.safetensors'), tensors)
}

const tell = (bundle: string, ...more: string[]) =>
  wgcJson<{ ids: number[] }>(
    [
      ...['run', at(bundle), '--prompt', storiesCases()[0]!.prompt],
      ...['--temperature', '0', '--max-tokens', '24', ...more],
    ],
    { env: { VK_DRIVER_FILES: SWIFTSHADER } },
  )

const CASES: [bits: string, group: string, WeightFormatName, number][] = [
  ['3', '64', 'q3', 64],
  ['2a', 'channel', 'q2a', WHOLE_ROW],
]

test.each(CASES)(
  '--bits %s --group %s: the tokens of the same weights in f32',
  { timeout: 400_000 },
  async (bits, group, format, columns) => {
    await rounded(at(`model-${bits}`), format, 'q8', columns)
    const f32 = ['build', '--model', at(`model-${bits}`), '--target', 'node', '--bits', 'f32']
    await wgcJson([...f32, '--out', at(`f32-${bits}`)])
    const built = await build(bits, '--target', 'node', '--bits', bits, '--group', group, '--kv', 'f32')
    expect(built.model.weights).toBe(
      group === 'channel'
        ? `${format} by channel, q8 by channel`
        : `${format} in groups of 64, q8 in groups of 64`,
    )
    const wanted = await tell(`f32-${bits}`, '--backend', 'wasm')
    expect(wanted.ids.length).toBe(24)
    expect((await tell(bits, '--backend', 'wasm')).ids).toEqual(wanted.ids)
    if (!noDriver) expect((await tell(bits, '--backend', 'dawn')).ids).toEqual(wanted.ids)
  },
)

test('browsers get WebAssembly of rows with one scale too', async () => {
  const built = await build('chrome', '--target', 'chrome', '--bits', '8', '--group', 'channel')
  expect(built.targets.chrome).toContain('wasm-simd128')
  expect(built.notes.join('\n')).not.toMatch(/no wasm/)
})

test('where nothing is left, it is an error', () => {
  const reasons = new Map([['wasm-simd128', 'WebAssembly has no c kernel for it']])
  expect(() => leaveOut(reasons, { somewhere: ['wasm-simd128'] })).toThrow(
    /no variant is left: no wasm-simd128: WebAssembly has no c kernel for it/,
  )
})
