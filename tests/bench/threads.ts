/**
 * WebAssembly on several threads: tokens a second of decoding and of a prompt, and the whole of a step by operator.
 *
 * node tests/run.mjs tests/bench/threads.ts BUNDLE [threads,threads …] [rounds]
 *
 * Thread counts take turns in one process, so that what else runs on the machine slows all alike; medians. `0` is the
 * calling thread. Needs `npm run build`.
 */
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { nodeWorkers } from '../../compiler/cli/node-workers.js'
import { load, type Model } from '../../runtime/index.js'

const [bundle, list = '0,1,2', rounds = '9', tokens = '48'] = process.argv.slice(2)
if (!bundle) throw new Error('usage: threads.ts BUNDLE [0,1,2] [rounds] [tokens]')
const worker = nodeWorkers(pathToFileURL('dist/cli/wasm-worker-node.js'))
const source = { read: async (file: string) => new Uint8Array(readFileSync(join(bundle, file))) }
const PROMPT = 128

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
  const model = await load(source, { backend: 'wasm', tokenizer: false, threads, worker })
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
