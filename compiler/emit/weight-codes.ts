/** Rows of a weight whose sources are quantised in the model's files: their own integers, where the format has them. */
import { fail } from '../errors.js'
import { fromF16 } from '../formats/f16.js'
import { formats } from '../formats/formats.js'
import { canHold, widened } from '../formats/keep.js'
import type { Canonical } from '../formats/types.js'
import type { WeightSource } from '../import/weights.js'
import type { WeightFormatName } from '../ir/graph.js'
import type { RowReader } from './weight-rows.js'

/** The rows of one tensor that a block needs, and where in the block each goes. */
interface Piece {
  tensor: string
  file: string
  first: number
  targets: number[]
}

/** Rows of a tensor follow one another in a combined matrix, with other tensors' between them. */
function pieces(matrix: RowReader, from: number, to: number): Piece[] {
  const found = new Map<string, Piece>()
  for (let row = from; row < to; row++) {
    const { tensor, file, row: source } = matrix.origin(row)
    const piece = found.get(tensor) ?? { tensor, file, first: source, targets: [] }
    piece.targets.push(row - from)
    found.set(tensor, piece)
  }
  return [...found.values()]
}

/** A scale that no half holds would make every weight of its group infinite. */
function checkScales(c: Canonical, { tensor, file, first }: Piece, format: WeightFormatName): void {
  for (const list of [c.scale!, c.min ?? c.scale!])
    for (let g = 0; g < list.length; g++)
      if ((list[g]! & 0x7c00) === 0x7c00)
        fail('WGC217', [tensor, fromF16(list[g]!), first + Math.floor((g * c.group) / c.kp), format], {
          place: { file },
        })
}

export interface CodesOptions {
  format: WeightFormatName
  group: number
  /** Columns. */
  k: number
  /** Throws for values of a tensor's rows that the format can't hold. */
  check(values: Float32Array, tensor: string, first: number): void
}

/** Whether some of the sources need not be quantised anew. */
export const hasCodes = (
  weights: WeightSource,
  sources: readonly string[],
  { format, group }: { format: WeightFormatName; group: number },
): boolean =>
  weights.readCodes !== undefined && sources.some((name) => canHold(weights.kept?.(name), format, group))

/** A tensor's rows: its own integers, or, where they don't fit, quantised from its values. */
async function readPart(
  weights: WeightSource,
  piece: Piece,
  { format, group, k, check }: CodesOptions,
): Promise<Canonical> {
  const { tensor, first, targets } = piece
  const end = first + targets.length
  const kept = weights.kept?.(tensor)
  if (!kept || !canHold(kept, format, group)) {
    const values = await weights.readRows(tensor, first, end)
    check(values, tensor, first)
    return formats[format].quantizeRows(values, targets.length, k, group)
  }
  const part = widened(await weights.readCodes!(tensor, first, end), kept.format, format, group)
  checkScales(part, piece, format)
  return part
}

/** Rows [from, to) of the combined matrix. Throws WGC217 for what the format can't hold. */
export async function readCodes(
  weights: WeightSource,
  matrix: RowReader,
  [from, to]: [from: number, to: number],
  options: CodesOptions,
): Promise<Canonical> {
  const { format, group, k } = options
  const all = pieces(matrix, from, to)
  const [only] = all
  if (only && all.length === 1) return readPart(weights, only, options)
  const rows = to - from
  const groups = k / group
  const { minimum } = formats[format]
  const out = {
    ...{ rows, k, kp: k, group, q: minimum ? new Uint8Array(rows * k) : new Int8Array(rows * k) },
    scale: new Uint16Array(rows * groups),
    ...(minimum && { min: new Uint16Array(rows * groups) }),
  }
  for (const piece of all) {
    const part = await readPart(weights, piece, options)
    for (const [i, target] of piece.targets.entries()) {
      out.q.set(part.q.subarray(i * k, i * k + k) as Uint8Array, target * k)
      out.scale.set(part.scale!.subarray(i * groups, i * groups + groups), target * groups)
      out.min?.set(part.min!.subarray(i * groups, i * groups + groups), target * groups)
    }
  }
  return out
}
