/** Shapes of the kernels of attention over the KV cache. */
import { cross, each, row, SUBGROUPS, sizes, type VariantRow } from './common.js'

export const attention: VariantRow[] = [
  row('kv_append'),
  ...each('kv_append', sizes(32, 128, 256), /more than a workgroup/),
  row('kv_append_q'),
  ...each('kv_append_q', sizes(64, 128), /more than a workgroup/),
  row('rope_kv'),
  ...each('rope_kv', sizes(32, 128, 256), /to the end/),
  row('rope_kv_q'),
  ...each('rope_kv_q', sizes(32, 128, 256), /odd heads/),
  row('rope_kv_part'),
  ...each('rope_kv_part', sizes(32, 128, 256), /part of each/),
  row('rope_kv_part_q'),
  ...each('rope_kv_part_q', sizes(32, 128, 256), /^normed, K/),
  ...each('attention_decode', cross(SUBGROUPS, [{ UNROLL: 1 }])),
  row('attention_decode', { SUBGROUPS: true }, /^(one (position|key far)|decode, grouped)/),
  ...each(
    'attention_decode',
    cross(SUBGROUPS, [
      { WG: 32, UNROLL: 1 },
      { WG: 64, UNROLL: 2 },
      { WG: 128, UNROLL: 4 },
    ]),
    /^decode, (many|odd).*f16/,
  ),
  ...each('attention_split', cross(SUBGROUPS, [{ UNROLL: 1 }])),
  row('attention_split', { SUBGROUPS: true }, /^(three|one key in|window of a split and)/),
  row('attention_split', { WG: 64, UNROLL: 2 }, /^(four.*q4|window and cap)/),
  row('attention_split', { WG: 256, UNROLL: 1 }, /^(eight|one key far)/),
  row('attention_split', { WG: 64, UNROLL: 8 }, /^(one key in|one key far)/),
  row('attention_merge'),
  row('attention_merge', { SUBGROUPS: true }, /^(first|more|one key)/),
  ...each('attention_merge', sizes(32, 64, 256), /^(first|more|head of 80|window smaller)/),
  row('attention_prefill', { WG: 32, BQ: 4, UNROLL: 1 }),
  row('attention_prefill', {}, /^prefill, (many|head of 80).*f16|^prefill( just|, head of 256)/),
  row('attention_prefill', { WG: 64, BQ: 16, UNROLL: 2 }, /^prefill, (many|odd).*f16/),
  row('attention_matrix'),
  ...each(
    'attention_matrix',
    [
      { TEAMS: 2, KEYS: 16, PAD: 0 },
      { TEAMS: 8, KEYS: 16 },
      { TEAMS: 2, KEYS: 64 },
      // Other devices' sizes.
      { MM: 8, MN: 8, MK: 8 },
      { MM: 8, MN: 16, MK: 16, LANES: 16 },
      { LANES: 64, TEAMS: 2 },
    ],
    /^halves/,
  ),
  row('attention_prefill', { WG: 256, BQ: 4, UNROLL: 4 }, /^prefill, (many.*f16|head of 512)/),
]
