import { F32_EPS, num, ropeTableValue, rotation } from './common.js'
import type { Facts, OpCase, OpDef } from './types.js'

/** Elements of pair `i` in a head, F pairs of which turn. */
const pairs: Record<string, (i: number, F: number) => [number, number]> = {
  half: (i, F) => [i, i + F],
  interleaved: (i) => [2 * i, 2 * i + 1],
}

/**
 * Turns the pairs (i, i + half) of one head by its position, or those that `pairOf` names. `at` and `target` are
 * where the head begins, in `from` and in `to`.
 */
export function rotateHead(
  from: Float64Array,
  to: Float64Array,
  at: number,
  target: number,
  turn: (i: number) => [cos: number, sin: number],
  half: number,
  pairOf: (i: number, half: number) => [number, number] = pairs.half!,
): void {
  for (let i = 0; i < half; i++) {
    const [cos, sin] = turn(i)
    const [first, second] = pairOf(i, half)
    const [a, b] = [from[at + first]!, from[at + second]!]
    to[target + first] = a * cos - b * sin
    to[target + second] = a * sin + b * cos
  }
}

/** Row of `positions` that pair `i` takes, by POSITIONS. */
const axes: Record<string, (i: number, facts: Facts) => number> = {
  // Qwen2-VL: the first S0 pairs, the next S1, the rest.
  sections: (i, facts) => {
    const [S0, S1] = [num(facts, 'S0'), num(facts, 'S1')]
    return i < S0 ? 0 : i < S0 + S1 ? 1 : 2
  },
  // The same, of positions that last: past + row is the column of the row at hand.
  kept: (i, facts) => axes.sections!(i, facts),
  // Qwen3-VL: in turns of three, up to S1 pairs of the second axis and S2 of the third; the rest the first.
  interleaved: (i, facts) => (i % 3 > 0 && i < 3 * num(facts, `S${i % 3}`) ? i % 3 : 0),
}

/** A table of F pairs, whatever the head's size. */
const ofPairs = (facts: Facts): Facts => ({ ...facts, HD: 2 * num(facts, 'F') })

const at = (name: string, own: Facts, past = 0, fill: OpCase['fill'] = {}): OpCase => {
  const rows = { L: own.POSITIONS === 'kept' ? own.C! : own.M! }
  const facts = { FORM: 'half', POSITIONS: 'past', P: 1, ...rows, S0: 0, S1: 0, S2: 0, ...own }
  return { name, facts: { F: num(facts, 'HD') / 2, ...facts }, step: { past }, fill }
}

/** Positions that no row shares with another, nor an axis. */
const scattered = { positions: (i: number, facts: Facts) => (i * 37 + 5) % num(facts, 'C') }

/**
 * Rotary position embedding (Su et al. 2021). The table [ceil(C / 64) + 64, F, 2] holds cos and sin of F pairs at
 * 64 fine steps of a position, then at coarse ones of 64. The first 2F elements of a head turn, the rest are copied
 * (partial rotary). FORM half: pairs (i, i + F), as GPT-NeoX and Llama have it; interleaved: (2i, 2i + 1), as
 * GPT-J and Cohere. POSITIONS past: row m is at past + m; else they are given, [P, M] with P from 1 to 3 axes, and
 * S0, S1, S2 say how many pairs take which: one after the other (sections; Qwen2-VL's M-RoPE, and with S0 = F any
 * positions at all) or in turns (interleaved; Qwen3-VL). kept: sections, of positions [P, L] that last, in which row m
 * is column past + m.
 */
export const rope: OpDef = {
  name: 'rope',
  doc: 'Rotary positions: the first F pairs of each head, (i, i + F) or (2i, 2i + 1), turned by position * f_i; the rest is copied. The table holds cos and sin of 64 fine steps, then of coarse ones of 64. Positions are past + row, or given for up to three axes, S0 S1 S2 pairs each.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['M', 'H * HD'] },
    table: { role: 'in', kind: 'f32', shape: ['ceil(C / 64) + 64', 'F', '2'] },
    positions: { role: 'in', kind: 'u32', shape: ['P', 'L'], when: 'POSITIONS != past' },
    y: { role: 'out', kind: 'f32', shape: ['M', 'H * HD'] },
  },
  attrs: {
    H: undefined,
    HD: undefined,
    C: undefined,
    FORM: 'half',
    POSITIONS: 'past',
    S0: 0,
    S1: 0,
    S2: 0,
  },
  reference({ x, table, positions, y }, facts, { past }) {
    const [M, H, HD, F] = [num(facts, 'M'), num(facts, 'H'), num(facts, 'HD'), num(facts, 'F')]
    const axis = axes[String(facts.POSITIONS)]
    const kept = facts.POSITIONS === 'kept'
    for (let m = 0; m < M; m++)
      for (let h = 0; h < H; h++) {
        const start = (m * H + h) * HD
        const turn = (i: number) =>
          rotation(
            table!,
            axis
              ? positions![kept ? axis(i, facts) * num(facts, 'L') + past + m : axis(i, facts) * M + m]!
              : past + m,
            i,
            ofPairs(facts),
          )
        y!.set(x!.subarray(start, start + HD), start)
        rotateHead(x!, y!, start, start, turn, F, pairs[String(facts.FORM)])
      }
  },
  tolerance: () => ({ abs: 0, rel: 8 * F32_EPS }),
  cost: (facts) => {
    const n = num(facts, 'M') * num(facts, 'H') * num(facts, 'HD')
    return { flops: 6 * n, bytes: 16 * n }
  },
  cases: [
    at('one pair', { M: 1, H: 1, HD: 2, C: 1 }),
    at('odd heads', { M: 3, H: 3, HD: 8, C: 16 }, 5),
    at('odd half', { M: 2, H: 5, HD: 10, C: 70 }, 63),
    at('across a coarse row', { M: 5, H: 2, HD: 64, C: 200 }, 126),
    at('head of 80, last position', { M: 2, H: 3, HD: 80, C: 130 }, 128),
    at('head of 128, more than a workgroup', { M: 1, H: 5, HD: 128, C: 64 }, 63),
    at('a part of each head', { M: 3, H: 3, HD: 20, F: 3, C: 200 }, 125),
    at('interleaved pairs', { M: 3, H: 3, HD: 10, C: 200, FORM: 'interleaved' }, 126),
    at(
      'interleaved pairs, a part of each head',
      { M: 2, H: 3, HD: 24, F: 8, C: 70, FORM: 'interleaved' },
      66,
    ),
    at('any positions', { M: 5, H: 2, HD: 12, C: 200, POSITIONS: 'sections', S0: 6 }, 9, scattered),
    at(
      'sections of three axes',
      { M: 5, H: 2, HD: 20, C: 300, POSITIONS: 'sections', P: 3, S0: 2, S1: 3, S2: 5 },
      9,
      scattered,
    ),
    at(
      'sections of two axes, interleaved pairs, a part of each head',
      { M: 4, H: 3, HD: 16, F: 6, C: 150, POSITIONS: 'sections', P: 2, S0: 4, S1: 2, FORM: 'interleaved' },
      9,
      scattered,
    ),
    at(
      'sections of positions that last',
      { M: 3, H: 2, HD: 20, C: 40, POSITIONS: 'kept', P: 3, S0: 2, S1: 3, S2: 5 },
      9,
      scattered,
    ),
    at(
      'axes in turns',
      { M: 5, H: 2, HD: 32, C: 300, POSITIONS: 'interleaved', P: 3, S0: 9, S1: 4, S2: 3 },
      9,
      scattered,
    ),
  ],
  fill: { table: (index, facts) => ropeTableValue(index, ofPairs(facts)) },
}
