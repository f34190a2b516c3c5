/**
 * Weights that a graph wants in another form than the model's files hold them in: turned, reshaped, cut, folded.
 * They look like tensors of the files, so that nothing after the import knows the difference. What a family needs is
 * data in `Model.derived`.
 */
import { fail } from '../errors.js'
import { checkTensor, type WeightSource } from './weights.js'

export interface Derived {
  /** Name that the graph knows it by; none of the model's files holds a tensor of that name. */
  name: string
  shape: number[]
  /** Tensors of the model's files, and the shapes they must have. */
  sources: { name: string; shape: number[] }[]
  /** Row-major values of the sources, in their order, to its own. Called when its first rows are read. */
  compute(values: Float32Array[]): Float32Array
  /** It is rows of its one source, from this one on: they are read as they are wanted, and nothing is computed. */
  fromRow?: number
}

const elements = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1)

/** Rows as `readRows` counts them, and the elements of one; a vector's rows are its elements. */
const rowsIn = (shape: readonly number[]) => shape[0] ?? 1
const rowLength = (shape: readonly number[]) => elements(shape.slice(1))

/**
 * [columns, rows] of the files → [rows, columns]: what GPT-2 calls Conv1D. Of one that holds `of` rows, those from
 * `from` on.
 */
export const transposed = (
  name: string,
  source: string,
  [rows, columns]: [rows: number, columns: number],
  { from = 0, of = rows }: { from?: number; of?: number } = {},
): Derived => ({
  name,
  shape: [rows, columns],
  sources: [{ name: source, shape: [columns, of] }],
  compute([values]) {
    const out = new Float32Array(rows * columns)
    for (let c = 0; c < columns; c++)
      for (let r = 0; r < rows; r++) out[r * columns + c] = values![c * of + from + r]!
    return out
  },
})

/** The same values under another shape, as [1, 1, D] → [D]. Trailing axes that become one need none. */
export const reshaped = (name: string, source: string, from: number[], shape: number[]): Derived => ({
  name,
  shape,
  sources: [{ name: source, shape: from }],
  compute: ([values]) => values!,
})

/** Rows [from, to) of a matrix, or elements of a vector: a part of projections that the files hold as one. */
export const rowsOf = (
  name: string,
  source: { name: string; shape: number[] },
  [from, to]: [from: number, to: number],
): Derived => ({
  name,
  shape: [to - from, ...source.shape.slice(1)],
  sources: [source],
  compute: ([values]) => values!.slice(from * rowLength(source.shape), to * rowLength(source.shape)),
  fromRow: from,
})

/** What `f` makes of some tensors of the files. */
export const computed = (
  name: string,
  sources: Derived['sources'],
  shape: number[],
  f: (...values: Float32Array[]) => Float32Array,
): Derived => ({ name, shape, sources, compute: (values) => f(...values) })

/** Every element changed by itself, as 1 + w. */
export const mapped = (
  name: string,
  source: { name: string; shape: number[] },
  f: (value: number) => number,
): Derived => ({
  name,
  shape: source.shape,
  sources: [source],
  compute: ([values]) => values!.map(f),
})

/** A tensor of the files as it is: to be padded, or to stand where a derived one may. */
export const stored = (name: string, shape: number[]): Derived => ({
  name,
  shape,
  sources: [{ name, shape }],
  compute: ([values]) => values!,
})

/** Zeros behind every `length` rows (of a vector: elements), up to `padded`: heads of a size that kernels don't take. */
export function padRows(d: Derived, [length, padded]: [length: number, padded: number]): Derived {
  const k = rowLength(d.shape)
  const parts = rowsIn(d.shape) / length
  return {
    name: `${d.name}, padded`,
    shape: [parts * padded, ...d.shape.slice(1)],
    sources: d.sources,
    compute(sources) {
      const values = d.compute(sources)
      const out = new Float32Array(parts * padded * k)
      for (let i = 0; i < parts; i++)
        out.set(values.subarray(i * length * k, (i + 1) * length * k), i * padded * k)
      return out
    },
  }
}

/** Zeros behind every `length` columns of a matrix, up to `padded`. */
export function padColumns(d: Derived, [length, padded]: [length: number, padded: number]): Derived {
  const rows = rowsIn(d.shape)
  const columns = rowLength(d.shape)
  const flat: Derived = { ...d, shape: [rows * columns] }
  const wide = padRows(flat, [length, padded])
  return { ...wide, shape: [rows, (columns / length) * padded] }
}

/** Computed tensors that are kept: what one combined weight reads in turn. More would fill the memory. */
const KEPT = 4

/**
 * The model's files, and what is derived from them, under one set of names. Throws WGC213 or WGC214 when rows of a
 * derived tensor are read whose sources are missing or of another shape.
 */
export function withDerived(weights: WeightSource, derived: readonly Derived[] = []): WeightSource {
  if (derived.length === 0) return weights
  const byName = new Map(derived.map((d) => [d.name, d]))
  const kept = new Map<string, Promise<Float32Array>>()
  const first = (d: Derived) => d.sources[0]?.name ?? ''

  async function valuesOf(d: Derived): Promise<Float32Array> {
    const values = await Promise.all(
      d.sources.map(({ name, shape }) => {
        checkTensor(weights, name, shape)
        return weights.readRows(name, 0, rowsIn(weights.shape(name)))
      }),
    )
    const out = d.compute(values)
    if (out.length !== elements(d.shape))
      fail('WGC901', [`${d.name}: ${out.length} values for [${d.shape.join(', ')}]`])
    return out
  }

  /** All of it, kept while it is among the last few that were asked for. */
  function whole(d: Derived): Promise<Float32Array> {
    const values = kept.get(d.name) ?? valuesOf(d)
    kept.delete(d.name)
    kept.set(d.name, values)
    const oldest = kept.keys().next().value
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest)
    return values
  }

  return {
    names: () => [...weights.names(), ...byName.keys()],
    has: (name) => byName.has(name) || weights.has(name),
    shape: (name) => byName.get(name)?.shape ?? weights.shape(name),
    dtype: (name) => (byName.has(name) ? 'F32' : weights.dtype(name)),
    file(name) {
      const d = byName.get(name)
      return weights.file(d ? first(d) : name)
    },
    kept(name) {
      const d = byName.get(name)
      const kept = weights.kept?.(d ? first(d) : name)
      // What is computed are values.
      return kept && (!d || d.fromRow !== undefined) ? kept : kept && { ...kept, how: 'requantised' }
    },
    async readCodes(name, from, to) {
      const d = byName.get(name)
      const start = d?.fromRow ?? 0
      if (!weights.readCodes || (d && d.fromRow === undefined))
        return fail('WGC901', [`${name} has no integers of its own`])
      return weights.readCodes(d ? first(d) : name, start + from, start + to)
    },
    async readRows(name, from, to) {
      const d = byName.get(name)
      if (!d) return weights.readRows(name, from, to)
      if (d.fromRow !== undefined) {
        for (const source of d.sources) checkTensor(weights, source.name, source.shape)
        return weights.readRows(first(d), d.fromRow + from, d.fromRow + to)
      }
      const k = rowLength(d.shape)
      return (await whole(d)).slice(from * k, to * k)
    },
  }
}

/**
 * Checks a tensor that a graph reads: one of the files by its shape, a derived one by its sources. Throws WGC213 or
 * WGC214.
 */
export function checkWeight(
  weights: WeightSource,
  derived: readonly Derived[],
  name: string,
  shape: readonly number[],
): void {
  const d = derived.find((one) => one.name === name)
  for (const source of d?.sources ?? [{ name, shape }]) checkTensor(weights, source.name, source.shape)
}
