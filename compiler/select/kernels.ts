/**
 * The kernels of a lowered program: each distinct (template, parameters) specialised once, named by its text,
 * with the bindings that its text declares.
 */
import { createHash } from 'node:crypto'
import type { Kernel } from '../../runtime/format.js'
import { type Cache, cacheKey } from '../cache.js'
import { ops } from '../ops/index.js'
import { specialize, type Template } from '../specialize/index.js'
import { minifyWgsl } from '../specialize/minify.js'
import { sizesRead } from '../specialize/stepsizes.js'
import { exportName } from '../toolchain/names.js'
import { reflect } from '../validate/reflect.js'
import type { Step } from './lower.js'
import type { Templates } from './templates.js'
import type { Choice } from './types.js'

export interface CompiledKernel {
  kernel: Kernel
  /** Operand names in the order of the plan's `bind`. */
  operands: string[]
  /** Names of the integers after them (C), or in the uniform `sizes` (WGSL). */
  ints: string[]
  /** Bytes of workgroup memory (WGSL). */
  workgroupBytes: number
  /** Minified WGSL, or C. */
  text: string
  choice: Choice
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 8)

function compileWgsl(choice: Choice, template: Template): CompiledKernel {
  const { text } = specialize(template, choice.params, choice.moving)
  const { bindings, workgroupBytes, workgroupSize } = reflect(text, template.name)
  // Operands keep their names: the build checks the shader's interface by them.
  const minified = minifyWgsl(
    text.replace(/@workgroup_size\([^()]*\)/, `@workgroup_size(${workgroupSize})`),
    bindings.map((b) => b.name),
  )
  return {
    kernel: {
      name: `${template.name}.${digest(minified)}`,
      bindings: bindings.map((b) => [b.number, b.kind]),
    },
    operands: bindings.map((b) => b.name),
    ints: sizesRead(text),
    workgroupBytes,
    text: minified,
    choice,
  }
}

/** Raised when the engine or the minifier gives other text for the same template. */
const REVISION = 5

/** Kernels by the choice that made them, so that the same choice is specialised once a build. */
export interface KernelStore {
  get(step: Step): CompiledKernel
}

export function kernelStore(language: 'wgsl' | 'c', templates: Templates, cache?: Cache): KernelStore {
  const made = new Map<string, CompiledKernel>()
  const compile = language === 'wgsl' ? compileWgsl : compileC
  /** Specialised before, in this build or (by the template's text) in another. */
  const stored = (choice: Choice): CompiledKernel => {
    const key = cacheKey(
      'kernel',
      REVISION,
      templates.digest,
      choice.template.file,
      JSON.stringify([choice.params, choice.moving ?? []]),
    )
    const found = cache?.get(key)
    if (found)
      return { ...(JSON.parse(Buffer.from(found).toString()) as Omit<CompiledKernel, 'choice'>), choice }
    const { choice: _, ...kernel } = compile(choice, templates.whole(choice.template))
    cache?.put(key, Buffer.from(JSON.stringify(kernel)))
    return { ...kernel, choice }
  }
  return {
    get({ choice }) {
      const key = `${choice.template.name} ${JSON.stringify([choice.params, choice.moving ?? []])}`
      const kernel = made.get(key) ?? stored(choice)
      made.set(key, kernel)
      return kernel
    },
  }
}

/** Arguments of a C template: operands and the step come first, sizes after them. */
function compileC(choice: Choice, template: Template): CompiledKernel {
  const { text, params } = specialize(template, choice.params)
  const entry = template.front.entry ?? template.name
  const ports = ops[template.front.op.name]?.ports ?? {}
  const isOperand = (name: string) => name === 'step' || name.replace(/_scale$/, '') in ports
  return {
    kernel: { name: exportName(entry, params) },
    operands: template.front.args.filter(isOperand),
    ints: template.front.args.filter((name) => !isOperand(name)),
    workgroupBytes: 0,
    text,
    choice,
  }
}
