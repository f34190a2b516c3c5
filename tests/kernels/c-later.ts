/**
 * Cases of operators with C kernels that only WGSL kernels serve as yet, by operator. Operators without any C
 * template are left out by themselves.
 */
import type { Facts } from '../../compiler/ops/types.js'

/** Weights that no C kernel reads. */
const unread = ({ W, G }: Facts) => !['f32', 'f16', 'q8', 'q4'].includes(String(W)) || G === 0

const quantised = ({ KV }: Facts) => KV !== 'f32' && KV !== 'f16'

export const later: Record<string, (facts: Facts) => boolean> = {
  embed: unread,
  linear: (facts) =>
    unread(facts) || facts.BIAS === true || facts.ACT !== (facts.EPI === 'glu' ? 'silu' : 'none'),
  attention: (facts) =>
    quantised(facts) || facts.WINDOW !== 0 || facts.SOFTCAP !== 0 || Number(facts.HD) > 256,
  rope: ({ FORM, POSITIONS, F, HD }) => FORM !== 'half' || POSITIONS !== 'past' || 2 * Number(F) !== HD,
}
