/** The families. A new one is a file in this folder and a line here. */
import { fail } from '../errors.js'
import { llama } from './llama.js'
import type { ModelFamily } from './types.js'

export const families: ModelFamily[] = [llama]

/** The family that builds a config's `model_type` and `architectures`. */
export function familyOf(modelType: unknown, architectures: unknown): ModelFamily {
  const names = Array.isArray(architectures) ? architectures : []
  const family = families.find(
    (f) => f.family === modelType && (names.length === 0 || names.some((n) => f.architectures.includes(n))),
  )
  const known = families.flatMap((f) => f.architectures)
  return family ?? fail('WGC420', [`${modelType}`, names.map(String), known])
}
