/** Modules that ship with wgc: `generated/wasm/`, written by `prebuild()`. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fail } from '../errors.js'
import { packageRoot } from '../root.js'
import { kernelKey } from './compile.js'
import type { CKernel, WasmFeature } from './types.js'
import { yowaspId } from './yowasp.js'

export interface PrebuiltModule {
  file: string
  features: WasmFeature
  bytes: number
  sha256: string
  /** Export to `kernelKey`, shortened. */
  kernels: Record<string, string>
}

/** `generated/wasm/index.json`. */
export interface PrebuiltIndex {
  /** The compiler that made them; only the kernels' keys count. */
  toolchain: string
  modules: PrebuiltModule[]
}

export const prebuiltFolder = (): string => join(packageRoot(), 'generated', 'wasm')

export const prebuiltKey = (kernel: CKernel, features: WasmFeature): string =>
  kernelKey(kernel, features, yowaspId).slice(0, 32)

const indexes = new Map<string, PrebuiltIndex>()

function readIndex(folder: string): PrebuiltIndex {
  const known = indexes.get(folder)
  if (known) return known
  const path = join(folder, 'index.json')
  const index = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { toolchain: '', modules: [] }
  indexes.set(folder, index)
  return index
}

/** The smallest shipped module that has every one of these kernels, byte for byte of their text; else undefined. */
export function findPrebuilt(
  kernels: readonly CKernel[],
  features: WasmFeature,
  folder = prebuiltFolder(),
): Uint8Array | undefined {
  const wanted = kernels.map((k) => [k.export, prebuiltKey(k, features)] as const)
  const found = readIndex(folder)
    .modules.filter((m) => wanted.every(([name, key]) => m.kernels[name] === key))
    .sort((a, b) => a.bytes - b.bytes)[0]
  if (!found) return undefined
  const wasm = readFileSync(join(folder, found.file))
  if (createHash('sha256').update(wasm).digest('hex') !== found.sha256)
    fail('WGC901', [`generated/wasm/${found.file} is not what index.json says`])
  return wasm
}
