/** Query, key and value become one product where attention over activations can read them from it. */
import { expect, test } from 'vitest'
import { build } from '../../compiler/ir/builder.js'
import { verify } from '../../compiler/ir/verify.js'
import { fuseQkv } from '../../compiler/passes/fuse-qkv.js'

const [WIDTH, HD] = [16, 8]

interface Given {
  /** Elements of a head of values. */
  VD?: number
  /** Products with a bias. */
  biased?: string
  /** What keys are made of. */
  seen?: 'x' | 'memory'
  /** Heads of keys and values. */
  KVH?: number
}

function fused({ VD = HD, biased = '', seen = 'x', KVH = 2 }: Given) {
  const g = build('one layer', 32)
  const from = { x: g.input('x', 'f32', ['seq', WIDTH]), memory: g.input('memory', 'f32', ['seq', WIDTH]) }
  const product = (name: string, x: string, n: number) => {
    const w = g.weight(`${name}.weight`, [n, WIDTH])
    const b = biased.includes(name) && { b: g.weight(`${name}.bias`, [n]) }
    return g.op('linear', name, { x, w, ...b }, { EPI: 'none', LDY: n, BIAS: Boolean(b) })
  }
  const q = product('q', from.x, 2 * HD)
  const k = product('k', from[seen], KVH * HD)
  const v = product('v', from[seen], KVH * VD)
  const heads = { H: 2, KVH, HD, VD, SCALE: 1 }
  g.output(g.op('sdpa', 'mixed', { q, k, v }, heads, { B: 1, M: 'seq', L: 'seq' }), 'y')
  return verify(fuseQkv(verify(g.graph, 'start')), 'fuse-qkv')
}

test.each<[string, Given, number]>([
  ['heads alike', {}, 48],
  ['all with a bias', { biased: 'qkv' }, 48],
  ['shared keys and values', { KVH: 1 }, 32],
])('%s are stacked', (_, given, rows) => {
  const { nodes, tensors } = fused(given)
  expect(nodes.map((n) => n.op)).toEqual(['linear', 'sdpa'])
  expect(tensors.get('qkv')?.shape).toEqual(['seq', rows])
  expect(tensors.get('qkv.weight')?.weight?.sources).toEqual(['q.weight', 'k.weight', 'v.weight'])
  expect(tensors.get('qkv.bias')?.shape).toEqual(given.biased ? [rows] : undefined)
})

test.each<[string, Given]>([
  ['values of another size', { VD: 4 }],
  ['a bias of some', { biased: 'qv' }],
  ['keys of another text', { seen: 'memory' }],
])('%s stay as they are', (_, given) => {
  expect(fused(given).nodes.map((n) => n.op)).toEqual(['linear', 'linear', 'linear', 'sdpa'])
})
