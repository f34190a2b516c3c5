/**
 * The sampling rule, the same in every backend so that each draws the same token up to rounding.
 *
 * Uniform numbers come from a hash of (seed, position, id), so nothing is kept between draws and ids may be
 * looked at in any order. `u` below is meant exactly: (h >> 8) + 0.5 has 25 bits, so a kernel that adds the
 * half in float32 rounds some of them up to u = 1, whose Gumbel number is infinite and always wins.
 */
import { noise, num } from './common.js'
import type { Facts, OpCase, OpDef, StepValues } from './types.js'

/** A hash of 32 bits (Wellons' lowbias32). */
export function mix(x: number): number {
  let h = x >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d)
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b)
  return (h ^ (h >>> 16)) >>> 0
}

/** Standard Gumbel number of an id at a position. */
export function gumbel(seed: number, position: number, id: number): number {
  const h = mix((mix((mix(seed) ^ position) >>> 0) ^ id) >>> 0)
  const u = ((h >>> 8) + 0.5) * 2 ** -24
  return -Math.log(-Math.log(u))
}

/** Ids that top-k and top-p leave, by their smallest score. */
function threshold(scores: Float64Array, { top_k, top_p }: StepValues): number {
  const sorted = scores.slice().sort().reverse()
  let least = top_k > 0 ? sorted[Math.min(top_k, sorted.length) - 1]! : -Infinity
  if (top_p < 1) {
    const kept = sorted.filter((s) => s >= least)
    const weights = kept.map((s) => Math.exp(s - kept[0]!))
    const total = weights.reduce((a, b) => a + b, 0)
    let mass = 0
    // Equal scores are kept together: stop only where the next score is smaller.
    for (let i = 0; i < kept.length; i++) {
      mass += weights[i]!
      if (mass >= top_p * total) {
        least = Math.max(least, kept[i]!)
        break
      }
    }
  }
  return least
}

/** What each id is chosen by: the largest wins, the lowest id among equals. -Infinity: not to be chosen. */
export function choices(logits: Float64Array, step: StepValues): Float64Array {
  const { temperature, seed, past, seq } = step
  if (temperature === 0) return logits
  const scores = logits.map((l) => l / temperature)
  const least = threshold(scores, step)
  return scores.map((s, i) => (s >= least ? s + gumbel(seed, past + seq, i) : -Infinity))
}

const V = 1000
const at = (
  name: string,
  step: Partial<StepValues>,
  facts: Facts = {},
  more: Partial<OpCase> = {},
): OpCase => ({
  name,
  facts: { V, C: 8, ...facts },
  step: { seq: 2, past: 3, seed: 7, ...step },
  ...more,
})
/** Logits such as a model gives: a few far above many. */
const peaked = (i: number) => 12 * noise(i, 5) ** 3 + noise(i, 6)
const ties = (i: number) => Math.round(3 * noise(i, 8))

export const sample: OpDef = {
  name: 'sample',
  doc: 'Appends the next token: greedy at temperature 0, else a draw after top-k and top-p. Nothing unless step.sample.',
  ports: {
    logits: { role: 'in', kind: 'f32', shape: ['1', 'V'] },
    tokens: { role: 'inout', kind: 'u32', shape: ['C + 1'] },
  },
  attrs: { C: undefined },
  reference({ logits, tokens }, _facts, step) {
    if (!step.sample) return
    const values = choices(logits!, step)
    let best = 0
    values.forEach((s, i) => {
      if (s > values[best]!) best = i
    })
    tokens![step.past + step.seq] = best
  },
  tolerance: () => ({ abs: 0, rel: 0 }),
  cost: (facts) => ({ flops: num(facts, 'V'), bytes: 4 * num(facts, 'V') }),
  cases: [
    at('greedy', {}),
    at('greedy, one id', {}, { V: 1 }),
    at('greedy, odd', {}, { V: 77 }),
    at('greedy, many', {}, { V: 33003 }),
    at('greedy, ties go to the lowest', {}, {}, { fill: { logits: ties } }),
    at('greedy, all equal', {}, {}, { fill: { logits: () => -3 } }),
    at('greedy, very negative', {}, {}, { fill: { logits: (i) => -1e38 - i * 1e34 } }),
    at('greedy, the last id', {}, {}, { fill: { logits: (i) => i } }),
    at('greedy, zeros of both signs', {}, { V: 77 }, { fill: { logits: (i) => (i < 4 ? -0 : 0) } }),
    at('greedy, from the first position', { seq: 1, past: 0 }),
    at('greedy, into the last place', { seq: 3, past: 5 }),
    at('not asked for', { sample: 0 }),
    at('draw', { temperature: 1 }),
    at('draw, seed with high bits', { temperature: 1, seed: 0xfedcba98 }),
    at('draw, odd', { temperature: 0.8 }, { V: 77 }),
    at('draw, one id', { temperature: 0.8, top_k: 3, top_p: 0.5 }, { V: 1 }),
    at('draw, many', { temperature: 0.7, top_k: 40, top_p: 0.9 }, { V: 33003 }),
    at('draw, more than a workgroup of many', { temperature: 1, top_k: 300 }, { V: 33003 }),
    at('draw, half of many', { temperature: 100, top_p: 0.5 }, { V: 33003 }),
    at('draw, nucleus of many', { temperature: 1.2, top_p: 0.7 }, { V: 33003 }),
    at('draw, all equal', { temperature: 1, top_k: 5, top_p: 0.5 }, {}, { fill: { logits: () => 2.5 } }),
    at('draw, ties at the threshold', { temperature: 1.5, top_k: 7 }, {}, { fill: { logits: ties } }),
    at(
      'draw, zeros of both signs',
      { temperature: 1, top_k: 4 },
      { V: 77 },
      { fill: { logits: (i) => (i % 2 ? -0 : 0) } },
    ),
    at('top 1', { temperature: 1, top_k: 1 }),
    at('top 5', { temperature: 1, top_k: 5 }),
    at('top 50, hot', { temperature: 100, top_k: 50 }),
    at('top more than there are', { temperature: 1, top_k: 5000 }, { V: 77 }),
    // As many candidates as there is room for; the drawn one is among the last.
    at(
      'top 63 of noise',
      { temperature: 1, top_k: 63, seed: 25 },
      {},
      { fill: { logits: (i) => noise(i, 11) } },
    ),
    // Too many candidates, so that every logit is looked at again, to the last.
    at(
      'half of noise',
      { temperature: 100, top_p: 0.5, seed: 10 },
      {},
      { fill: { logits: (i) => noise(i, 15) } },
    ),
    at('nucleus', { temperature: 1, top_p: 0.9 }),
    // All that weighs anything is in one place of the quads; the drawn id is among the last that are kept.
    at(
      'nucleus of one column',
      { temperature: 1, top_p: 0.9, seed: 11 },
      {},
      { fill: { logits: (i) => (i % 4 === 1 ? noise(i, 12) : -30) } },
    ),
    at(
      'draw, the first of a turn of its own',
      { temperature: 1 },
      { V: 260 },
      { fill: { logits: (i) => (i < 256 ? noise(i, 14) : 20 + i) } },
    ),
    // The first and the second of these draws lie on both sides of where gumbel() changes its way.
    at(
      'draw, hardly by the series',
      { temperature: 1, seed: 87186 },
      { V: 32 },
      { fill: { logits: () => 1 } },
    ),
    at(
      'draw, hardly not by the series',
      { temperature: 1, seed: 5289 },
      { V: 40 },
      { fill: { logits: (i) => 3 * noise(i, 13) } },
    ),
    at('small nucleus', { temperature: 0.6, top_p: 0.1 }),
    at('nucleus of nothing', { temperature: 1, top_p: 0 }),
    at('nucleus, other seed', { temperature: 1, top_p: 0.95, seed: 99 }),
    at('both', { temperature: 0.9, top_k: 20, top_p: 0.8 }),
    at('both, other seed', { temperature: 1.3, top_k: 100, top_p: 0.97, seed: 3 }),
    at('cold', { temperature: 1e-3, top_p: 0.9 }),
    at('colder than any', { temperature: 1e-30 }),
    at('hot', { temperature: 1e4 }),
    at(
      'draw, very negative',
      { temperature: 1, top_k: 3, top_p: 0.9 },
      { V: 300 },
      { fill: { logits: (i) => -1e30 - i * 1e27 } },
    ),
    at(
      'draw, some ids ruled out',
      { temperature: 1, top_p: 0.9 },
      {},
      { fill: { logits: (i) => (i % 3 ? -3e38 : peaked(i)) } },
    ),
  ],
  fill: {
    logits: peaked,
    tokens: (i) => i + 100,
  },
}
