/** wgc in a page: bundles through the runtime, as an app has them. */
import type { Model } from '../../../../runtime/index.js'
import { promptIds, promptText } from '../prompt.js'
import { GPU, type MatrixWork, type ModelWork } from '../rows.js'
import { type Contest, contest, type Loaded, random } from './contest.js'

export async function open(url: string, threads: number): Promise<Contest> {
  const runtime = (await import(`${url}dist/runtime.js`)) as typeof import('../../../../runtime/index.js')
  const load = (folder: string) =>
    runtime.load(`${url}out/${folder}/`, {
      ...{ tokenizer: false, backend: threads === GPU ? 'webgpu' : 'wasm', integrity: 'off' },
      // One thread: the page's own. More: workers, while the page's thread waits.
      threads: threads > 1 ? threads : 0,
    })
  const variants = new Set<string>()
  return contest({
    about: {
      threads,
      get variants() {
        return [...variants]
      },
    },
    async load(work, files) {
      const model = await load(files.bundle!)
      variants.add(model.variant)
      return work.kind === 'model' ? generation(model, work) : matrix(model, work)
    },
  })
}

function matrix(model: Model, { kind, M, N, K }: MatrixWork): Loaded {
  const inputs = kind === 'linear' ? { x: random(M * K) } : { a: random(M * K), b: random(K * N) }
  // Two activations come from operators and go to others: they are put in once, and nothing is read back.
  let ready = kind === 'linear'
  return {
    async run() {
      if (!ready) await model.run(inputs, { program: 'forward' })
      if (kind === 'linear') await model.run(inputs, { program: 'forward' })
      else await model.run({}, { program: 'resident' })
      ready = true
      return undefined
    },
    close: async () => model.destroy(),
  }
}

function generation(model: Model, { prompt, decode }: ModelWork): Loaded {
  let turn = 0
  return {
    async run() {
      const ids = promptIds(promptText(prompt, turn++))
      // The first token comes with the prompt; the bundle has no token that ends a text.
      for await (const _ of model.generateIds(ids, { maxTokens: decode + 1, temperature: 0 })) {
      }
      const { tokens, timeToFirstToken, tokensPerSecond } = model.stats!
      if (tokens !== decode + 1) throw new Error(`${tokens} tokens`)
      return { prefill: timeToFirstToken, decode: 1000 / tokensPerSecond }
    },
    close: async () => model.destroy(),
  }
}
