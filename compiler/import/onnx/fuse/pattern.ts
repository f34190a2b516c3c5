/** Patterns of operators: what a tensor must be made of, as nested lists, and what stands for its parts. */
import type { Graph, Node } from '../../../ir/graph.js'
import { makers } from '../../../passes/rewrite.js'

/**
 * A number: a constant of that value. `'#name'`: any constant number. `'@name'`: a vector that every row of the other
 * operand meets. Another word: any tensor, everywhere the same. A list: an operator and its operands; `add` and `mul`
 * take theirs in either order. Operators are the functions of unary and binary; `mean` is along the last axis, and a
 * division by a constant is a `mul`.
 */
export type Pattern = string | number | Applied
export interface Applied extends ReadonlyArray<Pattern> {
  readonly 0: string
}

export interface Matched {
  tensors: Record<string, string>
  numbers: Record<string, number>
  /** Length of the rows that `mean` and `@` speak of; 0 where none does. */
  D: number
}

/** What a node computes, in a pattern's words. */
interface Term {
  op: string
  operands: Operand[]
  /** Length of the rows, where the operator has any. */
  D?: number
}

type Operand = { tensor: string } | { number: number } | { row: string; D: number }

/** Relative difference up to which constants are the same: models in halves round them. */
const CLOSE = 2e-3

/** A look at a graph by what makes each tensor. */
export interface Look {
  graph: Graph
  maker(tensor: string | undefined): Node | undefined
  /** The number that all of a constant's elements are, where it is one. */
  number(tensor: string | undefined): number | undefined
}

export function look(graph: Graph): Look {
  const made = makers(graph)
  return {
    graph,
    maker: (tensor) => (tensor === undefined ? undefined : made.get(tensor)),
    number(tensor) {
      const t = graph.tensors.get(tensor ?? '')
      if (t?.kind !== 'const' || t.dtype !== 'f32' || !t.data || t.data.length > 16) return undefined
      return t.data.every((v) => v === t.data![0]) ? t.data[0] : undefined
    },
  }
}

const elements = (graph: Graph, tensor: string): number =>
  graph.tensors.get(tensor)!.shape.reduce<number>((n, d) => n * Number(d), 1)

/** The facts `<prefix>0` … of a node over five axes, those of size 1 left out. */
function axesOf({ attrs }: Node): { dims: number[]; a: number[]; b: number[] } {
  const list = (prefix: string) => [0, 1, 2, 3, 4].map((k) => Number(attrs[`${prefix}${k}`] ?? 0))
  const dims = list('D')
  const kept = (values: number[]) => values.filter((_, k) => dims[k] !== 1)
  return { dims: kept(dims), a: kept(list('AS')), b: kept(list('BS')) }
}

/** Whether strides are of a whole tensor, or of one number for each row. */
function isRowwise(dims: number[], strides: number[]): boolean {
  const dense = (list: number[]) => list.map((_, k) => list.slice(k + 1).reduce((n, d) => n * d, 1))
  const columns = [...dense(dims.slice(0, -1)), 0]
  return strides.join() === dense(dims).join() || strides.join() === columns.join()
}

function termOf(at: Look, node: Node | undefined): Term | undefined {
  if (!node) return undefined
  const { op, inputs, attrs, sizes = {} } = node
  const x = inputs.x ?? ''
  if (op === 'unary' && !attrs.ALPHA && !attrs.BETA) return { op: `${attrs.OP}`, operands: [{ tensor: x }] }
  if (op === 'unary') {
    const constants = [attrs.ALPHA, attrs.BETA].map((c) => ({ number: Number(c ?? 0) }))
    return { op: `${attrs.OP}`, operands: [{ tensor: x }, ...constants] }
  }
  if (op === 'reduce' && sizes.S === 1)
    return { op: `${attrs.OP}`, operands: [{ tensor: x }], D: Number(sizes.D) }
  if (op !== 'binary' && op !== 'binary_nd') return undefined
  const { a = '', b = '' } = inputs
  const OP = String(attrs.OP)
  const [left, right] = [at.number(a), at.number(b)]
  if (right !== undefined && OP === 'div')
    return { op: 'mul', operands: [{ tensor: a }, { number: 1 / right }] }
  if (op === 'binary' && attrs.BCAST === true && right === undefined)
    return { op: OP, operands: [{ tensor: a }, { row: b, D: Number(sizes.D) }] }
  const operand = (tensor: string, number: number | undefined): Operand =>
    number === undefined ? { tensor } : { number }
  const operands = [operand(a, left), operand(b, right)]
  if (op === 'binary' || left !== undefined || right !== undefined) return { op: OP, operands }
  const axes = axesOf(node)
  const rowwise = isRowwise(axes.dims, axes.a) && isRowwise(axes.dims, axes.b)
  return rowwise ? { op: OP, operands, D: axes.dims.at(-1) ?? 1 } : undefined
}

/** How `tensor` is what the pattern says, or undefined. */
export function match(at: Look, tensor: string, pattern: Pattern): Matched | undefined {
  return tryMatch(at, { tensor }, pattern, { tensors: {}, numbers: {}, D: 0 })
}

function tryMatch(at: Look, given: Operand, pattern: Pattern, so: Matched): Matched | undefined {
  if (typeof pattern === 'number') {
    if (!('number' in given)) return undefined
    return Math.abs(given.number - pattern) <= CLOSE * Math.abs(pattern) ? so : undefined
  }
  if (typeof pattern === 'string') return bound(given, pattern, so)
  if (!('tensor' in given)) return undefined
  const term = termOf(at, at.maker(given.tensor))
  const [op, ...wanted] = pattern as unknown as [string, ...Pattern[]]
  if (!term || term.op !== op || term.operands.length < wanted.length) return undefined
  const sized = term.D === undefined ? so : rows(so, term.D)
  if (!sized) return undefined
  const orders = op === 'add' || op === 'mul' ? [wanted, [...wanted].reverse()] : [wanted]
  for (const order of orders) {
    let found: Matched | undefined = sized
    for (const [i, part] of order.entries()) found = found && tryMatch(at, term.operands[i]!, part, found)
    if (found) return found
  }
  return undefined
}

const rows = (so: Matched, D: number): Matched | undefined =>
  so.D === 0 || so.D === D ? { ...so, D } : undefined

function bound(given: Operand, name: string, so: Matched): Matched | undefined {
  if (name.startsWith('#'))
    return 'number' in given
      ? { ...so, numbers: { ...so.numbers, [name.slice(1)]: given.number } }
      : undefined
  if (name.startsWith('@')) {
    if (!('row' in given)) return undefined
    const sized = rows(so, given.D)
    return sized && { ...sized, tensors: { ...so.tensors, [name.slice(1)]: given.row } }
  }
  if (!('tensor' in given)) return undefined
  const known = so.tensors[name]
  if (known !== undefined && known !== given.tensor) return undefined
  return { ...so, tensors: { ...so.tensors, [name]: given.tensor } }
}

export { elements }
