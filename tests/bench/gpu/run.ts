/**
 * The products of a large model on this machine's GPU, at what selection takes there: the general variant's kernels and
 * those tuned for the device, in turns, beside the device's limits. One command:
 * `node tests/run.mjs tests/bench/gpu/run.ts [--history bench.duckdb --run NAME] [--compare]`. kernels.ts beside it
 * searches for better parameters, llama.ts runs a whole model.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { append, checkHistory, compare, type Result, type Run } from '../../../compiler/bench/history.js'
import { spreadOf } from '../../../compiler/bench/verdict.js'
import { variantsOf, vendorsOf } from '../../../compiler/build/variant-specs.js'
import { ops } from '../../../compiler/ops/index.js'
import type { Facts } from '../../../compiler/ops/types.js'
import { packageRoot } from '../../../compiler/root.js'
import { select } from '../../../compiler/select/select.js'
import { openTemplates } from '../../../compiler/select/templates.js'
import { loadTables, loadTuning } from '../../../compiler/select/tuning.js'
import { resolveTargets } from '../../../compiler/targets.js'
import { benchOf } from '../../../compiler/tune/bench.js'
import { type Candidate, keyOf } from '../../../compiler/tune/candidates.js'
import { clockOf, median } from '../../../compiler/tune/clock.js'
import { deviceName } from '../../../compiler/tune/device.js'
import { pipelinesOf } from '../../../compiler/tune/runnable.js'
import { chains } from './chain.js'
import { largeDevice } from './device.js'
import { limitsOf } from './limits.js'

const { values: options } = parseArgs({
  allowNegative: true,
  options: {
    history: { type: 'string' },
    run: { type: 'string', default: new Date().toISOString() },
    compare: { type: 'boolean', default: false },
    /** Matrices in a row, by the host's clock, beside onnxruntime's. */
    chains: { type: 'boolean', default: true },
    /** Of chains. */
    rows: { type: 'string', default: '1,512' },
    products: { type: 'boolean', default: true },
    /** Part of a large model's sizes, for small devices. */
    scale: { type: 'string', default: '1' },
  },
})
/** Where DuckDB may lie, if not with wgc. */
const PEERS = ['tests/bench/peers']
if (options.history !== undefined) await checkHistory(options.history, PEERS)
const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
  version: string
}
const scale = Number(options.scale)
const size = (n: number) => Math.max(Math.round((n * scale) / 64) * 64, 64)

const linear = (M: number, N: number, K: number, W: string): Facts => ({
  ...{ M, N: size(N), K: size(K), W, G: 64, LDY: size(N), EPI: 'none', BIAS: false, ACT: 'none', SEQ: false },
})
const subjects = [
  ...['q4', 'q8', 'q3', 'q2', 'q4a', 'f16'].map((W) => linear(1, 14336, 4096, W)),
  linear(1, 128256, 4096, 'q4'),
  ...[512, 4096].map((M) => linear(M, 14336, 4096, 'q4')),
]

const { device, info, features, target, host } = await largeDevice()
const name = deviceName(info)
const driver = info.driver ?? info.description ?? ''
const limits = await limitsOf(device, features, scale)
const rate = (n: number | undefined, unit: string) => (n === undefined ? '-' : `${n.toFixed(1)} ${unit}`)
console.log(`${name}, ${host}: ${features.join(' ')}`)
console.log(
  `limits: read ${limits.read.toFixed(2)} TB/s, dispatch ${limits.dispatch.toFixed(1)} µs, floats ${rate(limits.floats, 'TFLOP/s')}, halves ${rate(limits.halves, 'TFLOP/s')}, matrices ${rate(limits.matrices, 'TFLOP/s')}`,
)

const { specs } = variantsOf(resolveTargets(target), loadTuning(), loadTables())
const runs = specs.filter(
  (s) =>
    s.backend === 'webgpu' &&
    s.features.every((f) => features.includes(f)) &&
    (!s.device || vendorsOf(s.device).includes(info.vendor)),
)
const templates = openTemplates()
const clock = clockOf(device)
const results: Result[] = []
for (const facts of options.products ? subjects : []) {
  const pipelines = pipelinesOf(device, templates, { language: 'wgsl', features, tuning: loadTuning() })
  const bench = await benchOf(pipelines, clock, { op: 'linear', facts, past: 0 })
  const candidates = runs.map((spec): Candidate => {
    const target = { language: 'wgsl' as const, features: spec.features, tuning: spec.tuning }
    const choice = select('linear', 'bench', facts, templates.heads, target)
    return { template: choice.template.name, tuned: choice.params, choice }
  })
  const times: number[][] = []
  for (let round = 0; round < 7; round++) times.push(await bench.measure(candidates))
  const { flops, bytes } = ops.linear!.cost(facts)
  const label = `linear ${facts.M} x ${facts.N} x ${facts.K} ${facts.W}`
  for (const [i, spec] of runs.entries()) {
    const rounds = times.slice(1).map((t) => t[i]!)
    const ms = median(rounds)
    const part =
      Math.max(bytes / limits.read, flops / (limits.matrices ?? limits.halves ?? limits.floats)) / ms / 1e9
    const said = Number.isNaN(ms)
      ? `refused: ${bench.refused.get(keyOf(candidates[i]!))}`
      : `${(1000 * ms).toFixed(1)} µs, ${(flops / ms / 1e9).toFixed(1)} TFLOP/s, ${(bytes / ms / 1e9).toFixed(2)} TB/s, ${(100 * part).toFixed(0)} % of the limit`
    console.log(`${label}: ${spec.id} ${candidates[i]!.template}: ${said}`)
    if (ms > 0)
      results.push({ engine: spec.id, name: label, unit: 'ms', value: ms, spread: spreadOf(rounds) })
  }
  bench.destroy()
}
if (options.chains)
  results.push(
    ...(await chains(device, runs, { K: size(4096), N: size(14336) }, options.rows.split(',').map(Number))),
  )
if (options.history !== undefined) {
  const run: Run = { run: options.run, device: name, driver, host, wgc: version }
  await append(options.history, run, results, PEERS)
  if (options.compare)
    for (const { verdict, engine, name, worse, before, now } of await compare(options.history, run, PEERS))
      console.log(
        `${verdict.padEnd(11)} ${worse.toFixed(2)}  ${name}, ${engine}: ${(1000 * before).toFixed(1)} -> ${(1000 * now).toFixed(1)} µs`,
      )
}
process.exit()
