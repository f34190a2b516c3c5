/** Sizes of a model's inputs: what the file says, what the caller gives, and 1 for a batch. */
import { fail } from '../../errors.js'
import type { ModelProto, ValueInfo } from './protos.js'

export type Shapes = ReadonlyMap<string, readonly number[]>

/** The model's inputs; initialisers of old files are among them, and are none. */
export function inputsOf({ graph }: ModelProto): ValueInfo[] {
  const initial = new Set(graph.initializers.map((t) => t.name))
  return graph.inputs.filter((v) => !initial.has(v.name))
}

type Dim = number | string | undefined

/** A size that the file leaves open: some exporters write 0 or -1. */
const isOpen = (d: Dim): d is string | undefined => typeof d !== 'number' || d <= 0

/** `[batch, 3, ?]` */
const shown = (shape: readonly Dim[]): string =>
  `[${shape.map((d) => (typeof d === 'string' && d !== '' ? d : isOpen(d) ? '?' : d)).join(', ')}]`

const BATCH = /batch|^n$|^bs$|^b$/i

/** Whether an open size is how many inputs are computed together: by its name, or by standing first. */
const isBatch = (d: Dim, axis: number, rank: number): boolean =>
  typeof d === 'string' && BATCH.test(d) ? true : axis === 0 && rank > 1

/** Largest number of elements of an input. */
const MOST = 2 ** 28

/** Sizes by symbol, from the inputs whose shapes are given. */
function symbolsOf(inputs: ValueInfo[], given: Shapes): Map<string, number> {
  const symbols = new Map<string, number>()
  for (const { name, shape } of inputs)
    given.get(name)?.forEach((size, k) => {
      const d = shape?.[k]
      if (typeof d === 'string' && d !== '') symbols.set(d, size)
    })
  return symbols
}

/**
 * The shape of every input.
 * @param given by name, from `--shape`
 * @throws WGC236 for a size that nobody says, WGC237 for one that contradicts the file
 */
export function inputShapes(model: ModelProto, file: string, given: Shapes): Map<string, number[]> {
  const inputs = inputsOf(model)
  const names = inputs.map((v) => v.name)
  const place = { place: { file } }
  for (const name of given.keys())
    if (!names.includes(name)) fail('WGC237', [name, `the model has no such input`, names], place)
  const symbols = symbolsOf(inputs, given)
  const sized = ({ name, type, shape }: ValueInfo): number[] => {
    if (type === undefined) fail('WGC232', [`input ${name}`, 'it is no tensor'], place)
    const own = given.get(name)
    if (own) {
      const fits = !shape || (shape.length === own.length && shape.every((d, k) => isOpen(d) || d === own[k]))
      if (!fits) fail('WGC237', [name, `[${own.join(', ')}] does not fit ${shown(shape!)}`, names], place)
      return [...own]
    }
    if (!shape) return fail('WGC236', [name, 'a shape that the file does not give', '1,…'], place)
    const known = shape.map((d, k): Dim => {
      if (!isOpen(d)) return d
      return (d === undefined ? undefined : symbols.get(d)) ?? (isBatch(d, k, shape.length) ? 1 : d)
    })
    if (!known.some(isOpen)) return known as number[]
    const example = known.map((d) => (isOpen(d) ? '…' : d)).join(',')
    return fail('WGC236', [name, `the shape ${shown(shape)}`, example], place)
  }
  return new Map(
    inputs.map((v) => {
      const shape = sized(v)
      const n = shape.reduce((a, b) => a * b, 1)
      if (!(n <= MOST)) fail('WGC237', [v.name, `[${shape.join(', ')}] is too large`, names], place)
      return [v.name, shape]
    }),
  )
}

/** `input=1,3,240,320`, or `sr=` for a number by itself. */
export function parseShape(text: string): [name: string, shape: number[]] | undefined {
  const found = /^(.+)=((?:\d{1,9}(?:,\d{1,9})*)?)$/.exec(text)
  if (!found) return undefined
  const shape = found[2] === '' ? [] : found[2]!.split(',').map(Number)
  return shape.every((d) => d > 0) ? [found[1]!, shape] : undefined
}
