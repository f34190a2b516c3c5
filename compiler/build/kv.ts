/** How each backend holds the KV cache. */
import { isKvGrouped } from '../formats/kv.js'
import type { KvType } from '../ir/graph.js'
import type { BuildOptions } from '../options.js'
import type { VariantSpec } from './variants.js'

/**
 * What was asked for; else f16 on a GPU where the weights are not f32, and f32. The CPU has no kernels for a
 * quantised cache and keeps its own: a page that falls back to it then takes more memory, and runs.
 */
export function kvOf(backend: VariantSpec['backend'], options: Pick<BuildOptions, 'kv' | 'bits'>): KvType {
  const { kv } = options
  if (kv !== undefined && !(backend === 'wasm' && isKvGrouped(kv))) return kv
  return backend === 'wasm' || options.bits === 'f32' ? 'f32' : 'f16'
}

/** Variants whose cache is not held as asked. */
export function kvNotes(specs: VariantSpec[], options: Pick<BuildOptions, 'kv' | 'bits'>): string[] {
  const others = specs.filter((s) => options.kv !== undefined && kvOf(s.backend, options) !== options.kv)
  return others.map(
    (s) =>
      `${s.id} keeps its KV cache in ${kvOf(s.backend, options)}: only the GPU has kernels for ${options.kv}`,
  )
}
