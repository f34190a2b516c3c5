/** TensorFlow.js on its wasm backend, XNNPACK: products of float matrices. */
import type { Matrix } from '../onnx.js'
import { type Contest, contest, random } from './contest.js'

interface Tensor {
  dispose(): void
  dataSync(): Float32Array
}
interface Tf {
  wasm?: Tf
  version_core: string
  setWasmPaths(folder: string): void
  setThreadsCount(n: number): void
  getThreadsCount(): number
  setBackend(name: string): Promise<boolean>
  ready(): Promise<void>
  tensor2d(data: Float32Array, shape: [number, number]): Tensor
  matMul(a: Tensor, b: Tensor): Tensor
}

const script = (src: string) =>
  new Promise<void>((done, failed) => {
    const tag = document.createElement('script')
    Object.assign(tag, { src, onload: () => done(), onerror: () => failed(new Error(src)) })
    document.head.append(tag)
  })

export async function open(url: string, threads: number): Promise<Contest> {
  await script(`${url}peers/@tensorflow/tfjs-core/dist/tf-core.min.js`)
  const backend = `${url}peers/@tensorflow/tfjs-backend-wasm/dist/`
  await script(`${backend}tf-backend-wasm.min.js`)
  const { tf } = globalThis as unknown as { tf: Tf }
  const settings = tf.wasm ?? tf
  settings.setWasmPaths(backend)
  settings.setThreadsCount(threads)
  await tf.setBackend('wasm')
  await tf.ready()
  const tensor = (rows: number, columns: number) => tf.tensor2d(random(rows * columns), [rows, columns])
  return contest({
    about: { version: tf.version_core, threads: settings.getThreadsCount() },
    async load(work, files) {
      if (work.kind === 'model') {
        const matrices = JSON.parse(files.matrices!) as Matrix[]
        const ws = matrices.map(([, , N, K]) => tensor(K, N))
        const head = JSON.parse(files.head!) as [number, number]
        const logits = tensor(head[1], head[0])
        const last = tensor(1, head[1])
        const xs = [work.prompt, 1].map((rows) => tensor(rows, matrices[0]![3]))
        const pass = (x: Tensor) => {
          const made: Record<string, Tensor> = { x }
          matrices.forEach(([name, from], i) => {
            made[name] = tf.matMul(made[from]!, ws[i]!)
          })
          const out = tf.matMul(last, logits)
          out.dataSync()
          out.dispose()
          for (const [name, t] of Object.entries(made)) if (name !== 'x') t.dispose()
        }
        return {
          async run() {
            const start = performance.now()
            pass(xs[0]!)
            const then = performance.now()
            for (let i = 0; i < work.decode; i++) pass(xs[1]!)
            return { prefill: then - start, decode: (performance.now() - then) / work.decode }
          },
          close: async () => {
            for (const t of [...ws, ...xs, logits, last]) t.dispose()
          },
        }
      }
      const [a, b] = [tensor(work.M, work.K), tensor(work.K, work.N)]
      return {
        run: async () => {
          tf.matMul(a, b).dispose()
          return undefined
        },
        close: async () => {
          a.dispose()
          b.dispose()
        },
      }
    },
  })
}
