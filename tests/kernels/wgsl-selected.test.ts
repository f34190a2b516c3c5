/** Whatever a target selects has been run: the table of variants holds every kernel shape that any target gets. */
import { expect, test } from 'vitest'
import { backendLimits } from '../../compiler/build/limits.js'
import { programGraphs } from '../../compiler/build/programs.js'
import { variantsOf } from '../../compiler/build/variant-specs.js'
import { compileVariants } from '../../compiler/build/variants.js'
import { presetModel } from '../../compiler/models/preset.js'
import { policies } from '../../compiler/passes/precision.js'
import { libraryKernels, namedParams } from '../../compiler/select/library.js'
import { openTemplates } from '../../compiler/select/templates.js'
import { loadTables, loadTuning } from '../../compiler/select/tuning.js'
import type { Choice } from '../../compiler/select/types.js'
import { loadTargets } from '../../compiler/targets.js'
import { allJobs } from './wgsl-all.js'

const templates = openTemplates()
const { specs } = variantsOf([...loadTargets().values()], loadTuning(), loadTables())
const gpu = specs.filter((spec) => spec.backend === 'webgpu')

/** A shape: the template and its parameters that are no sizes; SEQ only says where the number of rows is read. */
function shape(choice: Pick<Choice, 'template' | 'params'>): string {
  const { SEQ: _, ...named } = namedParams(choice as Choice)
  return `${choice.template.name} ${JSON.stringify(Object.entries(named).sort())}`
}

const tested = new Set(allJobs().map(({ template, params }) => shape({ template, params })))
const untested = (choices: Choice[]) =>
  [...new Set(choices.filter((c) => c.template.language === 'wgsl').map(shape))].filter((s) => !tested.has(s))

test.each(gpu.map((spec) => [spec.id, spec] as const))('%s: the library', (_, { features, tuning }) => {
  const kernels = libraryKernels(templates.heads, { language: 'wgsl', features, tuning })
  expect(untested(kernels.map((k) => k.choice))).toEqual([])
})

test.each(
  ['tinyllama', 'llama-3-8b'].flatMap((name) => Object.keys(policies).map((bits) => [name, bits] as const)),
)('%s at %s bits, every variant', (name, bits) => {
  const model = presetModel(name)
  const options = {
    group: 64,
    fuse: true,
    splitKv: true,
    prologues: true,
    binding: backendLimits.webgpu.binding,
  }
  const stored = Number.isNaN(Number(bits)) ? bits : Number(bits)
  for (const kv of ['f16', 'f32'] as const) {
    const graphs = () => programGraphs(model, { ...options, kv, bits: stored as never })
    const { variants } = compileVariants(gpu, graphs, templates)
    expect(untested(variants.flatMap((v) => v.kernels.map((k) => k.choice)))).toEqual([])
  }
})
