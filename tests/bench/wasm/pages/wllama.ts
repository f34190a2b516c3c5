/** wllama: llama.cpp in wasm, on processors or WebGPU, timed by its own clock, which leaves out what the page does. */
import { promptText } from '../prompt.js'
import { GPU } from '../rows.js'
import { type Contest, contest } from './contest.js'

interface Timings {
  prompt_n: number
  prompt_ms: number
  predicted_n: number
  predicted_per_token_ms: number
}
interface Wllama {
  loadModel(blobs: Blob[], params: object): Promise<void>
  createCompletion(params: object): Promise<{ timings: Timings }>
  getNumThreads(): number
  isMultithread(): boolean
  isSupportWebGPU(): boolean
  exit(): Promise<void>
}
interface Package {
  Wllama: (new (paths: { default: string }, config: object) => Wllama) & { getLibllamaVersion(): string }
}

/** What llama.cpp says of the device that computes. */
const TOLD = /webgpu|offloaded|not supported/i
const told = new Set<string>()
const note = (...words: unknown[]) => {
  const line = words.join(' ')
  if (TOLD.test(line) && told.size < 12) told.add(line.slice(0, 200))
}
const quiet = { debug: note, log: note, warn: note, error: console.error }

export async function open(url: string, threads: number): Promise<Contest> {
  const folder = `${url}peers/@wllama/wllama/esm/`
  const { Wllama } = (await import(`${folder}index.js`)) as Package
  return contest({
    about: {
      ...{ version: Wllama.getLibllamaVersion(), threads },
      get log() {
        return [...told]
      },
    },
    async load(work, files) {
      if (work.kind !== 'model') throw new Error('wllama runs models')
      const wllama = new Wllama({ default: `${folder}wasm/wllama.wasm` }, { logger: quiet })
      if (threads === GPU && !wllama.isSupportWebGPU()) throw new Error('wllama has no WebGPU here')
      const blob = await (await fetch(`${url}out/${files.gguf}`)).blob()
      await wllama.loadModel([blob], {
        ...{
          n_threads: Math.max(threads, 1),
          n_ctx: Math.max(1024, work.prompt + work.decode + 16),
          n_gpu_layers: threads === GPU ? 999 : 0,
          n_batch: 512,
          n_ubatch: 512,
          warmup: true,
          log_level: 1,
        },
      })
      let turn = 0
      return {
        async run() {
          const { timings } = await wllama.createCompletion({
            ...{ prompt: promptText(work.prompt, turn), max_tokens: work.decode + 1, temperature: 0 },
            ...{ ignore_eos: true, cache_prompt: false, seed: turn++ },
          })
          if (timings.prompt_n !== work.prompt) throw new Error(`a prompt of ${timings.prompt_n} tokens`)
          return { prefill: timings.prompt_ms, decode: timings.predicted_per_token_ms }
        },
        close: () => wllama.exit(),
      }
    },
  })
}
