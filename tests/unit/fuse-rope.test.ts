/** Query, key and value become one product and one rope_kv only where that turns as their ropes do. */
import { expect, test } from 'vitest'
import { build } from '../../compiler/ir/builder.js'
import type { Attr } from '../../compiler/ir/graph.js'
import { fuseRope } from '../../compiler/passes/fuse-rope.js'

const [WIDTH, HD, C] = [16, 8, 64]

/** Attention over one head, whose query and key turn so. */
function operators({ pairs = HD / 2, q = {}, k = q, tables = 1 }: Given): string[] {
  const g = build('one layer', 32)
  const x = g.input('x', 'f32', ['seq', WIDTH])
  const table = (name: string) =>
    g.constant(name, [C / 64 + 64, pairs, 2], new Float32Array((C / 64 + 64) * pairs * 2))
  const shared = table('table')
  const positions = g.input('positions', 'u32', [1, 'seq'])
  const product = (name: string) =>
    g.op('linear', name, { x, w: g.weight(`${name}.weight`, [HD, WIDTH]) }, { EPI: 'none', LDY: HD })
  const turned = (name: string, by: string, attrs: Record<string, Attr>) => {
    const given = attrs.POSITIONS === undefined ? {} : { positions }
    return g.op(
      'rope',
      `${name}.rope`,
      { x: product(name), table: by, ...given },
      { H: 1, HD, C, S0: pairs, ...attrs },
    )
  }
  const heads = { KVH: 1, HD, C }
  const states = { k: g.state('keys', [1, C, HD]), v: g.state('values', [1, C, HD]) }
  const query = turned('q', shared, q)
  const key = turned('k', tables === 1 ? shared : table('other'), k)
  g.op('kv_append', 'k.append', { x: key, cache: states.k }, heads)
  g.op('kv_append', 'v.append', { x: product('v'), cache: states.v }, heads)
  g.output(g.op('attention', 'attention', { q: query, ...states }, { H: 1, SCALE: 1, ...heads }), 'y')
  return fuseRope(g.graph).nodes.map((n) => n.op)
}

interface Given {
  pairs?: number
  q?: Record<string, Attr>
  k?: Record<string, Attr>
  tables?: number
}

test.each<[string, Given]>([
  ['whole heads', {}],
  ['a part of each head', { pairs: 3 }],
])('%s, turned in halves by the positions of the step', (_, given) => {
  expect(operators(given)).toEqual(['linear', 'rope_kv', 'attention'])
})

test.each<[string, Given]>([
  ['interleaved pairs', { q: { FORM: 'interleaved' } }],
  ['interleaved pairs of keys alone', { k: { FORM: 'interleaved' } }],
  ['given positions', { q: { POSITIONS: 'sections' } }],
  ['given positions of queries alone', { q: { POSITIONS: 'sections' }, k: {} }],
  ['tables of their own', { tables: 2 }],
])('%s stay as they are', (_, given) => {
  expect(operators(given).sort()).toEqual(
    ['attention', 'kv_append', 'kv_append', 'linear', 'linear', 'linear', 'rope', 'rope'].sort(),
  )
})
