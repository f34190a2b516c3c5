/** Sizes: `Expr`s folded as they are made, and their value at the largest step. */
import { type Expr, type ExprOp, evaluate, type SymValues } from '../../runtime/expr.js'

const identity: Partial<Record<ExprOp, number>> = { '+': 0, '*': 1 }

/** `a op b`, folded when both are numbers or one of them changes nothing. */
export function size(op: ExprOp, a: Expr, b: Expr): Expr {
  if (typeof a === 'number' && typeof b === 'number') return evaluate([op, a, b], { seq: 0, past: 0 })
  if (b === identity[op] || (op === 'ceildiv' && b === 1) || (op === '-' && b === 0)) return a
  if (a === identity[op]) return b
  return [op, a, b]
}

/** Product of a shape's sizes. */
export function elements(shape: readonly Expr[]): Expr {
  return shape.reduce<Expr>((product, dim) => size('*', product, dim), 1)
}

/** The value at the largest step: every size in a plan grows with `seq` and `past`. */
export function largest(e: Expr, limits: SymValues): number {
  return evaluate(e, limits)
}

export function isStatic(e: Expr): e is number {
  return typeof e === 'number'
}

/** `seq`, `past + 1`, `ceil(seq / 4)`: as a person writes it. */
export function printSize(e: Expr): string {
  if (typeof e !== 'object') return String(e)
  const [op, a, b] = e
  if (op === 'ceildiv') return `ceil(${printSize(a)} / ${printSize(b)})`
  if (op === 'min' || op === 'max') return `${op}(${printSize(a)}, ${printSize(b)})`
  return `${printSize(a)} ${op} ${printSize(b)}`
}
