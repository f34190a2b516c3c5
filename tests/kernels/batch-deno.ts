/**
 * Runs batches under Deno: `deno run --unstable-webgpu --unstable-sloppy-imports -A batch-deno.ts FOLDER`. The
 * folder holds batches.json (a list of batches whose buffers are byte counts) and data.bin (their buffers, one
 * after the other); results.bin is what the `write` buffers hold afterwards.
 */
import { type Batch, runBatch } from './batch.js'

declare const Deno: {
  args: string[]
  readFileSync(path: string): Uint8Array
  readTextFileSync(path: string): string
  writeFileSync(path: string, data: Uint8Array): void
  exit(code: number): never
}

type Sizes = Omit<Batch, 'read' | 'write' | 'uniform'> & Record<'read' | 'write' | 'uniform', number>

const folder = Deno.args[0]
const batches: Sizes[] = JSON.parse(Deno.readTextFileSync(`${folder}/batches.json`))
const data = Deno.readFileSync(`${folder}/data.bin`)
const adapter = await navigator.gpu.requestAdapter()
if (!adapter?.features.has('shader-f16')) throw new Error('no adapter with shader-f16')
const device = await adapter.requestDevice({ requiredFeatures: ['shader-f16'] })

const results: Uint8Array[] = []
let at = 0
const take = (bytes: number) => {
  at += bytes
  return data.subarray(at - bytes, at)
}
for (const batch of batches) {
  const [read, write, uniform] = [take(batch.read), take(batch.write), take(batch.uniform)]
  results.push(await runBatch(device, { ...batch, read, write, uniform }))
}
const out = new Uint8Array(results.reduce((sum, r) => sum + r.length, 0))
results.reduce((to, r) => {
  out.set(r, to)
  return to + r.length
}, 0)
Deno.writeFileSync(`${folder}/results.bin`, out)
Deno.exit(0)
