/** Shapes of the kernels that read and make sound. */
import { cross, each, row, SUBGROUPS, sizes, TWO_ROWS, type VariantRow } from './common.js'

export const audio: VariantRow[] = [
  row('stft_power', { WG: 32 }),
  ...each('stft_power', [...sizes(64, 128, 256), TWO_ROWS], /workgroup/),
  row('mel_log', { WG: 32 }),
  row('mel_log', { WG: 32, TM: 4 }, /odd|just over/),
  ...each('mel_log', [...sizes(64, 128, 256), TWO_ROWS], /just over/),
  ...each('whisper_scale', cross(SUBGROUPS, sizes(32))),
  ...each('whisper_scale', cross(SUBGROUPS, sizes(64, 128, 256)), /workgroup|last/),
  row('codebook', { WG: 32 }),
  ...each('codebook', sizes(64, 128, 256), /workgroup/),
]
