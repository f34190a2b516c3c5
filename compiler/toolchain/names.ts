/** What a kernel's function is called in a module. */
import type { Attr } from '../ir/graph.js'

/** Set for the whole module, so it distinguishes nothing. */
const FEATURES = new Set(['SCALAR', 'RELAXED'])

/**
 * `linear` at { W: 'q4', EPI: 'add' } is `linear_q4_add`: the template's entry and the values of its
 * parameters, in their order. A true one shows its name, a false one nothing.
 */
export function exportName(entry: string, params: Readonly<Record<string, Attr>>): string {
  const parts = Object.entries(params).flatMap(([name, value]) => {
    if (FEATURES.has(name) || value === false) return []
    return [value === true ? name.toLowerCase() : String(value).replace(/\W/g, '_')]
  })
  return [entry, ...parts].join('_')
}
