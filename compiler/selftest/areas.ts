/** Parts of operands: as elements, where a cut says; as bytes, where a plan's dispatch finds them. */
import { type ElementType, rowBytesOf } from '../../runtime/care/pattern.js'
import type { Area } from '../../runtime/format.js'
import type { View } from './cuts.js'

/** The part of an operand of sizes `full` that has the sizes `part` and begins where it does. */
export function prefixView(full: readonly number[], part: readonly number[]): View {
  const dims: View['dims'] = []
  let stride = full.at(-1) ?? 1
  for (let axis = full.length - 2; axis >= 0; axis--) {
    dims.unshift([part[axis]!, stride])
    stride *= full[axis]!
  }
  return { offset: 0, dims, size: part.at(-1) ?? 1 }
}

export const countOf = ({ dims, size }: View): number => dims.reduce((n, [count]) => n * count, size)

/** Rows that follow each other are one. */
function merged({ offset, dims, size }: View): View {
  const left = dims.filter(([count]) => count > 1)
  let row = size
  while (left.length > 0 && left.at(-1)![1] === row) row *= left.pop()![0]
  return { offset, dims: left, size: row }
}

const plain = (type: ElementType) => type === 'f32' || type === 'f16' || type === 'u32'

/**
 * A view in bytes; undefined where it can't be copied: half a word, or a part of what is stored together. `unit`:
 * elements that are.
 */
export function areaOf(view: View, type: ElementType, unit: number, of: Area['of']): Area | undefined {
  if (plain(type)) {
    const { offset, dims, size } = merged(view)
    const each = type === 'f16' ? 2 : 4
    const area = { of, type, size, offset: offset * each, dims: dims.map(([n, s]) => [n, s * each] as const) }
    const whole = [area.offset, size * each, ...area.dims.map(([, stride]) => stride)].every(
      (n) => n % 4 === 0,
    )
    return whole ? area : undefined
  }
  if (view.size !== unit || view.offset % unit !== 0 || view.dims.some(([, s]) => s % unit !== 0))
    return undefined
  const bytes = (elements: number) => (elements / unit) * rowBytesOf(type, unit)
  return {
    of,
    type,
    size: unit,
    offset: bytes(view.offset),
    dims: view.dims.map(([n, s]) => [n, bytes(s)] as const),
  }
}

/** Bytes [from, to) that an area touches at most, counted from the operand's begin. */
export function spanOf({ type, size, offset, dims }: Area): [from: number, to: number] {
  const last = dims.reduce((at, [count, stride]) => at + (count - 1) * stride, offset)
  return [offset, last + rowBytesOf(type, size)]
}
