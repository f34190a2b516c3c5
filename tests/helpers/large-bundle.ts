/** The toy with weights beside its own, as many as wanted: for what a load takes while it goes on. */
import { createHash } from 'node:crypto'
import { mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { tinyBundle } from './tiny-bundle.js'

const MiB = 2 ** 20

/** Writes it to a folder. `total` and `shard` in MiB; buffers are as large as the compiler's. */
export async function writeLargeBundle(folder: string, total: number, shard: number): Promise<void> {
  const bundle = await tinyBundle()
  mkdirSync(folder, { recursive: true })
  const bytes = new Uint8Array(shard * MiB)
  for (let i = 0; i < bytes.length; i += 4096) bytes[i] = i >> 12
  for (let n = 0; n < total / shard; n++) {
    // Each differs, as weights do: nothing in between may fold them.
    new Uint32Array(bytes.buffer, 0, 1)[0] = n
    const file = `large-${n}.bin`
    const fd = openSync(join(folder, file), 'w')
    writeSync(fd, bytes)
    bundle.manifest.files[file] = {
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    }
  }
  const each = 256 / shard
  for (const [backend, plan] of Object.entries(bundle.plans)) {
    for (let n = 0; n < total / shard; n++) {
      if (n % each === 0)
        plan.buffers.push({ kind: 'weights', bytes: Math.min(each, total / shard - n) * shard * MiB })
      const buffer = plan.buffers.length - 1
      plan.shards.push({
        file: `large-${n}.bin`,
        buffer,
        offset: (n % each) * shard * MiB,
        bytes: shard * MiB,
      })
      if (n % each) continue
      for (const program of Object.values(plan.programs)) {
        const none = program.dispatches.find((d) => d.label === 'none')!
        program.dispatches.push({
          ...none,
          bind: none.bind.map((r) => (r?.[0] === 0 ? [buffer, 0, r[2]] : r)),
        })
      }
    }
    const name = backend === 'webgpu' ? 'plan-gpu.json' : 'plan-cpu.json'
    const json = new TextEncoder().encode(JSON.stringify(plan))
    bundle.files.set(name, json)
    bundle.manifest.files[name] = {
      bytes: json.length,
      sha256: createHash('sha256').update(json).digest('hex'),
    }
  }
  for (const variant of Object.values(bundle.manifest.variants)) variant.memory += total * MiB
  for (const [name, content] of bundle.files) writeFileSync(join(folder, name), content)
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(bundle.manifest))
}
