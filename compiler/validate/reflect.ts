/**
 * What a compute shader asks of its surroundings: bindings, workgroup size, workgroup memory. A reader of
 * declarations only, because selection asks it of every kernel and wgsl_reflect takes a millisecond or more
 * for each; `validateWgsl` lets wgsl_reflect read the same text and compares.
 */
import type { BindingKind } from '../../runtime/format.js'
import { fail } from '../errors.js'
import { evaluate } from './consts.js'
import { sizeOf } from './layout.js'
import { type Module, readModule, type Variable } from './module.js'
import { lineAt, type Token } from './tokens.js'

export interface Binding {
  name: string
  /** `@binding(n)`; the group is always 0. */
  number: number
  /** r: read-only storage, w: read-write storage, u: uniform. */
  kind: BindingKind
}

export interface Reflection {
  /** In the order of their numbers. */
  bindings: Binding[]
  workgroupSize: [x: number, y: number, z: number]
  /** Bytes of all `var<workgroup>`, each rounded up to 16 as the WebGPU limit counts them. */
  workgroupBytes: number
  /** Names in `enable` and in `requires` directives. */
  enables: string[]
  requires: string[]
}

/** Bindings alone, for those who need no more. */
export const reflectBindings = (text: string, name?: string): Binding[] => reflect(text, name).bindings

/**
 * Reads a module with the compute entry point `main`.
 * @param name of the kernel, for messages
 * @throws WGC502 when there is no `main`, a binding is not a buffer of group 0, a number is used twice, or a
 * size is no constant
 */
export const reflect = (text: string, name = 'kernel'): Reflection => reflectModule(readModule(text), name)

export function reflectModule(m: Module, name: string): Reflection {
  const wrong = (why: string, at: number): never =>
    fail('WGC502', [name, why], { place: { file: `${name}.wgsl`, ...lineAt(m.text, at) } })
  const value = (expr: Token[] | undefined) => expr && evaluate(expr, m.consts)
  const print = (tokens: Token[], gap = '') => tokens.map((t) => t.text).join(gap)

  const main = m.functions.find((f) => f.name === 'main')
  if (!main) return wrong('it has no entry point main', 0)
  const size = main.attributes.get('workgroup_size')
  if (!main.attributes.has('compute') || !size) return wrong('main is no compute entry point', main.at)
  const edge = (i: number) =>
    !size[i]
      ? 1
      : (value(size[i]) ?? wrong(`the workgroup size ${print(size[i], ' ')} is no constant`, size[i][0]!.at))

  const bytes = (v: Variable) =>
    sizeOf(v.type, { ...m, value })?.size ?? wrong(`the size of ${print(v.type)} is no constant`, v.at)

  return {
    bindings: bindings(m, value, wrong),
    workgroupSize: [edge(0), edge(1), edge(2)],
    workgroupBytes: m.variables
      .filter((v) => v.space === 'workgroup')
      .reduce((sum, v) => sum + Math.ceil(bytes(v) / 16) * 16, 0),
    enables: m.enables.map((t) => t.text),
    requires: m.requires.map((t) => t.text),
  }
}

type Value = (expr: Token[] | undefined) => number | undefined

function bindings(m: Module, value: Value, wrong: (why: string, at: number) => never): Binding[] {
  const found: Binding[] = []
  for (const v of m.variables) {
    const isBuffer = v.space === 'storage' || v.space === 'uniform'
    if (!isBuffer && !v.attributes.has('binding')) continue
    if (!isBuffer) return wrong(`${v.name} is no buffer`, v.at)
    const number = value(v.attributes.get('binding')?.[0])
    if (number === undefined || value(v.attributes.get('group')?.[0]) !== 0)
      return wrong(`${v.name} is not in @group(0)`, v.at)
    const other = found.find((b) => b.number === number)
    if (other) return wrong(`${other.name} and ${v.name} are both @binding(${number})`, v.at)
    found.push({ name: v.name, number, kind: kindOf(v) })
  }
  return found.sort((a, b) => a.number - b.number)
}

const kindOf = (v: Variable): BindingKind => {
  if (v.space === 'uniform') return 'u'
  return v.access === 'read' ? 'r' : 'w'
}
