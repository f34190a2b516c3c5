/** Threads of Node as the runtime's workers. */
import { Worker } from 'node:worker_threads'
import type { WorkerFactory, WorkerLike } from '../../runtime/index.js'

/** Made by `npm run build`. */
const ENTRY = new URL('./wasm-worker-node.js', import.meta.url)

/** A factory whose workers run `entry`. */
export const nodeWorkers =
  (entry: URL = ENTRY): WorkerFactory =>
  () => {
    const worker = new Worker(entry)
    const like: WorkerLike = {
      postMessage: (message) => worker.postMessage(message),
      terminate: () => worker.terminate(),
      onmessage: null,
      onerror: null,
    }
    worker.on('message', (data) => like.onmessage?.({ data }))
    worker.on('error', ({ message }) => like.onerror?.({ message }))
    worker.on('exit', (code) => like.onerror?.({ message: `it ended with code ${code}` }))
    return like
  }
