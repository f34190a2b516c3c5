/** What a page does for a GPU that is used from afar (`remote.ts`). Sent as its source: it may use nothing of this file. */

/** What an argument may be: plain data, an object of the page (`ref`), or bytes that were sent (`words`). */
export type Argument = unknown

/** Object, method (`queue.submit` is a method of its queue), arguments, and the number that its result gets. */
export type Call = [object: number, method: string, args: Argument[], result: number]

export interface Request {
  /** New arrays of 32-bit words, in base64. */
  words: [key: number, text: string][]
  calls: Call[]
  /** Waited for, after all calls. */
  last: Call
  /** Where the clock starts: before this call. */
  timedFrom: number
  /** What to tell of the result. */
  tell: 'adapter' | 'bytes' | 'nothing'
}

/** An adapter as plain data. */
export interface AdapterData {
  features: string[]
  language: string[]
  limits: Record<string, number>
  info: Record<string, unknown>
}

export interface Reply {
  ms: number
  adapter?: AdapterData | undefined
  /** In base64: what was mapped. */
  bytes?: string
}

/** Serves one request. Rejects with what WebGPU throws. */
export async function serve({ words, calls, last, timedFrom, tell }: Request): Promise<Reply> {
  // biome-ignore lint/suspicious/noExplicitAny: whatever WebGPU has
  type Objects = Map<number, any>
  const home = globalThis as { remote?: { objects: Objects; arrays: Map<number, Uint32Array> } }
  home.remote ??= { objects: new Map([[0, navigator.gpu]]), arrays: new Map() }
  const { objects, arrays } = home.remote
  for (const [key, text] of words) {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0))
    arrays.set(key, new Uint32Array(bytes.buffer))
  }
  // Encoders and what they make are used up by the end of a request.
  const passing: Objects = new Map()
  const isPassing = (method: string) => /^(createCommandEncoder|beginComputePass|finish)$/.test(method)
  const find = (number: number) => passing.get(number) ?? objects.get(number)
  const real = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(real)
    if ('ref' in value) return find(value.ref as number)
    if ('words' in value) return arrays.get(value.words as number)
    return Object.fromEntries(Object.entries(value).map(([name, v]) => [name, real(v)]))
  }
  const make = ([object, path, args]: Call) => {
    const [method = '', ...owners] = path.split('.').reverse()
    const owner = owners.reverse().reduce((o, name) => o[name], find(object))
    return owner[method](...args.map(real))
  }
  let began = performance.now()
  calls.forEach((call, i) => {
    if (i === timedFrom) began = performance.now()
    const made = make(call)
    const [, method, , result] = call
    if (result > 0) (isPassing(method) ? passing : objects).set(result, made)
    if (method === 'destroy') objects.delete(call[0])
  })
  const made = await make(last)
  const ms = performance.now() - began
  if (last[3] > 0) objects.set(last[3], made)
  if (tell === 'bytes') {
    const [, offset, size] = last[2] as [number, number?, number?]
    const mapped = new Uint8Array(find(last[0]).getMappedRange(offset, size))
    let text = ''
    for (let i = 0; i < mapped.length; i += 8192) text += String.fromCharCode(...mapped.subarray(i, i + 8192))
    return { ms, bytes: btoa(text) }
  }
  if (tell === 'nothing' || !made) return { ms }
  const plain = (object: object) => {
    const found: Record<string, unknown> = {}
    for (const name in object) {
      const value = object[name as never] as unknown
      if (['string', 'number', 'boolean'].includes(typeof value)) found[name] = value
    }
    return found
  }
  const { features, limits, info } = made as GPUAdapter
  const configs = (info as { subgroupMatrixConfigs?: Iterable<object> }).subgroupMatrixConfigs
  const adapter = {
    features: [...features],
    language: [...navigator.gpu.wgslLanguageFeatures],
    limits: plain(limits) as Record<string, number>,
    info: { ...plain(info), ...(configs && { subgroupMatrixConfigs: [...configs].map(plain) }) },
  }
  return { ms, adapter }
}
