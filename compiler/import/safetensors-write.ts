/** Writing a safetensors file: for the outputs of a model, and for tests. */
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { fail } from '../errors.js'
import { ioReason } from './files.js'
import { DTYPE_BITS, elements, LENGTH_BYTES, type SafeDType } from './safetensors-header.js'

export interface TensorData {
  dtype: SafeDType
  shape: readonly number[]
  /** Row-major, little-endian: exactly the bytes that type and shape ask for. */
  data: ArrayBufferView
}

/** Wide types first, as the reference writer sorts them, so that every tensor is aligned to its type. */
const inOrder = (tensors: ReadonlyMap<string, TensorData>) =>
  [...tensors].sort(
    ([a, x], [b, y]) => DTYPE_BITS[y.dtype] - DTYPE_BITS[x.dtype] || (a < b ? -1 : a > b ? 1 : 0),
  )

function header(order: [string, TensorData][], metadata: Record<string, string> | undefined): Uint8Array {
  let at = 0
  const entries = order.map(([name, { dtype, shape, data }]) => {
    const bytes = ((elements(shape) ?? Number.NaN) * DTYPE_BITS[dtype]) / 8
    if (data.byteLength !== bytes)
      fail('WGC901', [`tensor ${name} is [${shape.join(', ')}] of ${dtype}, with ${data.byteLength} bytes`])
    const begin = at
    at += bytes
    return [name, { dtype, shape, data_offsets: [begin, at] }] as const
  })
  const meta = metadata ? [['__metadata__', metadata] as const] : []
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries([...meta, ...entries])))
  // The data starts at a multiple of eight bytes; the format pads with spaces.
  const length = Math.ceil(json.length / 8) * 8
  const out = new Uint8Array(LENGTH_BYTES + length).fill(0x20)
  new DataView(out.buffer).setBigUint64(0, BigInt(length), true)
  out.set(json, LENGTH_BYTES)
  return out
}

async function writeAll(handle: FileHandle, view: ArrayBufferView): Promise<void> {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
  for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten
}

/**
 * Writes the tensors to `path`, byte for byte the same for the same tensors: beside it first, then renamed, so
 * that a failure leaves what was there. Throws WGC601 when the system refuses.
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, TensorData>,
  metadata?: Record<string, string>,
): Promise<void> {
  const order = inOrder(tensors)
  const head = header(order, metadata)
  const partial = `${path}.${process.pid}.partial`
  const failed = (e: unknown) => fail('WGC601', [ioReason(e)], { place: { file: path }, cause: e })
  const handle = await open(partial, 'w').catch(failed)
  try {
    try {
      await writeAll(handle, head)
      for (const [, { data }] of order) await writeAll(handle, data)
    } finally {
      await handle.close()
    }
    await rename(partial, path)
  } catch (e) {
    await rm(partial, { force: true })
    failed(e)
  }
}
