/** Splitting attention over a long context: what it makes, when it does, and that there are kernels for all of it. */
import { describe, expect, test } from 'vitest'
import { build } from '../../compiler/ir/builder.js'
import type { Attr, Graph } from '../../compiler/ir/graph.js'
import { verify } from '../../compiler/ir/verify.js'
import { CHUNK, LONG, splitKv } from '../../compiler/passes/split-kv.js'
import { lower } from '../../compiler/select/lower.js'
import { openTemplates } from '../../compiler/select/templates.js'
import { loadTuning } from '../../compiler/select/tuning.js'

function graphOf(attrs: Record<string, Attr> = {}, rows: number | 'seq' = 1): Graph {
  const { H, KVH, HD, C, ...others } = { H: 8, KVH: 2, HD: 64, C: 2000, ...attrs } as Record<string, number>
  const g = build('test', 16)
  const x = g.input('x', 'f32', [rows, H! * HD!])
  const q = g.op('unary', 'q', { x }, { OP: 'silu' })
  const cache = (name: string) => g.state(name, [KVH!, C!, HD!])
  const sizes = { H: H!, KVH: KVH!, HD: HD!, C: C!, SCALE: 0.125 }
  const y = g.op('attention', 'attention', { q, k: cache('k'), v: cache('v') }, { ...sizes, ...others })
  g.output(g.op('unary', 'y', { x: y }, { OP: 'silu' }), 'y')
  return g.graph
}

const names = (graph: Graph) => graph.nodes.map((n) => n.op)
const whole = ['unary', 'attention', 'unary']
const splitUp = ['unary', 'attention_split', 'attention_merge', 'unary']

describe('a row over a long context', () => {
  const graph = verify(splitKv(graphOf(), { splitKv: true }), 'split-kv')
  const [, parts, merge] = graph.nodes
  test('becomes two operators with temporaries between them', () => {
    expect(names(graph)).toEqual(splitUp)
    expect(graph.tensors.get(parts!.outputs.part!)).toMatchObject({ kind: 'temp', shape: [8, 32, 64] })
    expect(graph.tensors.get(parts!.outputs.stats!)).toMatchObject({ kind: 'temp', shape: [8, 32, 2] })
    expect(merge!.outputs).toEqual({ y: 'attention' })
    expect(parts!.attrs).toMatchObject({ CHUNK, SPLITS: 32, SCALE: 0.125 })
  })
  test('starts workgroups for the keys that there are', () => {
    const { steps } = lower(graph, openTemplates().heads, {
      language: 'wgsl',
      features: [],
      tuning: loadTuning(),
    })
    const keys = ['+', 'past', 1]
    expect(steps[1]!.grid).toEqual([['ceildiv', keys, CHUNK], 2])
    expect(steps[2]!.grid).toEqual([8])
  })
  test('or for those of its window', () => {
    const windowed = verify(splitKv(graphOf({ WINDOW: 1100 }), { splitKv: true }), 'split-kv')
    expect(windowed.nodes[1]!.sizes).toEqual({ KEYS: ['min', ['+', 'past', 1], 1100] })
    expect(windowed.nodes[1]!.attrs).toMatchObject({ WINDOW: 1100, SPLITS: Math.ceil(1100 / CHUNK) })
    expect(windowed.nodes[2]!.attrs.WINDOW).toBe(1100)
  })
})

test.each<[string, Graph, boolean]>([
  ['several rows', graphOf({}, 'seq'), true],
  ['a short context', graphOf({ C: LONG - 1 }), true],
  ['a short window', graphOf({ WINDOW: LONG - 1 }), true],
  ['more splits than can be merged', graphOf({ C: 2048 * CHUNK + 1 }), true],
  ['heads too many to share keys', graphOf({ H: 34 }), true],
  ['a backend without kernels for it', graphOf(), false],
])('%s: stays one operator', (_, graph, splitting) => {
  expect(names(splitKv(graph, { splitKv: splitting }))).toEqual(whole)
})

test('a context just long enough is split', () => {
  expect(names(splitKv(graphOf({ C: LONG }), { splitKv: true }))).toEqual(splitUp)
})

test('what the pass makes, the kernels take', () => {
  const { heads } = openTemplates()
  const target = { language: 'wgsl' as const, features: ['subgroups'], tuning: loadTuning() }
  for (const share of [1, 2, 3, 4, 5, 6, 7, 8, 12, 16])
    for (let HD = 4; HD <= 640; HD += 4) {
      const graph = splitKv(graphOf({ H: 2 * share, HD, C: 2048 * CHUNK }), { splitKv: true })
      if (graph.nodes.length === splitUp.length) lower(graph, heads, target)
    }
})
