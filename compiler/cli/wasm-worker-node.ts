/** The runtime's worker in a thread of Node, which has other names for a worker's messages. Started by node-workers.ts. */
import { parentPort } from 'node:worker_threads'
import '../../runtime/wasm-worker.js'

const port = parentPort!
const scope = Object.assign(globalThis as unknown as { onmessage: ((event: object) => void) | null }, {
  postMessage: (message: unknown) => port.postMessage(message),
  close: () => port.close(),
})
port.on('message', (data) => scope.onmessage?.({ data }))
