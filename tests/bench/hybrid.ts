/**
 * Could a step pay to leave the GPU for its end? Sampling on the GPU against reading the logits back and sampling in
 * WebAssembly, by size of vocabulary. A draw is top-k 40, top-p 0.95 at temperature 0.8, the defaults.
 *
 * node tests/run.mjs tests/bench/hybrid.ts [hardware]     without it: SwiftShader
 *
 * `GPU`: a sampler's dispatch, from batches of many less batches of none. `token`: what reading its 4 bytes takes from
 * submission to arrival; steps are queued ahead of it, so that only the first token waits. `logits`: the same for all
 * logits, which a hybrid step would wait for each time. `CPU`: the C kernel on one thread. The last column is what a
 * hybrid step loses or gains. Milliseconds, medians; kinds of measurement take turns.
 *
 * Found (NVIDIA H200, Dawn in Node 20, a quiet machine; a browser's round trip to its GPU process comes on top):
 *
 * | vocabulary | sampling | GPU | token | logits | CPU | hybrid, a step |
 * | ---: | --- | ---: | ---: | ---: | ---: | ---: |
 * | 512 | greedy | 0.004 | 0.036 | 0.036 | 0.004 | +0.036 |
 * | 512 | draw | 0.034 | 0.037 | 0.035 | 0.014 | +0.014 |
 * | 32000 | greedy | 0.007 | 0.036 | 0.054 | 0.043 | +0.089 |
 * | 32000 | draw | 0.049 | 0.039 | 0.054 | 0.547 | +0.552 |
 * | 128256 | greedy | 0.017 | 0.042 | 0.112 | 0.127 | +0.222 |
 * | 128256 | draw | 0.115 | 0.051 | 0.118 | 2.306 | +2.309 |
 *
 * So a step never pays to leave the GPU, and one that left it could not be queued ahead either: plans name the GPU for
 * all of a step. On SwiftShader a draw takes 70 ms and more, and leaving would pay; there all of the model is faster in
 * WebAssembly, and selection takes that. The choice that pays is of the whole variant.
 */
import { readFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { wgslKernel } from '../../compiler/kernels.js'
import { noise } from '../../compiler/ops/common.js'
import { prebuiltFolder } from '../../compiler/toolchain/prebuilt.js'
import { packStep, type Step } from '../../runtime/executor.js'
import { STEP_BYTES } from '../../runtime/format.js'
import { hardwareDevice, softwareDevice } from '../helpers/gpu.js'

const device = process.argv[2] === 'hardware' ? (await hardwareDevice())?.device : await softwareDevice()
if (!device) throw new Error('no driver')

const VOCABULARIES = [512, 32_000, 128_256]
const BATCH = 32
const ROUNDS = 15
const GREEDY: Step = { seq: 1, past: 0, seed: 7, topK: 0, topP: 1, temperature: 0, penalty: 1, sample: 1 }
const DRAW: Step = { ...GREEDY, topK: 40, topP: 0.95, temperature: 0.8 }

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!

function stepBytes(step: Step): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(STEP_BYTES))
  packStep(view, 0, step)
  return view.buffer
}

function buffer(size: number, usage: number, content?: ArrayBuffer): GPUBuffer {
  const made = device!.createBuffer({ size, usage: usage | GPUBufferUsage.COPY_DST })
  if (content) device!.queue.writeBuffer(made, 0, content)
  return made
}

/** Milliseconds from submission until the bytes are here. */
async function readback(from: GPUBuffer, to: GPUBuffer, bytes: number): Promise<number> {
  const start = performance.now()
  const encoder = device!.createCommandEncoder()
  encoder.copyBufferToBuffer(from, 0, to, 0, bytes)
  device!.queue.submit([encoder.finish()])
  await to.mapAsync(GPUMapMode.READ, 0, bytes)
  new Uint8Array(to.getMappedRange(0, bytes)).slice()
  to.unmap()
  return performance.now() - start
}

/** The C sampler on a copy of the logits. */
function sampler(logits: Float32Array) {
  const memory = new WebAssembly.Memory({ initial: 64 })
  const module = new WebAssembly.Module(readFileSync(join(prebuiltFolder(), 'q4-simd128.wasm')))
  const { exports } = new WebAssembly.Instance(module, { env: { memory } })
  const at = Math.ceil((exports.__heap_base as WebAssembly.Global).value / 256) * 256
  const [step, tokens, from] = [at, at + 256, at + 512]
  const sample = exports.sample as (...args: number[]) => void
  return (values: Step): number => {
    const start = performance.now()
    new Float32Array(memory.buffer, from, logits.length).set(logits)
    packStep(new DataView(memory.buffer), step, values)
    sample(from, tokens, step, logits.length, 0, 1)
    return performance.now() - start
  }
}

async function measure(vocabulary: number, values: Step) {
  const logits = Float32Array.from({ length: vocabulary }, (_, i) => 12 * noise(i, 5) ** 3 + noise(i, 6))
  const { STORAGE, UNIFORM, COPY_SRC, MAP_READ } = GPUBufferUsage
  const source = buffer(vocabulary * 4, STORAGE | COPY_SRC, logits.buffer)
  const tokens = buffer(256, STORAGE | COPY_SRC)
  const staging = buffer(vocabulary * 4, MAP_READ)
  const SUBGROUPS = device!.features.has('subgroups')
  const module = device!.createShaderModule({ code: wgslKernel('sample', { V: vocabulary, SUBGROUPS }) })
  const pipeline = await device!.createComputePipelineAsync({ layout: 'auto', compute: { module } })
  const step = buffer(STEP_BYTES, UNIFORM, stepBytes(values))
  const group = device!.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [
      { binding: 0, resource: { buffer: source } },
      { binding: 1, resource: { buffer: tokens } },
      { binding: 15, resource: { buffer: step } },
    ],
  })
  async function batch(count: number): Promise<number> {
    const start = performance.now()
    const encoder = device!.createCommandEncoder()
    const pass = encoder.beginComputePass()
    pass.setPipeline(pipeline)
    pass.setBindGroup(0, group)
    for (let i = 0; i < count; i++) pass.dispatchWorkgroups(1)
    pass.end()
    device!.queue.submit([encoder.finish()])
    await device!.queue.onSubmittedWorkDone()
    return performance.now() - start
  }
  const cpu = sampler(logits)
  const times: Record<string, number[]> = { some: [], none: [], token: [], logits: [], cpu: [] }
  for (let round = -3; round < ROUNDS; round++) {
    const seen = {
      some: await batch(BATCH),
      none: await batch(0),
      token: await readback(tokens, staging, 4),
      logits: await readback(source, staging, vocabulary * 4),
      cpu: cpu(values),
    }
    if (round >= 0) for (const [name, ms] of Object.entries(seen)) times[name]!.push(ms)
  }
  const [some, none, token, all, here] = Object.values(times).map(median) as [
    number,
    number,
    number,
    number,
    number,
  ]
  for (const b of [source, tokens, staging, step]) b.destroy()
  return { gpu: (some - none) / BATCH, token, logits: all, cpu: here }
}

const { vendor, architecture, description } = device.adapterInfo
console.log([vendor, architecture, description].join(' '), `load ${loadavg()[0]?.toFixed(1)}`)
console.log(
  '| vocabulary | sampling | GPU | token | logits | CPU | hybrid, a step |\n| ---: | --- | ---: | ---: | ---: | ---: | ---: |',
)
for (const vocabulary of VOCABULARIES)
  for (const [name, values] of [
    ['greedy', GREEDY],
    ['draw', DRAW],
  ] as const) {
    const { gpu, token, logits, cpu } = await measure(vocabulary, values)
    const ms = [gpu, token, logits, cpu].map((n) => n.toFixed(3)).join(' | ')
    const more = logits + cpu - gpu
    console.log(`| ${vocabulary} | ${name} | ${ms} | ${more > 0 ? '+' : ''}${more.toFixed(3)} |`)
  }
process.exit()
