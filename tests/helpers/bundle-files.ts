/** Bundles made in memory, as folders. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bundle } from './tiny-bundle.js'

/** Makes the folder. Gives its path. */
export function writeBundle({ manifest, files }: Pick<Bundle, 'manifest' | 'files'>, folder: string): string {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest))
  for (const [file, bytes] of files) writeFileSync(join(folder, file), bytes)
  return folder
}
