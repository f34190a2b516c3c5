/** What a C toolchain takes and gives. */

/**
 * base has no SIMD; simd128 runs in every browser since 2023; relaxed adds relaxed SIMD (fused multiply-add, int8 dot
 * products). -64: addresses of 64 bits, for memories beyond 4 GiB.
 */
export type WasmFeature = 'base' | 'simd128' | 'relaxed' | 'simd128-64' | 'relaxed-64'

/** yowasp: Clang in WebAssembly, from npm. emcc: Emscripten, where it is installed. */
export type ToolchainName = 'yowasp' | 'emcc'

/** A specialised template, and the name its function is to have in the module. */
export interface CKernel {
  /** File shown in diagnostics: `linear.c`. */
  name: string
  /** C, complete but for system headers. */
  text: string
  /** The function as the text calls it; renamed by a `#define` before the text, so statics stay its own. */
  entry: string
  /** Name of the export; unique in a module. */
  export: string
}

/** A compiler found and named; `id` states everything about it that its output depends on. */
export interface Toolchain {
  name: ToolchainName
  id: string
  /** What it can compile. */
  features: WasmFeature[]
  /** Text to object file. */
  compile(kernel: CKernel, features: WasmFeature): Promise<Uint8Array>
  /** Objects to module. */
  link(objects: Uint8Array[], exports: string[], features: WasmFeature): Promise<Uint8Array>
}

/** Where compiled things may be kept; `Cache` is one. */
export interface Store {
  get(key: string): Uint8Array | undefined
  put(key: string, bytes: Uint8Array): void
}
