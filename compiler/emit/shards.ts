/**
 * Where every weight lies: regions in weight buffers, buffers cut into files. Pure, so that plan and memory map
 * are known before a byte is read; `shards-write.ts` fills the files.
 */
import { createHash } from 'node:crypto'
import type { Region } from '../../runtime/format.js'
import { fail } from '../errors.js'
import { groupOf, roundUp } from '../formats/formats.js'
import { layoutNamed } from '../formats/layouts.js'
import type { WeightFormatName, WeightSpec } from '../ir/graph.js'

/** A weight to be stored. */
export interface WeightItem {
  name: string
  spec: WeightSpec
  /**
   * Columns. 1: a vector, whose `spec.rows` count elements, stored without gaps as one row. A 1-D source of a
   * wider item is one row.
   */
  k: number
  /** Name of its layout. */
  layout: string
  /** Those of another part lie in other buffers, which can be left out. */
  part?: string
}

/** Values that the compiler made, stored as they are. */
export interface ConstItem {
  name: string
  part?: string
  data: Float32Array
}

export type PackItem = WeightItem | ConstItem

export interface ShardLimits {
  /** Bytes of a weight buffer. */
  buffer: number
  /** Bytes of a region: what one binding may show. */
  region: number
  /** Bytes of a file: a multiple of 256. */
  shard: number
}

const MIB = 1 << 20

/** The region's bound is WebGPU's least maxStorageBufferBindingSize, the buffer's its least maxBufferSize. */
export const SHARD_LIMITS: ShardLimits = { buffer: 256 * MIB, region: 128 * MIB, shard: 32 * MIB }

/** Regions of an item; `scale` where its format has scales. The buffer index counts this weight set's buffers. */
export interface ItemRegions {
  data: Region
  scale?: Region
}

/** A piece of a buffer that becomes a file. */
export interface Cut {
  buffer: number
  offset: number
  bytes: number
}

export interface ShardPlan {
  buffers: { bytes: number }[]
  /** By item name; items with the same content share their regions. */
  regions: Map<string, ItemRegions>
  cuts: Cut[]
  /** What is to be written, each content once, in the order of the regions. */
  parts: { item: PackItem; regions: ItemRegions }[]
}

/** What a storage buffer's binding offset must be a multiple of. */
const ALIGN = 256

export const isWeight = (item: PackItem): item is WeightItem => 'spec' in item

/** Format, group and the matrix [n, k] in which an item is packed: a vector is one row. */
export function packing({ name, spec, k }: WeightItem): {
  format: WeightFormatName
  group: number
  n: number
  k: number
} {
  const [from, to] = spec.rows
  const format = spec.format ?? fail('WGC901', [`weight ${name} has no format`])
  if (!(to > from && k > 0))
    fail('WGC901', [`weight ${name} is empty: rows ${from} to ${to} of ${k} columns`])
  const group = groupOf(format, spec.group)
  return k === 1 ? { format, group, n: 1, k: to - from } : { format, group, n: to - from, k }
}

function sizes(item: PackItem): { data: number; scale: number } {
  if (!isWeight(item)) return { data: item.data.byteLength, scale: 0 }
  const { format, group, n, k } = packing(item)
  const layout = layoutNamed(item.layout)
  if (!layout.formats.includes(format))
    fail('WGC901', [`weight ${item.name}: layout ${layout.name} has no format ${format}`])
  return layout.bytes(format, n, k, group)
}

export const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

/** Equal for items whose stored bytes are the same. */
function contentKey(item: PackItem): string {
  if (!isWeight(item)) return createHash('sha256').update(bytesOf(item.data)).digest('hex')
  const { sources, combine, rows } = item.spec
  const { format, group, k } = packing(item)
  return JSON.stringify([sources, sources.length === 1 ? '' : combine, rows, format, group, k, item.layout])
}

/** Puts regions into buffers, one after the other; a region that doesn't fit opens the next buffer. */
function placer(limits: ShardLimits) {
  const buffers: { bytes: number }[] = []
  let lastPart: string | undefined
  return {
    buffers,
    place(name: string, bytes: number, part?: string): Region {
      if (bytes <= 0 || bytes % 4 !== 0) fail('WGC901', [`weight ${name} would take ${bytes} bytes`])
      if (bytes > Math.min(limits.region, limits.buffer))
        fail('WGC901', [`weight ${name} takes ${bytes} bytes, a region ${limits.region}: it was not split`])
      let last = part === lastPart ? buffers.at(-1) : undefined
      lastPart = part
      if (!last || roundUp(last.bytes, ALIGN) + bytes > limits.buffer) {
        last = { bytes: 0 }
        buffers.push(last)
      }
      const offset = roundUp(last.bytes, ALIGN)
      last.bytes = offset + bytes
      return [buffers.length - 1, offset, bytes]
    },
  }
}

function cutsOf(buffers: { bytes: number }[], shard: number): Cut[] {
  if (shard % ALIGN !== 0) fail('WGC901', [`shards of ${shard} bytes`])
  return buffers.flatMap(({ bytes }, buffer) =>
    Array.from({ length: Math.ceil(bytes / shard) }, (_, i) => ({
      buffer,
      offset: i * shard,
      bytes: Math.min(shard, bytes - i * shard),
    })),
  )
}

/** Assigns every item its regions, in the items' order. Items of one name must be the same. */
export function planShards(items: readonly PackItem[], limits: Partial<ShardLimits> = {}): ShardPlan {
  const bounds = { ...SHARD_LIMITS, ...limits }
  const { buffers, place } = placer(bounds)
  const regions = new Map<string, ItemRegions>()
  const stored = new Map<string, ItemRegions>()
  const parts: ShardPlan['parts'] = []
  for (const item of items) {
    const key = `${item.part ?? ''} ${contentKey(item)}`
    let at = stored.get(key)
    if (regions.has(item.name) && regions.get(item.name) !== at)
      fail('WGC901', [`two weights are called ${item.name}`])
    if (!at) {
      const { data, scale } = sizes(item)
      at = {
        data: place(item.name, data, item.part),
        ...(scale > 0 && { scale: place(item.name, scale, item.part) }),
      }
      stored.set(key, at)
      parts.push({ item, regions: at })
    }
    regions.set(item.name, at)
  }
  return { buffers, regions, cuts: cutsOf(buffers, bounds.shard), parts }
}
