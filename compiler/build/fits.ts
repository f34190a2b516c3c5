/** What a plan takes of a device, and which variants can't be made or could fit nowhere. */
import type { Plan } from '../../runtime/format.js'
import { printBytes } from '../emit/explain.js'
import { fail } from '../errors.js'
import type { BuildOptions } from '../options.js'
import type { CompiledKernel } from '../select/kernels.js'
import type { Target } from '../targets.js'
import { toolchainNamed } from '../toolchain/index.js'
import { portableLimits } from '../validate/interface.js'
import { wasmFeature } from './code.js'
import { backendLimits, MEMORY64, memoryLimit, memoryOf } from './limits.js'
import type { VariantSpec } from './variant-specs.js'
import type { CompiledVariant, CompiledVariants } from './variants.js'

/** The limits a plan and its kernels need beyond what every device has. */
export function limitsOf(plan: Plan, kernels: CompiledKernel[]): Record<string, number> {
  const regions = Object.values(plan.programs).flatMap((p) =>
    p.dispatches.flatMap((d) => d.bind.map((r) => r?.[2] ?? 0)),
  )
  const needed: [string, number, number][] = [
    ['maxStorageBufferBindingSize', Math.max(...regions), backendLimits.webgpu.binding],
    [
      'maxBufferSize',
      Math.max(...plan.buffers.map((b) => b.bytes), ...Object.values(plan.programs).map((p) => p.arena)),
      backendLimits.webgpu.buffer,
    ],
    [
      'maxComputeWorkgroupStorageSize',
      Math.max(0, ...kernels.map((k) => k.workgroupBytes)),
      portableLimits().maxComputeWorkgroupStorageSize!,
    ],
  ]
  return Object.fromEntries(
    needed.flatMap(([name, bytes, everywhere]) => (bytes > everywhere ? [[name, bytes]] : [])),
  )
}

/** Takes variants out of the targets' lists, and says why. */
export function leaveOut(reasons: Map<string, string>, byTarget: Record<string, string[]>): string[] {
  for (const [target, ids] of Object.entries(byTarget))
    byTarget[target] = ids.filter((id) => !reasons.has(id))
  const notes = [...reasons].map(([id, why]) => `no ${id}: ${why}`)
  if (Object.values(byTarget).every((ids) => ids.length === 0)) fail('WGC404', [notes.join('; ')])
  return notes
}

/** Variants that the C compiler can't make. Only one that was asked for by name can be so. */
export async function beyondCompiler(
  specs: VariantSpec[],
  toolchain: BuildOptions['toolchain'],
): Promise<Map<string, string>> {
  if (toolchain !== 'emcc') return new Map()
  const { features } = await toolchainNamed(toolchain)
  const without = specs.filter((s) => s.backend === 'wasm' && !features.includes(wasmFeature(s.features)))
  const why = ({ features }: VariantSpec) =>
    features.includes(MEMORY64)
      ? 'Emscripten is not asked for 64-bit addresses; @yowasp/clang makes them'
      : 'this Emscripten is too old to compile relaxed SIMD'
  return new Map(without.map((s) => [s.id, why(s)]))
}

/** Variants that no device could hold. */
export function beyondMemory(variants: CompiledVariant[]): Map<string, string> {
  const tooLarge = variants.filter((v) => memoryOf(v.plan) > memoryLimit(v.spec))
  return new Map(
    tooLarge.map(({ spec, plan }) => [
      spec.id,
      `it would take ${printBytes(memoryOf(plan))}, a wasm memory holds ${Math.ceil(memoryLimit(spec) / 2 ** 30)} GiB`,
    ]),
  )
}

/** Notes on targets whose browser would end the page, by what `memoryBudget` says. */
export function beyondBudget(
  variants: CompiledVariant[],
  byTarget: Record<string, string[]>,
  targets: readonly Pick<Target, 'name' | 'memoryBudget'>[],
): string[] {
  const bytes = new Map(variants.map((v) => [v.spec.id, memoryOf((v.smaller.at(-1) ?? v).plan)]))
  return targets.flatMap(({ name, memoryBudget = Number.POSITIVE_INFINITY }) => {
    const ids = byTarget[name] ?? []
    const over = ids.filter((id) => bytes.get(id)! > memoryBudget)
    if (over.length === 0) return []
    const which = over.length === ids.length ? 'every variant' : over.join(', ')
    const most = Math.max(...over.map((id) => bytes.get(id)!))
    return [
      `${name} ends pages that take much more than ${printBytes(memoryBudget)}; ${which} takes up to ${printBytes(most)}: fewer --bits or a shorter --context`,
    ]
  })
}

/**
 * The variants to make of those that there are kernels for, and notes on those that can't be. One with long addresses
 * is left out without a word where short ones reach: it would be slower, and fewer browsers have it.
 */
export async function fitting(
  { variants, unmade }: CompiledVariants,
  byTarget: Record<string, string[]>,
  toolchain: BuildOptions['toolchain'],
): Promise<{ variants: CompiledVariant[]; notes: string[] }> {
  const needless = ({ spec, plan }: CompiledVariant) =>
    spec.features.includes(MEMORY64) && memoryOf(plan) <= backendLimits.wasm.memory
  const spare = new Set(variants.filter(needless).map((v) => v.spec.id))
  for (const [target, ids] of Object.entries(byTarget)) byTarget[target] = ids.filter((id) => !spare.has(id))
  const wanted = variants.filter((v) => !spare.has(v.spec.id))
  const specs = wanted.map((v) => v.spec)
  const without = new Map([...unmade, ...(await beyondCompiler(specs, toolchain)), ...beyondMemory(wanted)])
  return { notes: leaveOut(without, byTarget), variants: wanted.filter((v) => !without.has(v.spec.id)) }
}
