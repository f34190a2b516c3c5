/** The kernels, weights and plan of each variant. */
import type { Plan } from '../../runtime/format.js'
import type { Cache } from '../cache.js'
import { layoutOf, makePlan, type PlanOutput, weightKey } from '../emit/plan.js'
import {
  type ConstItem,
  type ItemRegions,
  type PackItem,
  planShards,
  type ShardPlan,
} from '../emit/shards.js'
import type { WeightSet } from '../emit/shards-write.js'
import { fail, WgcError } from '../errors.js'
import type { ProgramSpec } from '../models/types.js'
import { kernelStore } from '../select/kernels.js'
import { type Lowered, lower } from '../select/lower.js'
import type { Templates } from '../select/templates.js'
import type { KernelTarget } from '../select/types.js'
import { backendLimits, MEMORY64, memoryOf } from './limits.js'
import type { ProgramGraph } from './programs.js'
import type { Rung } from './smaller.js'
import { THREADS, type VariantSpec } from './variant-specs.js'

/** A program whose kernels are chosen. */
export interface LoweredProgram {
  spec: ProgramSpec
  lowered: Lowered
}

export interface CompiledVariant extends PlanOutput {
  spec: VariantSpec
  programs: {
    name: string
    lowered: Lowered
    arena: PlanOutput['arenas'] extends Map<string, infer A> ? A : never
  }[]
  /** Key of its weight set. */
  weights: string
  /** What it is where there is less room, each smaller than the one before. */
  smaller: (PlanOutput & { rung: Rung; lowered: LoweredProgram[] })[]
  /** What its plan was made of. */
  lowered: LoweredProgram[]
  /** What those are less than. */
  whole?: Rung
}

/** Weights that some variants share: the same tensors in the same formats and layouts. */
export interface PlannedWeights {
  key: string
  items: PackItem[]
  shards: ShardPlan
}

/**
 * Every weight and constant that the steps read, each once for each layout it is read in, and the components that
 * do: those that are loaded apart must not share a buffer.
 */
function weightItems(programs: { spec: ProgramSpec; lowered: Lowered }[]): PackItem[] {
  const items = new Map<string, PackItem>()
  const readers = new Map<string, Set<string>>()
  const note = (key: string, item: PackItem, { component = 'model' }: ProgramSpec) => {
    const known = items.get(key)
    if (known && itemKey(known) !== itemKey(item))
      fail('WGC901', [`programs store ${item.name} in different ways`])
    items.set(key, item)
    readers.set(key, (readers.get(key) ?? new Set()).add(component))
  }
  for (const { spec, lowered } of programs) {
    const { steps, graph } = lowered
    for (const step of steps) {
      for (const [port, name] of Object.entries(step.node.inputs)) {
        const t = graph.tensors.get(name)
        if (t?.kind === 'const') note(name, { name, data: t.data } as ConstItem, spec)
        if (t?.kind !== 'weight' || !t.weight) continue
        const layout = t.shape.length > 1 ? layoutOf(step, port) : 'rows'
        const key = weightKey(name, layoutOf(step, port))
        const k = t.shape.length > 1 ? Number(t.shape[1]) : 1
        note(key, { name: key, spec: t.weight, k, layout }, spec)
      }
    }
  }
  const named = [...items].map(([key, item]) => ({ ...item, part: [...readers.get(key)!].sort().join(' ') }))
  const parts = [...new Set(named.map((item) => item.part))]
  return parts.flatMap((part) => named.filter((item) => item.part === part))
}

const itemKey = (item: PackItem): string =>
  'spec' in item ? JSON.stringify(item) : `${item.name} ${item.part} ${item.data.length}`

/**
 * Where the weights that a smaller plan reads lie among those of the whole; undefined where it reads others. Constants
 * of a shorter context are the beginning of a longer one's.
 */
function within(items: PackItem[], whole: PlannedWeights): Map<string, ItemRegions> | undefined {
  const known = new Map(whole.items.map((item) => [item.name, item]))
  const regions = new Map<string, ItemRegions>()
  for (const item of items) {
    const longer = known.get(item.name)
    const at = whole.shards.regions.get(item.name)
    if (!longer || !at) return undefined
    if ('data' in item) {
      if (!('data' in longer) || !item.data.every((x, i) => x === longer.data[i])) return undefined
      regions.set(item.name, { data: [at.data[0], at.data[1], item.data.byteLength] })
    } else if (itemKey(item) === itemKey(longer)) regions.set(item.name, at)
    else return undefined
  }
  return regions
}

export interface CompiledVariants {
  variants: CompiledVariant[]
  sets: PlannedWeights[]
  /** Variants that an operator has no kernel for, by id, and why. */
  unmade: Map<string, string>
}

/** Which kernels took each workgroup that was asked for. */
export function workgroupNotes(
  workgroups: readonly { name: string }[],
  variants: readonly CompiledVariant[],
): string[] {
  const kernels = variants.flatMap((v) => v.kernels)
  return workgroups.map(({ name }) => {
    const took = kernels.filter((k) => k.choice.workgroup === name).map((k) => k.choice.template.name)
    const which = [...new Set(took)].sort().join(', ')
    return which ? `workgroup ${name}: ${which}` : `workgroup ${name}: no kernel of this model takes it`
  })
}

/** Why an error means that a variant can't be made; rethrows any other. WebGPU has kernels for everything. */
function lacking(error: unknown, { backend }: VariantSpec): string {
  if (backend !== 'wasm' || !(error instanceof WgcError) || error.code !== 'WGC401') throw error
  return `WebAssembly has ${error.message}`
}

/**
 * Lowers and plans each variant that there are kernels for. Weight sets are planned, not written: the plans
 * lack their shards until the files are named.
 */
export function compileVariants(
  specs: VariantSpec[],
  graphs: (spec: VariantSpec, rung?: Rung) => ProgramGraph[],
  templates: Templates,
  cache?: Cache,
  ladder: (spec: VariantSpec, graphs: ProgramGraph[], plan: Plan) => Rung[] = () => [],
): CompiledVariants {
  const stores = { wgsl: kernelStore('wgsl', templates, cache), c: kernelStore('c', templates, cache) }
  const sets = new Map<string, PlannedWeights>()
  // Engines that share features and tuning share kernels and plan.
  const same = new Map<string, CompiledVariant>()
  const unmade = new Map<string, string>()
  const compile = (spec: VariantSpec): CompiledVariant => {
    const language = spec.backend === 'webgpu' ? 'wgsl' : 'c'
    const limits = backendLimits[spec.backend]
    // Threads call the same kernels, from the same plan; so does what has longer addresses.
    const features = spec.features.filter((f) => f !== THREADS && f !== MEMORY64)
    const target: KernelTarget = { language, features, tuning: spec.tuning, workgroups: spec.workgroups }
    const key = JSON.stringify([target, spec.chunk])
    const known = same.get(key)
    if (known) return { ...known, spec }
    const lowerAll = (programs: ProgramGraph[]) =>
      programs.map(({ spec: program, graph }) => ({
        spec: program,
        lowered: lower(graph, templates.heads, target),
      }))
    const own = graphs(spec)
    const lowered = lowerAll(own)
    const items = weightItems(lowered)
    const weights = items.map(itemKey).join('\n')
    const set = sets.get(weights) ?? {
      key: weights,
      items,
      shards: planShards(items, { buffer: limits.buffer, region: limits.binding }),
    }
    sets.set(weights, set)
    const { buffers } = set.shards
    const planOf = (programs: typeof lowered, regions = set.shards.regions) =>
      makePlan({
        programs,
        weights: { buffers, regions, shards: [] } satisfies WeightSet,
        kernels: stores[language],
        maxBuffer: limits.buffer,
      })
    const output = planOf(lowered)
    const smaller: CompiledVariant['smaller'] = []
    const [whole, ...rungs] = ladder(spec, own, output.plan)
    for (const rung of rungs) {
      const programs = lowerAll(graphs(spec, rung))
      const regions = within(weightItems(programs), set)
      const made = regions && planOf(programs, regions)
      const before = smaller.at(-1) ?? output
      if (made && memoryOf(made.plan) < memoryOf(before.plan))
        smaller.push({ ...made, rung, lowered: programs })
    }
    const programs = lowered.map((l) => ({
      name: l.spec.name,
      lowered: l.lowered,
      arena: output.arenas.get(l.spec.name)!,
    }))
    const made = { ...output, spec, lowered, programs, weights, smaller, ...(whole && { whole }) }
    same.set(key, made)
    return made
  }
  const variants = specs.flatMap((spec) => {
    try {
      return [compile(spec)]
    } catch (error) {
      unmade.set(spec.id, lacking(error, spec))
      return []
    }
  })
  return { variants, sets: [...sets.values()], unmade }
}
