/**
 * What the self-tests of a bundle say and take here: `node tests/run.mjs tests/bench/self-test.ts FOLDER [variants that begin so]`.
 * On this machine's GPU with WGC_HARDWARE=1, else on SwiftShader.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { GENERATING } from '../../runtime/format.js'
import { hardwareDevice, softwareDevice } from '../helpers/gpu.js'
import { benchOf, judge, manifestOf, openBench } from '../helpers/self-test.js'

const [folder = '', begin = ''] = process.argv.slice(2)
const hardware = process.env.WGC_HARDWARE !== undefined
for (const [id, variant] of Object.entries(manifestOf(folder).variants)) {
  if (!id.startsWith(begin) || variant.features.includes('threads') || !variant.selfTest) continue
  const gpu = variant.backend === 'webgpu'
  const device = gpu
    ? hardware
      ? (await hardwareDevice())?.device
      : await softwareDevice(process.env.WGC_CLEARS !== undefined)
    : undefined
  if (
    gpu &&
    !variant.features.every(
      (f) => f === 'packed_4x8_integer_dot_product' || device?.features.has(f as GPUFeatureName),
    )
  ) {
    console.log(`${id}: its features are not here`)
    continue
  }
  if (!gpu && !WebAssembly.validate(readFileSync(join(folder, variant.code)))) {
    console.log(`${id}: this engine refuses it`)
    continue
  }
  const bench = benchOf(folder, variant)
  const executor = await openBench(folder, bench, device)
  const times: string[] = []
  let { wrong } = await judge(bench, executor)
  const first = GENERATING.filter((name) => Object.hasOwn(bench.plan.programs, name))
  for (let i = 0; i < 3; i++) {
    const found = await judge(bench, executor, first.length ? first : Object.keys(bench.plan.programs))
    times.push(`${found.ms.toFixed(1)} (${found.count} tests)`)
    wrong = [...wrong, ...found.wrong]
  }
  const size = brotliCompressSync(readFileSync(join(folder, variant.selfTest))).length
  const { tests, untested } = bench.file
  console.log(
    `${id}: ${tests.length} tests, ${size} bytes, ${times.join(', ')} ms, untested ${JSON.stringify(untested)}`,
  )
  for (const line of wrong) console.log(`  ${line}`)
  executor.destroy()
}
process.exit(0)
