import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fail } from './errors.js'

let found: string | undefined

/**
 * Folder of wgc's own `package.json`, under which `targets/`, `kernel-templates/` and `generated/` lie: the
 * same whether this file runs from source or from `dist/`.
 */
export function packageRoot(): string {
  found ??= search(dirname(fileURLToPath(import.meta.url)))
  return found
}

function search(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (nameAt(folder) === 'wgc') return folder
    if (folder === dirname(folder)) return fail('WGC901', [`no package.json of wgc above ${start}`])
  }
}

function nameAt(folder: string): string | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).name
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw e
  }
}
