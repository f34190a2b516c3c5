/** Value of a WGSL constant expression made of numbers, names and integer arithmetic. */
import type { Token } from './tokens.js'

/** Name of a `const` to the tokens of its value. */
export type Scope = Map<string, Token[]>

/** Left-associative operators by strength. */
const STRENGTH: Record<string, number> = {
  '*': 3,
  '/': 3,
  '%': 3,
  '+': 2,
  '-': 2,
  '<<': 1,
  '&': 0,
  '^': 0,
  '|': 0,
}

const APPLY: Record<string, (a: number, b: number) => number> = {
  '*': (a, b) => a * b,
  '/': (a, b) => (Number.isInteger(a) && Number.isInteger(b) ? Math.trunc(a / b) : a / b),
  '%': (a, b) => a % b,
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '<<': (a, b) => a * 2 ** b,
  '>>': (a, b) => Math.floor(a / 2 ** b),
  '&': (a, b) => Number(BigInt(a) & BigInt(b)),
  '^': (a, b) => Number(BigInt(a) ^ BigInt(b)),
  '|': (a, b) => Number(BigInt(a) | BigInt(b)),
}

const CALLS: Record<string, (...args: number[]) => number> = {
  u32: (a) => a!,
  i32: (a) => a!,
  f32: (a) => a!,
  min: Math.min,
  max: Math.max,
  select: (no, yes, which) => (which ? yes! : no!),
}

class NotConstant extends Error {}

/** The number, or undefined when the expression is no constant that this reader knows. */
export function evaluate(expr: Token[], scope: Scope): number | undefined {
  try {
    return parse(expr, scope, 0)
  } catch (e) {
    if (e instanceof NotConstant) return undefined
    throw e
  }
}

function parse(expr: Token[], scope: Scope, depth: number): number {
  let i = 0
  const value = binary(0)
  if (i < expr.length) throw new NotConstant()
  return value

  function binary(least: number): number {
    let left = unary()
    for (;;) {
      // `>` is always a token of its own, so a shift right is two neighbours.
      const shift = expr[i]?.text === '>' && expr[i + 1]?.text === '>' && expr[i + 1]!.at === expr[i]!.at + 1
      const op = shift ? '>>' : (expr[i]?.text ?? '')
      const strength = shift ? 1 : STRENGTH[op]
      if (strength === undefined || strength < least) return left
      i += shift ? 2 : 1
      left = APPLY[op]!(left, binary(strength + 1))
    }
  }

  function unary(): number {
    const t = expr[i++]
    if (!t) throw new NotConstant()
    if (t.text === '-') return -unary()
    if (t.text === '(') {
      const inner = binary(0)
      if (expr[i++]?.text !== ')') throw new NotConstant()
      return inner
    }
    if (t.kind === 'number') return literal(t.text)
    if (t.text === 'true' || t.text === 'false') return t.text === 'true' ? 1 : 0
    const call = CALLS[t.text]
    if (call && expr[i]?.text === '(') return call(...list())
    const named = scope.get(t.text)
    if (!named || depth > 32) throw new NotConstant() // deeper is a cycle
    return parse(named, scope, depth + 1)
  }

  function list(): number[] {
    const args: number[] = []
    i++
    while (expr[i] && expr[i]!.text !== ')') {
      args.push(binary(0))
      if (expr[i]?.text === ',') i++
      else if (expr[i]?.text !== ')') throw new NotConstant()
    }
    i++
    return args
  }
}

function literal(text: string): number {
  const hex = /^0[xX]/.test(text)
  const value = Number(text.replace(hex ? /[iu]$/ : /[iufh]$/, ''))
  if (Number.isNaN(value)) throw new NotConstant()
  return value
}
