import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../root.js'

const TOOLS = ['webgpu', 'naga-wasm', 'wgsl_reflect']

let found: string | undefined

/** wgc's version and those of the checking tools, which its package.json pins: a part of cache keys. */
export function toolVersions(): string {
  if (found === undefined) {
    const { version, dependencies } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'))
    found = JSON.stringify([version, ...TOOLS.map((name) => dependencies[name])])
  }
  return found
}
