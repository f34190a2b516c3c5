/** Kernels by themselves, for those who run them without wgc's plan: a framework, an experiment. */
import { join } from 'node:path'
import type { CKernels, WgslKernels } from '../generated/catalogue.js'
import { fail } from './errors.js'
import { packageRoot } from './root.js'
import { loadTemplates, minifyWgsl, specialize, type Template } from './specialize/index.js'

let templates: Template[] | undefined

function text(language: Template['language'], name: string, params: object): string {
  templates ??= loadTemplates(join(packageRoot(), 'kernel-templates'))
  const template = templates.find((t) => t.language === language && t.name === name)
  if (!template)
    return fail('WGC405', [name, templates.filter((t) => t.language === language).map((t) => t.name)])
  return specialize(template, params as Record<string, number | string | boolean>).text
}

/**
 * WGSL of a template at these parameters; those left out keep their default. Bindings carry the operator's
 * port names, the entry point is `main`. `wgc kernels` prints each template's grid and conditions.
 *
 * @example wgslKernel('linear_gemv', { W: 'q4', G: 64, N: 4096, K: 4096, SUBGROUPS: true })
 */
export function wgslKernel<N extends keyof WgslKernels>(
  name: N,
  params: WgslKernels[N] = {},
  options: { minify?: boolean } = {},
): string {
  const wgsl = text('wgsl', name, params)
  return options.minify ? minifyWgsl(wgsl) : wgsl
}

/** C of a template at these parameters, complete but for `wasm_simd128.h`. */
export function cKernel<N extends keyof CKernels>(name: N, params: CKernels[N] = {}): string {
  return text('c', name, params)
}
