/**
 * What a target gets of the whole kernel library, without a model: for every operator, the kernels that selection
 * takes at the sizes of its test cases, one for each choice of a template's named parameters (formats, epilogues,
 * features).
 */
import { ops } from '../ops/index.js'
import { select } from './select.js'
import type { TemplateHead } from './templates.js'
import type { Choice, KernelTarget, Params } from './types.js'

export interface LibraryKernel {
  op: string
  /** Sizes and attributes of the first case that takes it. */
  facts: Params
  choice: Choice
}

/** A template's parameters that are no sizes: `W=q4 EPI=add SUBGROUPS`. */
export function namedParams({ template, params }: Choice): Params {
  const sizes = new Set(
    template.params.filter((p) => p.domain.some((d) => typeof d === 'object')).map((p) => p.name),
  )
  return Object.fromEntries(
    Object.entries(params).filter(([name, value]) => !sizes.has(name) && typeof value !== 'number'),
  )
}

/** Kernels of a language and feature set; operators that the language has no template for are left out. */
export function libraryKernels(heads: TemplateHead[], target: KernelTarget): LibraryKernel[] {
  const served = new Set(heads.filter((t) => t.language === target.language).map((t) => t.front.op.name))
  const found = new Map<string, LibraryKernel>()
  for (const op of Object.values(ops).filter(({ name }) => served.has(name)))
    for (const { name, facts } of op.cases) {
      const choice = select(op.name, name, { ...op.attrs, ...facts } as Params, heads, target)
      const key = JSON.stringify([choice.template.name, namedParams(choice)])
      if (!found.has(key)) found.set(key, { op: op.name, facts, choice })
    }
  return [...found.values()]
}
