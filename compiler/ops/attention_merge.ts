import { F32_EPS, noise, num } from './common.js'
import { firstSeen, mostSeen } from './kv.js'
import type { Facts, OpCase, OpDef, StepValues } from './types.js'

/** Splits that the row at `past` has. */
const splitsOf = (past: number, facts: Facts): number =>
  Math.ceil((past + 1 - firstSeen(past, facts)) / num(facts, 'CHUNK'))

/** Name, heads, head size, capacity, past, keys of a split, window. */
const sizes: [string, number, number, number, number, number, number?][] = [
  ['one key', 1, 4, 1, 0, 64],
  ['first of many splits', 3, 36, 500, 31, 32],
  ['one key in the second split', 3, 36, 500, 32, 32],
  ['head of 80, odd number of splits', 2, 80, 400, 330, 32],
  ['head of 128, full cache', 2, 128, 256, 255, 64],
  ['heads of whole blocks', 4, 32, 300, 200, 32],
  ['more splits than a workgroup, whole blocks', 4, 64, 10000, 9990, 32],
  ['head of 256', 2, 256, 250, 240, 32],
  ['more splits than a workgroup', 2, 8, 10000, 9990, 32],
  ['window smaller than past', 2, 8, 900, 800, 32, 161],
  ['window larger than past', 2, 8, 900, 90, 32, 161],
  ['window larger than past, at a full split', 2, 8, 900, 95, 32, 161],
  ['window larger than past, at a new split', 2, 8, 900, 96, 32, 161],
]

/** NaN in splits that the row does not have. */
const fill =
  (size: (facts: Facts) => number, value: (index: number, facts: Facts) => number) =>
  (index: number, facts: Facts, { past }: StepValues): number => {
    const split = Math.floor(index / size(facts)) % num(facts, 'SPLITS')
    return split < splitsOf(past, facts) ? value(index, facts) : Number.NaN
  }

/** Greatest scores, mostly below 0, and sums of at least 1, but for those that `other` gives. */
const stats = (other: (index: number, facts: Facts) => number | undefined) =>
  fill(
    () => 2,
    (i, facts) => other(i, facts) ?? (i % 2 === 0 ? 4 * noise(i, 2) - 3 : 5 + 4 * noise(i, 3)),
  )

const head = (facts: Facts) => num(facts, 'HD')

/** A split behind the first 256 outweighs the others by more than a float holds. */
const peak = stats((i, facts) =>
  i % 2 === 0 && Math.floor(i / 2) % num(facts, 'SPLITS') === 300 ? 99 : undefined,
)

export const attention_merge: OpDef = {
  name: 'attention_merge',
  doc: 'What attention_split left of each split, as one: y = sum of e^(m - greatest m) part / sum of e^(m - greatest m) total.',
  ports: {
    part: { role: 'in', kind: 'f32', shape: ['H', 'SPLITS', 'HD'] },
    stats: { role: 'in', kind: 'f32', shape: ['H', 'SPLITS', '2'] },
    y: { role: 'out', kind: 'f32', shape: ['1', 'H * HD'] },
  },
  attrs: {
    H: undefined,
    HD: undefined,
    C: undefined,
    CHUNK: undefined,
    SPLITS: undefined,
    WINDOW: 0,
  },
  reference({ part, stats, y }, facts, { past }) {
    const [H, HD, SPLITS] = [num(facts, 'H'), num(facts, 'HD'), num(facts, 'SPLITS')]
    const count = splitsOf(past, facts)
    for (let h = 0; h < H; h++) {
      const rows = Array.from({ length: count }, (_, s) => h * SPLITS + s)
      const max = rows.reduce((a, row) => Math.max(a, stats![row * 2]!), -Infinity)
      const weights = rows.map((row) => Math.exp(stats![row * 2]! - max))
      const total = rows.reduce((sum, row, s) => sum + weights[s]! * stats![row * 2 + 1]!, 0)
      for (let d = 0; d < HD; d++)
        y![h * HD + d] = rows.reduce((sum, row, s) => sum + weights[s]! * part![row * HD + d]!, 0) / total
    }
  },
  tolerance: (facts) => ({ abs: 0, rel: (num(facts, 'SPLITS') + 64) * F32_EPS }),
  cost: (facts) => {
    const [H, HD, SPLITS] = [num(facts, 'H'), num(facts, 'HD'), num(facts, 'SPLITS')]
    return { flops: H * SPLITS * (2 * HD + 4), bytes: 4 * H * (SPLITS * (HD + 2) + HD) }
  },
  cases: sizes.map(([name, H, HD, C, past, CHUNK, WINDOW = 0]): OpCase => {
    const facts = { H, HD, C, CHUNK, WINDOW }
    const SPLITS = Math.ceil(mostSeen(facts) / CHUNK)
    return {
      name,
      facts: { ...facts, SPLITS },
      step: { past },
      ...(SPLITS > 256 && { fill: { stats: peak } }),
    }
  }),
  fill: {
    part: fill(head, (i) => noise(i, 1)),
    stats: stats(() => undefined),
  },
}
