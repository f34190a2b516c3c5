/** onnxruntime-web on its wasm backend, or on WebGPU. */
import { GPU } from '../rows.js'
import { type Contest, contest, random } from './contest.js'

interface Tensor {
  getData(release?: boolean): Promise<unknown>
  dispose(): void
}
interface Session {
  run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>>
  release(): Promise<void>
}
interface Ort {
  env: {
    versions: Record<string, string>
    logLevel: string
    wasm: { wasmPaths: string; numThreads: number }
  }
  InferenceSession: { create(bytes: Uint8Array, options: object): Promise<Session> }
  Tensor: new (type: 'float32', data: Float32Array, dims: number[]) => Tensor
}

export async function open(url: string, threads: number): Promise<Contest> {
  const folder = `${url}peers/onnxruntime-web/dist/`
  const ort = (await import(`${folder}ort.${threads === GPU ? 'webgpu' : 'wasm'}.min.mjs`)) as Ort
  ort.env.wasm.wasmPaths = folder
  ort.env.wasm.numThreads = Math.max(threads, 1)
  ort.env.logLevel = 'error'
  const session = async (file: string, stay = false) => {
    const bytes = new Uint8Array(await (await fetch(`${url}out/${file}`)).arrayBuffer())
    return ort.InferenceSession.create(bytes, {
      executionProviders: [threads === GPU ? 'webgpu' : 'wasm'],
      graphOptimizationLevel: 'all',
      intraOpNumThreads: Math.max(threads, 1),
      // Outputs that nobody wants are not to be read back.
      ...(stay && { preferredOutputLocation: 'gpu-buffer' }),
    })
  }
  const tensor = (dims: number[]) => new ort.Tensor('float32', random(dims.reduce((a, b) => a * b, 1)), dims)
  return contest({
    about: { version: ort.env.versions.web, threads },
    async load(work, files) {
      if (work.kind === 'model') {
        const made = await session(files.onnx!, threads === GPU)
        const hidden = Number(files.hidden)
        const [xs, x] = [tensor([work.prompt, hidden]), tensor([1, hidden])]
        const pass = async (x: Tensor) => {
          const out = await made.run({ x })
          await out.logits!.getData()
          for (const t of Object.values(out)) t.dispose()
        }
        return {
          async run() {
            const start = performance.now()
            await pass(xs)
            const then = performance.now()
            for (let i = 0; i < work.decode; i++) await pass(x)
            return { prefill: then - start, decode: (performance.now() - then) / work.decode }
          },
          close: () => made.release(),
        }
      }
      const { M, N, K } = work
      const made = await session(files.onnx!)
      const feeds: Record<string, Tensor> =
        work.kind === 'linear' ? { x: tensor([M, K]) } : { a: tensor([M, K]), b: tensor([K, N]) }
      return {
        run: async () => {
          await made.run(feeds)
          return undefined
        },
        close: () => made.release(),
      }
    },
  })
}
