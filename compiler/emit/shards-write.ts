/**
 * Fills the weight files: rows are read, quantised and packed in blocks, so that a model of any size passes
 * through a few dozen MB of memory. The same model gives the same bytes.
 */
import { createHash } from 'node:crypto'
import { type FileHandle, mkdtemp, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Region } from '../../runtime/format.js'
import { fail } from '../errors.js'
import { formats } from '../formats/formats.js'
import { layoutNamed } from '../formats/layouts.js'
import type { Canonical, Packed } from '../formats/types.js'
import { ioReason } from '../import/files.js'
import type { WeightSource } from '../import/weights.js'
import type { WeightFormatName } from '../ir/graph.js'
import {
  bytesOf,
  type Cut,
  type ItemRegions,
  isWeight,
  type PackItem,
  packing,
  type ShardPlan,
  type WeightItem,
} from './shards.js'
import { hasCodes, readCodes } from './weight-codes.js'
import { type RowReader, weightRows } from './weight-rows.js'

export interface WriteOptions {
  signal?: AbortSignal
  /** Bytes of the buffers written so far, and in all. */
  progress?: (done: number, total: number) => void
  /** float32 bytes read at once. */
  blockBytes?: number
}

export interface ShardFile extends Cut {
  file: string
  /** Of the content, hex. */
  sha256: string
}

/** Weights as a bundle holds them. */
export interface WeightSet {
  buffers: { bytes: number }[]
  regions: Map<string, ItemRegions>
  /** Empty for a model without weights. */
  shards: ShardFile[]
}

const BLOCK_BYTES = 8 << 20
const HASH_CHARS = 12

interface Sink {
  /** Puts bytes at their place in a buffer. */
  write(buffer: number, offset: number, bytes: Uint8Array): Promise<void>
  /** All files, once every byte of every region has been written. */
  finish(): Promise<ShardFile[]>
  /** Gives up what is not finished. */
  close(): Promise<void>
}

async function sha256(path: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256')
  const handle = await open(path)
  try {
    const chunk = new Uint8Array(1 << 20)
    for (;;) {
      signal?.throwIfAborted()
      const { bytesRead } = await handle.read(chunk, 0, chunk.length)
      if (bytesRead === 0) return hash.digest('hex')
      hash.update(chunk.subarray(0, bytesRead))
    }
  } finally {
    await handle.close()
  }
}

const overlap = (cut: Cut, [buffer, offset, bytes]: Region) =>
  cut.buffer !== buffer
    ? 0
    : Math.max(0, Math.min(cut.offset + cut.bytes, offset + bytes) - Math.max(cut.offset, offset))

/** Files in a folder of their own until all are complete, opened when first written and closed when full. */
async function fileSink(plan: ShardPlan, folder: string, signal: AbortSignal | undefined): Promise<Sink> {
  const temporary = await mkdtemp(join(folder, '.weights-'))
  const path = (i: number) => join(temporary, String(i))
  const regions = plan.parts.flatMap(({ regions: { data, scale } }) => (scale ? [data, scale] : [data]))
  const missing = plan.cuts.map((cut) => regions.reduce((sum, region) => sum + overlap(cut, region), 0))
  const handles = new Map<number, FileHandle>()
  const hashes = new Map<number, string>()

  async function writePiece(i: number, position: number, bytes: Uint8Array): Promise<void> {
    const handle = handles.get(i) ?? (await open(path(i), 'wx'))
    handles.set(i, handle)
    for (let at = 0; at < bytes.length; )
      at += (await handle.write(bytes, at, bytes.length - at, position + at)).bytesWritten
    missing[i]! -= bytes.length
    if (missing[i]! > 0) return
    await handle.truncate(plan.cuts[i]!.bytes)
    handles.delete(i)
    await handle.close()
    hashes.set(i, await sha256(path(i), signal))
  }

  return {
    async write(buffer, offset, bytes) {
      const region: Region = [buffer, offset, bytes.length]
      for (const [i, cut] of plan.cuts.entries()) {
        const length = overlap(cut, region)
        const start = Math.max(cut.offset, offset)
        if (length > 0)
          await writePiece(i, start - cut.offset, bytes.subarray(start - offset, start - offset + length))
      }
    },
    async finish() {
      const shards = plan.cuts.map((cut, i): ShardFile => {
        const hash = hashes.get(i) ?? fail('WGC901', [`weight file ${i} lacks ${missing[i]} bytes`])
        return { file: `weights-${hash.slice(0, HASH_CHARS)}.bin`, ...cut, sha256: hash }
      })
      for (const [i, { file }] of shards.entries()) await rename(path(i), join(folder, file))
      return shards
    },
    async close() {
      for (const handle of handles.values()) await handle.close()
      await rm(temporary, { recursive: true, force: true })
    },
  }
}

/** Throws WGC217 for the first value that a format can't hold. */
function checkValues(
  values: Float32Array,
  format: WeightFormatName,
  originOf: (i: number) => ReturnType<RowReader['origin']>,
): void {
  const { maxAbs } = formats[format]
  for (let i = 0; i < values.length; i++) {
    if (Math.abs(values[i]!) <= maxAbs) continue
    const { tensor, row, file } = originOf(i)
    fail('WGC217', [tensor, values[i]!, row, format], { place: { file } })
  }
}

/** Rows [from, to) of a weight, counted in its combined matrix, as they are stored; a vector is one row of all. */
export async function storedRows(
  item: WeightItem,
  weights: WeightSource,
  [row, to]: readonly [number, number],
): Promise<Canonical> {
  const matrix = weightRows(weights, item.spec, item.k)
  const { format, group, n, k } = packing(item)
  // A vector can't be read in parts, and is never larger than a region.
  const vector = item.k === 1
  if (!vector && hasCodes(weights, item.spec.sources, { format, group })) {
    const check = (values: Float32Array, tensor: string, from: number) =>
      checkValues(values, format, (i) => ({
        tensor,
        file: weights.file(tensor),
        row: from + Math.floor(i / k),
      }))
    return readCodes(weights, matrix, [row, to], { format, group, k, check })
  }
  const values = await matrix.read(row, to)
  checkValues(values, format, (i) => matrix.origin(row + Math.floor(i / item.k)))
  return formats[format].quantizeRows(values, vector ? n : to - row, k, group)
}

/** Packed blocks of one weight, in order: [rows read, quantised and packed]. */
async function* packedBlocks(
  item: WeightItem,
  weights: WeightSource,
  blockBytes: number,
): AsyncGenerator<Packed> {
  const { format, k } = packing(item)
  const [first, end] = item.spec.rows
  const layout = layoutNamed(item.layout)
  const block = Math.max(1, Math.floor(blockBytes / 4 / k / layout.rowBlock)) * layout.rowBlock
  const step = item.k === 1 ? end - first : block
  for (let row = first; row < end; row += step)
    yield layout.pack(format, await storedRows(item, weights, [row, Math.min(row + step, end)]))
}

/** The bytes of any item. */
async function* blocksOf(item: PackItem, weights: WeightSource, blockBytes: number): AsyncGenerator<Packed> {
  if (isWeight(item)) yield* packedBlocks(item, weights, blockBytes)
  else yield { data: bytesOf(item.data), scale: new Uint8Array(0) }
}

/** Writes a stream of blocks into one item's regions; they must fill them exactly. */
async function writeItem(
  item: PackItem,
  { data, scale }: ItemRegions,
  blocks: AsyncIterable<Packed>,
  write: Sink['write'],
): Promise<void> {
  const streams = { data: { region: data, at: 0 }, scale: { region: scale ?? ([0, 0, 0] as Region), at: 0 } }
  const wrong = (): never => fail('WGC901', [`weight ${item.name} does not pack into what was planned`])
  for await (const block of blocks) {
    for (const part of ['data', 'scale'] as const) {
      const stream = streams[part]
      const [buffer, offset, bytes] = stream.region
      if (stream.at + block[part].length > bytes) wrong()
      await write(buffer, offset + stream.at, block[part])
      stream.at += block[part].length
    }
  }
  if (Object.values(streams).some(({ region, at }) => at !== region[2])) wrong()
}

/**
 * Writes the planned files into `folder` (which must exist), complete and named by their hash, or none and
 * leaves nothing behind. `weights` null: the plan alone. Throws WGC213, WGC214 or WGC217 for tensors that don't
 * fit the plan, WGC601 when the system refuses, and the signal's reason when aborted.
 */
export async function writeShards(
  plan: ShardPlan,
  weights: WeightSource | null,
  folder: string,
  { signal, progress, blockBytes = BLOCK_BYTES }: WriteOptions = {},
): Promise<WeightSet> {
  const { buffers, regions } = plan
  if (!weights) return { buffers, regions, shards: [] }
  const total = plan.parts.reduce((sum, { regions: r }) => sum + r.data[2] + (r.scale?.[2] ?? 0), 0)
  let done = 0
  let sink: Sink | undefined
  try {
    const files = await fileSink(plan, folder, signal)
    sink = files
    const write: Sink['write'] = async (buffer, offset, bytes) => {
      signal?.throwIfAborted()
      await files.write(buffer, offset, bytes)
      done += bytes.length
      progress?.(done, total)
    }
    for (const { item, regions: at } of plan.parts)
      await writeItem(item, at, blocksOf(item, weights, blockBytes), write)
    return { buffers, regions, shards: await files.finish() }
  } catch (e) {
    if ((e as NodeJS.ErrnoException).errno === undefined) throw e
    return fail('WGC601', [ioReason(e)], { place: { file: folder }, cause: e })
  } finally {
    await sink?.close()
  }
}
