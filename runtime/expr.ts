/**
 * Sizes that are known only when a step runs. A plan's dispatch counts and tensor shapes are small
 * expressions of the two symbols below; everything else is a number by the time a plan is written.
 */

/**
 * `seq`: rows of this step, tokens mostly. `past`: tokens already in the KV cache. Others are a plan's own
 * (`Plan.sizes`): the height of an image, the tokens that an encoder read.
 */
export type Sym = string

export type ExprOp = '+' | '-' | '*' | 'ceildiv' | 'min' | 'max'

/** A number, a symbol, or `[op, left, right]`. JSON as it stands: nothing is parsed in the page. */
export type Expr = number | Sym | readonly [ExprOp, Expr, Expr]

export type SymValues = Readonly<Record<Sym, number>>

/** A name that a size may have. */
export const isSym = (e: unknown): e is Sym => typeof e === 'string' && /^[a-z]\w{0,31}$/.test(e)

const apply: Record<ExprOp, (a: number, b: number) => number> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  ceildiv: (a, b) => Math.ceil(a / b),
  min: Math.min,
  max: Math.max,
}

/** The value of `e` for one step. */
export function evaluate(e: Expr, values: SymValues): number {
  if (typeof e === 'number') return e
  if (typeof e === 'string') return values[e] ?? Number.NaN
  return apply[e[0]](evaluate(e[1], values), evaluate(e[2], values))
}

/** Whether `op` is one of the operators above: for a reader of plans that trusts nobody. */
export function isOp(op: unknown): op is ExprOp {
  return typeof op === 'string' && Object.hasOwn(apply, op)
}

/** The value of `e` if it holds none of the symbols of which `fixed` doesn't give the value. */
export function constant(e: Expr, fixed: Partial<SymValues>): number | undefined {
  if (typeof e === 'number') return e
  if (typeof e === 'string') return fixed[e]
  const a = constant(e[1], fixed)
  const b = constant(e[2], fixed)
  return a === undefined || b === undefined ? undefined : apply[e[0]](a, b)
}
