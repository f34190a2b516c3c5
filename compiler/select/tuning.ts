/** The tuned tables: `targets/tuned/*.json`, each measured on one device. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../root.js'
import type { TuningRule } from './types.js'

/** Rules that hold for every device class. Tables of one class will be chosen by it. */
export function loadTuning(folder = join(packageRoot(), 'targets', 'tuned')): TuningRule[] {
  const tables = readdirSync(folder)
    .filter((f) => f.endsWith('.json'))
    .sort()
  return tables.flatMap(
    (f) => (JSON.parse(readFileSync(join(folder, f), 'utf8')) as { rules: TuningRule[] }).rules,
  )
}
