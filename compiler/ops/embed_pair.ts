/** Two neighbouring pieces of a split table, looked up by one kernel. */
import { label, num } from './common.js'
import { embed } from './embed.js'
import type { OpCase, OpDef } from './types.js'

/** Formats whose words are read at once. */
export const PAIRED = ['f32', 'f16', 'q8', 'q8a', 'q4', 'q4a', 'q2', 'q2a'] as const

const cases = PAIRED.flatMap((W): OpCase[] =>
  [0, 30].map((ROW0) => {
    const w = { W, G: ROW0 === 0 ? 32 : 64 }
    return {
      name: `${label(w)}, from row ${ROW0}`,
      facts: { ...w, M: 7, V: 24, V2: 11, D: ROW0 === 0 ? 40 : 173, ROW0, C: 20 },
      step: { past: 4 },
    }
  }),
)

export const embed_pair: OpDef = {
  name: 'embed_pair',
  doc: 'embed from two pieces of a table, w2 the one behind w. Leaves the rows of other pieces alone.',
  ports: {
    tokens: { role: 'in', kind: 'u32', shape: ['C + 1'] },
    w: { role: 'in', kind: 'weight', shape: ['V', 'D'] },
    w2: { role: 'in', kind: 'weight', shape: ['V2', 'D'] },
    y: { role: 'out', kind: 'f32', shape: ['M', 'D'] },
  },
  attrs: { ...embed.attrs },
  reference({ w2, ...ports }, facts, step) {
    embed.reference(ports, facts, step)
    const behind = { ...facts, V: facts.V2!, ROW0: num(facts, 'ROW0') + num(facts, 'V') }
    embed.reference({ ...ports, w: w2! }, behind, step)
  },
  tolerance: embed.tolerance,
  cost: embed.cost,
  cases: [
    ...cases,
    ...[128, 0].map((G) => ({
      name: `groups of ${G}`,
      facts: { W: 'q8', G, M: 5, V: 9, V2: 24, D: 150, ROW0: 3, C: 9 },
    })),
  ],
  fill: {
    // Ids on both sides of each piece, the first and the last of them.
    tokens: (i, facts) => {
      const [V, V2, row0] = [num(facts, 'V'), num(facts, 'V2'), num(facts, 'ROW0')]
      const ids = [0, V - 1, V, V + V2 - 1, V + Math.floor(V2 / 2), V + V2, -1, Math.floor(V / 2)]
      return Math.max(row0 + ids[i % ids.length]!, 0)
    },
  },
}
