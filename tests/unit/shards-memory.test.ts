/** A tensor far larger than what may be held: it must stream. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { planShards } from '../../compiler/emit/shards.js'
import { writeShards } from '../../compiler/emit/shards-write.js'
import { importModel } from '../../compiler/import/index.js'

const folder = mkdtempSync(join(tmpdir(), 'wgc-large-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A sparse file of one float32 matrix: zeros that take no disk. */
function sparse(name: string, tensor: string, n: number, k: number): void {
  const bytes = n * k * 4
  const json = JSON.stringify({ [tensor]: { dtype: 'F32', shape: [n, k], data_offsets: [0, bytes] } })
  const head = Buffer.alloc(8 + json.length)
  head.writeBigUInt64LE(BigInt(json.length))
  head.write(json, 8)
  writeFileSync(join(folder, name), head)
  truncateSync(join(folder, name), head.length + bytes)
}

test('a model of 1 GB packs with less than 300 MB more memory', async () => {
  const [n, k] = [32768, 4096]
  sparse('a.safetensors', 'gate', n, k)
  sparse('b.safetensors', 'up', n, k)
  const map = { gate: 'a.safetensors', up: 'b.safetensors' }
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }))
  writeFileSync(join(folder, 'config.json'), '{"model_type": "llama"}')
  const model = await importModel(folder)
  const pieces = [0, 1].map((i) => ({
    name: `glu.${i}`,
    k,
    layout: 'rows',
    spec: {
      sources: ['gate', 'up'],
      combine: 'interleave' as const,
      rows: [i * n, i * n + n] as [number, number],
      format: 'q4' as const,
      group: 64,
    },
  }))
  const before = process.memoryUsage().rss
  let most = before
  const watch = () => {
    most = Math.max(most, process.memoryUsage().rss)
  }
  const set = await writeShards(planShards(pieces), model.weights, folder, { progress: watch })
  await model.close()
  expect(set.shards.length).toBeGreaterThan(4)
  expect((most - before) / 2 ** 20).toBeLessThan(300)
})
