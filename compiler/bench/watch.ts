/** What a load and the steps after it ask of WebGPU, and how long that takes the calling thread. */

/** Times are milliseconds of `performance.now()`. */
export interface Watched {
  gpu: GPU
  info: GPUAdapterInfo | undefined
  /** Pipelines asked for, and when the first was and the last was ready. */
  pipelines: { count: number; from: number; until: number }
  /** When bytes last left for the device or were known to have arrived there. */
  uploaded: number
  /** Bytes of the buffers that kernels bind. */
  bytes: number
  /** Of each step since the last call of `clear`: from its encoder to the end of its submission. */
  steps: number[]
  clear(): void
}

const STORAGE = 128

type Method = (...args: never[]) => unknown

/** Puts `around` in the place of a method of a native object. */
function wrap<T extends object, K extends keyof T>(
  target: T,
  name: K,
  around: (call: T[K] & Method) => T[K] & Method,
): void {
  const own = (target[name] as Method).bind(target) as T[K] & Method
  Object.defineProperty(target, name, { value: around(own), configurable: true })
}

/** A `GPU` whose devices are watched; one for each model. */
export function watch(gpu: GPU): Watched {
  const seen: Watched = {
    ...{ gpu, info: undefined, pipelines: { count: 0, from: 0, until: 0 }, uploaded: 0, bytes: 0, steps: [] },
    clear: () => {
      seen.steps = []
    },
  }
  const now = () => performance.now()
  const watchDevice = (device: GPUDevice): GPUDevice => {
    const { pipelines } = seen
    let encoding: number | undefined
    wrap(device, 'createComputePipelineAsync', (make) => async (descriptor) => {
      if (pipelines.count++ === 0) pipelines.from = now()
      const made = await make(descriptor)
      pipelines.until = now()
      return made
    })
    wrap(device, 'createBuffer', (make) => (descriptor) => {
      if (descriptor.usage & STORAGE) seen.bytes += descriptor.size
      return make(descriptor)
    })
    wrap(device, 'createCommandEncoder', (make) => (descriptor) => {
      encoding = now()
      return make(descriptor)
    })
    const { queue } = device
    wrap(queue, 'submit', (submit) => (buffers) => {
      const result = submit(buffers)
      if (encoding !== undefined) seen.steps.push(now() - encoding)
      encoding = undefined
      return result
    })
    wrap(queue, 'onSubmittedWorkDone', (wait) => async () => {
      const result = await wait()
      seen.uploaded = now()
      return result
    })
    return device
  }
  const requestAdapter: GPU['requestAdapter'] = async (options) => {
    const adapter = await gpu.requestAdapter(options)
    if (!adapter) return adapter
    seen.info = adapter.info
    wrap(adapter, 'requestDevice', (request) => async (descriptor) => watchDevice(await request(descriptor)))
    return adapter
  }
  const { wgslLanguageFeatures } = gpu
  seen.gpu = { requestAdapter, wgslLanguageFeatures } as GPU
  return seen
}
