/** The tensors of one GGUF model, of one file or several, under Hugging Face's names and in its order of rows. */
import { fail } from '../../errors.js'
import type { Canonical } from '../../formats/types.js'
import { nearest } from '../nearest.js'
import type { OpenWeights } from '../weights.js'
import type { GgmlType } from './block.js'
import { codesOf, decodeBlocks } from './decode.js'
import type { GgufFile } from './file.js'
import type { GgufTensor } from './header.js'
import { type Renamed, renamed, type Undo } from './names.js'
import { readableTypes } from './types.js'

interface Entry extends GgufTensor {
  file: GgufFile
  source: string
  undo?: Undo
  /** Elements of a row; a vector's rows are its elements. */
  columns: number
}

/** Where row `row` of Hugging Face's order is in llama.cpp's, in heads of `size` rows. */
const pairedRow = (row: number, size: number): number => {
  const inHead = row % size
  const halfSize = size / 2
  return row - inHead + (inHead < halfSize ? inHead * 2 : (inHead - halfSize) * 2 + 1)
}

/** Rows [from, to) of Hugging Face's order. */
async function pairedBytes(
  e: Entry,
  from: number,
  to: number,
  size: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const first = Math.floor(from / size) * size
  const last = Math.min(Math.ceil(to / size) * size, e.shape[0]!)
  const bytes = await e.file.readRows(e.source, first, last)
  const rowBytes = (e.columns / e.type.block) * e.type.bytes
  const out = new Uint8Array((to - from) * rowBytes)
  for (let row = from; row < to; row++) {
    const at = (pairedRow(row, size) - first) * rowBytes
    out.set(bytes.subarray(at, at + rowBytes), (row - from) * rowBytes)
  }
  return out
}

/** [rows, columns] to [columns, rows]. */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length)
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c]!
  return out
}

function shapeOf({ shape, undo }: Entry): readonly number[] {
  return undo === 'transposed' ? [...shape].reverse() : shape
}

function entriesOf(architecture: string, headSize: number, files: readonly GgufFile[]): Map<string, Entry> {
  const entries = new Map<string, Entry>()
  for (const file of files)
    for (const [source, tensor] of file.tensors) {
      const [name, from]: [string, Renamed] = renamed(architecture, source) ?? [source, { source }]
      const place = { place: { file: file.path } }
      if (entries.has(name)) fail('WGC241', [source, 'it stands there twice'], place)
      const rows = tensor.shape[0]!
      if (from.undo === 'pairs' && (rows % headSize !== 0 || headSize % 2 !== 0))
        fail('WGC241', [source, `its ${rows} rows are not heads of ${headSize}`], place)
      const columns = tensor.shape.slice(1).reduce((a, b) => a * b, 1)
      entries.set(name, { ...tensor, ...from, file, columns })
    }
  return entries
}

/**
 * Weights of open files, which closing it closes. `headSize`: rows of a head of queries and keys. Throws WGC241 for
 * tensors that don't fit.
 */
export function ggufWeights(architecture: string, headSize: number, files: readonly GgufFile[]): OpenWeights {
  const entries = entriesOf(architecture, headSize, files)
  const whole = files[0]!.path
  const find = (name: string): Entry =>
    entries.get(name) ?? fail('WGC213', [name, nearest(name, entries.keys())], { place: { file: whole } })
  const bytesOf = (e: Entry, from: number, to: number) =>
    e.undo === 'pairs' ? pairedBytes(e, from, to, headSize) : e.file.readRows(e.source, from, to)
  const checkType = (name: string, { type, file }: Entry): GgmlType =>
    type.read ? type : fail('WGC215', [name, type.name, readableTypes], { place: { file: file.path } })

  /** The last one that had to be read whole. */
  let kept: { name: string; values: Float32Array } | undefined

  async function wholeOf(name: string, e: Entry): Promise<Float32Array> {
    if (kept?.name === name) return kept.values
    const rows = e.shape[0]!
    const values = decodeBlocks(await e.file.readRows(e.source, 0, rows), checkType(name, e))
    kept = { name, values: e.undo === 'transposed' ? transposed(values, rows, e.columns) : values }
    return kept.values
  }

  return {
    names: () => [...entries.keys()],
    has: (name) => entries.has(name),
    shape: (name) => shapeOf(find(name)),
    dtype: () => 'F32',
    file: (name) => find(name).file.path,
    kept(name) {
      const e = find(name)
      const { kept: as, name: type } = checkType(name, e)
      if (!as) return undefined
      return { ...as, type, ...(e.undo === 'transposed' && { how: 'requantised' as const }) }
    },
    async readRows(name, from, to) {
      const e = find(name)
      const type = checkType(name, e)
      const rows = shapeOf(e)[0]!
      if (from < 0 || from > to || to > rows) fail('WGC901', [`rows ${from} to ${to} of ${name}, of ${rows}`])
      // A vector's rows are elements, which blocks don't stand for.
      if (e.undo === 'transposed' || (e.shape.length === 1 && type.block > 1)) {
        const k = e.undo === 'transposed' ? e.shape[0]! : 1
        return (await wholeOf(name, e)).slice(from * k, to * k)
      }
      const values = decodeBlocks(await bytesOf(e, from, to), type)
      return e.undo === 'plus one' ? values.map((v) => v - 1) : values
    },
    async readCodes(name, from, to): Promise<Canonical> {
      const e = find(name)
      return codesOf(await bytesOf(e, from, to), checkType(name, e), e.columns)
    },
    close: async () => {
      for (const file of files) await file.close()
    },
  }
}
