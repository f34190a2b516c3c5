/** What the self-tests of a bundle say and take here, in lines. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { GENERATING, type Variant } from '../../runtime/format.js'
import { hardwareDevice, softwareDevice } from './gpu.js'
import { benchOf, judge, manifestOf, openBench } from './self-test.js'

const has = (device: GPUDevice | undefined, feature: string) =>
  feature === 'packed_4x8_integer_dot_product' || device?.features.has(feature as GPUFeatureName)

/** By WGC_HARDWARE this machine's GPU, else SwiftShader; by WGC_CLEARS one that clears workgroup memory. */
const deviceHere = async () =>
  process.env.WGC_HARDWARE !== undefined
    ? (await hardwareDevice())?.device
    : await softwareDevice(process.env.WGC_CLEARS !== undefined)

async function ofVariant(folder: string, variant: Variant, repeats: number): Promise<string[]> {
  const device = variant.backend === 'webgpu' ? await deviceHere() : undefined
  if (variant.backend === 'webgpu' && !variant.features.every((f) => has(device, f)))
    return ['its features are not here']
  if (variant.backend === 'wasm' && !WebAssembly.validate(readFileSync(join(folder, variant.code))))
    return ['this engine refuses it']
  const bench = benchOf(folder, variant)
  const executor = await openBench(folder, bench, device)
  const times: string[] = []
  let { wrong } = await judge(bench, executor)
  const first = GENERATING.filter((name) => Object.hasOwn(bench.plan.programs, name))
  for (let i = 0; i < repeats; i++) {
    const found = await judge(bench, executor, first.length ? first : Object.keys(bench.plan.programs))
    times.push(`${found.ms.toFixed(1)} (${found.count} tests)`)
    wrong = [...wrong, ...found.wrong]
  }
  executor.destroy()
  const size = brotliCompressSync(readFileSync(join(folder, variant.selfTest!))).length
  const { tests, untested } = bench.file
  const head = `${tests.length} tests, ${size} bytes, ${times.join(', ')} ms, untested ${JSON.stringify(untested)}`
  return [head, ...new Set(wrong)]
}

/** Of the variants whose names begin with `begin`; those of threads are others' code. */
export async function reportOf(folder: string, begin = '', repeats = 3): Promise<Record<string, string[]>> {
  const lines: Record<string, string[]> = {}
  for (const [id, variant] of Object.entries(manifestOf(folder).variants))
    if (id.startsWith(begin) && !variant.features.includes('threads') && variant.selfTest)
      lines[id] = await ofVariant(folder, variant, repeats)
  return lines
}
