/** C to wasm: kernels to one module. */
import { cacheKey } from '../cache.js'
import { emcc } from './emcc.js'
import { compileFlags, linkFlags } from './flags.js'
import type { CKernel, Store, Toolchain, ToolchainName, WasmFeature } from './types.js'
import { yowasp } from './yowasp.js'

export interface CompileOptions {
  features: WasmFeature
  /** auto: yowasp. */
  toolchain?: 'auto' | ToolchainName
  /** Keeps object files, so that only what changed is compiled again. */
  objects?: Store
  signal?: AbortSignal | undefined
}

export interface Compiled {
  wasm: Uint8Array
  /** Which compiler made it, version and flags included. */
  toolchain: string
  seconds: number
}

export const toolchainNamed = async (name: 'auto' | ToolchainName = 'auto'): Promise<Toolchain> =>
  name === 'emcc' ? emcc() : yowasp

/** The hash of all that a kernel's code depends on. */
export const kernelKey = ({ text, entry, export: as }: CKernel, features: WasmFeature, id: string): string =>
  cacheKey('c kernel', id, compileFlags(features).join(' '), entry, as, text)

const byExport = (a: CKernel, b: CKernel) => (a.export < b.export ? -1 : 1)

/** The hash of all that a module depends on; the order of its kernels is no part of it. */
export const moduleKey = (kernels: readonly CKernel[], features: WasmFeature, id: string): string =>
  cacheKey(
    'c module',
    linkFlags([], features).join(' '),
    ...[...kernels].sort(byExport).map((k) => kernelKey(k, features, id)),
  )

/**
 * One module of all the kernels: `env.memory` imported, each kernel's `export` and `__heap_base` exported.
 * The same kernels give the same bytes. Each is an object file of its own: no names clash, one kernel's code
 * does not depend on its neighbours, and an edit compiles one file (0.1 s after 2.5 s of loading).
 * Throws WGC520 with file and line where the C is wrong.
 */
export async function compileC(kernels: readonly CKernel[], options: CompileOptions): Promise<Compiled> {
  const start = performance.now()
  const { features, objects, signal } = options
  const toolchain = await toolchainNamed(options.toolchain)
  const sorted = [...kernels].sort(byExport)
  const compiled: Uint8Array[] = []
  for (const kernel of sorted) {
    signal?.throwIfAborted()
    const key = kernelKey(kernel, features, toolchain.id)
    const known = objects?.get(key)
    const object = known ?? (await toolchain.compile(kernel, features))
    if (!known) objects?.put(key, object)
    compiled.push(object)
  }
  signal?.throwIfAborted()
  const wasm = await toolchain.link(
    compiled,
    sorted.map((k) => k.export),
    features,
  )
  return { wasm, toolchain: toolchain.id, seconds: (performance.now() - start) / 1000 }
}
