/** What each file of a bundle is for, and which of them a page fetches. */
import type { Manifest, Plan } from '../../runtime/format.js'

export type Role =
  | 'manifest'
  | 'runtime'
  | 'types'
  | 'plan'
  | 'WGSL'
  | 'WebAssembly'
  | 'tokenizer'
  | 'weights'

export function roleOf(name: string, { variants, tokenizer }: Manifest): Role {
  for (const v of Object.values(variants)) {
    if (v.plan === name) return 'plan'
    if (v.code === name) return v.backend === 'webgpu' ? 'WGSL' : 'WebAssembly'
  }
  if (name === 'manifest.json') return 'manifest'
  if (name === tokenizer?.tokenizer || name === tokenizer?.config) return 'tokenizer'
  if (name.endsWith('.d.ts')) return 'types'
  return name.endsWith('.js') ? 'runtime' : 'weights'
}

/** Files that a page which runs one variant fetches: everything that isn't another variant's. */
export function fetched(manifest: Manifest, id: string, plan: Plan): string[] {
  const { plan: planFile, code } = manifest.variants[id]!
  const shared = Object.keys(manifest.files).filter((name) =>
    ['runtime', 'tokenizer'].includes(roleOf(name, manifest)),
  )
  return [...new Set(['manifest.json', ...shared, planFile, code, ...plan.shards.map((s) => s.file)])]
}
