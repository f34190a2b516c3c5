/** Templates that need a feature, what they make of operands, and rows that the step counts. */
import { expect, test } from 'vitest'
import { tensorBytes } from '../../compiler/emit/plan.js'
import { build } from '../../compiler/ir/builder.js'
import type { Graph, Tensor } from '../../compiler/ir/graph.js'
import { type Lowered, lower } from '../../compiler/select/lower.js'
import { openTemplates } from '../../compiler/select/templates.js'
import { loadTuning } from '../../compiler/select/tuning.js'
import type { KernelTarget, TuningRule } from '../../compiler/select/types.js'

const { heads } = openTemplates()
const DOT4 = 'packed_4x8_integer_dot_product'
const MATRIX = 'chromium-experimental-subgroup-matrix'

/** Rules that prefer kernels with features where they are, and fall back where they are not. */
const tuning: TuningRule[] = [
  { op: 'linear', when: 'DOT4 && M == 1', template: 'linear_gemv_i8', why: 'test' },
  { op: 'linear', when: 'M > 1', template: 'linear_gemm_matrix', why: 'test' },
  { op: 'linear', when: 'M > 1', template: 'linear_gemm_i8', why: 'test' },
  ...loadTuning(),
]

const on = (...features: string[]): KernelTarget => ({ language: 'wgsl', features, tuning })

/** Two products of one activation with q4 weights. */
function twoProducts(seq: 1 | 'seq'): Graph {
  const b = build('test', 70)
  const ids = b.input('ids', 'u32', [seq])
  const x = b.op('embed', 'x', { ids, w: b.weight('table', [50, 176]) }, {}, { M: seq })
  for (const name of ['p', 'q'])
    b.output(b.op('linear', name, { x, w: b.weight(`${name}.w`, [96, 176]) }, { LDY: 96 }), name)
  for (const t of b.graph.tensors.values())
    if (t.weight) {
      t.weight.format = 'q4'
      t.weight.group = 32
    }
  return b.graph
}

const names = ({ steps }: Lowered) => steps.map((s) => s.choice.template.name)

test('integer products where the language has them and a rule asks; x is quantised once', () => {
  expect(names(lower(twoProducts(1), heads, on()))).toEqual(['embed', 'linear_gemv', 'linear_gemv'])
  const lowered = lower(twoProducts(1), heads, on(DOT4))
  expect(names(lowered)).toEqual(['embed', 'quantize_rows', 'linear_gemv_i8', 'linear_gemv_i8'])
  const many = lower(twoProducts('seq'), heads, on(DOT4))
  expect(names(many)).toEqual(['embed', 'quantize_rows', 'linear_gemm_i8', 'linear_gemm_i8'])
})

test.each([
  ['wgsl', 'i8x4', on(DOT4), 70 * 2 * 160],
  ['c', 'i8x32', { language: 'c', features: [], tuning: [] }, 70 * 2 * 448],
] as [string, string, KernelTarget, number][])(
  'a quantised activation in %s is %s',
  (_, dtype, target, bytes) => {
    const { graph } = lower(twoProducts('seq'), heads, target)
    const quantised = graph.tensors.get(`x.${dtype}`) as Tensor
    expect(quantised.dtype).toBe(dtype)
    expect(tensorBytes(quantised, graph)).toBe(bytes)
  },
)

test('subgroup matrices need both of their features', () => {
  const plain = ['embed', 'linear_gemm', 'linear_gemm']
  expect(names(lower(twoProducts('seq'), heads, on(MATRIX)))).toEqual(plain)
  expect(names(lower(twoProducts('seq'), heads, on('shader-f16')))).toEqual(plain)
  const both = lower(twoProducts('seq'), heads, on(MATRIX, 'shader-f16'))
  expect(names(both)).toEqual(['embed', 'halve_rows', 'linear_gemm_matrix', 'linear_gemm_matrix'])
})

test('matmul: rows that the step counts, rows that are known, and others', () => {
  const rows = (M: Parameters<ReturnType<typeof build>['input']>[2][number]) => {
    const b = build('test', 70)
    const a = b.input('a', 'f32', [2, M, 12])
    b.op('matmul', 'y', { a, b: b.input('b', 'f32', [1, 5, 12]) }, { TB: true, N: 5 })
    const [step] = lower(b.graph, heads, on()).steps
    return [step?.params.SEQ, b.graph.tensors.get('y')?.shape]
  }
  expect(rows(7)).toEqual([false, [2, 7, 5]])
  expect(rows('seq')).toEqual([true, [2, 'seq', 5]])
  // Read from a uniform.
  expect(rows(['*', 'seq', 2])).toEqual([false, [2, ['*', 'seq', 2], 5]])
})

test.each([
  ['a short axis', 60, 'argreduce_columns'],
  ['a long axis', 500, 'argreduce_rows'],
])('%s that a step brings: parts of a condition count by themselves', (_, longest, name) => {
  const b = build('test', longest)
  const x = b.input('x', 'f32', ['seq'])
  b.output(b.op('argreduce', 'y', { x }, {}, { A: 1, D: 'seq', S: 1 }), 'y')
  expect(names(lower(b.graph, heads, on()))).toEqual([name])
})

test('a size that an operator takes as a number may be a symbol', () => {
  const b = build('test', 9, { texts: 7 })
  const [x, y] = [b.input('x', 'f32', ['seq', 5]), b.input('y', 'f32', ['texts', 5])]
  const products = b.op(
    'matmul',
    'products',
    { a: x, b: y },
    { TB: true },
    { B: 1, BB: 1, M: 'seq', N: 'texts', K: 5 },
  )
  expect(b.graph.tensors.get(products)?.shape).toEqual([1, 'seq', 'texts'])
  expect(lower(b.graph, heads, on()).steps[0]?.symbols).toMatchObject({ N: 'texts' })
})
