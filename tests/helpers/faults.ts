/**
 * A GPU that fails where it is told to. The function stands alone, so that its text runs in a page as well:
 * `load(url, { gpu: faulty(navigator.gpu, faults).gpu })`.
 */
export interface Fault {
  /**
   * The call before which it happens: of the device (`createBuffer` …), of its queue (`submit`, `writeBuffer`), or
   * `requestDevice`, `requestAdapter`.
   */
  call: string
  /** How many such calls go well first; of this device, unless the call is a request. */
  after: number
  /** Of the devices, in the order they are asked for. Default 0. */
  device?: number
  /**
   * lose: the device is destroyed.  refuse: null, or a rejection, comes of a request.  memory: an out-of-memory error.
   * invalid: a validation error.
   */
  what: 'lose' | 'refuse' | 'memory' | 'invalid'
  /** How many calls in a row. Default 1. */
  times?: number
}

export interface Faulty {
  gpu: GPU
  devices: GPUDevice[]
  /** Calls so far, as `device index + name`. */
  counts: Record<string, number>
  /** Faults that happened. */
  struck: Fault[]
}

export function faulty(gpu: GPU, faults: readonly Fault[]): Faulty {
  const devices: GPUDevice[] = []
  const counts: Record<string, number> = {}
  const struck: Fault[] = []
  /** Errors of scopes that are open: pushed with the scope, taken with it. */
  const noted = new Map<GPUDevice, { filter: GPUErrorFilter; error: GPUError | null }[]>()

  function due(call: string, device: number): Fault | undefined {
    const key = `${device} ${call}`
    const n = counts[key] ?? 0
    counts[key] = n + 1
    const found = faults.find(
      (f) => f.call === call && (f.device ?? 0) === device && n >= f.after && n < f.after + (f.times ?? 1),
    )
    if (found) struck.push(found)
    return found
  }

  function strike({ what }: Fault, device: GPUDevice): void {
    if (what === 'lose') {
      device.destroy()
      return
    }
    const name = what === 'memory' ? 'GPUOutOfMemoryError' : 'GPUValidationError'
    const error = Reflect.construct(Reflect.get(globalThis, name), [`injected ${what}`]) as GPUError
    const filter = what === 'memory' ? 'out-of-memory' : 'validation'
    const scope = noted.get(device)?.findLast((s) => s.filter === filter)
    if (scope) scope.error ??= error
    else device.onuncapturederror?.({ error } as GPUUncapturedErrorEvent)
  }

  function watch<T extends object>(target: T, names: string[], device: GPUDevice, index: number): void {
    for (const name of names) {
      const own = (Reflect.get(target, name) as (...args: unknown[]) => unknown).bind(target)
      const value = (...args: unknown[]) => {
        const fault = due(name, index)
        if (fault) strike(fault, device)
        return own(...args)
      }
      Object.defineProperty(target, name, { value, configurable: true })
    }
  }

  function scopes(device: GPUDevice): void {
    const open: { filter: GPUErrorFilter; error: GPUError | null }[] = []
    noted.set(device, open)
    const push = device.pushErrorScope.bind(device)
    const pop = device.popErrorScope.bind(device)
    Object.defineProperty(device, 'pushErrorScope', {
      value: (filter: GPUErrorFilter) => {
        open.push({ filter, error: null })
        push(filter)
      },
    })
    Object.defineProperty(device, 'popErrorScope', {
      value: async () => {
        const injected = open.pop()?.error
        return (await pop()) ?? injected ?? null
      },
    })
  }

  async function requestDevice(
    adapter: GPUAdapter,
    ask: GPUAdapter['requestDevice'],
    d?: GPUDeviceDescriptor,
  ) {
    const fault = due('requestDevice', 0)
    if (fault?.what === 'refuse')
      throw Object.assign(new Error('injected refusal'), { name: 'OperationError' })
    const device = await ask.call(adapter, d)
    const index = devices.push(device) - 1
    scopes(device)
    const making = ['createBuffer', 'createBindGroup', 'createShaderModule', 'createComputePipelineAsync']
    watch(device, [...making, 'createCommandEncoder'], device, index)
    watch(device.queue, ['submit', 'writeBuffer', 'onSubmittedWorkDone'], device, index)
    if (fault) strike(fault, device)
    return device
  }

  return {
    devices,
    counts,
    struck,
    gpu: {
      wgslLanguageFeatures: gpu.wgslLanguageFeatures,
      async requestAdapter(options?: GPURequestAdapterOptions) {
        if (due('requestAdapter', 0)) return null
        const adapter = await gpu.requestAdapter(options)
        if (!adapter) return null
        const ask = adapter.requestDevice
        const value = (d?: GPUDeviceDescriptor) => requestDevice(adapter, ask, d)
        Object.defineProperty(adapter, 'requestDevice', { value })
        return adapter
      },
    } as unknown as GPU,
  }
}
