/** One variant of a bundle in a page of its own: what its load, a prompt, its tokens and the page's frames take. */
import { type Watched, watch } from '../../../../compiler/bench/watch.js'
import { type Work, workOf } from '../../../../compiler/bench/work.js'
import { detect, load, type Model, selectVariant } from '../../../../runtime/index.js'

export interface LoadTimes {
  /** Milliseconds from the call: the first pipeline asked for, the last one ready, the last bytes known to be there, all. */
  asked: number
  compiled: number
  uploaded: number
  loaded: number
  pipelines: number
  bytes: number
  /** What `onEvent` was told. */
  events: string[]
  /** The variant that a page would take which names none. */
  usual: string | undefined
}

export interface RunTimes {
  /** Milliseconds to the first token. */
  first: number
  tokensPerSecond: number
  /** Milliseconds of the page's thread from an encoder to the end of its submission: the prompt's steps, and the median token's. */
  promptHost: number
  stepHost: number
  promptSteps: number
}

export interface Frames {
  /** Milliseconds: of the prompt, and the largest between two frames while it was read. */
  first: number
  largest: number
  /** The largest when nothing was computed. */
  idle: number
}

export interface Variants {
  about: Record<string, unknown>
  /** `selfTest`: whether the load tests the kernels. */
  load(bundle: string, variant: string, selfTest: boolean): Promise<LoadTimes>
  run(prompt: number, tokens: number): Promise<RunTimes>
  frames(prompt: number): Promise<Frames>
  close(): void
}

const median = (list: number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1] ?? 0

/** Times of the page's frames until `done`. */
async function framesUntil(done: Promise<unknown>): Promise<number[]> {
  const times = [performance.now()]
  let going = true
  const tick = () => {
    times.push(performance.now())
    if (going) requestAnimationFrame(tick)
  }
  requestAnimationFrame(tick)
  await done
  going = false
  times.push(performance.now())
  return times
}

const largestGap = (times: number[]): number => Math.max(...times.slice(1).map((t, i) => t - times[i]!), 0)

const FEATURES = ['shader-f16', 'subgroups', 'chromium-experimental-subgroup-matrix', 'timestamp-query']

export async function open(url: string): Promise<Variants> {
  const { gpu } = navigator
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' })
  if (!adapter) throw new Error(`no adapter: ${gpu ? 'requestAdapter gave none' : 'no navigator.gpu'}`)
  const { vendor, architecture, device, description } = adapter.info
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits
  const features = FEATURES.filter((f) => adapter.features.has(f as GPUFeatureName))
  let model: Model | undefined
  let seen: Watched | undefined
  const lengths = new Map<string, Work>()
  const run = async (prompt: number, tokens: number) => {
    const key = `${prompt} ${tokens}`
    const work = lengths.get(key) ?? (await workOf(model!, { prompt, tokens }))
    lengths.set(key, work)
    seen!.clear()
    const { metrics, cold, steps } = await work.run(undefined)
    const rate = metrics.find(([name]) => name === 'decode')?.[2] ?? 0
    const all = seen!.steps
    const own = tokens > 1 ? all.slice(-steps) : []
    const before = all.slice(0, all.length - own.length)
    return {
      ...{ first: cold, tokensPerSecond: rate, promptSteps: before.length },
      ...{ promptHost: before.reduce((a, b) => a + b, 0), stepHost: median(own) },
    }
  }
  return {
    about: {
      ...{ vendor, architecture, device, description, features, maxBufferSize, maxStorageBufferBindingSize },
    },
    async load(bundle, variant, selfTest) {
      seen = watch(gpu)
      const events: string[] = []
      const capabilities = await detect({ gpu: seen.gpu })
      const manifest = await (await fetch(`${url}out/${bundle}/manifest.json`)).json()
      const { variant: usual } = selectVariant(manifest, capabilities, { backend: 'webgpu' })
      const began = performance.now()
      model = await load(`${url}out/${bundle}/`, {
        ...{ gpu: seen.gpu, capabilities, backend: 'webgpu', variant, tokenizer: false, record: false },
        selfTest: selfTest ? 'always' : false,
        onEvent: (e) => events.push(JSON.stringify(e)),
      })
      const loaded = performance.now() - began
      const { pipelines, uploaded, bytes } = seen
      return {
        ...{ asked: pipelines.from - began, compiled: pipelines.until - began, loaded, bytes, events, usual },
        ...{ uploaded: Math.max(uploaded - began, 0), pipelines: pipelines.count },
      }
    },
    run,
    async frames(prompt) {
      const idle = largestGap(await framesUntil(new Promise((r) => setTimeout(r, 500))))
      const reading = run(prompt, 1)
      const largest = largestGap(await framesUntil(reading))
      return { idle, largest, first: (await reading).first }
    },
    close: () => model?.destroy(),
  }
}
