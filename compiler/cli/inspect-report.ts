/** What `wgc inspect` finds out about a bundle. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Manifest, Plan, Smaller, Variant } from '../../runtime/format.js'
import { faultOf, readManifest, readPlan } from './bundle.js'
import { fetched, type Role, roleOf } from './roles.js'
import { add, NONE, type Sizes, sizesOf } from './sizes.js'

export interface FileReport extends Sizes {
  name: string
  role: Role
}

export interface ProgramReport {
  /** Dispatches a step. */
  dispatches: number
  /** Tokens a step, at most. */
  maxSeq: number
  /** Bytes of scratch. */
  arena: number
}

export interface VariantReport {
  id: string
  backend: Variant['backend']
  engine?: string
  features: string[]
  limits: Record<string, number>
  targets: string[]
  kernels: number
  /** Bytes on the device. */
  memory: { total: number; weights: number; state: number }
  programs: Record<string, ProgramReport>
  /** What it is where there is less room: bytes on the device, tokens of context, KV type, tokens of a prompt's step. */
  smaller: Pick<Smaller, 'memory' | 'context' | 'kv' | 'chunk'>[]
  /** Names of the files that a page which runs this variant fetches. */
  files: string[]
  /** Their sizes. */
  download: Sizes
  /** The same without the weights. */
  withoutWeights: Sizes
}

export interface BundleReport {
  model: Manifest['model']
  /** Version of the compiler that wrote it. */
  wgc: string
  /** Files that are not what the manifest says. Empty: the bundle is whole. */
  faults: string[]
  /** Files in the folder that the manifest doesn't name. */
  strangers: string[]
  targets: Manifest['targets']
  files: FileReport[]
  /** Those whose plan is whole. */
  variants: VariantReport[]
}

export async function inspectBundle(folder: string): Promise<BundleReport> {
  const manifest = await readManifest(folder)
  const names = Object.keys(manifest.files)
  const faults = new Map<string, string>()
  for (const name of names) {
    const fault = await faultOf(folder, name, manifest.files[name]!)
    if (fault !== undefined) faults.set(name, fault)
  }
  const whole = ['manifest.json', ...names.filter((name) => !faults.has(name))]
  const files = await Promise.all(whole.map((name) => fileReport(folder, name, manifest)))
  const variants: VariantReport[] = []
  for (const [id, v] of Object.entries(manifest.variants)) {
    if (!faults.has(v.plan))
      variants.push(variantReport(id, manifest, await readPlan(folder, manifest, id), files))
  }
  const strangers = (await readdir(folder))
    .filter((name) => name !== 'manifest.json' && !names.includes(name))
    .sort()
  const { model, wgc, targets } = manifest
  return { model, wgc, faults: [...faults.values()], strangers, targets, files, variants }
}

async function fileReport(folder: string, name: string, manifest: Manifest): Promise<FileReport> {
  const path = join(folder, name)
  const { size } = await stat(path)
  return { name, role: roleOf(name, manifest), ...(await sizesOf(path, size)) }
}

function variantReport(
  id: string,
  manifest: Manifest,
  plan: Plan,
  files: readonly FileReport[],
): VariantReport {
  const { backend, engine, features, limits, memory, smaller = [] } = manifest.variants[id]!
  const bytesOf = (kind: string) =>
    plan.buffers.filter((b) => b.kind === kind).reduce((sum, b) => sum + b.bytes, 0)
  const wanted = fetched(manifest, id, plan)
  const page = files.filter((f) => wanted.includes(f.name))
  const programs = Object.entries(plan.programs).map(
    ([name, p]) => [name, { dispatches: p.dispatches.length, maxSeq: p.maxSeq, arena: p.arena }] as const,
  )
  return {
    id,
    backend,
    ...(engine && { engine }),
    features,
    limits,
    targets: Object.keys(manifest.targets).filter((t) => manifest.targets[t]!.includes(id)),
    kernels: plan.kernels.length,
    memory: { total: memory, weights: bytesOf('weights'), state: bytesOf('state') },
    programs: Object.fromEntries(programs),
    smaller: smaller.map(({ memory, context, kv, chunk }) => ({ memory, context, kv, chunk })),
    files: wanted,
    download: page.reduce(add, NONE),
    withoutWeights: page.filter((f) => f.role !== 'weights').reduce(add, NONE),
  }
}
