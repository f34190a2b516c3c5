import { F32_EPS, num } from './common.js'
import { resizeAxis } from './resize_axis.js'
import type { Facts, OpCase, OpDef } from './types.js'

const DEFAULTS: Facts = { MODE: 'nearest', ROUND: 'round_prefer_floor', EXCLUDE: false, CUBIC_A: -0.75 }

const rounded: Record<string, (c: number) => number> = {
  floor: Math.floor,
  ceil: Math.ceil,
  round_prefer_floor: (c) => Math.ceil(c - 0.5),
  round_prefer_ceil: (c) => Math.floor(c + 0.5),
}

/** Weight of a tap at distance d. Cubic: Keys, "Cubic convolution interpolation" (1981), with its a. */
function weight(d: number, facts: Facts): number {
  const x = Math.abs(d)
  if (facts.MODE === 'linear') return Math.max(0, 1 - x)
  const a = num(facts, 'CUBIC_A')
  if (x < 1) return (a + 2) * x ** 3 - (a + 3) * x ** 2 + 1
  return x < 2 ? a * (x ** 3 - 5 * x ** 2 + 8 * x - 4) : 0
}

/** Places of an axis that output o is made of, with their weights. */
function taps(o: number, axis: 'H' | 'W', facts: Facts): [place: number, weight: number][] {
  const size = num(facts, `I${axis}`)
  const c = (o * num(facts, `MUL_${axis}`) + num(facts, `ADD_${axis}`)) / num(facts, `DIV_${axis}`)
  const inside = (place: number) => Math.min(Math.max(place, 0), size - 1)
  if (facts.MODE === 'nearest') return [[inside(rounded[String(facts.ROUND)]!(c)), 1]]
  const first = Math.floor(c) - 1
  const all = [0, 1, 2, 3].map((k): [number, number] => [first + k, weight(c - first - k, facts)])
  const kept = facts.MODE === 'cubic' && facts.EXCLUDE ? all.filter(([p]) => p === inside(p)) : all
  const total = kept.reduce((sum, [, w]) => sum + w, 0)
  return kept.map(([p, w]) => [inside(p), w / total])
}

type Sizes = [IH: number, IW: number, OH: number, OW: number]

/** Facts of a resize from IH x IW to OH x OW, in the words of ONNX's Resize. Scales are taken from sizes where absent. */
export function resizeFacts(coord: string, [IH, IW, OH, OW]: Sizes, scales?: [h: number, w: number]): Facts {
  const h = resizeAxis(coord, IH, OH, scales?.[0])
  const w = resizeAxis(coord, IW, OW, scales?.[1])
  return {
    ...{ OH, OW, MUL_H: h.mul, ADD_H: h.add, DIV_H: h.div },
    ...{ MUL_W: w.mul, ADD_W: w.add, DIV_W: w.div },
  }
}

function at(name: string, coord: string, sizes: Sizes, more: Facts, scales?: [number, number]): OpCase {
  const [IH, IW] = sizes
  return {
    name: `${name}, ${coord}`,
    facts: { ...DEFAULTS, B: 1, C: 1, IH, IW, ...resizeFacts(coord, sizes, scales), ...more },
  }
}

const MODES: [name: string, facts: Facts][] = [
  ...Object.keys(rounded).map((ROUND): [string, Facts] => [`nearest ${ROUND}`, { ROUND }]),
  ['linear', { MODE: 'linear' }],
  ['cubic', { MODE: 'cubic' }],
  ['cubic inside only', { MODE: 'cubic', EXCLUDE: true, CUBIC_A: -0.5 }],
]

/** Roundings on the way to an element, each of a term up to the largest x. */
const STEPS: Record<string, number> = { linear: 8, cubic: 72 }

export const resize2d: OpDef = {
  name: 'resize2d',
  doc: 'Rows and columns resampled (MODE nearest, linear, cubic); element o lies at (o MUL + ADD) / DIV of x, as resizeFacts() says. EXCLUDE: cubic taps outside count nothing.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['B', 'C', 'IH', 'IW'] },
    y: { role: 'out', kind: 'f32', shape: ['B', 'C', 'OH', 'OW'] },
  },
  attrs: DEFAULTS,
  reference({ x, y }, facts) {
    const [IH, IW, OH, OW] = ['IH', 'IW', 'OH', 'OW'].map((n) => num(facts, n)) as Sizes
    for (let i = 0; i < y!.length; i++) {
      const plane = Math.floor(i / (OH * OW))
      const columns = taps(i % OW, 'W', facts)
      y![i] = taps(Math.floor(i / OW) % OH, 'H', facts).reduce(
        (sum, [row, v]) =>
          sum +
          v * columns.reduce((line, [column, w]) => line + w * x![(plane * IH + row) * IW + column]!, 0),
        0,
      )
    }
  },
  // A cubic weight is a sum of terms up to 9 (-5 a x²), and eight of them make an element.
  tolerance: ({ MODE }) => ({ abs: 0, rel: (STEPS[String(MODE)] ?? 0) * F32_EPS }),
  cost: (facts) => {
    const planes = num(facts, 'B') * num(facts, 'C')
    const out = planes * num(facts, 'OH') * num(facts, 'OW')
    return { flops: 40 * out, bytes: 4 * (out + planes * num(facts, 'IH') * num(facts, 'IW')) }
  },
  cases: [
    ...MODES.flatMap(([name, facts]) => [
      at(name, 'half_pixel', [3, 5, 6, 7], { B: 2, C: 3, ...facts }),
      at(name, 'asymmetric', [4, 6, 10, 4], { C: 2, ...facts }),
      at(name, 'align_corners', [5, 4, 3, 9], facts),
      at(`${name}, halved and doubled`, 'half_pixel', [8, 3, 4, 6], facts),
      at(`${name}, halved and doubled`, 'asymmetric', [3, 8, 6, 4], facts),
    ]),
    at('one element', 'half_pixel', [1, 1, 1, 1], {}),
    at('one row', 'pytorch_half_pixel', [5, 6, 1, 4], { MODE: 'linear' }),
    at('scales that sizes do not show', 'half_pixel', [4, 7, 2, 4], { MODE: 'linear' }, [0.6, 0.6]),
    at('scales that sizes do not show', 'half_pixel_symmetric', [4, 7, 2, 4], { MODE: 'cubic' }, [0.6, 0.6]),
    at('a long row', 'half_pixel', [2, 130, 3, 300], { MODE: 'linear' }),
    at('a long row of nearest', 'half_pixel', [2, 130, 3, 300], {}),
    at('more than a row of workgroups', 'half_pixel', [7, 9, 15, 17], { B: 2, C: 2, MODE: 'linear' }),
  ],
}
