/** Weights that a model's files hold quantised already, in formats of our own: the same integers, where there is room. */
import type { WeightFormatName } from '../ir/graph.js'
import { fromF16, toF16 } from './f16.js'
import { formats } from './formats.js'
import type { Canonical, Kept } from './types.js'

/** The narrowest format that holds all of a weight's sources, and the group that all of their scales allow. */
export function widest(kept: readonly Kept[]): { format: WeightFormatName; group?: number } {
  const rows = kept.map((k) => ({ ...k, row: formats[k.format] }))
  const bits = Math.max(...rows.map(({ row }) => row.bits))
  const plain = rows.find(({ row }) => row.bits === bits && !row.grouped)
  if (plain) return { format: plain.format }
  const minimum = rows.some(({ row }) => row.grouped && row.minimum)
  const found = Object.values(formats).find((f) => f.grouped && f.bits === bits && f.minimum === minimum)
  return { format: found!.name, group: Math.min(...rows.map((k) => k.group)) }
}

/** Whether integers and scales of a kept weight can be taken over into a format as they are. */
export function canHold(kept: Kept | undefined, format: WeightFormatName, group: number): boolean {
  if (!kept || kept.how === 'requantised') return false
  const [from, to] = [formats[kept.format], formats[format]]
  return (
    from.grouped &&
    to.grouped &&
    to.bits >= from.bits &&
    (to.minimum || !from.minimum) &&
    group > 0 &&
    kept.group % group === 0
  )
}

const repeated = (from: Uint16Array, times: number): Uint16Array =>
  times === 1
    ? from
    : Uint16Array.from({ length: from.length * times }, (_, i) => from[Math.floor(i / times)]!)

/**
 * The same values in a wider format or smaller groups, which `canHold`. Signed integers counted from 0 get the
 * minimum that this shifts them by, a power of two times the scale.
 */
export function widened(
  c: Canonical,
  from: WeightFormatName,
  to: WeightFormatName,
  group: number,
): Canonical {
  const times = c.group / group
  const scale = repeated(c.scale!, times)
  if (!formats[to].minimum) return { ...c, group, scale }
  if (c.min) return { ...c, group, scale, min: repeated(c.min, times) }
  const shift = 2 ** (formats[from].bits - 1)
  return {
    ...c,
    group,
    scale,
    q: Uint8Array.from(c.q, (x) => x + shift),
    min: scale.map((s) => toF16(-shift * fromF16(s))),
  }
}
