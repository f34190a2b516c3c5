/**
 * A whole model of random weights on this machine's GPU: time to the first token, tokens a second, dispatches and host
 * time of a step, and with --profile where the time goes: `node tests/run.mjs tests/bench/gpu/llama.ts --profile`.
 */
import { parseArgs } from 'node:util'
import { type VariantSpec, variantsOf } from '../../../compiler/build/variant-specs.js'
import { loadTables, loadTuning } from '../../../compiler/select/tuning.js'
import { resolveTargets } from '../../../compiler/targets.js'
import type { Executor } from '../../../runtime/executor.js'
import { generateIds } from '../../../runtime/generate.js'
import type { Session } from '../../../runtime/session.js'
import { largeDevice } from './device.js'
import { compiled, opened } from './model.js'
import { profile } from './profile.js'

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: 'llama-3-8b' },
    bits: { type: 'string', default: '4' },
    context: { type: 'string', default: '4096' },
    prompt: { type: 'string', default: '200,2048' },
    tokens: { type: 'string', default: '120' },
    /** Tokens of a step of a prompt, in place of the tuned table's. */
    chunk: { type: 'string' },
    /** Ids of variants, or parts of them. */
    variant: { type: 'string', default: 'nvidia-matrix,nvidia-int8,chromium-subgroups' },
    profile: { type: 'boolean', default: false },
  },
})

const context = Number(options.context)
const { specs } = variantsOf(
  resolveTargets('Deno' in globalThis ? 'deno' : 'node'),
  loadTuning(),
  loadTables(),
)

async function bench(spec: VariantSpec): Promise<void> {
  const { device, features } = await largeDevice()
  const missing = spec.features.filter((f) => !features.includes(f))
  if (missing.length > 0) {
    console.log(`${spec.id}: no ${missing.join(', ')} here`)
    return
  }
  const made = compiled(spec, {
    ...{ preset: options.model, context, bits: Number(options.bits) || options.bits, group: 64 },
    chunk: options.chunk === undefined ? undefined : Number(options.chunk),
  })
  const { plan } = made.variant
  const { executor, seconds } = await opened(device, made)
  const dispatches = ['prefill', 'decode'].map((p) => `${plan.programs[p]!.dispatches.length} ${p}`)
  console.log(
    `${spec.id}: ${dispatches.join(', ')} dispatches, steps of ${plan.programs.prefill!.maxSeq}; pipelines ${seconds.pipelines.toFixed(1)} s, weights ${seconds.weights.toFixed(1)} s`,
  )
  let host = 0
  let steps = 0
  const timed: Executor = {
    ...executor,
    run: (...args) => {
      const start = performance.now()
      const result = executor.run(...args)
      host += performance.now() - start
      steps++
      return result
    },
  }
  const info = { vocab: made.model.vocab, context, eos: [] as number[] } as unknown as Session['info']
  const session: Session = {
    ...{ info, plan, executor: timed, flow: undefined, sizes: {}, extras: async () => ({}) },
    ...{ variant: '', tokenizer: undefined, length: 0, busy: false, stats: undefined },
  }
  for (const n of options.prompt.split(',').map(Number)) {
    const ids = Array.from({ length: n }, (_, i) => (i * 7919 + 13) % made.model.vocab)
    // The second run is measured: the first warms up.
    for (const warm of [true, false]) {
      host = steps = 0
      for await (const _ of generateIds(session, ids, { temperature: 0, maxTokens: Number(options.tokens) }));
      const { timeToFirstToken: first, tokensPerSecond: rate } = session.stats!
      if (!warm)
        console.log(
          `  ${n} tokens of prompt: first after ${first.toFixed(0)} ms (${((1000 * n) / first).toFixed(0)} tokens/s), then ${rate.toFixed(1)} tokens/s; host ${((1000 * host) / steps).toFixed(0)} µs a step, ${((100 * host * rate) / steps / 1000).toFixed(1)} % of a decode step`,
        )
    }
  }
  if (options.profile) {
    for (const [program, seq, past] of [
      ['decode', 1, 200],
      ['prefill', plan.programs.prefill!.maxSeq, 1024],
    ] as const) {
      const rows = await profile(device, made.variant, program, seq, past)
      const total = rows.reduce((sum, r) => sum + r.ms * r.count, 0)
      console.log(`  ${program}, ${seq} after ${past}: ${total.toFixed(2)} ms in all`)
      for (const { label, kernel, count, ms } of rows)
        console.log(
          `    ${((100 * ms * count) / total).toFixed(1).padStart(5)} %  ${count} × ${(1000 * ms).toFixed(1)} µs  ${label}  ${kernel}`,
        )
    }
  }
  executor.destroy()
}

const wanted = options.variant.split(',')
for (const part of wanted) {
  const spec = specs.find((s) => s.backend === 'webgpu' && s.id.endsWith(part))
  if (spec) await bench(spec)
  else console.log(`no variant ${part}; there are ${specs.map((s) => s.id).join(', ')}`)
}
process.exit()
