/** Scripts that run in an engine: load a bundle with the built runtime and generate. */
import type * as Runtime from '../../runtime/index.js'
import type { Page } from './browsers.js'

export type Backend = 'webgpu' | 'wasm' | 'auto'

export interface GenerateJob {
  /** Path of the bundle in the site, with a slash at its end. */
  bundle: string
  backend: Backend
  prompts: number[][]
  maxTokens: number
}

/** Greedy ids of each prompt, what ran them, and milliseconds to load and to generate. */
export async function generateGreedily(job: GenerateJob, page: Page) {
  const { load } = await page.import<typeof Runtime>('/dist/runtime.js')
  const start = performance.now()
  const model = await load(new URL(job.bundle, page.url), { backend: job.backend, tokenizer: false })
  const loaded = performance.now()
  const ids: number[][] = []
  for (const prompt of job.prompts) {
    const out: number[] = []
    for await (const id of model.generateIds(prompt, { maxTokens: job.maxTokens, temperature: 0 }))
      out.push(id)
    ids.push(out)
  }
  const end = performance.now()
  const { backend, variant } = model
  model.destroy()
  return { ids, backend, variant, loading: Math.round(loaded - start), generating: Math.round(end - loaded) }
}
