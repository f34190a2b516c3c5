/**
 * Cases of operators with C kernels that only WGSL kernels serve as yet, by operator. Operators without any C
 * template are left out by themselves.
 */
import type { Facts } from '../../compiler/ops/types.js'

export const later: Record<string, (facts: Facts) => boolean> = {
  linear: ({ EPI, BIAS, ACT }) => BIAS === true || ACT !== (EPI === 'glu' ? 'silu' : 'none'),
  unary: ({ OP }) => OP !== 'silu',
  binary: ({ OP }) => !/^(add|mul|silu_mul)$/.test(String(OP)),
}
