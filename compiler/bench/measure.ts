/** Measures variants of a bundle on this machine: each loaded once, then in turns, so that what else runs meets all alike. */
import type { Manifest } from '../../runtime/format.js'
import { load as loadModel, type Model, UnsupportedError } from '../../runtime/index.js'
import type { LoadOptions } from '../../runtime/options.js'
import type { Source } from '../../runtime/source.js'
import { median } from '../tune/clock.js'
import { spreadOf } from './verdict.js'
import { type Watched, watch } from './watch.js'
import { differenceOf, type Work, workOf } from './work.js'

export interface MeasureOptions {
  manifest: Manifest
  source: () => Source
  /** Ids, the first is what others are compared with. */
  variants: readonly string[]
  /** Undefined: none is asked. */
  gpu: GPU | undefined
  load: Pick<LoadOptions, 'threads' | 'worker'>
  /** Tokens of the prompt, tokens to generate after it, rounds of all variants. */
  prompt: number
  tokens: number
  rounds: number
  signal?: AbortSignal | undefined
  onProgress?: ((done: number, total: number) => void) | undefined
}

export interface Metric {
  name: string
  unit: string
  /** Median of the rounds. */
  value: number
  /** See `spreadOf`. */
  spread?: number | undefined
  values: number[]
}

export interface VariantResult {
  variant: string
  backend: 'webgpu' | 'wasm'
  /** Workers that compute; 0: the GPU does, or the calling thread. */
  threads: number
  metrics: Metric[]
  /** How its results differ from the first variant's; undefined where they don't. */
  differs?: string | undefined
  info?: GPUAdapterInfo | undefined
}

export interface Measured {
  results: VariantResult[]
  /** Variants that did not load here, and why. */
  refused: { variant: string; why: string }[]
  /** What was measured: `prompt 512, 64 tokens`. */
  work: string
}

interface Loaded {
  id: string
  model: Model
  work: Work
  seen: Watched | undefined
  values: Map<string, { unit: string; values: number[] }>
  output: Awaited<ReturnType<Work['run']>>['output'] | undefined
}

const since = (from: number) => performance.now() - from

/** When a source was first and last read. */
function timed(source: Source): { source: Source; times: { from: number; until: number } } {
  const times = { from: 0, until: 0 }
  return {
    times,
    source: {
      async read(name, options) {
        times.from ||= performance.now()
        const body = await source.read(name, options)
        if (body instanceof Uint8Array) {
          times.until = performance.now()
          return body
        }
        const passing = new TransformStream<Uint8Array, Uint8Array>({
          flush: () => {
            times.until = performance.now()
          },
        })
        return body.pipeThrough(passing)
      },
    },
  }
}

/** Loads a variant and runs it once, cold. */
async function open(id: string, options: MeasureOptions): Promise<Loaded> {
  const { manifest, signal } = options
  const { backend } = manifest.variants[id]!
  const seen = backend === 'webgpu' && options.gpu ? watch(options.gpu) : undefined
  const { source, times } = timed(options.source())
  const began = performance.now()
  const model = await loadModel(source, {
    ...options.load,
    ...{ variant: id, backend, gpu: seen?.gpu ?? null, tokenizer: false, signal },
  })
  try {
    const values: Loaded['values'] = new Map()
    const put = (name: string, ms: number) => values.set(name, { unit: 'ms', values: [ms] })
    put('load', since(began))
    put('load: read', times.until - times.from)
    if (seen) {
      put('load: pipelines', seen.pipelines.until - seen.pipelines.from)
      put('load: upload after reading', Math.max(seen.uploaded - times.until, 0))
    }
    const work = await workOf(model, options)
    const { cold } = await work.run(signal)
    put(work.generates ? 'load and first token' : 'load and first run', values.get('load')!.values[0]! + cold)
    const bytes = seen?.bytes ?? manifest.variants[id]!.memory
    values.set('memory', { unit: 'bytes', values: [bytes] })
    return { id, model, work, seen, values, output: undefined }
  } catch (e) {
    model.destroy()
    throw e
  }
}

async function round(l: Loaded, signal: AbortSignal | undefined): Promise<void> {
  l.seen?.clear()
  const { metrics, output, steps } = await l.work.run(signal)
  l.output ??= output
  const put = (name: string, unit: string, value: number) => {
    if (!l.values.has(name)) l.values.set(name, { unit, values: [] })
    l.values.get(name)!.values.push(value)
  }
  for (const [name, unit, value] of metrics) put(name, unit, value)
  // The last steps are tokens' own; those of the prompt stand before them.
  const own = l.seen?.steps.slice(-steps)
  if (own?.length) put('host time of a step', 'µs', 1000 * median(own))
}

/** @throws what the runtime does, but for variants that can't run here: they are listed as refused */
export async function measure(options: MeasureOptions): Promise<Measured> {
  const { variants, rounds, signal, onProgress } = options
  const refused: Measured['refused'] = []
  const loaded: Loaded[] = []
  const total = variants.length * (rounds + 1)
  let done = 0
  const step = () => onProgress?.(++done, total)
  try {
    for (const id of variants) {
      try {
        loaded.push(await open(id, options))
      } catch (e) {
        if (!(e instanceof UnsupportedError) || variants.length === 1) throw e
        refused.push({ variant: id, why: e.message.split('\n')[0]! })
        done += rounds
      }
      step()
    }
    for (let i = 0; i < rounds; i++)
      // Another one begins each round.
      for (const at of loaded.keys()) {
        signal?.throwIfAborted()
        await round(loaded[(at + i) % loaded.length]!, signal)
        step()
      }
    const results = loaded.map((l): VariantResult => {
      const differs = differenceOf(loaded[0]!.output!, l.output!)
      return {
        ...{ variant: l.id, backend: l.model.backend, threads: l.model.threads, info: l.seen?.info },
        metrics: [...l.values].map(
          ([name, { unit, values }]): Metric => ({
            ...{ name, unit, value: median(values), spread: spreadOf(values), values },
          }),
        ),
        ...(differs !== undefined && { differs }),
      }
    })
    return { results, refused, work: loaded[0]?.work.name ?? '' }
  } finally {
    for (const { model } of loaded) model.destroy()
  }
}
