/** The weights of a Hugging Face folder: one safetensors file, or several with an index. */
import { basename, join } from 'node:path'
import { fail } from '../errors.js'
import type { Canonical, Kept } from '../formats/types.js'
import { isObject, shown } from './config.js'
import { exists, listFolder, readJsonObject } from './files.js'
import { nearest } from './nearest.js'
import { openSafetensors, type SafetensorsFile } from './safetensors.js'
import type { SafeDType } from './safetensors-header.js'

/** Tensors by name, wherever they are stored. */
export interface WeightSource {
  names(): string[]
  has(name: string): boolean
  /** WGC213, with the nearest names, for a tensor that isn't there; so do the rest. */
  shape(name: string): readonly number[]
  dtype(name: string): SafeDType
  /** File that holds it, for messages. */
  file(name: string): string
  /** Rows [from, to) as float32: see `SafetensorsFile`. */
  readRows(name: string, from: number, to: number): Promise<Float32Array>
  /** The format of ours that is nearest to the one it is stored in, which `type` names. */
  kept?(name: string): (Kept & { type: string }) | undefined
  /** Whole rows of a matrix in that format, where it takes them as they are stored. */
  readCodes?(name: string, from: number, to: number): Promise<Canonical>
}

export interface OpenWeights extends WeightSource {
  close(): Promise<void>
}

export const SINGLE = 'model.safetensors'
export const INDEX = 'model.safetensors.index.json'

const KEPT: Partial<Record<SafeDType, Kept>> = {
  F32: { format: 'f32', group: 1, how: 'exact' },
  F16: { format: 'f16', group: 1, how: 'exact' },
  BF16: { format: 'f16', group: 1, how: 'requantised' },
  F64: { format: 'f32', group: 1, how: 'requantised' },
}

/** Weights of the files that hold each name. `whole` is what messages about missing tensors name. */
function weightSource(
  whole: string,
  fileOf: ReadonlyMap<string, SafetensorsFile>,
  files: SafetensorsFile[],
): OpenWeights {
  const find = (name: string): SafetensorsFile =>
    fileOf.get(name) ?? fail('WGC213', [name, nearest(name, fileOf.keys())], { place: { file: whole } })
  return {
    names: () => [...fileOf.keys()],
    has: (name) => fileOf.has(name),
    shape: (name) => find(name).tensors.get(name)!.shape,
    dtype: (name) => find(name).tensors.get(name)!.dtype,
    file: (name) => find(name).path,
    readRows: async (name, from, to) => find(name).readRows(name, from, to),
    kept(name) {
      const type = find(name).tensors.get(name)!.dtype
      const kept = KEPT[type]
      return kept && { ...kept, type }
    },
    close: async () => {
      for (const file of files) await file.close()
    },
  }
}

/** The index's table of tensor to file, every file a plain name: an index must not reach out of its folder. */
async function readIndex(path: string): Promise<Map<string, string>> {
  const { weight_map: map } = await readJsonObject(path, '')
  const wrong = (why: string): never => fail('WGC216', [why], { place: { file: path } })
  if (!isObject(map)) return wrong('it has no weight_map')
  for (const [tensor, shard] of Object.entries(map)) {
    if (typeof shard !== 'string')
      return wrong(`weight_map gives ${shown(tensor)} ${shown(shard)}, not a file`)
    if (/[/\\:\0]/.test(shard) || basename(shard) !== shard || !shard.endsWith('.safetensors'))
      return wrong(`weight_map names ${shown(shard)}, which is not a .safetensors file beside it`)
  }
  return new Map(Object.entries(map) as [string, string][])
}

async function openShards(path: string, folder: string): Promise<OpenWeights> {
  const index = basename(path)
  const map = await readIndex(path)
  const shards = new Map<string, SafetensorsFile>()
  try {
    const hint = `${index} names it; download every part of the model`
    for (const shard of [...new Set(map.values())].sort())
      shards.set(shard, await openSafetensors(join(folder, shard), hint))
    const fileOf = new Map([...map].map(([tensor, shard]) => [tensor, shards.get(shard)!]))
    for (const [tensor, file] of fileOf)
      if (!file.tensors.has(tensor))
        fail('WGC216', [`weight_map says that ${basename(file.path)} holds ${shown(tensor)}, it does not`], {
          place: { file: path },
        })
    return weightSource(path, fileOf, [...shards.values()])
  } catch (e) {
    for (const file of shards.values()) await file.close()
    throw e
  }
}

/** Weights that other formats hold: named when there are no others. */
const OTHER_WEIGHTS = /\.(bin|onnx|pt|pth|h5|msgpack|ot|npz|safetensors)$/

/**
 * Opens the weights of a folder; WGC204 when it has none. `names`: names of a file, without `.safetensors`, the first
 * that is there counts.
 */
export async function openWeights(
  folder: string,
  names: readonly string[] = ['model'],
): Promise<OpenWeights> {
  for (const name of names) {
    const single = join(folder, `${name}.safetensors`)
    if (await exists(single)) {
      const file = await openSafetensors(single)
      return weightSource(single, new Map([...file.tensors.keys()].map((tensor) => [tensor, file])), [file])
    }
    const [stem, variant] = name.split('.')
    const index = join(folder, [stem, 'safetensors.index', ...(variant ? [variant] : []), 'json'].join('.'))
    if (await exists(index)) return openShards(index, folder)
  }
  const others = (await listFolder(folder)).filter((f) => OTHER_WEIGHTS.test(f))
  return fail('WGC204', [others.slice(0, 4), names[0]], { place: { file: folder } })
}

/** Weights of several folders as one: of each, its names behind a prefix. */
export function joinedWeights(parts: ReadonlyMap<string, OpenWeights>, whole: string): OpenWeights {
  const all = new Map<string, [OpenWeights, string]>()
  for (const [prefix, weights] of parts)
    for (const name of weights.names()) all.set(prefix + name, [weights, name])
  const find = (name: string): [OpenWeights, string] =>
    all.get(name) ?? fail('WGC213', [name, nearest(name, all.keys())], { place: { file: whole } })
  return {
    names: () => [...all.keys()],
    has: (name) => all.has(name),
    shape(name) {
      const [weights, own] = find(name)
      return weights.shape(own)
    },
    dtype(name) {
      const [weights, own] = find(name)
      return weights.dtype(own)
    },
    file(name) {
      const [weights, own] = find(name)
      return weights.file(own)
    },
    async readRows(name, from, to) {
      const [weights, own] = find(name)
      return weights.readRows(own, from, to)
    },
    kept(name) {
      const [weights, own] = find(name)
      return weights.kept?.(own)
    },
    async close() {
      for (const weights of parts.values()) await weights.close()
    },
  }
}

/** Whether a tensor can be read as one of another shape: a matrix's columns may be several axes in the file. */
function readsAs(actual: readonly number[], shape: readonly number[]): boolean {
  if (actual.length === shape.length) return actual.every((d, i) => d === shape[i])
  const columns = actual.slice(1).reduce((n, d) => n * d, 1)
  return shape.length === 2 && actual.length > 2 && actual[0] === shape[0] && columns === shape[1]
}

/** Throws WGC213 or WGC214 unless the tensor is there and of this shape, the axes after the first taken as one or not. */
export function checkTensor(weights: WeightSource, name: string, shape: readonly number[]): void {
  const actual = weights.shape(name)
  if (!readsAs(actual, shape)) fail('WGC214', [name, actual, shape], { place: { file: weights.file(name) } })
}
