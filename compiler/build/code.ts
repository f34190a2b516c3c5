/** The code files of every variant: WGSL modules or one wasm module, validated and cached. */
import { WGSL_MODULE_MARK } from '../../runtime/format.js'
import type { Cache } from '../cache.js'
import type { BundleWriter } from '../emit/bundle.js'
import type { BuildOptions } from '../options.js'
import type { CompiledKernel } from '../select/kernels.js'
import { loadDeviceClasses, type Target } from '../targets.js'
import {
  type CKernel,
  moduleKey,
  type WasmFeature,
  wasmModule,
  withSharedMemory,
} from '../toolchain/index.js'
import { validateWasm, validateWgsl } from '../validate/index.js'
import { MEMORY64 } from './limits.js'
import { THREADS } from './variant-specs.js'
import type { CompiledVariant } from './variants.js'

/** What the compiler is asked for, of what a variant needs. Where addresses are long, there is SIMD. */
export function wasmFeature(features: string[]): WasmFeature {
  const [plain, wide] = features.includes('relaxed-simd')
    ? (['relaxed', 'relaxed-64'] as const)
    : (['simd128', 'simd128-64'] as const)
  if (features.includes(MEMORY64)) return wide
  return features.includes('simd128') ? plain : 'base'
}

/** Modules in one file, parted by mark lines; sorted, so that the bytes don't depend on the order of use. */
function wgslFile(kernels: CompiledKernel[]): string {
  const byName = [...kernels].sort((a, b) => (a.kernel.name < b.kernel.name ? -1 : 1))
  return byName.map((k) => `${WGSL_MODULE_MARK}${k.kernel.name}\n${k.text}\n`).join('')
}

export const toSource = ({ choice, kernel, text }: CompiledKernel): CKernel => ({
  name: `${choice.template.name}.c`,
  text,
  entry: choice.template.front.entry ?? choice.template.name,
  export: kernel.name,
})

/** Limits that kernels tuned for a class may take: those of its best devices. The variant asks for what it uses. */
function largestTier(name: string): Record<string, number> {
  const { classes, tiers } = loadDeviceClasses()
  return tiers[classes[name]?.tiers[0] ?? '']?.limits ?? {}
}

/** Limits that kernels may take unasked: those that every target of an engine promises. */
function promisedLimits(targets: readonly Target[]): Record<string, number> {
  const { tiers } = loadDeviceClasses()
  const all = targets.map((t) => tiers[t.webgpu.limits]!.limits)
  const least = (name: string) => Math.min(...all.map((limits) => limits[name]!))
  return Object.fromEntries(Object.keys(all[0] ?? {}).map((name) => [name, least(name)]))
}

const each = (kernels: CompiledKernel[]): CompiledKernel[] => [
  ...new Map(kernels.map((k) => [k.kernel.name, k])).values(),
]

/** Kernels of what a variant is where there is less room. */
const smallerKernels = ({ smaller }: CompiledVariant): CompiledKernel[] =>
  each(smaller.flatMap((s) => s.kernels))

const allKernels = (v: CompiledVariant): CompiledKernel[] => each([...v.kernels, ...smallerKernels(v)])

/** Code files of a variant, and of what it is where there is less room: a page fetches one of them. */
export interface CodeFiles {
  whole: string
  smaller: string
}

/** By the variant's id. */
export async function emitCode(
  variants: CompiledVariant[],
  targets: Target[],
  bundle: BundleWriter,
  cache: Cache,
  options: BuildOptions,
): Promise<Map<string, CodeFiles>> {
  const code = new Map<string, CodeFiles>()
  const report = (stage: string, done: number, total: number) => options.onProgress?.({ stage, done, total })
  const gpu = variants.filter((v) => v.spec.backend === 'webgpu')
  const engines = new Map(targets.map((t) => [t.engine.name, t.engine]))
  const promised = new Map(
    [...engines.keys()].map((name) => [name, promisedLimits(targets.filter((t) => t.engine.name === name))]),
  )
  await validateWgsl(
    gpu.flatMap((v) =>
      allKernels(v).map((k) => ({
        name: k.kernel.name,
        text: k.text,
        engine: engines.get(v.spec.engine!)!,
        features: v.spec.features,
        limits: v.spec.device ? largestTier(v.spec.device) : promised.get(v.spec.engine!)!,
        bindings: k.operands.map((name, i) => ({
          name,
          number: k.kernel.bindings![i]![0],
          kind: k.kernel.bindings![i]![1],
        })),
      })),
    ),
    cache,
    (done, total) => report('validate', done, total),
  )
  const write = (kernels: CompiledKernel[]) => bundle.add('kernels', 'wgsl', wgslFile(kernels))
  for (const v of gpu) {
    const whole = await write(v.kernels)
    const smaller = v.smaller.length > 0 ? await write(smallerKernels(v)) : whole
    code.set(v.spec.id, { whole, smaller })
  }
  const cpu = variants.filter((v) => v.spec.backend === 'wasm')
  // With and without threads the code is the same.
  const made = new Map<string, Uint8Array>()
  for (const [i, v] of cpu.entries()) {
    options.signal?.throwIfAborted()
    report('compile-c', i, cpu.length)
    const features = wasmFeature(v.spec.features)
    const sources = allKernels(v).map(toSource)
    const key = moduleKey(sources, features, '')
    const toolchain = options.toolchain ?? 'auto'
    const compile = async () =>
      (await wasmModule(sources, { features, toolchain, cache, signal: options.signal })).wasm
    const wasm = made.get(key) ?? (await compile())
    made.set(key, wasm)
    const module = v.spec.features.includes(THREADS) ? withSharedMemory(wasm) : wasm
    await validateWasm(module, { exports: allKernels(v).map((k) => k.kernel.name) })
    // C kernels take their sizes as arguments: what is added for less room is another type of cache.
    const whole = await bundle.add('kernels', 'wasm', module)
    code.set(v.spec.id, { whole, smaller: whole })
  }
  return code
}
