/**
 * Where the time of a model's steps goes on wasm, by operator: the median time of each dispatch over many steps, so
 * that what else runs on the machine counts little. Browsers' V8 is Deno's:
 *
 *     node_modules/.bin/deno run -A --v8-flags=--no-liftoff --unstable-sloppy-imports \
 *         tests/bench/wasm/profile.ts MODEL_FOLDER [f32|8|4] [tokens]
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { build } from '../../../compiler/build/build.js'
import type { BuildOptions } from '../../../compiler/options.js'
import { load } from '../../../runtime/index.js'

const [folder, bits = '4', tokens = '64'] = process.argv.slice(2)
if (!folder) throw new Error('usage: profile.ts MODEL_FOLDER [f32|8|4] [tokens]')

/** Milliseconds of every call of a kernel since the last step, in order. */
const calls: { kernel: string; ms: number }[] = []

/** From here on a module's functions note how long they take: called after the build, whose compilers are modules. */
function noteCalls(): void {
  const plain = WebAssembly.instantiate
  WebAssembly.instantiate = (async (module: WebAssembly.Module, imports: WebAssembly.Imports) => {
    const { exports } = await plain(module, imports)
    const timed = Object.entries(exports).map(([name, value]) => {
      if (typeof value !== 'function') return [name, value]
      const call = (...args: number[]) => {
        const start = performance.now()
        value(...args)
        calls.push({ kernel: name, ms: performance.now() - start })
      }
      return [name, call]
    })
    return { exports: Object.fromEntries(timed) }
  }) as typeof WebAssembly.instantiate
}

const median = (list: number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1]!

/** Medians of each place in a step, summed by kernel, largest first. */
function report(title: string, steps: { kernel: string; ms: number }[][]): void {
  const sums = new Map<string, { ms: number; count: number }>()
  steps[0]!.forEach(({ kernel }, i) => {
    const { ms, count } = sums.get(kernel) ?? { ms: 0, count: 0 }
    sums.set(kernel, { ms: ms + median(steps.map((s) => s[i]!.ms)), count: count + 1 })
  })
  const total = [...sums.values()].reduce((sum, { ms }) => sum + ms, 0)
  console.log(`${title}: ${total.toFixed(3)} ms, median of ${steps.length} steps`)
  for (const [kernel, { ms, count }] of [...sums].sort((a, b) => b[1].ms - a[1].ms)) {
    const share = `${((100 * ms) / total).toFixed(1)} %`
    console.log(
      `  ${share.padStart(7)} ${ms.toFixed(3).padStart(8)} ms  ${String(count).padStart(3)}× ${kernel}`,
    )
  }
}

const out = mkdtempSync(join(tmpdir(), 'wgc-profile-'))
try {
  const options = {
    model: folder,
    targets: ['deno'],
    out,
    bits: bits === 'f32' ? bits : Number(bits),
    group: 32,
  }
  await build(options as BuildOptions)
  noteCalls()
  const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'))
  manifest.model.eos = []
  const source = {
    read: async (name: string) =>
      name === 'manifest.json'
        ? new TextEncoder().encode(JSON.stringify(manifest))
        : new Uint8Array(readFileSync(join(out, name))),
  }
  const model = await load(source, { backend: 'wasm', tokenizer: false, integrity: 'off', threads: 0 })
  console.log(model.variant)
  const { vocab } = model.info
  const prefills: (typeof calls)[] = []
  const decodes: (typeof calls)[] = []
  for (let turn = 0; turn < 6; turn++) {
    const prompt = Array.from({ length: 128 }, (_, i) => (i * 37 + turn * 11) % vocab)
    calls.length = 0
    let first = true
    for await (const _ of model.generateIds(prompt, { maxTokens: Number(tokens), temperature: 0 })) {
      // The first turn runs in code that is not yet optimised.
      if (turn) (first ? prefills : decodes).push([...calls])
      first = false
      calls.length = 0
    }
  }
  report(`prefill of 128, ${bits} bits`, prefills)
  report(`decode, ${bits} bits`, decodes)
  model.destroy()
} finally {
  rmSync(out, { recursive: true, force: true })
}
