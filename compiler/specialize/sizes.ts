/** Sizes: expressions of which some names are known only when a step runs. */
import type { Expr, ExprOp } from '../../runtime/expr.js'
import { fail } from '../errors.js'
import {
  ARITHMETIC,
  type Ast,
  CALLS,
  type Env,
  evaluateExpression,
  placed,
  printExpression,
  unknown,
  wrong,
} from './expression.js'

/**
 * A size: numbers fold, names of `symbols` stay symbolic. `ceil(a / b)` becomes a ceildiv; any other
 * division must be exact (WGC308).
 */
export function toSizeExpression(ast: Ast, env: Env, symbols: Readonly<Record<string, Expr>>): Expr {
  const size = (a: Ast) => toSizeExpression(a, env, symbols)
  switch (ast.kind) {
    case 'value':
      return typeof ast.value === 'number' ? ast.value : wrong(ast, 'is no size')
    case 'name': {
      if (Object.hasOwn(symbols, ast.name)) return symbols[ast.name]!
      const v = Object.hasOwn(env, ast.name) ? env[ast.name]! : unknown(ast.name, ast)
      return typeof v === 'number' ? v : wrong(ast, `is ${JSON.stringify(v)}, not a number`)
    }
    case 'unary':
      return ast.op === '-' ? combine('-', 0, size(ast.arg)) : wrong(ast, 'is no size')
    case 'call': {
      const arg = ast.args[0]!
      if (ast.fn === 'min' || ast.fn === 'max') return combine(ast.fn, size(arg), size(ast.args[1]!))
      if (ast.fn === 'ceil' && arg.kind === 'binary' && arg.op === '/') {
        const by = size(arg.right)
        if (by === 0) return wrong(arg, 'divides by zero')
        return combine('ceildiv', size(arg.left), by)
      }
      const v = size(arg)
      return typeof v === 'number' ? CALLS[ast.fn](v, 0) : ast.fn === 'floor' ? wrong(ast, 'has no floor') : v
    }
    case 'binary': {
      const { op } = ast
      const a = size(ast.left)
      const b = size(ast.right)
      if (op === '+' || op === '-' || op === '*') return combine(op, a, b)
      if (op === '/') return divide(a, b) ?? fail('WGC308', [printExpression(ast)], placed(ast.place))
      if (typeof a !== 'number' || typeof b !== 'number') return wrong(ast, 'depends on a symbolic size')
      const v = evaluateExpression(ast, env)
      return typeof v === 'number' ? v : wrong(ast, 'is no size')
    }
  }
}

/** `[op, a, b]` with numbers folded and neutral elements dropped, numbers to the right. */
function combine(op: ExprOp, a: Expr, b: Expr): Expr {
  if (typeof a === 'number' && typeof b === 'number')
    return op === 'ceildiv'
      ? Math.ceil(a / b)
      : op === 'min' || op === 'max'
        ? Math[op](a, b)
        : ARITHMETIC[op](a, b)
  if (typeof a === 'number' && op !== '-' && op !== 'ceildiv') return combine(op, b, a)
  if (b === 0 && (op === '+' || op === '-')) return a
  if (b === 0 && op === '*') return 0
  if (b === 1 && (op === '*' || op === 'ceildiv')) return a
  if (op === '*' && typeof b === 'number' && Array.isArray(a) && a[0] === '*' && typeof a[2] === 'number')
    return combine('*', a[1], a[2] * b)
  return [op, a, b]
}

/** a / b where it is known to be exact, else undefined. */
function divide(a: Expr, b: Expr): Expr | undefined {
  if (b === 1) return a
  if (typeof b !== 'number' || b === 0) return undefined
  if (typeof a === 'number') return Number.isInteger(a / b) ? a / b : undefined
  if (typeof a === 'string') return undefined
  const [op, left, right] = a
  if (op === '*') {
    const r = divide(right, b)
    if (r !== undefined) return combine('*', left, r)
    const l = divide(left, b)
    return l === undefined ? undefined : combine('*', l, right)
  }
  if (op === 'ceildiv') return undefined
  const l = divide(left, b)
  const r = divide(right, b)
  return l === undefined || r === undefined ? undefined : combine(op, l, r)
}
