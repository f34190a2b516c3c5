/** The command lines, shared by both toolchains. */
import type { WasmFeature } from './types.js'

/** Bytes of the stack of a module: what a kernel's own arrays must fit in. */
export const STACK_BYTES = 65536

const WASM64 = '--target=wasm64'

const featureFlags: Record<WasmFeature, string[]> = {
  // Clang's default is more than this: float to int without traps, for one, came at the same time as SIMD.
  base: ['-mcpu=mvp', '-msign-ext'],
  simd128: ['-msimd128'],
  relaxed: ['-msimd128', '-mrelaxed-simd'],
  'simd128-64': [WASM64, '-msimd128'],
  'relaxed-64': [WASM64, '-msimd128', '-mrelaxed-simd'],
}

/**
 * Flags that decide the code. Kernels say themselves what is a vector and what is unrolled; what the compiler adds
 * of its own are long copies of loops that run a few times. -fno-math-errno makes sqrtf and friends instructions.
 */
export const compileFlags = (features: WasmFeature): string[] => [
  '-O3',
  ...featureFlags[features],
  '-mbulk-memory',
  '-ffreestanding',
  '-fno-math-errno',
  '-fno-vectorize',
  '-fno-slp-vectorize',
  '-fno-unroll-loops',
  '-c',
]

/**
 * Loop strength reduction turns `offset=` immediates into additions, which engines cannot fold: a 6x8 tile
 * runs at 22 instead of 47 GFLOP/s with it. Emscripten passes this by itself, and refuses it twice.
 */
export const NO_LSR = ['-mllvm', '-disable-lsr']

/**
 * Flags of wasm-ld. The memory is the runtime's (`env.memory`). Below `__heap_base` lie the module's stack
 * (first, so an overflow traps instead of overwriting data) and its static data; buffers go from there up.
 *
 * Threads need nothing here: shared.ts makes a module for them of this one.
 */
export const linkFlags = (exports: string[], features: WasmFeature): string[] => [
  ...(featureFlags[features].includes(WASM64) ? ['-mwasm64'] : []),
  '--no-entry',
  '--import-memory',
  '--stack-first',
  '-z',
  `stack-size=${STACK_BYTES}`,
  '--export=__heap_base',
  ...exports.map((name) => `--export=${name}`),
  '--gc-sections',
  '--strip-all',
]
