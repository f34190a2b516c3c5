/**
 * Products at the sizes of large models on this machine's GPU, each kernel at the best parameters that a short search
 * finds, beside the device's limits: `node tests/run.mjs tests/bench/gpu/kernels.ts [--seconds 6] [--only gemv]`.
 * Results are checked against the kernel that needs no feature, which tests/kernels checks against float64.
 */
import { parseArgs } from 'node:util'
import { ops } from '../../../compiler/ops/index.js'
import type { Facts } from '../../../compiler/ops/types.js'
import { openTemplates } from '../../../compiler/select/templates.js'
import { loadTuning } from '../../../compiler/select/tuning.js'
import type { KernelTarget } from '../../../compiler/select/types.js'
import { benchOf } from '../../../compiler/tune/bench.js'
import { neighbours, type Setting, sampleOf } from '../../../compiler/tune/candidates.js'
import { clockOf } from '../../../compiler/tune/clock.js'
import { deviceParams } from '../../../compiler/tune/device.js'
import { pipelinesOf } from '../../../compiler/tune/runnable.js'
import { search } from '../../../compiler/tune/search.js'
import { largeDevice } from './device.js'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '6' },
    only: { type: 'string', default: '' },
    /** Products of these sizes instead: `1x14336x4096:q4,512x14336x4096:q4`. */
    sizes: { type: 'string', default: '' },
    count: { type: 'string', default: '24' },
    top: { type: 'string', default: '2' },
  },
})

const linear = (M: number, N: number, K: number, W: string, more: Facts = {}): Facts => ({
  ...{ M, N, K, W, G: 64, LDY: N, EPI: 'none', BIAS: false, ACT: 'none', SEQ: false },
  ...more,
})
const attention = (M: number): Facts => ({
  ...{ M, H: 32, KVH: 8, HD: 128, C: 4096, SCALE: 0.088, WINDOW: 0, SOFTCAP: 0, KV: 'f16' },
})

interface Row {
  group: string
  op: string
  facts: Facts
  past?: number
}

const asked = options.sizes
  .split(',')
  .filter(Boolean)
  .map((text): Row => {
    const [, M, N, K, W] = /^(\d+)x(\d+)x(\d+):(\w+)$/.exec(text) ?? []
    if (!W) throw new Error(`--sizes ${text}: rows x columns x inner size : format, as 1x14336x4096:q4`)
    return { group: 'asked', op: 'linear', facts: linear(Number(M), Number(N), Number(K), W) }
  })
const rows: Row[] =
  asked.length > 0
    ? asked
    : [
        ...['q4', 'q8', 'q3', 'q2', 'q4a', 'f16'].map((W) => ({
          ...{ group: 'gemv', op: 'linear', facts: linear(1, 14336, 4096, W) },
        })),
        { group: 'gemv', op: 'linear', facts: linear(1, 128256, 4096, 'q4') },
        { group: 'gemv8b', op: 'linear', facts: linear(1, 128256, 4096, 'q8') },
        { group: 'gemv8b', op: 'linear', facts: linear(1, 6144, 4096, 'q4') },
        { group: 'gemv8b', op: 'linear', facts: linear(1, 4096, 4096, 'q4', { EPI: 'add' }) },
        {
          group: 'gemv8b',
          op: 'linear',
          facts: linear(1, 28672, 4096, 'q4', { EPI: 'glu', LDY: 14336, ACT: 'silu' }),
        },
        { group: 'gemv8b', op: 'linear', facts: linear(1, 4096, 14336, 'q4', { EPI: 'add' }) },
        { group: 'gemm', op: 'linear', facts: linear(512, 4096, 4096, 'q4') },
        { group: 'gemm', op: 'linear', facts: linear(512, 14336, 4096, 'q4') },
        { group: 'gemm', op: 'linear', facts: linear(4096, 4096, 4096, 'q4') },
        { group: 'gemm', op: 'linear', facts: linear(4096, 14336, 4096, 'q4') },
        { group: 'gemm', op: 'linear', facts: linear(512, 14336, 4096, 'f16') },
        { group: 'attention', op: 'attention', facts: attention(512), past: 1536 },
      ]

const { device, info, features, host } = await largeDevice()
const templates = openTemplates()
const target: KernelTarget = { language: 'wgsl', features, tuning: loadTuning() }
const pipelines = pipelinesOf(device, templates, target)
const clock = clockOf(device)
console.log(host, info.vendor, info.architecture, info.description, features.join(' '), clock.kind)

const wanted = options.only.split(',').filter(Boolean)
for (const { group, op, facts, past = 0 } of rows) {
  if (wanted.length > 0 && !wanted.includes(group)) continue
  const began = performance.now()
  const bench = await benchOf(pipelines, clock, { op, facts, past })
  const { flops, bytes } = ops[op]!.cost(facts)
  const size = ['M', 'N', 'K', 'W', 'EPI'].map((n) => facts[n] ?? '').join(' ')
  for (const head of templates.heads.filter((t) => t.language === 'wgsl' && t.front.op.name === op)) {
    const setting: Setting = { facts, target, given: deviceParams(info) }
    const sample = sampleOf(head, setting, Number(options.count))
    if (sample.length === 0) continue
    const end = performance.now() + 1000 * Number(options.seconds)
    const found = await search(sample, {
      measure: bench.measure,
      neighbours: (c) => neighbours(c, setting),
      hasTime: () => performance.now() < end,
    })
    for (const { candidate, ms, rounds } of found.slice(0, Number(options.top))) {
      const rate = [`${(flops / ms / 1e9).toFixed(1)} TFLOP/s`, `${(bytes / ms / 1e9).toFixed(2)} TB/s`]
      const said = Object.entries(candidate.tuned).map(([n, v]) => `${n}=${v}`)
      console.log(
        `${group} ${op} ${size}: ${head.name} ${(1000 * ms).toFixed(1)} µs, ${rate.join(', ')}; ${said.join(' ')} (${rounds} rounds of ${found.length})`,
      )
    }
    if (found.length === 0)
      console.log(`${group} ${op} ${size}: ${head.name}: none ran; ${[...bench.refused.values()][0]}`)
  }
  const why = new Map<string, string>()
  for (const [key, reason] of bench.refused) why.set(reason.slice(0, 40), `${key}: ${reason}`)
  for (const line of [...why.values()].slice(0, 4))
    console.log(`  refused (${bench.refused.size} in all): ${line}`)
  bench.destroy()
  await device.queue.onSubmittedWorkDone()
  console.log(`  ${((performance.now() - began) / 1000).toFixed(1)} s`)
}
process.exit()
