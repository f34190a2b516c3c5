/** What each file of a bundle is for, and which of them a page fetches. */
import type { Manifest, Plan } from '../../runtime/format.js'

export type Role =
  | 'manifest'
  | 'runtime'
  | 'types'
  | 'plan'
  | 'WGSL'
  | 'WebAssembly'
  | 'self-test'
  | 'tokenizer'
  | 'preprocessor'
  | 'weights'

export function roleOf(name: string, { variants, tokenizer, preprocessor }: Manifest): Role {
  for (const v of Object.values(variants)) {
    const ways = [v, ...(v.smaller ?? [])]
    if (ways.some((w) => w.plan === name)) return 'plan'
    if (ways.some((w) => w.selfTest === name)) return 'self-test'
    if (ways.some((w) => w.code === name)) return v.backend === 'webgpu' ? 'WGSL' : 'WebAssembly'
  }
  if (name === 'manifest.json') return 'manifest'
  if (name === tokenizer?.tokenizer || name === tokenizer?.config) return 'tokenizer'
  if (name === preprocessor) return 'preprocessor'
  if (name.endsWith('.d.ts')) return 'types'
  return name.endsWith('.js') ? 'runtime' : 'weights'
}

/** Scripts that a page fetches beside the runtime, and when. Others are for pages that import them. */
const scripts: Readonly<Record<string, (manifest: Manifest, features: readonly string[]) => boolean>> = {
  'runtime.js': () => true,
  'care.js': () => true,
  'tokenizer.js': ({ tokenizer }) => tokenizer !== undefined,
  'extras.js': ({ flow }) => flow?.calls.some((call) => call.host !== undefined) ?? false,
  'wasm-threads.js': (_, features) => features.includes('threads'),
  'wasm-worker.js': (_, features) => features.includes('threads'),
}

/** Files that a page which runs one variant fetches. */
export function fetched(manifest: Manifest, id: string, plan: Plan): string[] {
  const { plan: planFile, code, features, selfTest = code } = manifest.variants[id]!
  const shared = Object.keys(manifest.files).filter((name) => {
    const role = roleOf(name, manifest)
    const isWanted = Object.hasOwn(scripts, name) && scripts[name]!(manifest, features)
    return role === 'runtime' ? isWanted : role === 'tokenizer' || role === 'preprocessor'
  })
  return [
    ...new Set(['manifest.json', ...shared, planFile, code, selfTest, ...plan.shards.map((s) => s.file)]),
  ]
}
