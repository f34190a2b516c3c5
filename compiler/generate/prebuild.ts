/**
 * Writes `generated/wasm/`: modules for the weight formats that models are usually built with, so that such a build
 * needs no compiler. C kernels take their sizes as arguments, hence there are few of them.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toSource, wasmFeature } from '../build/code.js'
import { backendLimits } from '../build/limits.js'
import { programGraphs } from '../build/programs.js'
import { variantsOf } from '../build/variant-specs.js'
import { compileVariants } from '../build/variants.js'
import { openCache } from '../cache.js'
import { presetModel } from '../models/preset.js'
import type { Bits } from '../passes/precision.js'
import { openTemplates } from '../select/templates.js'
import { loadTuning } from '../select/tuning.js'
import { loadTargets } from '../targets.js'
import { compileC } from '../toolchain/compile.js'
import {
  type PrebuiltIndex,
  type PrebuiltModule,
  prebuiltFolder,
  prebuiltKey,
} from '../toolchain/prebuilt.js'
import type { CKernel, WasmFeature } from '../toolchain/types.js'
import { yowaspId } from '../toolchain/yowasp.js'

/** What weights are stored as, a module each. */
const SETS = ['f32', 'f16', 8, 4] as const satisfies readonly Bits[]
const FEATURES: readonly WasmFeature[] = ['simd128', 'relaxed']
/** The preset that kernels are taken from; C kernels get their sizes as arguments, so it stands for its family. */
const PRESET = 'tinyllama'

/** Every C kernel that a model of the preset's family may need at these bits, whatever the other options. */
export function kernelSet(bits: Bits, features: WasmFeature): CKernel[] {
  const model = presetModel(PRESET)
  const { specs } = variantsOf([...loadTargets().values()], loadTuning())
  const spec = specs.find((s) => s.backend === 'wasm' && wasmFeature(s.features) === features)!
  const templates = openTemplates()
  const found = new Map<string, CKernel>()
  for (const kv of ['f32', 'f16'] as const)
    for (const fuse of [true, false]) {
      const options = { bits, kv, fuse, group: 64, binding: backendLimits.wasm.binding, splitKv: true }
      const { variants } = compileVariants([spec], () => programGraphs(model, options), templates)
      for (const kernel of variants.flatMap((v) => v.kernels).map(toSource)) found.set(kernel.export, kernel)
    }
  return [...found.values()].sort((a, b) => (a.export < b.export ? -1 : 1))
}

interface Wanted {
  file: string
  features: WasmFeature
  set: CKernel[]
  kernels: Record<string, string>
}

function wantedModules(): Wanted[] {
  return FEATURES.flatMap((features) =>
    SETS.map((bits) => {
      const set = kernelSet(bits, features)
      const kernels = Object.fromEntries(set.map((k) => [k.export, prebuiltKey(k, features)]))
      const name = typeof bits === 'number' ? `q${bits}` : bits
      return { file: `${name}-${features}.wasm`, features, set, kernels }
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
