import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  evaluateExpression,
  parseExpression,
  printExpression,
  symbolsOf,
  toSizeExpression,
  type Value,
} from '../../compiler/specialize/index.js'
import { evaluate } from '../../runtime/expr.js'
import { thrown } from './specialize-samples.js'

const env = { K: 172, N: 64, ROWS: 4, E: 'f16', B: true, S: 0.5 }

const values: [text: string, value: Value][] = [
  ['1 + 2 * 3 - 4', 3],
  ['8 - 4 - 2', 2],
  ['16 / 4 / 2', 2],
  ['-K % 10', -2],
  ['(1 + 2) * 3', 9],
  ['7 / 2', 3.5],
  ['ceil(7 / 2) + floor(7 / 2)', 7],
  ['min(K, N) + max(K, N)', 236],
  ['1 << 4 >> 1', 8],
  ['K % 4 == 0 && N > 63', true],
  ['E == f16', true],
  ['f32 == E', false],
  ['E != f32', true],
  ['B', true],
  ['!B || N >= 64', true],
  ['B == true', true],
  ['false && nothing', false],
  ['S * 4u', 2],
  ['0x10 + 1e2 + .5', 116.5],
  ['1 < 2 == true', true],
]

describe('expressions', () => {
  test.each(values)('%s is %s', (text, value) => {
    expect(evaluateExpression(parseExpression(text), env)).toBe(value)
  })

  test('with whole numbers, / truncates', () => {
    expect(evaluateExpression(parseExpression('7 / 2 + u32(9) / 4'), env, true)).toBe(5)
  })

  test('the names in them', () => {
    expect([...symbolsOf(parseExpression('ceil(N / ROWS) == M || E == f16'))]).toEqual([
      'N',
      'ROWS',
      'M',
      'E',
      'f16',
    ])
  })

  const place = { file: 'a.wgsl', line: 3, text: '//! grid …' }
  const wrong: [text: string, code: string, says: RegExp][] = [
    ['X + 1', 'WGC306', /the name X/],
    ['E + 1', 'WGC307', /E is "f16", not a number/],
    ['B * 2', 'WGC307', /B is true, not a number/],
    ['!E', 'WGC307', /not true or false/],
    ['1 % 0', 'WGC307', /divides by zero/],
    ['1 +', 'WGC305', /found the end/],
    ['1 = 2', 'WGC305', /unexpected "="/],
    ['4x', 'WGC305', /unexpected "4"/],
    ['a.b', 'WGC305', /unexpected "."/],
    ['', 'WGC305', /expected a value/],
  ]
  test.each(wrong)('%s: %s', (text, code, says) => {
    const e = thrown(() => evaluateExpression(parseExpression(text, place), env))
    expect(e).toMatchObject({ code, message: expect.stringMatching(says), place })
  })

  const sizes: [text: string, size: unknown][] = [
    ['N * 2', 128],
    ['M', 'seq'],
    ['ceil(N / 5)', 13],
    ['ceil(M / ROWS)', ['ceildiv', 'seq', 4]],
    ['ceil(M / 1)', 'seq'],
    ['M * N / ROWS', ['*', 'seq', 16]],
    ['ROWS * M * N', ['*', 'seq', 256]],
    ['(M * 8 + N) / 4', ['+', ['*', 'seq', 2], 16]],
    ['M + P - 0', ['+', 'seq', 'past']],
    ['min(M, N)', ['min', 'seq', 64]],
    ['8 - M', ['-', 8, 'seq']],
    ['K % 8 + 1', 5],
    ['M * 0', 0],
  ]
  test.each(sizes)('the size %s', (text, size) => {
    expect(toSizeExpression(parseExpression(text), env, { M: 'seq', P: 'past' })).toEqual(size)
  })

  const noSizes: [text: string, code: string][] = [
    ['M / 2', 'WGC308'],
    ['K / 64', 'WGC308'],
    ['N / M', 'WGC308'],
    ['ceil(M / 2) / 2', 'WGC308'],
    ['M % 2', 'WGC307'],
    ['M == 2', 'WGC307'],
    ['E', 'WGC307'],
    ['X', 'WGC306'],
    ['ceil(M / 0)', 'WGC307'],
  ]
  test.each(noSizes)('%s is no size: %s', (text, code) => {
    expect(thrown(() => toSizeExpression(parseExpression(text), env, { M: 'seq' })).code).toBe(code)
  })

  const text = fc.letrec<{ e: string }>((tie) => ({
    e: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom('N', 'K', '3', '4u', 'M'),
      fc.tuple(tie('e'), fc.constantFrom('+', '-', '*'), tie('e')).map((p) => p.join(' ')),
      tie('e').map((e) => `(${e})`),
      tie('e').map((e) => `-(${e})`),
      tie('e').map((e) => `ceil((${e}) / 7)`),
      fc.tuple(tie('e'), tie('e')).map(([a, b]) => `max(${a}, ${b})`),
    ),
  })).e

  test('agrees with JavaScript, printed or not, and with the plan at every seq', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 9 }), (t, M) => {
        const ast = parseExpression(t)
        const { ceil, max } = Math
        const by = new Function('N', 'K', 'M', 'ceil', 'max', `return ${t.replaceAll('4u', '4')}`)
        const value = by(env.N, env.K, M, ceil, max) as number
        expect(evaluateExpression(ast, { ...env, M })).toBeCloseTo(value)
        expect(evaluateExpression(parseExpression(printExpression(ast)), { ...env, M })).toBeCloseTo(value)
        const size = toSizeExpression(ast, env, { M: 'seq' })
        expect(evaluate(size, { seq: M, past: 0 })).toBeCloseTo(value)
      }),
      { numRuns: 1000 },
    )
  })
})
