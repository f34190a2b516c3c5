/**
 * C kernels against their float64 references in real browsers: of every template some cases, without SIMD, with it,
 * and with what is relaxed of it. Node runs them all (tests/kernels).
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openCache } from '../../compiler/cache.js'
import { ops } from '../../compiler/ops/index.js'
import { type WasmFeature, wasmModule } from '../../compiler/toolchain/index.js'
import { type EngineName, openBrowser, type Page, whyMissing } from '../helpers/browsers.js'
import { type Site, serve } from '../helpers/server.js'
import { allVariants, casesOf, quantizerFor, type Variant } from '../kernels/c-kernels.js'
import { judge, machine, type Prepared, prepare } from '../kernels/c-run.js'

// Node 20 has relaxed SIMD behind this flag; it makes the integers that quantised kernels read.
if (Number(process.versions.node.split('.')[0]) < 22) setFlagsFromString('--experimental-wasm-relaxed-simd')

const SETS: readonly WasmFeature[] = ['base', 'simd128', 'relaxed']
/** Of a template, and of each of these: spread over what there is. */
const VARIANTS = 2
const CASES = 2

const ENGINES: [EngineName, readonly WasmFeature[]][] = [
  ['chromium', SETS],
  ['firefox', SETS],
  ['webkit', ['base', 'simd128']],
]

const spread = <T>(all: T[], count: number): T[] => {
  const step = Math.ceil(all.length / count)
  return all.filter((_, i) => i % step === 0)
}

function sampled(features: WasmFeature): { variants: Variant[]; chosen: Variant[] } {
  const variants = allVariants(features)
  const names = [...new Set(variants.map((v) => v.template.name))]
  const of = (name: string) => variants.filter((v) => v.template.name === name)
  return { variants, chosen: names.flatMap((name) => spread(of(name), VARIANTS)) }
}

/** What a page needs of a case. Its memory stands in a file of images, one after the other. */
interface Job {
  name: string
  calls: number[][]
  bytes: number
}

/** Bytes that a kernel changed: from the first to the last, as base64; undefined where it changed none. */
type Change = { at: number; bytes: string } | undefined

/** Writes a module and its jobs, and says how each is judged. */
async function writeSet(folder: string, features: WasmFeature): Promise<Prepared[]> {
  const { variants, chosen } = sampled(features)
  const quantizer = variants.find((v) => v.kernel.entry === 'quantize_rows')!
  const kernels = [...new Set([...chosen, quantizer])].map((v) => v.kernel)
  const { wasm } = await wasmModule(kernels, { features, cache: openCache() })
  const m = machine(wasm)
  const prepared = chosen.flatMap((v) =>
    spread(casesOf(v), CASES).map((c) =>
      prepare(m, ops[v.template.front.op.name]!, v, c, quantizerFor(variants, v)),
    ),
  )
  const jobs = prepared.map(
    (p): Job => ({ name: p.variant.kernel.export, calls: p.calls, bytes: p.before.length - p.heap }),
  )
  writeFileSync(join(folder, `${features}.wasm`), wasm)
  writeFileSync(join(folder, `${features}.json`), JSON.stringify(jobs))
  writeFileSync(
    join(folder, `${features}.bin`),
    Buffer.concat(prepared.map((p) => p.before.subarray(p.heap))),
  )
  return prepared
}

/** Runs in the page: what each job changed; undefined where the engine does not know the module. */
async function runSet({ features }: { features: string }, page: Page) {
  const file = (end: string) => fetch(new URL(`data/${features}.${end}`, page.url))
  const code = await (await file('wasm')).arrayBuffer()
  if (!WebAssembly.validate(code)) return undefined
  const jobs = (await (await file('json')).json()) as Job[]
  const images = new Uint8Array(await (await file('bin')).arrayBuffer())
  const memory = new WebAssembly.Memory({ initial: 256 })
  const { instance } = await WebAssembly.instantiate(code, { env: { memory } })
  const heap = (instance.exports.__heap_base as WebAssembly.Global).value as number
  const missing = heap + Math.max(...jobs.map((j) => j.bytes)) - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / 65536))
  let from = 0
  return jobs.map(({ name, calls, bytes }): Change => {
    const before = images.subarray(from, from + bytes)
    from += bytes
    const after = new Uint8Array(memory.buffer, heap, bytes)
    after.set(before)
    for (const args of calls) (instance.exports[name] as (...args: number[]) => void)(...args)
    const differs = (byte: number, i: number) => byte !== before[i]
    const first = after.findIndex(differs)
    if (first < 0) return undefined
    const last = after.findLastIndex(differs)
    let text = ''
    for (let i = first; i <= last; i++) text += String.fromCharCode(after[i]!)
    return { at: heap + first, bytes: btoa(text) }
  })
}

const judged = (p: Prepared, change: Change): string[] => {
  const after = p.before.slice()
  if (change) after.set(Buffer.from(change.bytes, 'base64'), change.at)
  return judge(p, after).wrong.map((text) => `${p.variant.kernel.export}: ${text}`)
}

let folder: string
let site: Site
const prepared = {} as Record<WasmFeature, Prepared[]>
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wgc-c-kernels-'))
  for (const features of SETS) prepared[features] = await writeSet(folder, features)
  site = await serve({ '/data': folder })
}, 600_000)
afterAll(async () => {
  await site.close()
  rmSync(folder, { recursive: true })
})

describe.each(ENGINES)('%s', (name, sets) => {
  it.skipIf(whyMissing(name))(`kernels of ${sets.join(', ')}`, async () => {
    const engine = await openBrowser(name)
    try {
      for (const features of SETS) {
        const changes = await engine.run(site, runSet, { features })
        expect(changes !== null && changes !== undefined, features).toBe(sets.includes(features))
        if (!changes) continue
        expect(changes.length).toBe(prepared[features].length)
        expect(prepared[features].flatMap((p, i) => judged(p, changes[i] ?? undefined))).toEqual([])
        console.info(`${name}: ${changes.length} cases of ${features}`)
      }
    } finally {
      await engine.close()
    }
  })
})
