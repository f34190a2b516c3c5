/** Workers for tests in Node, of the built package; and bundles whose kernels they may call. */
import { pathToFileURL } from 'node:url'
import { nodeWorkers } from '../../compiler/cli/node-workers.js'
import { withSharedMemory } from '../../compiler/toolchain/index.js'
import type { WorkerFactory, WorkerLike } from '../../runtime/index.js'
import { type Bundle, putFile, tinyBundle, tinyModule } from './tiny-bundle.js'

/** Needs `freshDist()`. */
export const workers = nodeWorkers(pathToFileURL('dist/cli/wasm-worker-node.js'))

/** The tiny bundle with a variant for threads, which is the best there is for the CPU. */
export async function threadedBundle(edit: (bundle: Bundle) => void = () => {}): Promise<Bundle> {
  const bundle = await tinyBundle()
  putFile(bundle, 'code-threads.wasm', withSharedMemory(tinyModule))
  const { cpu } = bundle.manifest.variants
  bundle.manifest.variants.threads = { ...cpu!, features: ['threads'], code: 'code-threads.wasm' }
  bundle.manifest.targets.any = ['gpu', 'threads', 'cpu']
  edit(bundle)
  putFile(bundle, 'plan-cpu.json', bundle.plans.wasm)
  return bundle
}

/** A factory that keeps its workers, and can make them behave as broken ones do. */
export function watched(factory: WorkerFactory = workers) {
  const made: { worker: WorkerLike; ended: Promise<void> }[] = []
  const start: WorkerFactory = (url) => {
    const worker = factory(url)
    let end = () => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    // Between Node's worker and the runtime.
    const like: WorkerLike = {
      postMessage: (m) => worker.postMessage(m),
      terminate: () => worker.terminate(),
      onmessage: null,
      onerror: null,
    }
    worker.onmessage = (e) => like.onmessage?.(e)
    worker.onerror = (e) => {
      end()
      like.onerror?.(e)
    }
    made.push({ worker, ended })
    return like
  }
  return { start, made }
}
