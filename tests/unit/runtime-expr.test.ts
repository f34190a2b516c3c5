import fc from 'fast-check'
import { expect, it } from 'vitest'
import { constant, type Expr, type ExprOp, evaluate, isOp } from '../../runtime/expr.js'

const OPS: ExprOp[] = ['+', '-', '*', 'ceildiv', 'min', 'max']

const expr: fc.Arbitrary<Expr> = fc.letrec<{ e: Expr }>((tie) => ({
  e: fc.oneof(
    { depthSize: 'small' },
    fc.nat(1000),
    fc.constantFrom('seq' as const, 'past' as const),
    fc.tuple(fc.constantFrom(...OPS), tie('e'), tie('e')),
  ),
})).e

it.each<[Expr, number]>([
  [7, 7],
  ['seq', 3],
  [['+', 'seq', 'past'], 13],
  [['-', 'past', 'seq'], 7],
  [['*', 'seq', 64], 192],
  [['ceildiv', 'past', 4], 3],
  [['min', 'past', ['max', 'seq', 5]], 5],
])('evaluates %j', (e, value) => {
  expect(evaluate(e, { seq: 3, past: 10 })).toBe(value)
})

it('folds what does not change from step to step', () => {
  expect(constant(['ceildiv', ['*', 'seq', 100], 64], { seq: 1 })).toBe(2)
  expect(constant(['+', 'seq', 'past'], { seq: 1 })).toBeUndefined()
  const sizes = { seq: 5, past: 9 }
  fc.assert(fc.property(expr, (e) => Object.is(constant(e, sizes), evaluate(e, sizes))))
})

it('knows its operators, and no property of objects', () => {
  expect(OPS.every(isOp)).toBe(true)
  expect(['constructor', '__proto__', '/', 1, null].some(isOp)).toBe(false)
})
