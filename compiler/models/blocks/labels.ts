/** Classes of a classifier. */
import type { ConfigReader } from '../../import/config.js'

/** Names in `id2label`, or `num_labels`; a config that has neither has two classes. */
export function labelCount(config: ConfigReader): number {
  const labels = config.section('id2label')
  let count = 0
  while (labels?.has(String(count))) count++
  return count || config.int('num_labels', { min: 1, default: 2 })
}
