/** Whether a shader asks of its surroundings what the plan gives: bindings and limits. */
import type { BindingKind } from '../../runtime/format.js'
import { loadDeviceClasses } from '../targets.js'
import type { Module } from './module.js'
import type { Binding, Reflection } from './reflect.js'

/** A binding as the plan has it. Without a name (minified shaders) only number and kind count. */
export interface Expected {
  name?: string
  number: number
  kind: BindingKind
}

const KIND: Record<BindingKind, string> = { r: 'read-only storage', w: 'read-write storage', u: 'uniform' }

const print = (b: { name?: string; number: number }) =>
  b.name ? `${b.name} (binding ${b.number})` : `binding ${b.number}`

/** Differences between two views of the bindings, the first called `who`. */
export function bindingFaults(who: string, found: Binding[], expected: Expected[]): string[] {
  const faults: string[] = []
  for (const e of expected) {
    const b = found.find((f) => f.number === e.number)
    if (!b) faults.push(`the plan binds ${print(e)}, ${who} does not declare it`)
    else if (b.kind !== e.kind)
      faults.push(`${print(b)} is ${KIND[b.kind]} in ${who}, ${KIND[e.kind]} in the plan`)
    else if (e.name !== undefined && b.name !== e.name)
      faults.push(`binding ${b.number} is ${b.name} in ${who}, ${e.name} in the plan`)
  }
  const extra = found.filter((f) => !expected.some((e) => e.number === f.number))
  return [...faults, ...extra.map((b) => `${who} declares ${print(b)}, the plan does not bind it`)]
}

let portable: Record<string, number> | undefined

/** Limits that every core adapter has. */
export function portableLimits(): Record<string, number> {
  portable ??= loadDeviceClasses().tiers.portable!.limits
  return portable
}

/** What a shader needs beyond some limits. */
export function limitFaults(r: Reflection, limits: Record<string, number>): string[] {
  const [x, y, z] = r.workgroupSize
  const uses: [name: string, used: number, what: string][] = [
    ['maxComputeInvocationsPerWorkgroup', x * y * z, 'invocations a workgroup'],
    ['maxComputeWorkgroupSizeX', x, 'invocations in x'],
    ['maxComputeWorkgroupSizeY', y, 'invocations in y'],
    ['maxComputeWorkgroupSizeZ', z, 'invocations in z'],
    ['maxComputeWorkgroupStorageSize', r.workgroupBytes, 'bytes of workgroup memory'],
    ['maxStorageBuffersPerShaderStage', r.bindings.filter((b) => b.kind !== 'u').length, 'storage buffers'],
  ]
  return uses.flatMap(([name, used, what]) => {
    const most = limits[name] ?? portableLimits()[name]!
    return used > most ? [`it takes ${used} ${what}, ${name} is ${most}`] : []
  })
}

/**
 * The same shader read by wgsl_reflect: another author's parser must see what ours saw. Bodies are emptied
 * first: they cost most of the time and declare no bindings.
 */
export async function secondReader(): Promise<(m: Module, r: Reflection) => string[]> {
  const { WgslReflect } = await import('wgsl_reflect/wgsl_reflect.module.js')
  const seen = new Map<string, { bindings: Binding[]; size: number[] | undefined } | string>()

  const read = (text: string) => {
    try {
      const w = new WgslReflect(text)
      const bindings = [...w.storage, ...w.uniforms].map(({ name, binding, access }): Binding => {
        const storage = w.storage.some((s) => s.name === name)
        return { name, number: binding, kind: !storage ? 'u' : access === 'read_write' ? 'w' : 'r' }
      })
      const size = w.entry.compute.find((e) => e.name === 'main')?.workgroupSize
      return { bindings, size: size?.map(Number) }
    } catch (e) {
      return `it cannot be read: ${e instanceof Error ? e.message : e}` // its parser throws plain errors
    }
  }

  return (m, r) => {
    const text = declarationsOf(m)
    const view = seen.get(text) ?? read(text)
    seen.set(text, view)
    if (typeof view === 'string') return [view]
    if (!view.size) return ['there is no entry point main']
    const faults = bindingFaults('the shader', view.bindings, r.bindings)
    const sizes = view.size.join() === r.workgroupSize.join()
    return sizes
      ? faults
      : [...faults, `the workgroup size is ${view.size.join(' × ')}, not ${r.workgroupSize.join(' × ')}`]
  }
}

/** The module without directives, whose lists wgsl_reflect cannot read, and with every function body empty. */
function declarationsOf({ text, start, functions }: Module): string {
  const from = [start, ...functions.map((f) => f.body[1])]
  const to = [...functions.map((f) => f.body[0]), text.length]
  return from.map((at, i) => text.slice(at, to[i])).join('')
}
