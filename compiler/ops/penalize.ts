import { F32_EPS, noise, num } from './common.js'
import type { OpCase, OpDef, StepValues } from './types.js'

/** Ids of the history, many of them twice; those behind it must not count. */
const history = (index: number, facts: { V: number }, { past, seq }: StepValues): number =>
  index < past + seq ? Math.floor((index * index * 7 + 3 * index) / 2) % facts.V : (index * 5 + 1) % facts.V

const at = (name: string, V: number, C: number, step: Partial<StepValues>): OpCase => ({
  name,
  facts: { V, C },
  step,
})

export const penalize: OpDef = {
  name: 'penalize',
  doc: 'Repetition penalty (Keskar et al. 2019, as transformers has it): logits of ids that occur among the tokens so far are divided by step.penalty where positive, else multiplied. 1 or 0: none.',
  ports: {
    logits: { role: 'in', kind: 'f32', shape: ['1', 'V'] },
    tokens: { role: 'in', kind: 'u32', shape: ['C + 1'] },
    y: { role: 'out', kind: 'f32', shape: ['1', 'V'] },
  },
  attrs: { C: undefined },
  reference({ logits, tokens, y }, _facts, { past, seq, penalty }) {
    y!.set(logits!)
    if (penalty === 0 || penalty === 1) return
    for (const id of new Set(tokens!.subarray(0, past + seq)))
      y![id] = logits![id]! > 0 ? logits![id]! / penalty : logits![id]! * penalty
  },
  tolerance: () => ({ abs: 0, rel: 4 * F32_EPS }),
  cost: (facts) => ({ flops: 0, bytes: 8 * num(facts, 'V') + 4 * num(facts, 'C') }),
  cases: [
    at('none', 77, 9, { seq: 3, past: 4, penalty: 1 }),
    at('none, by 0', 64, 9, { seq: 3, past: 4, penalty: 0 }),
    at('one id', 1, 4, { seq: 1, past: 0, penalty: 1.5 }),
    at('odd', 77, 40, { seq: 3, past: 30, penalty: 1.3 }),
    at('a full context', 130, 33, { seq: 1, past: 32, penalty: 2 }),
    at('a reward', 64, 9, { seq: 4, past: 2, penalty: 0.5 }),
    at('many ids, a long history', 5003, 700, { seq: 2, past: 690, penalty: 1.1 }),
  ],
  fill: {
    logits: (i) => 9 * noise(i, 3) + 1e-3,
    tokens: (i, facts, step) => history(i, { V: num(facts, 'V') }, step),
  },
}
