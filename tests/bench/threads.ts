/**
 * WebAssembly on several threads: tokens a second of decoding and of a prompt, and the whole of a step by operator.
 *
 * node tests/run.mjs tests/bench/threads.ts BUNDLE [threads,threads …] [rounds] [tokens] [prompt]
 *
 * Thread counts take turns in one process, so that what else runs on the machine slows all alike; medians. `0` is the
 * calling thread. A preset's bundle has no weights: some are made up. Needs `npm run build`.
 */
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { nodeWorkers } from '../../compiler/cli/node-workers.js'
import type { Manifest, Plan } from '../../runtime/format.js'
import { load, type Model } from '../../runtime/index.js'

const [bundle, list = '0,1,2', rounds = '9', tokens = '48', prompt = '128'] = process.argv.slice(2)
if (!bundle) throw new Error('usage: threads.ts BUNDLE [0,1,2] [rounds] [tokens] [prompt]')
const worker = nodeWorkers(pathToFileURL('dist/cli/wasm-worker-node.js'))
const bytesOf = (file: string) => new Uint8Array(readFileSync(join(bundle, file)))

/** Bytes that make ordinary numbers in every format: scales that are zero or subnormal have speeds of their own. */
function madeUp(length: number): Uint8Array {
  const block = Uint8Array.from({ length: 1 << 20 }, (_, i) => (((i * 2654435761) >>> 13) & 0x1f) | 0x20)
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += block.length) bytes.set(block.subarray(0, length - at), at)
  return bytes
}

/** The bundle's files; each weight buffer that no shard fills gets one. */
function sourceOf(): { read(file: string): Promise<Uint8Array> } {
  const manifest = JSON.parse(Buffer.from(bytesOf('manifest.json')).toString()) as Manifest
  const text = (value: unknown) => new Uint8Array(Buffer.from(JSON.stringify(value)))
  const files = new Map<string, () => Uint8Array>()
  for (const { backend, plan: file } of Object.values(manifest.variants)) {
    const plan = JSON.parse(Buffer.from(bytesOf(file)).toString()) as Plan
    if (backend !== 'wasm' || plan.shards.length > 0) continue
    plan.buffers.forEach(({ kind, bytes }, buffer) => {
      if (kind !== 'weights') return
      const name = `made-up-${buffer}.bin`
      plan.shards.push({ file: name, buffer, offset: 0, bytes })
      manifest.files[name] = { bytes, sha256: '0'.repeat(64) }
      files.set(name, () => madeUp(bytes))
    })
    const written = text(plan)
    manifest.files[file] = { bytes: written.length, sha256: '0'.repeat(64) }
    files.set(file, () => written)
  }
  files.set('manifest.json', () => text(manifest))
  return { read: async (file) => files.get(file)?.() ?? bytesOf(file) }
}

const source = sourceOf()
const PROMPT = Number(prompt)

interface Contestant {
  threads: number
  model: Model
  /** Tokens a second, a round each. */
  decode: number[]
  prefill: number[]
}

async function once({ model, decode, prefill }: Contestant): Promise<void> {
  const prompt = Array.from({ length: PROMPT }, (_, i) => (i * 37 + 11) % model.info.vocab)
  const options = { maxTokens: Number(tokens), temperature: 0 }
  const all = model.generateIds(prompt, options)
  let end = await all.next()
  while (!end.done) end = await all.next()
  prefill.push((PROMPT * 1000) / end.value.timeToFirstToken)
  decode.push(end.value.tokensPerSecond)
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!
const best = (values: number[]) => Math.max(...values)

const contestants: Contestant[] = []
for (const threads of list.split(',').map(Number)) {
  const model = await load(source, { backend: 'wasm', tokenizer: false, threads, worker, integrity: 'off' })
  contestants.push({ threads, model, decode: [], prefill: [] })
}
console.log(`${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.versions.node}`)
// The first calls run in a baseline compiler's code.
for (let i = 0; i < 2; i++) for (const c of contestants) await once(c)
for (const c of contestants) Object.assign(c, { decode: [], prefill: [] })
const before = loadavg()[0]
for (let i = 0; i < Number(rounds); i++) for (const c of contestants) await once(c)
console.log(`load ${before?.toFixed(1)} to ${loadavg()[0]?.toFixed(1)}`)
for (const { threads, model, decode, prefill } of contestants) {
  const figures = [decode, prefill].map((v) => `${median(v).toFixed(0).padStart(7)} (${best(v).toFixed(0)})`)
  console.log(
    `${threads} threads, ${model.variant}: decode ${figures[0]}, prefill ${figures[1]} tokens/s, median (best)`,
  )
  model.destroy()
}
