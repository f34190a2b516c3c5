/** What a cut's operands hold, and what the operator's float64 reference makes of them. */
import { decode, noiseBytes } from '../../runtime/care/pattern.js'
import type { Fill } from '../../runtime/format.js'
import { storedRows } from '../emit/shards-write.js'
import { formats } from '../formats/formats.js'
import type { WeightSource } from '../import/weights.js'
import type { Tensor } from '../ir/graph.js'
import { memo } from '../memo.js'

/** Values by what makes them: variants, and kernels, ask for the same again. */
export type Memo = Map<string, Promise<Float64Array>>

/** Rows of a weight or constant as a matrix of `k` columns, the first `columns` of each; `rows` undefined: all, as one. */
export function storedValues(
  known: Memo,
  source: WeightSource,
  tensor: Tensor,
  { rows, k, columns }: { rows: number[] | undefined; k: number; columns: number },
): Promise<Float64Array> {
  const { weight, data, name } = tensor
  const take = (all: Float64Array, from: readonly number[]) => {
    const out = new Float64Array(from.length * columns)
    from.forEach((row, i) => {
      out.set(all.subarray(row * k, row * k + columns), i * columns)
    })
    return out
  }
  // An ONNX model may hold both: what its file says, and how that is stored.
  if (data && !weight)
    return memo(known, `const ${name} ${JSON.stringify([rows, k, columns])}`, async () => {
      const all = Float64Array.from(data)
      return rows ? take(all, rows) : all.subarray(0, columns)
    })
  return memo(known, JSON.stringify([weight, rows, k, columns]), async () => {
    const matrix = tensor.shape.length > 1
    const item = { name, spec: weight!, k: matrix ? Number(tensor.shape[1]) : 1, layout: 'rows' }
    const read = async (from: number, to: number) => {
      const block = await storedRows(item, source, [from, to])
      return formats[weight!.format!].decode(block)
    }
    const [first, end] = weight!.rows
    if (!matrix) return (await read(first, end)).subarray(0, rows ? rows.length * columns : columns)
    if (!rows) return (await read(first, end)).subarray(0, columns)
    // Rows that follow each other are read together.
    const out = new Float64Array(rows.length * columns)
    for (let i = 0; i < rows.length; ) {
      let to = i + 1
      while (rows[to] === rows[to - 1]! + 1) to++
      const part = await read(first + rows[i]!, first + rows[i]! + to - i)
      out.set(
        take(
          part,
          Array.from({ length: to - i }, (_, at) => at),
        ),
        i * columns,
      )
      i = to
    }
    return out
  })
}

/** The values that a fill puts at `count` elements. */
export function filled(fill: Fill, count: number): Float64Array {
  const { type, size, values, stream = 0, scale = 1, base = 0 } = fill
  if (values) return Float64Array.from({ length: count }, (_, i) => values[i % values.length]!)
  return decode(type, size, noiseBytes(type, size, count / size, { stream, scale, base }))
}

/** Rows of x as integers with a scale for each 32 columns stand for them. */
export function rounded(x: Float64Array, columns: number, levels: number): Float64Array {
  const out = new Float64Array(x.length)
  for (let row = 0; row < x.length; row += columns)
    for (let from = row; from < row + columns; from += 32) {
      const to = Math.min(from + 32, row + columns)
      const scale = x.subarray(from, to).reduce((max, v) => Math.max(max, Math.abs(v)), 0) / levels
      for (let i = from; i < to; i++) out[i] = scale > 0 ? Math.round(x[i]! / scale) * scale : 0
    }
  return out
}
