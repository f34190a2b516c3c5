import { num } from './common.js'
import { binaryFunctions } from './scalar.js'
import type { Facts, Fill, OpCase, OpDef } from './types.js'

const sizes: [name: string, M: number, D: number][] = [
  ['one element', 1, 1],
  ['odd row', 3, 77],
  ['rows of quads', 2, 64],
  ['row just over a workgroup', 2, 1028],
]

/** Whole numbers with ties and zeros where equality counts; else what is between, away from what jumps. */
const discrete = /equal|less|greater|^(and|or|xor|min|max)$/

/** Values of a and b by operation, for binary_nd too. */
export const binaryFill: Fill = {
  a: (i, { OP }) => {
    if (discrete.test(String(OP))) return ((i * 5) % 7) - 3
    if (OP === 'pow') return 0.125 + ((i * 5) % 16) / 4
    return ((i * 29) % 83) / 8 - 5.1875
  },
  b: (i, { OP }) => {
    if (discrete.test(String(OP))) return ((i * 3) % 5) - 2
    if (OP === 'pow') return ((i * 3) % 11) / 2 - 2
    return (i % 2 ? 1 : -1) * (0.75 + ((i * 17) % 13) / 4)
  },
}

/** As the kernel's function, whatever a case's sizes are. */
export const binaryFunction = (facts: Facts) => binaryFunctions[String(facts.OP)]!

const old = ['add', 'mul', 'silu_mul']

const at = (OP: string, BCAST: boolean, [name, M, D]: (typeof sizes)[number], fill?: Fill): OpCase => ({
  name: `${OP}${BCAST ? ' of a row' : ''}, ${name}`,
  facts: { M, D, B: BCAST ? 1 : M, OP, BCAST },
  ...(fill && { fill }),
})

export const binary: OpDef = {
  name: 'binary',
  doc: 'Element by element. BCAST: b is one row, for every row of a.',
  ports: {
    a: { role: 'in', kind: 'f32', shape: ['M', 'D'] },
    // B is M, or 1 with BCAST.
    b: { role: 'in', kind: 'f32', shape: ['B', 'D'] },
    y: { role: 'out', kind: 'f32', shape: ['M', 'D'] },
  },
  attrs: { OP: undefined, BCAST: false },
  reference({ a, b, y }, facts) {
    const { f } = binaryFunction(facts)
    const D = num(facts, 'D')
    for (let i = 0; i < y!.length; i++) y![i] = f(a![i]!, b![facts.BCAST ? i % D : i]!)
  },
  tolerance: (facts) => binaryFunction(facts).bound,
  cost: (facts) => {
    const n = num(facts, 'M') * num(facts, 'D')
    return { flops: n * binaryFunction(facts).flops, bytes: (facts.BCAST ? 8 : 12) * n }
  },
  cases: [
    ...old.flatMap((OP) => [false, true].flatMap((BCAST) => sizes.map((size) => at(OP, BCAST, size)))),
    ...Object.keys(binaryFunctions).map((OP, i) =>
      at(OP, i % 2 === 0, ['all kinds of values', 3, 35], binaryFill),
    ),
    at('pow', false, ['negative numbers and zeros', 1, 8], {
      a: (i) => [-2, -2, -1.5, -1.5, 0, 0, -3, 1][i]!,
      b: (i) => [2, 3, -1, 0, 0, 2, -2, 0.5][i]!,
    }),
    ...['silu_mul', 'gelu_mul', 'gelu_tanh_mul', 'quick_gelu_mul'].map((OP) =>
      at(OP, false, ['large values', 1, 8], {
        a: (i) => [-1e30, -200, -88, -87, 88, 200, 1e4, 0][i]!,
        b: () => 1,
      }),
    ),
  ],
}
