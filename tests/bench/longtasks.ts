/**
 * Whether a page stays responsive while a model of random weights loads and reads a long prompt in Chromium: the tasks of
 * its main thread above 50 ms, by what computes. `node tests/run.mjs tests/bench/longtasks.ts [--dist FOLDER]`, where
 * FOLDER is another build of the runtime, to compare with.
 *
 * `--pairs 5`: prompts on WebGPU instead, in steps that go out whole and in parts (`LoadOptions.partMs`), in turn:
 * the longest that the GPU took for one submit, the longest gap between two frames of a page that draws, tokens a second.
 * `--layers`, `--hidden`, `--prompt`: how much work.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from '../../compiler/build/build.js'
import { type TensorData, writeSafetensors } from '../../compiler/import/safetensors-write.js'
import type * as Runtime from '../../runtime/index.js'
import { openBrowser, type Page } from '../helpers/browsers.js'
import { serve } from '../helpers/server.js'

const { values: options } = parseArgs({
  options: {
    dist: { type: 'string', default: 'dist' },
    hidden: { type: 'string', default: '512' },
    prompt: { type: 'string', default: '600' },
    backends: { type: 'string', default: 'wasm,wasm-threads' },
    pairs: { type: 'string', default: '0' },
    part: { type: 'string', default: '32' },
    layers: { type: 'string', default: '2' },
  },
})
const hidden = Number(options.hidden)
const config = {
  ...{ architectures: ['LlamaForCausalLM'], model_type: 'llama', vocab_size: 1000, hidden_size: hidden },
  ...{
    intermediate_size: 4 * hidden,
    num_hidden_layers: Number(options.layers),
    num_attention_heads: hidden / 64,
    head_dim: 64,
  },
  ...{
    num_key_value_heads: hidden / 128,
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
  },
  ...{ hidden_act: 'silu', tie_word_embeddings: true, bos_token_id: 1, eos_token_id: 2 },
}

/** Weights as a hash of their place, about as large as trained ones. */
const random = (...shape: number[]): TensorData => {
  const count = shape.reduce((a, b) => a * b, 1)
  const data = Float32Array.from({ length: count }, (_, i) => 0.08 * (((i * 7919) % 1009) / 1009 - 0.5))
  return { dtype: 'F32', shape, data }
}

async function writeModel(folder: string): Promise<void> {
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  const tensors = new Map<string, TensorData>()
  const { vocab_size: vocab, intermediate_size: ffn, num_hidden_layers: layers } = config
  const ones = { dtype: 'F32' as const, shape: [hidden], data: new Float32Array(hidden).fill(1) }
  tensors.set('model.embed_tokens.weight', random(vocab, hidden))
  tensors.set('model.norm.weight', ones)
  for (let i = 0; i < layers; i++) {
    const put = (name: string, tensor: TensorData) => tensors.set(`model.layers.${i}.${name}.weight`, tensor)
    for (const name of ['input_layernorm', 'post_attention_layernorm']) put(name, ones)
    for (const name of ['q_proj', 'o_proj']) put(`self_attn.${name}`, random(hidden, hidden))
    for (const name of ['k_proj', 'v_proj']) put(`self_attn.${name}`, random(hidden / 2, hidden))
    for (const name of ['gate_proj', 'up_proj']) put(`mlp.${name}`, random(ffn, hidden))
    put('mlp.down_proj', random(hidden, ffn))
  }
  await writeSafetensors(join(folder, 'model.safetensors'), tensors)
}

interface Job {
  backend: 'webgpu' | 'wasm'
  threads: number | undefined
  prompt: number[]
}

/** In the page. */
async function watched(job: Job, page: Page) {
  const { load } = await page.import<typeof Runtime>('/dist/runtime.js')
  const tasks: [from: number, ms: number][] = []
  const note = (entries: PerformanceEntryList) => {
    for (const e of entries) tasks.push([e.startTime, e.duration])
  }
  const observer = new PerformanceObserver((list) => note(list.getEntries()))
  observer.observe({ type: 'longtask', buffered: true })
  const began = performance.now()
  const { backend, threads } = job
  const model = await load(new URL('bundle/', page.url), { backend, threads, tokenizer: false })
  const loaded = performance.now()
  const ids: number[] = []
  for await (const id of model.generateIds(job.prompt, { maxTokens: 8, temperature: 0 })) ids.push(id)
  const done = performance.now()
  // Entries are queued after their task.
  await new Promise((resolve) => setTimeout(resolve, 300))
  note(observer.takeRecords())
  const { timeToFirstToken: first } = model.stats!
  const { variant } = model
  model.destroy()
  const within = (from: number, to: number) =>
    tasks.filter(([at]) => at >= from && at < to).map(([, ms]) => ms)
  return { variant, ids, first, loading: within(began, loaded), generating: within(loaded, done) }
}

interface Pairs {
  prompt: number[]
  pairs: number
  partMs: number
}

/** Of one prompt: the longest submit and the longest gap between frames in milliseconds, submits, tokens a second. */
interface Read {
  longest: number
  gap: number
  submits: number
  perSecond: number
  ids: number[]
}

/** In the page. */
async function paired({ prompt, pairs, partMs }: Pairs, page: Page) {
  const { load } = await page.import<typeof Runtime>('/dist/runtime.js')
  let waits: number[] = []
  let idle = 0
  const { submit } = GPUQueue.prototype
  // An empty one only makes the browser look.
  GPUQueue.prototype.submit = function (list) {
    submit.call(this, list)
    const sent = performance.now()
    if ((list as GPUCommandBuffer[]).length === 0) return
    this.onSubmittedWorkDone().then(() => {
      const now = performance.now()
      waits.push(now - Math.max(sent, idle))
      idle = now
    })
  }
  // Something to draw in each frame.
  const box = document.body.appendChild(document.createElement('div'))
  box.style.cssText = 'width: 300px; height: 300px'
  let gaps: number[] = []
  let last = 0
  const frame = (now: number) => {
    if (last) gaps.push(now - last)
    last = now
    box.style.background = `hsl(${now % 360}, 50%, 50%)`
    requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
  const ways: { partMs: number | false }[] = [{ partMs: false }, { partMs }]
  const models: Runtime.Model[] = []
  for (const way of ways)
    models.push(
      await load(new URL('bundle/', page.url), {
        ...{ backend: 'webgpu', tokenizer: false, record: false, adapt: 'off' },
        ...way,
      }),
    )
  const read = async (i: number): Promise<Read> => {
    const model = models[i]!
    await new Promise((resolve) => setTimeout(resolve, 300))
    waits = []
    gaps = []
    const ids: number[] = []
    for await (const id of model.generateIds(prompt, { maxTokens: 1, temperature: 0 })) ids.push(id)
    const perSecond = (prompt.length * 1000) / model.stats!.timeToFirstToken
    await new Promise((resolve) => setTimeout(resolve, 50))
    const [longest, gap] = [Math.max(...waits), Math.max(...gaps)]
    return { longest, gap, submits: waits.length, perSecond, ids }
  }
  const rounds: Read[][] = []
  // The first teaches how long kernels take.
  for (let i = 0; i <= pairs; i++) {
    const order = i % 2 ? [1, 0] : [0, 1]
    const round: Read[] = []
    for (const way of order) round[way] = await read(way)
    rounds.push(round)
  }
  for (const model of models) model.destroy()
  return rounds
}

const folder = mkdtempSync(join(tmpdir(), 'wgc-longtasks-'))
const KINDS: Record<string, [Job['backend'], number | undefined]> = {
  wasm: ['wasm', 0],
  'wasm-threads': ['wasm', undefined],
  webgpu: ['webgpu', undefined],
}
try {
  await writeModel(folder)
  await build({ model: folder, targets: ['chrome'], out: join(folder, 'bundle'), context: 2048 })
  const site = await serve({ '/dist': options.dist, '/bundle': join(folder, 'bundle') })
  const engine = await openBrowser('chromium')
  const prompt = Array.from({ length: Number(options.prompt) }, (_, i) => 3 + ((i * 7919) % 990))
  const said = (ms: number[]) =>
    ms.length ? `${ms.length} above 50 ms, the longest ${Math.max(...ms).toFixed(0)} ms` : 'none above 50 ms'
  const pairs = Number(options.pairs)
  try {
    if (pairs) {
      const job = { prompt, pairs, partMs: Number(options.part) }
      const [first, ...rounds] = await engine.run(site, paired, job, { timeout: 600_000 })
      const line = (r: Read) =>
        `longest submit ${r.longest.toFixed(0)} ms of ${r.submits}, longest gap between frames ${r.gap.toFixed(0)} ms, ${r.perSecond.toFixed(1)} tokens/s`
      const ways = ['whole', 'parts'] as const
      ways.forEach((way, i) => {
        console.log(`first prompt, ${way}: ${line(first![i]!)}`)
      })
      for (const round of rounds) console.log(ways.map((way, i) => `${way}: ${line(round[i]!)}`).join('; '))
      const ratios = rounds.map(([whole, parts]) => parts!.perSecond / whole!.perSecond).sort((a, b) => a - b)
      const all = [first!, ...rounds].flat().map((r) => r.ids.join())
      console.log(
        `tokens a second in parts, of those in whole steps: ${ratios.map((r) => r.toFixed(3)).join(', ')}; ids ${new Set(all).size === 1 ? 'the same' : 'DIFFER'}`,
      )
    }
    for (const kind of pairs ? [] : options.backends.split(',')) {
      const [backend, threads] = KINDS[kind] ?? []
      if (!backend) throw new Error(`--backends ${kind}: there are ${Object.keys(KINDS)}`)
      const job: Job = { backend, threads, prompt }
      const r = await engine.run(site, watched, job, { timeout: 300_000 })
      console.log(
        `${kind} (${r.variant}): loading ${said(r.loading)}; generating ${said(r.generating)}; first token after ${r.first.toFixed(0)} ms; ${r.ids}`,
      )
    }
  } finally {
    await engine.close()
    await site.close()
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
