/** Whole numbers as ids, which kernels hold as u32, and back. */
import { num } from './common.js'
import { exact } from './moves.js'
import type { OpCase, OpDef } from './types.js'

const sizes: [name: string, n: number][] = [
  ['one element', 1],
  ['odd', 77],
  ['just over a workgroup', 1028],
]

const cost: OpDef['cost'] = (facts) => ({ flops: num(facts, 'N'), bytes: 8 * num(facts, 'N') })

export const to_ids: OpDef = {
  name: 'to_ids',
  doc: 'Ids of whole numbers in f32: WRAP is added to negative ones, and what stays negative is 0.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['N'] },
    y: { role: 'out', kind: 'u32', shape: ['N'] },
  },
  attrs: { WRAP: 0 },
  reference({ x, y }, facts) {
    const wrap = num(facts, 'WRAP')
    x!.forEach((v, i) => {
      y![i] = Math.max(0, Math.trunc(v < 0 ? v + wrap : v))
    })
  },
  tolerance: exact,
  cost,
  cases: sizes.map(([name, N], i): OpCase => ({ name, facts: { N, WRAP: i * 5 } })),
  fill: { x: (i) => [0, 3, -1, 16777215, -4, -300][i % 6]! },
}

export const from_ids: OpDef = {
  name: 'from_ids',
  doc: 'Ids as f32: the nearest number beyond 2^24.',
  ports: {
    x: { role: 'in', kind: 'u32', shape: ['N'] },
    y: { role: 'out', kind: 'f32', shape: ['N'] },
  },
  attrs: {},
  reference({ x, y }) {
    y!.set(x!.map(Math.fround))
  },
  tolerance: exact,
  cost,
  cases: sizes.map(([name, N]): OpCase => ({ name, facts: { N } })),
  fill: { x: (i) => [0, 1, 77, 16777216, 65535][i % 5]! },
}
