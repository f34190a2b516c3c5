/** Bundles with each kind of KV cache, and one whose attention is split, on Dawn. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDawn } from '../../compiler/cli/dawn.js'
import { kvBytes } from '../../compiler/formats/kv.js'
import { build } from '../../compiler/index.js'
import type { KvType } from '../../compiler/ir/graph.js'
import { LONG } from '../../compiler/passes/split-kv.js'
import type { Plan } from '../../runtime/format.js'
import { load } from '../../runtime/index.js'
import { SWIFTSHADER } from '../helpers/gpu.js'
import { STORIES, storiesCases } from '../helpers/models.js'

const noDriver = existsSync(SWIFTSHADER) ? undefined : 'no SwiftShader driver'
if (noDriver) console.warn(`SKIPPED: ${noDriver}; bundles with quantised KV caches are not run`)

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wgc-kv-'))
  // The same model with room for contexts that are split: its positions are rotations, which know no end.
  cpSync(STORIES, join(folder, 'model'), { recursive: true })
  const config = JSON.parse(readFileSync(join(STORIES, 'config.json'), 'utf8'))
  writeFileSync(
    join(folder, 'model', 'config.json'),
    JSON.stringify({ ...config, max_position_embeddings: LONG }),
  )
  process.env.VK_DRIVER_FILES ??= SWIFTSHADER
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const make = (kv: KvType, context = LONG) =>
  build({
    model: join(folder, 'model'),
    out: join(folder, `${kv}-${context}`),
    targets: ['firefox'],
    bits: 'f32',
    kv,
    context,
  })

const planOf = (out: string, file: string) => JSON.parse(readFileSync(join(out, file), 'utf8')) as Plan

async function greedy(out: string, backend: 'webgpu' | 'wasm', tokens: number): Promise<number[]> {
  const source = { read: async (f: string) => new Uint8Array(readFileSync(join(out, f))) }
  const gpu = backend === 'webgpu' ? { gpu: await openDawn() } : {}
  const model = await load(source, { backend, ...gpu, tokenizer: false })
  const ids: number[] = []
  for await (const id of model.generateIds(storiesCases()[0]!.ids, { maxTokens: tokens, temperature: 0 }))
    ids.push(id)
  model.destroy()
  return ids
}

describe('a quantised cache', () => {
  test.each<KvType>(['q8', 'q4', 'q3', 'q2'])('of %s takes its bytes, on the CPU too', async (kv) => {
    const { out, manifest } = await make(kv, 256)
    // Keys and values of five layers with four heads of 8.
    const vectors = 2 * 5 * 4 * 256
    for (const { plan } of Object.values(manifest.variants)) {
      const states = planOf(out, plan).buffers.filter((b) => b.kind === 'state')
      expect(states.map((b) => b.bytes)).toEqual([vectors * kvBytes(kv, 8)])
    }
    const backends = Object.values(manifest.variants).map((v) => v.backend)
    expect(new Set(backends)).toEqual(new Set(['webgpu', 'wasm']))
    if (kv === 'q8') expect(await greedy(out, 'wasm', 66)).toEqual(storiesCases()[0]!.greedy.slice(0, 66))
  })
})

test.skipIf(noDriver)(
  'attention split over a quantised cache gives the same words',
  { timeout: 400_000 },
  async () => {
    const { out, manifest } = await make('q8')
    const variant = Object.values(manifest.variants).find((v) => v.backend === 'webgpu')!
    const { dispatches } = planOf(out, variant.plan).programs.decode!
    expect(dispatches.filter((d) => d.label?.startsWith('attention_split')).length).toBe(5)
    // More than one split.
    expect(await greedy(out, 'webgpu', 66)).toEqual(storiesCases()[0]!.greedy.slice(0, 66))
  },
)
