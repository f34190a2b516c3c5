/** Which variants a set of targets needs. */
import type { Engine } from '../../runtime/format.js'
import { fail } from '../errors.js'
import type { TunedTable } from '../select/tuning.js'
import type { TuningRule, WorkgroupRule } from '../select/types.js'
import { loadDeviceClasses, type Target } from '../targets.js'

export interface VariantSpec {
  id: string
  backend: 'webgpu' | 'wasm'
  /** Engine of the code's shape; wasm has none. */
  engine?: Engine
  features: string[]
  tuning: TuningRule[]
  /** Shapes of workgroups that were asked for. */
  workgroups?: WorkgroupRule[] | undefined
  /** The class of devices that it is tuned for. */
  device?: string
  /** Tokens of a step of a prompt, where they are tuned. */
  chunk?: number
}

/** The feature of a variant whose kernels are called by several threads. */
export const THREADS = 'threads'

/** `webgpu-gecko-shader-f16`, `wasm-simd128` */
const variantId = (parts: string[]): string => parts.join('-')

/** What adapters of a class call their vendor. */
export const vendorsOf = (name: string): string[] =>
  loadDeviceClasses().classes[name]?.match.vendors ?? fail('WGC901', [`no device class ${name}`])

/**
 * Variants of the targets, each once, and which of them each target has, best first: those tuned for classes of its
 * devices, then the general ones.
 */
export function variantsOf(
  targets: Target[],
  tuning: TuningRule[],
  tables: TunedTable[] = [],
  workgroups?: WorkgroupRule[],
): { specs: VariantSpec[]; byTarget: Record<string, string[]> } {
  const specs = new Map<string, VariantSpec>()
  const byTarget: Record<string, string[]> = {}
  for (const target of targets) {
    const general = [...target.tuning, ...tuning]
    const add = (
      spec: Omit<VariantSpec, 'id' | 'tuning'>,
      parts: string[],
      rules: TuningRule[] = [],
    ): string => {
      const id = variantId([spec.backend, ...(spec.engine ? [spec.engine] : []), ...parts])
      specs.set(id, {
        ...{ id, ...spec, tuning: [...rules, ...general] },
        ...(spec.backend === 'webgpu' && workgroups?.length && { workgroups }),
      })
      return id
    }
    const named = (features: string[]) => (features.length > 0 ? features : ['base'])
    const engine = target.engine.name
    const hasGpu = (target.webgpu?.featureSets ?? []).length > 0
    const tuned = tables
      .filter((t) => hasGpu && t.engine === engine && target.deviceClasses.includes(t.class))
      .flatMap((table) => {
        const { rules, chunk } = table
        const own = { backend: 'webgpu' as const, engine, device: table.class, ...(chunk && { chunk }) }
        return table.variants.map(({ name, features }) =>
          add({ ...own, features }, [table.class, name], rules),
        )
      })
    const gpu = (target.webgpu?.featureSets ?? []).map((features) =>
      add({ backend: 'webgpu', engine, features }, named(features)),
    )
    const cpu = target.wasm.featureSets.map((features) => add({ backend: 'wasm', features }, named(features)))
    byTarget[target.name] = [...tuned, ...gpu, ...cpu]
  }
  return { specs: [...specs.values()], byTarget }
}

/** The variants whose ids begin with one of the names. WGC407 for a name that none begins with. */
export function only(
  names: readonly string[] | undefined,
  { specs, byTarget }: ReturnType<typeof variantsOf>,
): ReturnType<typeof variantsOf> {
  if (!names) return { specs, byTarget }
  const ids = specs.map((s) => s.id)
  for (const name of names) if (!ids.some((id) => id.startsWith(name))) fail('WGC407', [name, ids])
  const wanted = (id: string) => names.some((name) => id.startsWith(name))
  return {
    specs: specs.filter((s) => wanted(s.id)),
    byTarget: Object.fromEntries(Object.entries(byTarget).map(([t, list]) => [t, list.filter(wanted)])),
  }
}
