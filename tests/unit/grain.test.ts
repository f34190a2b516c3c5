/** How finely work is shared out: from what an operator costs, not from how many items it has. */
import { expect, test } from 'vitest'
import { grainOf } from '../../compiler/emit/grain.js'
import type { Graph } from '../../compiler/ir/graph.js'
import type { Step } from '../../compiler/select/lower.js'

const step = (items: unknown, flops: number, bytes: number) =>
  ({ grid: [items], params: {}, op: { cost: () => ({ flops, bytes }) } }) as unknown as Step
const graph = { maxSeq: 64 } as Graph

test.each([
  ['large items go one by one', 40, 40 * 1e6, 0, 1],
  ['bytes count as arithmetic does', 40, 0, 40 * 1e6, 1],
  ['100 ns an item: ten of them', 400, 0, 400 * 1000, 10],
  ['little work in all stays whole', 4096, 4096, 4096, 4096],
  ['rows of the largest step', 'seq', 64 * 2000, 0, 10],
  ['no cost at all', 8, 0, 0, 8],
  ['no items', 0, 0, 0, 1],
])('%s', (_, items, flops, bytes, grain) => {
  expect(grainOf(step(items, flops, bytes), graph)).toBe(grain)
})
