/** A repetition penalty, then a draw, in one kernel: two starts of which the first is small. */
import { noise, num } from './common.js'
import { penalize } from './penalize.js'
import { sample } from './sample.js'
import type { OpCase, OpDef, StepValues } from './types.js'

/** Ids of the history, as penalize's cases have them. */
const history = (V: number) => (index: number) => (index * index * 7 + 3 * index + 5) % V

const at = (name: string, V: number, C: number, step: Partial<StepValues>): OpCase => ({
  name,
  facts: { V, C },
  step,
  fill: { tokens: history(V), logits: (i) => 9 * noise(i, 3) + 1e-3 },
})

export const sample_penalized: OpDef = {
  name: 'sample_penalized',
  doc: 'penalize, then sample of what it made: y is left alone where there is no penalty.',
  ports: {
    logits: { role: 'in', kind: 'f32', shape: ['1', 'V'] },
    tokens: { role: 'inout', kind: 'u32', shape: ['C + 1'] },
    y: { role: 'out', kind: 'f32', shape: ['1', 'V'] },
  },
  attrs: { C: undefined },
  reference({ logits, tokens, y }, facts, step) {
    if (!step.sample) return
    if (step.penalty !== 0 && step.penalty !== 1)
      penalize.reference({ logits: logits!, tokens: tokens!, y: y! }, facts, step)
    const drawn = step.penalty !== 0 && step.penalty !== 1 ? y! : logits!
    sample.reference({ logits: drawn, tokens: tokens! }, facts, step)
  },
  tolerance: (facts) => penalize.tolerance(facts),
  cost: (facts) => ({ flops: num(facts, 'V'), bytes: 4 * num(facts, 'V') }),
  cases: [
    // Without a penalty it is sample.
    ...sample.cases.filter(({ name }) => !/many/.test(name)),
    ...sample.cases
      .filter(({ name }) => /^draw, (many|nucleus)/.test(name))
      .map((c): OpCase => ({ ...c, step: { ...c.step, penalty: 0 } })),
    at('a penalty, greedy', 77, 9, { seq: 3, past: 4, penalty: 1.3 }),
    at('a penalty, one id', 1, 4, { seq: 1, past: 0, penalty: 1.5 }),
    at('a penalty, not asked for', 64, 9, { seq: 1, past: 3, penalty: 1.5, sample: 0 }),
    at('a reward', 64, 9, { seq: 4, past: 2, penalty: 0.5 }),
    at('a penalty, a full context', 130, 33, { seq: 1, past: 32, penalty: 2 }),
    at('a penalty, many ids, a long history', 5003, 700, { seq: 2, past: 690, penalty: 1.1 }),
    at('a penalty, top 5', 1000, 40, { seq: 1, past: 30, penalty: 3, temperature: 1, top_k: 5, seed: 4 }),
  ],
}
