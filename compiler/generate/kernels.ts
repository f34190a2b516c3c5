/**
 * `generated/kernels/`: what the templates become for each target, so that a change to a template shows its
 * effect in review. One text for each template and each choice of its named parameters (formats, epilogues,
 * features), at the sizes of one model; of what that model has no use for, one text a template and set of features.
 * `targets.json` says which target has which.
 */
import { backendLimits } from '../build/limits.js'
import { programGraphs } from '../build/programs.js'
import { type VariantSpec, variantsOf } from '../build/variant-specs.js'
import { compileVariants } from '../build/variants.js'
import { presetModel } from '../models/preset.js'
import { libraryKernels } from '../select/library.js'
import { openTemplates, type TemplateHead } from '../select/templates.js'
import { loadTuning } from '../select/tuning.js'
import type { Choice, Params } from '../select/types.js'
import { specialize } from '../specialize/index.js'
import { loadTargets } from '../targets.js'

const PRESET = 'tinyllama'

/** `linear_gemv_q4_add_subgroups`: the parameters that are no sizes. */
function fileStem(template: string, params: Params): string {
  const named = Object.entries(params).flatMap(([name, value]) => {
    if (typeof value === 'number' || value === false) return []
    return [value === true ? name.toLowerCase() : value]
  })
  return [template, ...named].join('_')
}

/** Kernels of the library that the preset has no use for: one a template and set of features, at its first case. */
function libraryRest(heads: TemplateHead[], spec: VariantSpec, used: Set<string>): Choice[] {
  if (spec.backend !== 'webgpu') return []
  const target = { language: 'wgsl', features: spec.features, tuning: spec.tuning } as const
  const first = new Map<string, Choice>()
  for (const { choice } of libraryKernels(heads, target))
    if (!used.has(choice.template.name) && !first.has(choice.template.name))
      first.set(choice.template.name, choice)
  return [...first.values()]
}

/** Files by path below `generated/`. */
export function generatedKernels(): Map<string, string> {
  const model = presetModel(PRESET)
  const { specs, byTarget } = variantsOf([...loadTargets().values()], loadTuning())
  const templates = openTemplates()
  const files = new Map<string, string>()
  const lists: Record<string, string[]> = {}
  const used = new Set<string>()
  const add = (spec: VariantSpec, choice: Choice): void => {
    const path = `kernels/${fileStem(choice.template.name, choice.params)}.${choice.template.language}`
    if (!files.has(path)) files.set(path, specialize(templates.whole(choice.template), choice.params).text)
    lists[spec.id] = [...new Set([...(lists[spec.id] ?? []), path])].sort()
    used.add(choice.template.name)
  }
  for (const bits of ['f16', 4] as const) {
    const graphs = (backend: 'webgpu' | 'wasm') =>
      programGraphs(model, {
        bits,
        group: 64,
        kv: backend === 'wasm' ? 'f32' : 'f16',
        splitKv: backend === 'webgpu',
        prologues: backend === 'webgpu',
        fuse: true,
        binding: backendLimits[backend].binding,
      })
    const { variants } = compileVariants(specs, (spec) => graphs(spec.backend), templates)
    for (const { spec, kernels } of variants) for (const { choice } of kernels) add(spec, choice)
  }
  const covered = new Set(used)
  for (const spec of specs)
    for (const choice of libraryRest(templates.heads, spec, covered)) add(spec, choice)
  files.set(
    'kernels/targets.json',
    `${JSON.stringify({ model: PRESET, targets: byTarget, variants: lists }, null, 1)}\n`,
  )
  return files
}
