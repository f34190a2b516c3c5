/** C kernels to a wasm module, from the fastest place that has it: prebuilt, cached, compiled. */
import type { CompileOptions } from './compile.js'
import { compileC, moduleKey, toolchainNamed } from './compile.js'
import { findPrebuilt } from './prebuilt.js'
import type { CKernel, Store } from './types.js'

export { compileC, kernelKey, moduleKey, toolchainNamed } from './compile.js'
export { findEmcc } from './emcc.js'
export { exportName } from './names.js'
export { findPrebuilt } from './prebuilt.js'
export { STACK_POINTER, withSharedMemory } from './shared.js'
export type { CKernel, Store, ToolchainName, WasmFeature } from './types.js'

export interface WasmModule {
  wasm: Uint8Array
  /** Where it came from, for --explain. */
  from: 'prebuilt' | 'cache' | 'compiled'
  seconds: number
}

/**
 * A module that exports at least these kernels. A prebuilt one may export more of the same set.
 * `cache` is the user's; the module and its objects are kept there.
 */
export async function wasmModule(
  kernels: readonly CKernel[],
  options: Omit<CompileOptions, 'objects'> & { cache?: Store },
): Promise<WasmModule> {
  const start = performance.now()
  const seconds = () => (performance.now() - start) / 1000
  const { features, cache } = options
  const { id, name } = await toolchainNamed(options.toolchain)
  const prebuilt = name === 'yowasp' ? findPrebuilt(kernels, features) : undefined
  if (prebuilt) return { wasm: prebuilt, from: 'prebuilt', seconds: seconds() }
  const key = moduleKey(kernels, features, id)
  const cached = cache?.get(key)
  if (cached) return { wasm: cached, from: 'cache', seconds: seconds() }
  const { wasm } = await compileC(kernels, { ...options, ...(cache ? { objects: cache } : {}) })
  cache?.put(key, wasm)
  return { wasm, from: 'compiled', seconds: seconds() }
}
