/** The arena: nothing that lives at the same time shares a byte. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Graph, Tensor } from '../../compiler/ir/graph.js'
import { ALIGNMENT, planMemory } from '../../compiler/passes/memory.js'

/** A chain of nodes, each reading some earlier tensors and making one. */
const graphs = fc
  .array(
    fc.record({
      bytes: fc.integer({ min: 1, max: 5000 }),
      reads: fc.array(fc.nat(), { maxLength: 3 }),
      output: fc.boolean(),
    }),
    {
      minLength: 1,
      maxLength: 40,
    },
  )
  .map((rows) => {
    const tensors: Graph['tensors'] = new Map()
    const nodes: Graph['nodes'] = rows.map(({ reads, output }, i) => {
      const inputs = Object.fromEntries(i === 0 ? [] : reads.map((r, port) => [`i${port}`, `t${r % i}`]))
      tensors.set(`t${i}`, { name: `t${i}`, kind: output ? 'output' : 'temp', dtype: 'f32', shape: [1] })
      return { op: 'unary', name: `n${i}`, inputs, outputs: { y: `t${i}` }, attrs: {} }
    })
    const graph: Graph = { name: 'random', tensors, nodes, maxSeq: 1 }
    return { graph, bytes: (name: string) => rows[Number(name.slice(1))]!.bytes }
  })

test('tensors that live together never overlap, and offsets are aligned', () => {
  fc.assert(
    fc.property(graphs, ({ graph, bytes }) => {
      const arena = planMemory(graph, bytes)
      const all = [...arena.placements.values()]
      for (const a of all) {
        expect(a.offset % ALIGNMENT).toBe(0)
        expect(a.offset + a.bytes).toBeLessThanOrEqual(arena.bytes)
        for (const b of all) {
          if (a === b || a.to < b.from || b.to < a.from) continue
          expect(a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset).toBe(true)
        }
      }
      expect(arena.bytes).toBeLessThanOrEqual(arena.unshared)
    }),
  )
})

test('a tensor lives until its last reader; an output to the end', () => {
  const tensor = (name: string, kind: 'temp' | 'output'): [string, Tensor] => [
    name,
    { name, kind, dtype: 'f32', shape: [1] },
  ]
  const node = (name: string, x: string[]) => ({
    op: 'unary',
    name,
    inputs: Object.fromEntries(x.map((v, i) => [`i${i}`, v])),
    outputs: { y: name },
    attrs: {},
  })
  const graph: Graph = {
    name: 'lives',
    tensors: new Map([tensor('a', 'temp'), tensor('b', 'output'), tensor('c', 'temp'), tensor('d', 'temp')]),
    nodes: [node('a', []), node('b', ['a']), node('c', ['a']), node('d', ['c'])],
    maxSeq: 1,
  }
  const { placements } = planMemory(graph, () => 256)
  const lives = [...placements.values()].map((p) => [p.tensor, p.from, p.to])
  expect(lives.sort()).toEqual([
    ['a', 0, 2],
    ['b', 1, 4],
    ['c', 2, 3],
    ['d', 3, 3],
  ])
  // d may take a's place, b must not be touched.
  expect(placements.get('d')!.offset).toBe(placements.get('a')!.offset)
})
