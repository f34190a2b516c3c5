/** Reference cases of whole models: a folder in Hugging Face's layout, inputs, and what transformers answered. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { create } from 'webgpu'
import { load, type Model } from '../../runtime/index.js'
import { type Driven, loadOnWgpu, missingForWgpu } from './wgpu.js'

export const GOLDENS = '../shared/goldens'

const DRIVER = '/usr/lib/chromium/vk_swiftshader_icd.json'
process.env.VK_DRIVER_FILES ??= DRIVER

export interface Values {
  shape: number[]
  data: number[]
}

const readers: Record<string, (view: DataView, at: number) => number> = {
  F32: (view, at) => view.getFloat32(at, true),
  I64: (view, at) => Number(view.getBigInt64(at, true)),
  I32: (view, at) => view.getInt32(at, true),
  U8: (view, at) => view.getUint8(at),
}

/** Every tensor of a small safetensors file, as numbers. */
export function readTensors(file: string): Record<string, Values> {
  const bytes = readFileSync(file)
  const length = Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >
  const view = new DataView(bytes.buffer, bytes.byteOffset + 8 + length)
  return Object.fromEntries(
    Object.entries(header)
      .filter(([name]) => name !== '__metadata__')
      .map(
        ([
          name,
          {
            dtype,
            shape,
            data_offsets: [from, to],
          },
        ]) => {
          const count = shape.reduce((n, d) => n * d, 1)
          const step = (to - from) / count
          const read = readers[dtype]
          if (!read) throw new TypeError(`${file}: ${name} is of type ${dtype}`)
          return [name, { shape, data: Array.from({ length: count }, (_, i) => read(view, from + i * step)) }]
        },
      ),
  )
}

/** Tensors whose names begin so, without the beginning. */
export const part = (io: Record<string, Values>, prefix: string): Record<string, Values> =>
  Object.fromEntries(
    Object.entries(io)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, values]) => [name.slice(prefix.length), values]),
  )

/** Dawn and wgpu are WebGPU, each on the software driver that it takes. Dawn's takes half a minute for a model. */
export type Backend = 'wasm' | 'dawn' | 'wgpu'

const MISSING: Record<Backend, () => string[]> = {
  wasm: () => [],
  dawn: () => [process.env.VK_DRIVER_FILES!].filter((file) => !existsSync(file)),
  wgpu: missingForWgpu,
}

/** Those of the backends that can run here; says aloud which can't. */
export function backendsHere<B extends Backend>(...wanted: B[]): B[] {
  return wanted.filter((backend) => {
    const missing = MISSING[backend]()
    if (missing.length > 0)
      console.warn(`SKIPPED: models on ${backend}: there is no ${missing.join(', no ')}`)
    return missing.length === 0
  })
}

let gpu: GPU | undefined

/** A bundle's model on a backend of this machine. */
export function loadBundle(folder: string, backend: 'wasm' | 'dawn'): Promise<Model>
export function loadBundle(folder: string, backend: Backend): Promise<Driven>
export function loadBundle(folder: string, backend: Backend): Promise<Driven> {
  if (backend === 'wgpu') return loadOnWgpu(folder)
  gpu ??= create([])
  const source = { read: async (file: string) => new Uint8Array(readFileSync(join(folder, file))) }
  const on = backend === 'dawn' ? ({ backend: 'webgpu', gpu } as const) : ({ backend, gpu: null } as const)
  return load(source, { ...on, tokenizer: false })
}

const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length

/** Largest difference, in standard deviations of what is expected. */
export function deviation(actual: ArrayLike<number>, expected: number[]): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY
  const m = mean(expected)
  const spread = Math.sqrt(mean(expected.map((x) => (x - m) ** 2)))
  const most = expected.reduce((worst, x, i) => Math.max(worst, Math.abs(actual[i]! - x)), 0)
  return most / spread
}

export async function greedily(model: Driven, prompt: number[], maxTokens: number): Promise<number[]> {
  const ids = [...prompt]
  for await (const id of model.generateIds(prompt, { maxTokens, temperature: 0 })) ids.push(id)
  return ids
}
