/**
 * A token of a whole model by the host's clock: wgc's variants and onnxruntime's WebGPU provider in turns, of the same
 * sizes, q4 in blocks of 32, caches of halves. Beside all layers a quarter of them is measured, so that what a run
 * takes once falls out of the difference: `node tests/run.mjs tests/bench/gpu/decode.ts`.
 */
import { fork } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type VariantSpec, variantsOf } from '../../../compiler/build/variant-specs.js'
import { configReader, presets } from '../../../compiler/import/index.js'
import { loadTables, loadTuning } from '../../../compiler/select/tuning.js'
import { resolveTargets } from '../../../compiler/targets.js'
import { median } from '../../../compiler/tune/clock.js'
import { deviceName } from '../../../compiler/tune/device.js'
import { programOf, stepOf } from '../../../runtime/executor.js'
import type { Plan } from '../../../runtime/format.js'
import { chunks } from '../../../runtime/session.js'
import { largeDevice } from './device.js'
import { compiled, opened } from './model.js'
import type { Asked } from './peer-decode.js'
import { BLOCK, type DecoderSpec } from './peer-decoder.js'

const { values: options } = parseArgs({
  allowNegative: true,
  options: {
    model: { type: 'string', default: 'llama-3-8b' },
    context: { type: 'string', default: '2304' },
    /** Keys before the token that is measured. */
    past: { type: 'string', default: '200,2048' },
    /** Rows of a prompt; 0: none. */
    prompt: { type: 'string', default: '512' },
    steps: { type: 'string', default: '16' },
    rounds: { type: 'string', default: '7' },
    variant: { type: 'string', default: 'nvidia-matrix,nvidia-int8,chromium-subgroups' },
    /** Layers, where not all that the preset has. */
    layers: { type: 'string' },
    /** Beside onnxruntime's. */
    peer: { type: 'boolean', default: true },
  },
})
const [context, steps, rounds, rows] = [options.context, options.steps, options.rounds, options.prompt].map(
  Number,
) as [number, number, number, number]
const pasts = options.past.split(',').map(Number)
const config = configReader(presets[options.model]!, options.model)
const all = Number(options.layers ?? config.int('num_hidden_layers'))
const LAYERS = [all, Math.max(1, all >> 2)] as const
/** Milliseconds of steps that are not timed, in every round: what others did meanwhile let the device rest. */
const WARM_MS = 60

/** One of those compared: milliseconds with all layers and with some. */
interface Side {
  engine: string
  decode(layers: 0 | 1, past: number): Promise<number>
  prompt(layers: 0 | 1): Promise<number>
  close(): void
}

async function wgcSide(device: GPUDevice, spec: VariantSpec): Promise<Side> {
  const models: (Awaited<ReturnType<typeof opened>> & { plan: Plan })[] = []
  for (const layers of LAYERS) {
    const made = compiled(spec, { preset: options.model, context, bits: 4, group: BLOCK, layers })
    models.push({ plan: made.variant.plan, ...(await opened(device, made)) })
  }
  const run = (of: 0 | 1, program: string, seq: number, past: number, sample: 0 | 1) => {
    const { executor, plan } = models[of]!
    const tokens = plan.buffers.findIndex((b) => b.kind === 'tokens')
    return executor.run(program, { ...stepOf(seq, past), sample }, [[tokens, (past + seq) * 4, 4]])
  }
  return {
    engine: spec.id,
    async decode(of, past) {
      const began = performance.now()
      // As generate does it: some steps ahead of what was read.
      const queue: Promise<unknown>[] = []
      for (let i = 0; i < steps; i++) {
        if (queue.length >= models[of]!.executor.ahead) await queue.shift()
        queue.push(run(of, 'decode', 1, past, 1))
      }
      await Promise.all(queue)
      return (performance.now() - began) / steps
    },
    async prompt(of) {
      const began = performance.now()
      const parts = [...chunks(0, rows, programOf(models[of]!.plan, 'prefill')!)]
      await Promise.all(
        parts.map(([past, seq]) => run(of, 'prefill', seq, past, past + seq === rows ? 1 : 0)),
      )
      return performance.now() - began
    },
    close: () => {
      for (const { executor } of models) executor.destroy()
    },
  }
}

const PEERS = 'tests/bench/peers/node_modules/onnxruntime-node'
/**
 * What the peer is tried with: numbers, whether q, k and v are one matrix, and what a step ends with: logits, which
 * leave alone where nothing is recorded, or the likeliest id, whose search is charged.
 */
const WAYS: Pick<DecoderSpec, 'halves' | 'packed' | 'out'>[] = [
  { halves: true, packed: true, out: 'logits' },
  { halves: true, packed: false, out: 'logits' },
  { halves: false, packed: true, out: 'logits' },
  { halves: true, packed: true, out: 'id' },
]
/** Part of a logit that rounding may take: activations as bytes, or numbers as halves. */
const TOLERANCE = 0.05

function sizes(): Omit<DecoderSpec, 'halves' | 'packed' | 'out' | 'layers'> {
  const heads = config.int('num_attention_heads')
  const hidden = config.int('hidden_size')
  return {
    ...{ hidden, heads, ffn: config.int('intermediate_size'), vocab: config.int('vocab_size'), context },
    ...{ kvHeads: config.int('num_key_value_heads'), headSize: hidden / heads },
    ...{ accuracy: 4, last: true },
  }
}

/** A process that takes questions one after another. */
function peer() {
  const child = fork(new URL('./peer-decode.js', import.meta.url), { stdio: 'inherit' })
  const ended = new Promise<never>((_, no) => {
    child.once('exit', (code) => no(new Error(`its process ended (${code})`)))
  })
  ended.catch(() => {})
  const ask = async (asked: Asked): Promise<number> => {
    const answer = new Promise<number | { failed: string }>((done) => child.once('message', done as never))
    child.send(asked)
    const said = await Promise.race([answer, ended])
    // What is no number comes as null.
    if (typeof said !== 'number') throw new Error(said?.failed ?? 'no number came')
    return said
  }
  return { ask, close: () => child.kill() }
}

/** onnxruntime's sides of one way to write the model: recorded, and not. */
async function peerSides(way: (typeof WAYS)[number]): Promise<Side[]> {
  const { version } = JSON.parse(readFileSync(`${PEERS}/package.json`, 'utf8')) as { version: string }
  const name = `onnxruntime-node ${version} ${way.halves ? 'f16' : 'f32'}, ${way.packed ? 'one qkv' : 'q, k, v'}, to ${way.out}`
  const { ask, close } = peer()
  try {
    const small = {
      hidden: 256,
      ffn: 512,
      layers: 2,
      heads: 4,
      kvHeads: 2,
      headSize: 64,
      vocab: 512,
      context: 64,
    }
    const off = await ask({ check: { ...sizes(), ...small, ...way } })
    if (!(off < TOLERANCE)) throw new Error(`its logits are ${off} off`)
    let seconds = 0
    for (const layers of LAYERS) seconds += await ask({ open: { ...sizes(), ...way, layers } })
    console.log(
      `${name}: small logits ${off.toExponential(1)} off float64's; opened in ${seconds.toFixed(1)} s`,
    )
    return [true, false].map((captured) => ({
      engine: `${name}${captured ? ', recorded' : ''}`,
      decode: (of, past) => ask({ decode: [of, past, steps, captured] }),
      prompt: (of) => (captured ? Promise.resolve(Number.NaN) : ask({ prompt: [of, rows] })),
      close,
    }))
  } catch (e) {
    close()
    console.log(`*** LEFT OUT: ${name}: ${(e as Error).message} ***`)
    return []
  }
}

const { device, info, features, target, host } = await largeDevice()
console.log(`${deviceName(info)}, ${host}: ${options.model}, ${LAYERS.join(' and ')} layers`)
const { specs } = variantsOf(resolveTargets(target), loadTuning(), loadTables())
const sides: Side[] = []
for (const part of options.variant.split(',')) {
  const spec = specs.find((s) => s.backend === 'webgpu' && s.id.endsWith(part))
  if (spec?.features.every((f) => features.includes(f))) sides.push(await wgcSide(device, spec))
  else console.log(`${part}: not on this device`)
}
if (options.peer) {
  if (existsSync(PEERS)) for (const way of WAYS) sides.push(...(await peerSides(way)))
  else console.log(`*** LEFT OUT: ${PEERS} is absent: npm ci --ignore-scripts --prefix tests/bench/peers ***`)
}

async function measured(name: string, unit: number, run: (side: Side, of: 0 | 1) => Promise<number>) {
  const left = new Set(sides)
  const times = new Map(sides.map((side) => [side, [[], []] as [number[], number[]]]))
  for (let round = 0; round <= rounds; round++)
    for (const side of left)
      try {
        for (const end = performance.now() + WARM_MS; performance.now() < end; )
          if (Number.isNaN(await run(side, 0))) break
        for (const of of [0, 1] as const) {
          const ms = await run(side, of)
          if (round > 0) times.get(side)![of].push(ms)
        }
      } catch (e) {
        console.log(`*** LEFT OUT: ${side.engine}: ${(e as Error).message} ***`)
        left.delete(side)
      }
  for (const [{ engine }, [long, short]] of times) {
    const whole = median(long)
    if (!(whole > 0)) continue
    const each = (whole - median(short)) / (LAYERS[0] - LAYERS[1])
    console.log(
      `${name}: ${engine}: ${whole.toFixed(2)} ms (${((1000 * unit) / whole).toFixed(0)} tokens/s), ${(1000 * each).toFixed(1)} µs a layer`,
    )
  }
}

for (const past of pasts) await measured(`token after ${past}`, 1, (side, of) => side.decode(of, past))
if (rows) await measured(`prompt of ${rows}`, rows, (side, of) => side.prompt(of))
for (const side of sides) side.close()
process.exit()
