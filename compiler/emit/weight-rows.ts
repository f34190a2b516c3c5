/** The rows of a weight as the graph wants it: one tensor, or several stacked or interleaved. */
import { fail } from '../errors.js'
import type { WeightSource } from '../import/weights.js'
import type { WeightSpec } from '../ir/graph.js'

/** A matrix of `rows` rows that is read some rows at a time. */
export interface RowReader {
  rows: number
  /** Rows [from, to), row-major. */
  read(from: number, to: number): Promise<Float32Array>
  /** The tensor, its file, and the row in it, that a row comes from. */
  origin(row: number): { tensor: string; file: string; row: number }
}

/** One tensor as a matrix of k columns: a 1-D tensor is a row, or a column when k is 1. */
function single(weights: WeightSource, tensor: string, k: number): RowReader {
  const shape = weights.shape(tensor)
  const wrong = (wanted: number[]): never =>
    fail('WGC214', [tensor, shape, wanted], { place: { file: weights.file(tensor) } })
  const origin = (row: number) => ({ tensor, file: weights.file(tensor), row })
  if (shape.length === 1 && k !== 1) {
    if (shape[0] !== k) wrong([k])
    return { rows: 1, origin, read: (from, to) => weights.readRows(tensor, from * k, to * k) }
  }
  const columns = shape.slice(1).reduce((a, b) => a * b, 1)
  if (shape.length === 0 || columns !== k) wrong([shape[0] ?? 1, k])
  return { rows: shape[0]!, origin, read: (from, to) => weights.readRows(tensor, from, to) }
}

/** One below the other. */
function stacked(parts: RowReader[], k: number): RowReader {
  const starts: number[] = []
  let rows = 0
  for (const part of parts) {
    starts.push(rows)
    rows += part.rows
  }
  return {
    rows,
    origin(row) {
      const i = starts.findLastIndex((start) => start <= row)
      return parts[i]!.origin(row - starts[i]!)
    },
    async read(from, to) {
      const out = new Float32Array((to - from) * k)
      for (const [i, part] of parts.entries()) {
        const begin = Math.max(from, starts[i]!)
        const end = Math.min(to, starts[i]! + part.rows)
        if (begin < end) out.set(await part.read(begin - starts[i]!, end - starts[i]!), (begin - from) * k)
      }
      return out
    },
  }
}

/** Row 0 of each, then row 1 of each … */
function interleaved(parts: RowReader[], k: number): RowReader {
  const count = parts.length
  const rows = parts[0]!.rows
  const odd = parts.find((part) => part.rows !== rows)
  if (odd) fail('WGC901', [`${odd.origin(0).tensor} has ${odd.rows} rows, it is interleaved with ${rows}`])
  return {
    rows: rows * count,
    origin: (row) => parts[row % count]!.origin(Math.floor(row / count)),
    async read(from, to) {
      const out = new Float32Array((to - from) * k)
      for (const [i, part] of parts.entries()) {
        const begin = Math.ceil((from - i) / count)
        const values = await part.read(begin, Math.ceil((to - i) / count))
        for (let at = 0, row = begin * count + i - from; at < values.length; at += k, row += count)
          out.set(values.subarray(at, at + k), row * k)
      }
      return out
    },
  }
}

/**
 * The combined matrix of a weight, before its row range is taken. Throws WGC213 or WGC214 when a tensor is
 * missing or hasn't k columns, or when there are fewer rows than the range needs.
 */
export function weightRows(weights: WeightSource, spec: WeightSpec, k: number): RowReader {
  const parts = spec.sources.map((tensor) => single(weights, tensor, k))
  const one = parts.length === 1 ? parts[0]! : undefined
  const matrix = one ?? (spec.combine === 'stack' ? stacked(parts, k) : interleaved(parts, k))
  if (spec.rows[1] > matrix.rows) {
    const last = spec.sources.at(-1)!
    const missing = spec.rows[1] - matrix.rows
    const [rows = 1, ...columns] = weights.shape(last)
    fail('WGC214', [last, weights.shape(last), [rows + missing, ...columns]], {
      place: { file: weights.file(last) },
    })
  }
  return matrix
}
