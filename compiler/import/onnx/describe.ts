/** A node of an ONNX graph in words: operator with its domain, name, attributes. */
import type { AttributeProto, NodeProto } from './protos.js'

/** Numbers of a list, and characters of a text, that are shown. */
const SHOWN = 8
const SHOWN_TEXT = 40

const some = (list: readonly unknown[]): string =>
  `[${list.slice(0, SHOWN).join(', ')}${list.length > SHOWN ? ', …' : ''}]`

const quoted = (s: string): string => JSON.stringify(s.length > SHOWN_TEXT ? `${s.slice(0, SHOWN_TEXT)}…` : s)

/** By `AttributeProto.AttributeType`. */
const values: Record<number, (a: AttributeProto) => string> = {
  1: (a) => String(a.f),
  2: (a) => String(a.i),
  3: (a) => quoted(a.s),
  4: (a) => `tensor ${some(a.t?.dims ?? [])}`,
  5: () => 'graph',
  6: (a) => some(a.floats),
  7: (a) => some(a.ints),
  8: (a) => some(a.strings.map(quoted)),
}

/** `com.microsoft.Attention` */
export const operatorName = ({ domain, op }: NodeProto): string => (domain ? `${domain}.${op}` : op)

/** `Resize /neck/up (mode="cubic", antialias=1)` */
export function described(node: NodeProto): string {
  const attributes = [...node.attributes.values()].map((a) => `${a.name}=${values[a.type]?.(a) ?? '…'}`)
  const shown = attributes.length > 0 ? ` (${attributes.join(', ')})` : ''
  return `${operatorName(node)}${node.name ? ` ${node.name}` : ''}${shown}`
}
