/**
 * Every job of the variants table on this machine's GPU, by Dawn: `node tests/run.mjs tests/kernels/hardware.ts`. With
 * `--write FOLDER` it writes the batches instead, for wgpu: `deno run --unstable-webgpu --unstable-sloppy-imports -A
 * tests/kernels/batch-deno.ts FOLDER`, and `--check FOLDER` afterwards compares its results.
 */
import { parseArgs } from 'node:util'
import { hardwareDevice } from '../helpers/gpu.js'
import { allJobs, hasMatrix, needsMatrix } from './wgsl-all.js'
import type { Job } from './wgsl-jobs.js'
import { readResults, runOnDawn, writeBatches } from './wgsl-run.js'

const { values: options } = parseArgs({
  options: { write: { type: 'string' }, check: { type: 'string' } },
})

/** Faults by template, and how many jobs ran. */
function report(where: string, jobs: Job[], faults: string[]): void {
  const names = [...new Set(jobs.map((job) => job.template.name))]
  for (const name of names) {
    const own = faults.filter((fault) => fault.startsWith(`${name} |`) || fault.startsWith(`${name}:`))
    if (own.length > 0) console.log(`${name}: ${own.length} faults, the first: ${own[0]!.slice(0, 300)}`)
  }
  console.log(`${where}: ${jobs.length} jobs of ${names.length} templates, ${faults.length} faults`)
  process.exitCode = faults.length > 0 ? 1 : 0
}

/** wgpu knows subgroups only under another name, and no subgroup matrices. */
const portable = () => allJobs().filter((job) => !job.params.SUBGROUPS && !needsMatrix(job))

if (options.write !== undefined) writeBatches(options.write, portable())
else if (options.check !== undefined) report('wgpu', portable(), readResults(options.check, portable()))
else {
  const found = await hardwareDevice()
  if (!found) throw new Error('no GPU with a Vulkan driver')
  const { device, info } = found
  const { vendor, architecture, description, subgroupMinSize, subgroupMaxSize } = info
  console.log(vendor, architecture, description, `subgroups of ${subgroupMinSize} to ${subgroupMaxSize}`)
  console.log([...device.features].join(' '))
  const matrices = device.features.has('chromium-experimental-subgroup-matrix' as GPUFeatureName)
  const jobs = allJobs().filter((job) => !needsMatrix(job) || (matrices && hasMatrix(job, info)))
  const began = performance.now()
  const faults: string[] = []
  for (const name of new Set(jobs.map((job) => job.template.name))) {
    const chosen = jobs.filter((job) => job.template.name === name)
    try {
      faults.push(...(await runOnDawn(device, chosen)))
    } catch (error) {
      faults.push(`${name}: ${error}`)
    }
  }
  report('Dawn', jobs, faults)
  console.log(`${((performance.now() - began) / 1000).toFixed(1)} s`)
  process.exit()
}
