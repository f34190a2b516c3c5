import { F32_EPS, num, sumError } from './common.js'
import type { Facts, OpCase, OpDef } from './types.js'

const DEFAULTS: Facts = {
  ...{ KH: 1, KW: 1, SH: 1, SW: 1, DH: 1, DW: 1, PT: 0, PL: 0, PB: 0, PR: 0 },
  ...{ OP: 'max', COUNT_PAD: false },
}

/** What a maximum of nothing is. */
const LOWEST = -((2 - 2 ** -23) * 2 ** 127)

const at = (name: string, facts: Facts): OpCase => ({
  name,
  facts: { ...DEFAULTS, B: 1, C: 1, ...facts },
})

const shapes: [name: string, facts: Facts][] = [
  ['one element', { IH: 1, IW: 1, OH: 1, OW: 1 }],
  [
    'everything differs',
    { B: 2, C: 3, IH: 11, IW: 13, OH: 5, OW: 4, ...kernel(3, 4, 2, 3, 1, 2, 1, 2, 0, 1) },
  ],
  ['dilated rows', { B: 2, C: 2, IH: 9, IW: 5, OH: 6, OW: 6, ...kernel(3, 2, 1, 1, 3, 2, 2, 1, 1, 2) }],
  ['1-d', { C: 3, IH: 1, IW: 17, OH: 1, OW: 8, ...kernel(1, 3, 1, 2, 1, 1, 0, 0, 0, 0) }],
  ['the whole plane', { B: 2, C: 5, IH: 3, IW: 7, OH: 1, OW: 1, ...kernel(3, 7, 1, 1, 1, 1, 0, 0, 0, 0) }],
  // Windows at the end go beyond the padding.
  ['rounded up', { C: 2, IH: 6, IW: 9, OH: 4, OW: 4, ...kernel(3, 4, 2, 3, 1, 1, 1, 1, 1, 0) }],
  ['rounded up, unpadded', { C: 2, IH: 5, IW: 8, OH: 3, OW: 3, ...kernel(2, 3, 2, 3, 1, 1, 0, 0, 0, 0) }],
  ['windows outside', { C: 2, IH: 2, IW: 3, OH: 5, OW: 6, ...kernel(2, 2, 2, 1, 1, 1, 3, 2, 1, 1) }],
  [
    'more than a row of workgroups',
    { B: 2, C: 3, IH: 9, IW: 17, OH: 8, OW: 16, ...kernel(2, 2, 1, 1, 1, 1, 0, 0, 0, 0) },
  ],
]

function kernel(...values: number[]): Facts {
  const names = ['KH', 'KW', 'SH', 'SW', 'DH', 'DW', 'PT', 'PL', 'PB', 'PR']
  return Object.fromEntries(names.map((name, i) => [name, values[i]!]))
}

export const pool2d: OpDef = {
  name: 'pool2d',
  doc: 'OP (max, avg) of windows of KH x KW taps, SH x SW apart. The mean is over taps in x; COUNT_PAD: over those in x padded by PT PL PB PR. OH, OW are sizes: windows may go beyond. The mean of nothing is 0, the maximum the lowest float.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['B', 'C', 'IH', 'IW'] },
    y: { role: 'out', kind: 'f32', shape: ['B', 'C', 'OH', 'OW'] },
  },
  attrs: DEFAULTS,
  reference({ x, y }, facts) {
    const [IH, IW, OH, OW] = ['IH', 'IW', 'OH', 'OW'].map((n) => num(facts, n)) as [
      number,
      number,
      number,
      number,
    ]
    /** Places along an axis that window o meets. */
    const taps = (o: number, axis: 'H' | 'W', before: string): number[] =>
      Array.from(
        { length: num(facts, `K${axis}`) },
        (_, k) => o * num(facts, `S${axis}`) + k * num(facts, `D${axis}`) - num(facts, before),
      )
    const inside = (places: number[], size: number) => places.filter((p) => p >= 0 && p < size)
    const padded = (places: number[], size: number) => places.filter((p) => p < size).length
    for (let i = 0; i < y!.length; i++) {
      const plane = Math.floor(i / (OH * OW))
      const rows = taps(Math.floor(i / OW) % OH, 'H', 'PT')
      const columns = taps(i % OW, 'W', 'PL')
      const values = inside(rows, IH).flatMap((h) =>
        inside(columns, IW).map((w) => x![(plane * IH + h) * IW + w]!),
      )
      const count = facts.COUNT_PAD
        ? padded(rows, IH + num(facts, 'PB')) * padded(columns, IW + num(facts, 'PR'))
        : values.length
      y![i] =
        facts.OP === 'max'
          ? Math.max(LOWEST, ...values)
          : values.reduce((a, b) => a + b, 0) / Math.max(count, 1)
    }
  },
  tolerance: (facts) => {
    const taps = num(facts, 'KH') * num(facts, 'KW')
    return {
      abs: facts.OP === 'max' ? 0 : (taps + 4) * F32_EPS,
      rel: facts.OP === 'max' ? 0 : sumError(taps),
    }
  },
  cost: (facts) => {
    const planes = num(facts, 'B') * num(facts, 'C')
    const out = planes * num(facts, 'OH') * num(facts, 'OW')
    return {
      flops: out * num(facts, 'KH') * num(facts, 'KW'),
      bytes: 4 * (out + planes * num(facts, 'IH') * num(facts, 'IW')),
    }
  },
  cases: [
    ...shapes.flatMap(([name, facts]) => [
      at(`max, ${name}`, facts),
      at(`avg, ${name}`, { ...facts, OP: 'avg' }),
      at(`avg with padding, ${name}`, { ...facts, OP: 'avg', COUNT_PAD: true }),
    ]),
    {
      ...at('max of large negatives', {
        C: 2,
        IH: 4,
        IW: 4,
        OH: 5,
        OW: 5,
        ...kernel(2, 2, 1, 1, 1, 1, 1, 1, 1, 1),
      }),
      fill: { x: (i) => -1e30 * (1 + (i % 5)) },
    },
  ],
}
