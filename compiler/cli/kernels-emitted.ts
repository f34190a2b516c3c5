/** What a target gets of the library: each kernel's workgroup, its memory and what it binds. */
import { variantsOf } from '../build/variant-specs.js'
import { type LibraryKernel, libraryKernels, namedParams } from '../select/library.js'
import { openTemplates, type Templates } from '../select/templates.js'
import { loadTuning } from '../select/tuning.js'
import type { Params } from '../select/types.js'
import { specialize } from '../specialize/index.js'
import { resolveTargets, type Target } from '../targets.js'
import { guardedLoops, loopsOf, shortLoops } from '../validate/loops.js'
import { readModule } from '../validate/module.js'
import { reflectModule } from '../validate/reflect.js'

export interface EmittedKernel {
  target: string
  template: string
  op: string
  /** Named parameters: formats, epilogues, features. */
  params: Params
  /** Sets of features that it is emitted for. */
  features: string[][]
  workgroup: [x: number, y: number, z: number]
  /** Bytes of workgroup memory. */
  memory: number
  /** In all; those that the engine guards with a counter; those that would better be written out for it. */
  loops: { all: number; guarded: number; short: number }
  /** Buffers by binding number: r read-only, w read-write, u uniform. */
  bindings: { number: number; name: string; kind: 'r' | 'w' | 'u' }[]
}

function emitted(
  target: Target,
  templates: Templates,
  { op, choice }: LibraryKernel,
  features: string[][],
): EmittedKernel {
  const { text } = specialize(templates.whole(choice.template), choice.params)
  const module = readModule(text)
  const { bindings, workgroupSize, workgroupBytes } = reflectModule(module, choice.template.name)
  const loops = loopsOf(module)
  const guarded = guardedLoops(loops, target.engine)
  return {
    ...{ target: target.name, template: choice.template.name, op, params: namedParams(choice), features },
    ...{ workgroup: workgroupSize, memory: workgroupBytes },
    loops: { all: loops.length, guarded: guarded.length, short: shortLoops(loops, target.engine).length },
    bindings: bindings.map(({ number, name, kind }) => ({ number, name, kind })),
  }
}

function emittedFor(target: Target, templates: Templates, template?: string): EmittedKernel[] {
  const { specs } = variantsOf([target], loadTuning())
  const found = new Map<string, { kernel: LibraryKernel; features: string[][] }>()
  for (const { features, tuning } of specs.filter((spec) => spec.backend === 'webgpu'))
    for (const kernel of libraryKernels(templates.heads, { language: 'wgsl', features, tuning })) {
      const key = JSON.stringify([kernel.choice.template.name, namedParams(kernel.choice)])
      found.set(key, { kernel, features: [...(found.get(key)?.features ?? []), features] })
    }
  return [...found.values()]
    .filter(({ kernel }) => template === undefined || kernel.choice.template.name === template)
    .map(({ kernel, features }) => emitted(target, templates, kernel, features))
}

/** WGSL kernels of the targets, of all templates or of one. Throws WGC410 for an unknown target. */
export function emittedKernels(targetNames: readonly string[], template?: string): EmittedKernel[] {
  const templates = openTemplates()
  return resolveTargets(targetNames.join(',')).flatMap((t) => emittedFor(t, templates, template))
}
