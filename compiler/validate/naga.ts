/**
 * Firefox's own judge, and a second opinion on the others: Naga. npm's build validates with every capability,
 * and its WGSL front end knows the functions of subgroups but not the directive that enables them
 * (gfx-rs/wgpu #5555). So the directive is blanked for engines that have subgroups; for one that has not, its
 * rules have refused it before.
 */
import { fail } from '../errors.js'
import type { Verdict } from './tint.js'

/** Directives that naga 30 refuses though it knows what they enable. */
const UNKNOWN = ['subgroups']

export interface NagaVerdict {
  wgsl?: Verdict
  /** Shows no more than that the module translates: WebKit has a translator of its own. */
  metal?: Verdict
}

/**
 * A judge of one shader at a time: what it refuses in the WGSL, and where `metal` asks for it also in writing
 * Metal.
 */
export async function naga(): Promise<(text: string, metal: boolean) => NagaVerdict> {
  const { parseWgsl, validate, writeMsl, NagaError } = await import('naga-wasm').catch((e) =>
    fail('WGC503', ['Naga', String(e)], { cause: e }),
  )
  return (text, metal) => {
    const handles: { free(): void }[] = []
    const hold = <T extends { free(): void }>(handle: T): T => {
      handles.push(handle)
      return handle
    }
    let stage: keyof NagaVerdict = 'wgsl'
    try {
      const module = hold(parseWgsl(blanked(text)))
      const info = hold(validate(module))
      stage = 'metal'
      if (metal) writeMsl(module, info, {})
      return {}
    } catch (e) {
      if (e instanceof NagaError) return { [stage]: verdict(e.message, e.formatted, text) }
      if (!(e instanceof WebAssembly.RuntimeError)) throw e
      handles.length = 0 // after a panic its memory is in no state to be freed
      return { [stage]: { message: `it crashes (${e.message})` } }
    } finally {
      for (const handle of handles.reverse()) handle.free()
    }
  }
}

/** Same length, so that places stay right. */
function blanked(text: string): string {
  return text.replace(/\benable\b([^;]*);/g, (directive, list: string) => {
    const names = list.split(',').map((n) => n.trim())
    const kept = names.filter((n) => !UNKNOWN.includes(n))
    if (kept.length === names.length) return directive
    return (kept.length ? `enable ${kept.join(', ')};` : '').padEnd(directive.length)
  })
}

/** Message, causes (`= …`) and place of a report that looks like rustc's. */
function verdict(message: string, report: string, text: string): Verdict {
  const causes = [...report.matchAll(/^\s*= (?!note: Let Naga)(.*)$/gm)].map((m) => m[1]!)
  const place = /wgsl:(\d+):(\d+)/.exec(report)
  const said = [message, ...causes].join('; ')
  return place ? { message: said, at: offsetOf(text, Number(place[1]), Number(place[2])) } : { message: said }
}

function offsetOf(text: string, line: number, column: number): number {
  let start = 0
  for (let i = 1; i < line; i++) start = text.indexOf('\n', start) + 1
  return start + column - 1
}
