/** Every C template at every combination of its parameters, and the modules that hold them. */
import { join, relative } from 'node:path'
import { openCache } from '../../compiler/cache.js'
import { ops } from '../../compiler/ops/index.js'
import type { Facts, OpCase } from '../../compiler/ops/types.js'
import { packageRoot } from '../../compiler/root.js'
import {
  evaluateExpression,
  loadTemplates,
  specialize,
  type Template,
  type Value,
} from '../../compiler/specialize/index.js'
import {
  type CKernel,
  exportName,
  type ToolchainName,
  type WasmFeature,
  wasmModule,
} from '../../compiler/toolchain/index.js'

import type { Quantizer } from './c-run.js'

export type Params = Record<string, Value>

/** A template at some parameters. */
export interface Variant {
  template: Template
  params: Params
  kernel: CKernel
}

export const cTemplates = (): Template[] =>
  loadTemplates(join(packageRoot(), 'kernel-templates')).filter((t) => t.language === 'c')

/** What a module's features make of the parameters that every kernel of it shares. */
const MODULE: Record<WasmFeature, Params> = {
  base: { SCALAR: true, RELAXED: false },
  simd128: { SCALAR: false, RELAXED: false },
  relaxed: { SCALAR: false, RELAXED: true },
  'simd128-64': { SCALAR: false, RELAXED: false },
  'relaxed-64': { SCALAR: false, RELAXED: true },
}

/** All ways to give a template's parameters values. */
function combinations(template: Template, features: WasmFeature): Params[] {
  const module = MODULE[features]
  return template.params.reduce<Params[]>(
    (all, { name, domain }) =>
      all.flatMap((params) =>
        (name in module ? [module[name]!] : domain.filter((v) => typeof v !== 'object')).map((value) => ({
          ...params,
          [name]: value,
        })),
      ),
    [{}],
  )
}

/** Those of them that some case is for: not every activation with every format. */
export function variantsOf(template: Template, features: WasmFeature): Variant[] {
  const { cases } = ops[template.front.op.name]!
  const all = combinations(template, features)
  const wanted = all.filter((params) => cases.some((c) => serves({ template, params }, c.facts)))
  return wanted.map((given) => {
    const { text, params } = specialize(template, given)
    const entry = template.front.entry ?? template.name
    return {
      template,
      params,
      kernel: {
        name: relative(packageRoot(), template.file),
        text,
        entry,
        export: exportName(entry, params),
      },
    }
  })
}

export const allVariants = (features: WasmFeature): Variant[] =>
  cTemplates().flatMap((t) => variantsOf(t, features))

/** One module of all of them. */
export async function allKernels(features: WasmFeature, toolchain: ToolchainName = 'yowasp') {
  const variants = allVariants(features)
  const kernels = variants.map((v) => v.kernel)
  // Two templates may share an entry, so a name tells them apart only with all parameters.
  const { wasm, seconds } = await wasmModule(kernels, { features, toolchain, cache: openCache() })
  return { variants, wasm, seconds }
}

/** A variant is for a case when its parameters are the case's facts and its conditions hold. */
export function serves({ template, params }: Pick<Variant, 'template' | 'params'>, facts: Facts): boolean {
  const env = { ...facts, ...params }
  const takes = template.params.every((p) => !(p.name in facts) || params[p.name] === facts[p.name])
  return takes && template.front.needs.every((n) => evaluateExpression(n, env) === true)
}

export const casesOf = (v: Variant): OpCase[] =>
  ops[v.template.front.op.name]!.cases.filter((c) => serves(v, c.facts))

/** The integers that a variant reads, if it reads any. */
export function quantizerFor(variants: Variant[], v: Variant): Quantizer {
  const variant = variants.find((q) => q.kernel.entry === 'quantize_rows')!
  // Weights of eight bits are no factors of 8-bit products.
  const wide = v.params.W === 'q8' || v.params.W === 'q8a'
  return { variant, which: v.params.RELAXED === true && !wide ? 'narrow' : 'wide' }
}
