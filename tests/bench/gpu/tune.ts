/**
 * `wgc tune` on what runs this program: Dawn in Node, or wgpu in Deno, where the command itself has no WebGPU:
 * `node tests/run.mjs --deno tests/bench/gpu/tune.ts --model llama-3-8b --budget 60 --out table.json`.
 */
import { parseArgs } from 'node:util'
import { resolveTargets } from '../../../compiler/targets.js'
import { tune } from '../../../compiler/tune/tune.js'
import { largeGpu } from './device.js'

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: 'llama-3-8b' },
    budget: { type: 'string', default: '60' },
    context: { type: 'string', default: '4096' },
    chunk: { type: 'string' },
    out: { type: 'string' },
    software: { type: 'boolean', default: false },
  },
})
const { gpu, target, host } = await largeGpu()
const began = performance.now()
const result = await tune({
  ...{ model: options.model, gpu, target: resolveTargets(target)[0]!, engineVersion: host },
  ...{ budget: Number(options.budget), context: Number(options.context), software: options.software },
  ...(options.chunk && { chunk: Number(options.chunk) }),
  ...(options.out && { out: options.out }),
})
const µs = (ms: number | undefined) => (ms === undefined ? '-' : (1000 * ms).toFixed(1))
for (const { name, before, after, candidates, best } of result.outcomes)
  console.log(`${name}: ${µs(before)} -> ${µs(after)} µs of ${candidates}: ${best ?? '-'}`)
console.log(
  `${result.file}: ${result.table?.rules.length ?? 0} rules in ${((performance.now() - began) / 1000).toFixed(0)} s`,
)
process.exit()
