// A worker of Node that answers its setup as one does whose instance cannot be made.
import { parentPort } from 'node:worker_threads'

parentPort.once('message', () => parentPort.postMessage({ failed: 'no room here' }))
