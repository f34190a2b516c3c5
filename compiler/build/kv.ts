/** How each backend holds the KV cache. */
import type { KvType } from '../ir/graph.js'
import type { BuildOptions } from '../options.js'
import type { VariantSpec } from './variant-specs.js'

/** What was asked for; else f16 on a GPU where the weights are not f32, and f32. */
export const kvOf = (
  backend: VariantSpec['backend'],
  { kv, bits }: Pick<BuildOptions, 'kv' | 'bits'>,
): KvType => kv ?? (backend === 'wasm' || bits === 'f32' ? 'f32' : 'f16')
