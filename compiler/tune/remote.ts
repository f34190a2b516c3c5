/**
 * A GPU used from afar: as much of WebGPU as measurements take, whose calls are collected and sent when something is
 * waited for. Time is told by the other side, so that the way between counts for nothing.
 */
import type { Timed } from './clock.js'
import type { Argument, Call, Reply, Request } from './remote-page.js'

/** Methods that give nothing. */
const SILENT = new Set([
  ...['setPipeline', 'setBindGroup', 'dispatchWorkgroups', 'end', 'copyBufferToBuffer', 'resolveQuerySet'],
  ...['unmap', 'destroy'],
])

const REF = Symbol('number on the other side')

const numberOf = (value: object): number | undefined => (value as { [REF]?: number })[REF]

/** `send`: has a request served (`serve` of `remote-page.ts`) by what has the GPU, in the order of the calls. */
export function remoteGpu(send: (request: Request) => Promise<Reply>): { gpu: GPU; timed: Timed } {
  let calls: Call[] = []
  let words: Request['words'] = []
  let numbers = 0
  const sent = new WeakMap<object, number>()

  const encoded = (value: Argument): unknown => {
    if (typeof value !== 'object' || value === null) return value
    const ref = numberOf(value)
    if (ref !== undefined) return { ref }
    if (Array.isArray(value)) return value.map(encoded)
    if (value instanceof Uint32Array) {
      // What is written again and again is sent once.
      const key = sent.get(value) ?? ++numbers
      if (!sent.has(value)) {
        const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
        words.push([key, bytes.toString('base64')])
      }
      sent.set(value, key)
      return { words: key }
    }
    return Object.fromEntries(Object.entries(value).map(([name, v]) => [name, encoded(v)]))
  }
  const call = (object: number, method: string, args: Argument[], result = 0): Call => [
    ...([object, method, args.map(encoded), result] as const),
  ]
  const flush = async (last: Call, tell: Request['tell'], timedFrom = -1): Promise<Reply> => {
    const request = { calls, words, last, tell, timedFrom }
    calls = []
    words = []
    return send(request)
  }

  /** An object of the other side: `own` members, and every other name a method that is called later. */
  const remote = (number: number, own: Record<string, unknown> = {}): object =>
    new Proxy(
      { ...own, [REF]: number },
      {
        get(members, name) {
          // `then`: it is no promise.
          if (name in members || typeof name === 'symbol' || name === 'then')
            return members[name as keyof typeof members]
          return (...args: Argument[]) => {
            const result = SILENT.has(name) ? 0 : ++numbers
            calls.push(call(number, name, args, result))
            return result > 0 ? remote(result) : undefined
          }
        },
      },
    )

  const buffer = (number: number, size: number): object => {
    let mapped = new ArrayBuffer(0)
    return remote(number, {
      size,
      mapAsync: async (...args: number[]) => {
        const { bytes = '' } = await flush(call(number, 'mapAsync', args), 'bytes')
        mapped = new Uint8Array(Buffer.from(bytes, 'base64')).buffer
      },
      getMappedRange: () => mapped,
    })
  }

  const device = (number: number, features: readonly string[]): object =>
    remote(number, {
      features: new Set(features),
      queue: {
        writeBuffer: (...args: Argument[]) => calls.push(call(number, 'queue.writeBuffer', args)),
        submit: (...args: Argument[]) => calls.push(call(number, 'queue.submit', args)),
        onSubmittedWorkDone: () => flush(call(number, 'queue.onSubmittedWorkDone', []), 'nothing'),
      },
      createBuffer: (descriptor: GPUBufferDescriptor) => {
        const result = ++numbers
        calls.push(call(number, 'createBuffer', [descriptor], result))
        return buffer(result, descriptor.size)
      },
      createComputePipelineAsync: async (descriptor: Argument) => {
        const result = ++numbers
        await flush(call(number, 'createComputePipelineAsync', [descriptor], result), 'nothing')
        return remote(result)
      },
    })

  let language = new Set<string>()
  const gpu = {
    get wgslLanguageFeatures() {
      return language
    },
    requestAdapter: async (options: Argument) => {
      const number = ++numbers
      const { adapter } = await flush(call(0, 'requestAdapter', [options], number), 'adapter')
      if (!adapter) return null
      language = new Set(adapter.language)
      const { limits, info } = adapter
      return {
        ...{ limits, info, features: new Set(adapter.features) },
        requestDevice: async (descriptor: { requiredFeatures: string[] }) => {
          const result = ++numbers
          await flush(call(number, 'requestDevice', [descriptor], result), 'nothing')
          return device(result, descriptor.requiredFeatures)
        },
      }
    },
  }
  const timed: Timed = async (on, submit) => {
    const before = calls.length
    submit()
    const done = call(numberOf(on)!, 'queue.onSubmittedWorkDone', [])
    return (await flush(done, 'nothing', before)).ms
  }
  return { gpu: gpu as unknown as GPU, timed }
}
