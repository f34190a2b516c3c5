/**
 * C kernels against their float64 references in real browsers: of every template some cases, without SIMD, with it,
 * with what is relaxed of it, and with operands beyond 4 GiB. Node runs them all (tests/kernels) but for the last.
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

/** The cases of this set once more, in a module with addresses of 64 bits. */
const WIDE = 'simd128-64'
const NARROW = 'simd128'
const ALL: readonly WasmFeature[] = [...SETS, WIDE]

const ENGINES: [EngineName, readonly WasmFeature[]][] = [
  ['chromium', ALL],
  ['firefox', ALL],
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
  /** How many of a call's arguments are addresses: the first ones. 0 stands for no operand. */
  pointers: number
  bytes: number
}

/** Where the images lie in memory, and the jobs. */
interface Jobs {
  heap: number
  jobs: Job[]
}

/** Operands and the step come first. */
const pointersOf = ({ template }: Variant): number => {
  const { ports } = ops[template.front.op.name]!
  return template.front.args.filter((name) => name === 'step' || name.replace(/_scale$/, '') in ports).length
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
    (p): Job => ({
      name: p.variant.kernel.export,
      calls: p.calls,
      pointers: pointersOf(p.variant),
      bytes: p.before.length - p.heap,
    }),
  )
  writeFileSync(join(folder, `${features}.wasm`), wasm)
  if (features === NARROW) {
    const wide = await wasmModule(kernels, { features: WIDE, cache: openCache() })
    writeFileSync(join(folder, `${WIDE}.wasm`), wide.wasm)
  }
  writeFileSync(join(folder, `${features}.json`), JSON.stringify({ heap: m.heap, jobs } satisfies Jobs))
  writeFileSync(
    join(folder, `${features}.bin`),
    Buffer.concat(prepared.map((p) => p.before.subarray(p.heap))),
  )
  return prepared
}

/** Runs in the page: what each job changed; undefined where the engine does not know the module. */
async function runSet({ module, data }: { module: string; data: string }, page: Page) {
  const file = (name: string) => fetch(new URL(`data/${name}`, page.url))
  const code = await (await file(`${module}.wasm`)).arrayBuffer()
  if (!WebAssembly.validate(code)) return undefined
  const { heap, jobs } = (await (await file(`${data}.json`)).json()) as Jobs
  const images = new Uint8Array(await (await file(`${data}.bin`)).arrayBuffer())
  const wide = module !== data
  // Everything lies this much further up.
  const shift = wide ? 2 ** 32 : 0
  const pages = Math.ceil((shift + heap + Math.max(...jobs.map((j) => j.bytes))) / 65536)
  const size = wide ? { initial: BigInt(pages), address: 'i64' } : { initial: pages }
  const memory = new WebAssembly.Memory(size as WebAssembly.MemoryDescriptor)
  const { instance } = await WebAssembly.instantiate(code, { env: { memory } })
  let from = 0
  return jobs.map(({ name, calls, pointers, bytes }): Change => {
    const before = images.subarray(from, from + bytes)
    from += bytes
    const after = new Uint8Array(memory.buffer, shift + heap, bytes)
    after.set(before)
    const kernel = instance.exports[name] as (...args: (number | bigint)[]) => void
    for (const args of calls)
      kernel(...args.map((a, i) => (wide && i < pointers ? BigInt(a && a + shift) : a)))
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
      for (const features of ALL) {
        const data = features === WIDE ? NARROW : features
        const changes = await engine.run(site, runSet, { module: features, data })
        expect(changes !== null && changes !== undefined, features).toBe(sets.includes(features))
        if (!changes) continue
        expect(changes.length).toBe(prepared[data].length)
        expect(prepared[data].flatMap((p, i) => judged(p, changes[i] ?? undefined))).toEqual([])
        console.info(`${name}: ${changes.length} cases of ${features}`)
      }
    } finally {
      await engine.close()
    }
  })
})
