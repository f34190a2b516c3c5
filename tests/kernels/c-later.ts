/**
 * Cases of operators with C kernels that only WGSL kernels serve as yet, by operator. Operators without any C
 * template are left out by themselves.
 */
import type { Facts } from '../../compiler/ops/types.js'

export const later: Record<string, (facts: Facts) => boolean> = {}
