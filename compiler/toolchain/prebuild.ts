/**
 * Writes `generated/wasm/`: modules for the weight formats that models are built with, so that a build needs no
 * compiler. C kernels take their sizes as arguments, hence there are few of them.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openCache } from '../cache.js'
import type { WeightFormatName } from '../ir/graph.js'
import { packageRoot } from '../root.js'
import { loadTemplates, specialize, type Template, type Value } from '../specialize/index.js'
import { compileC } from './compile.js'
import { exportName } from './names.js'
import { type PrebuiltIndex, type PrebuiltModule, prebuiltFolder, prebuiltKey } from './prebuilt.js'
import type { CKernel, WasmFeature } from './types.js'
import { yowaspId } from './yowasp.js'

/** Weight formats that a module's kernels read. */
const SETS: readonly WeightFormatName[][] = [['f32'], ['f16'], ['q8'], ['q4', 'q8']]
const FEATURES: readonly WasmFeature[] = ['simd128', 'relaxed']

type Params = Record<string, Value>

/** A template at all combinations of its parameters that a set has a use for. Ranges keep their default. */
function combinations(template: Template, fixed: Record<string, Value[]>): Params[] {
  const values = ({ name, domain, default: usual }: Template['params'][number]): Value[] => {
    const listed = domain.filter((v) => typeof v !== 'object')
    if (fixed[name]) return listed.filter((v) => fixed[name]!.includes(v))
    return listed.length < domain.length ? [usual] : listed
  }
  return template.params.reduce<Params[]>(
    (all, param) =>
      all.flatMap((params) => values(param).map((value) => ({ ...params, [param.name]: value }))),
    [{}],
  )
}

/** Every C kernel that a model of these weight formats may need. */
export function kernelSet(
  templates: readonly Template[],
  weights: readonly WeightFormatName[],
  features: WasmFeature,
): CKernel[] {
  const fixed = { W: [...weights], RELAXED: [features === 'relaxed'] }
  const chosen = templates.flatMap((template) =>
    template.language === 'c' ? combinations(template, fixed).map((given) => ({ template, given })) : [],
  )
  // A kernel that only makes what no other of the set reads has no use: integers, where all weights are floats.
  const read = new Set(chosen.flatMap(({ template }) => template.front.op.inputs.map((p) => p.type)))
  const useful = ({ template }: (typeof chosen)[number]) =>
    template.front.op.outputs.every((p) => p.type !== 'i8x32' || read.has(p.type))
  return chosen.filter(useful).map(({ template, given }) => {
    const { text, params } = specialize(template, given)
    const entry = template.front.entry ?? template.name
    return { name: `${template.name}.c`, text, entry, export: exportName(entry, params) }
  })
}

interface Wanted {
  file: string
  features: WasmFeature
  set: CKernel[]
  kernels: Record<string, string>
}

function wantedModules(): Wanted[] {
  const templates = loadTemplates(join(packageRoot(), 'kernel-templates'))
  return FEATURES.flatMap((features) =>
    SETS.map((weights) => {
      const set = kernelSet(templates, weights, features)
      const kernels = Object.fromEntries(set.map((k) => [k.export, prebuiltKey(k, features)]))
      return { file: `${weights.join('-')}-${features}.wasm`, features, set, kernels }
    }),
  )
}

const readIndex = (folder: string): PrebuiltIndex => {
  const path = join(folder, 'index.json')
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { toolchain: '', modules: [] }
}

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** The entry of a module that is already there as it should be. */
function upToDate(folder: string, { file, kernels }: Wanted): PrebuiltModule | undefined {
  const entry = readIndex(folder).modules.find((m) => m.file === file)
  const same = entry && JSON.stringify(entry.kernels) === JSON.stringify(kernels)
  const path = join(folder, file)
  return same && existsSync(path) && hashOf(readFileSync(path)) === entry.sha256 ? entry : undefined
}

/** Files of `generated/wasm/` that are not what `prebuild` would write. Compiles nothing. */
export function stalePrebuilt(folder = prebuiltFolder()): string[] {
  const wanted = wantedModules()
  const stale = wanted.filter((w) => !upToDate(folder, w)).map((w) => w.file)
  const known = new Set(['index.json', ...wanted.map((w) => w.file)])
  const extra = existsSync(folder) ? readdirSync(folder).filter((file) => !known.has(file)) : []
  return [...stale, ...extra]
}

/** Compiles what is not there yet, and removes what is no longer wanted. */
export async function prebuild(folder = prebuiltFolder()): Promise<PrebuiltIndex> {
  mkdirSync(folder, { recursive: true })
  const objects = openCache()
  const modules: PrebuiltModule[] = []
  for (const wanted of wantedModules()) {
    const known = upToDate(folder, wanted)
    if (known) {
      modules.push(known)
      continue
    }
    const { file, features, set, kernels } = wanted
    const { wasm } = await compileC(set, { features, objects })
    writeFileSync(join(folder, file), wasm)
    modules.push({ file, features, bytes: wasm.length, sha256: hashOf(wasm), kernels })
  }
  const index: PrebuiltIndex = { toolchain: yowaspId, modules }
  writeFileSync(join(folder, 'index.json'), `${JSON.stringify(index, null, 1)}\n`)
  const kept = new Set(['index.json', ...modules.map((m) => m.file)])
  for (const file of readdirSync(folder)) if (!kept.has(file)) rmSync(join(folder, file))
  return index
}
