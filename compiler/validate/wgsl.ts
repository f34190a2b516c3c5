/**
 * Checks of emitted WGSL: a shader that an engine would refuse is an error of the build. For each kernel, in
 * this order and until one objects: the plan's bindings and the limits, the engine's own rules, wgsl_reflect,
 * Tint, Naga, and for engines that say so Naga's Metal writer.
 */
import { setImmediate } from 'node:timers/promises'
import { type Cache, cacheKey } from '../cache.js'
import { fail, type Place, WgcError } from '../errors.js'
import type { Engine } from '../targets.js'
import { bindingFaults, type Expected, limitFaults, portableLimits, secondReader } from './interface.js'
import { type Module, readModule } from './module.js'
import { type NagaVerdict, naga } from './naga.js'
import { type Reflection, reflectModule } from './reflect.js'
import { breaches } from './rules.js'
import { tint, type Verdict } from './tint.js'
import { lineAt } from './tokens.js'
import { toolVersions } from './versions.js'

export interface WgslItem {
  /** Of the kernel, for messages. */
  name: string
  text: string
  engine: Engine
  /** Features of the variant that the kernel is in. */
  features: string[]
  bindings: Expected[]
  /** WebGPU limits it may use; the specification's defaults for those not named. */
  limits?: Record<string, number>
}

/** How far it has come, in kernels. */
export type Progress = (done: number, total: number) => void

interface Finding extends Verdict {
  item: WgslItem
  tool: string
}

/**
 * Validates kernels, all at once because tools take long to load and little to run. Kernels that passed
 * before are known from the cache.
 * @throws WGC501 when one is refused: the first message with its line, and every other message once
 */
export async function validateWgsl(items: WgslItem[], cache?: Cache, progress?: Progress): Promise<void> {
  const work = new Map<string, WgslItem>()
  for (const item of items) work.set(keyOf(item), item)
  if (cache) for (const key of [...work.keys()]) if (cache.has(key)) work.delete(key)
  if (work.size === 0) return

  const fresh = [...work.values()]
  progress?.(0, fresh.length)
  const modules = new Map([...new Set(fresh.map((i) => i.text))].map((text) => [text, readModule(text)]))
  const read = fresh.map((item) => readItem(item, modules.get(item.text)!))
  const findings = read.flatMap((r) => r.findings)
  const sound = read.flatMap((r) => (r.sound && r.findings.length === 0 ? [r.sound] : []))
  if (sound.length > 0) findings.push(...(await runTools(sound, (done) => progress?.(done, fresh.length))))
  if (findings.length > 0) report(findings)
  if (cache) for (const key of work.keys()) cache.put(key, new Uint8Array())
  progress?.(fresh.length, fresh.length)
}

/** Raised when the checks change, so that what passed the old ones is checked again. */
const REVISION = 1

const keyOf = (i: WgslItem) =>
  cacheKey(
    'wgsl valid',
    REVISION,
    toolVersions(),
    JSON.stringify([i.engine, i.features, i.bindings, i.limits ?? {}]),
    i.text,
  )

interface Sound {
  item: WgslItem
  module: Module
  reflection: Reflection
}

/** Everything that our own reader can tell. */
function readItem(item: WgslItem, module: Module): { sound?: Sound; findings: Finding[] } {
  const rules = breaches(module, item.engine, item.features).map((b) => ({ ...b, item, tool: 'rules' }))
  try {
    const reflection = reflectModule(module, item.name)
    const faults = [
      ...bindingFaults('the shader', reflection.bindings, item.bindings),
      ...limitFaults(reflection, { ...portableLimits(), ...item.limits }),
    ]
    const findings = [...rules, ...faults.map((message) => ({ message, item, tool: 'plan' }))]
    return { sound: { item, module, reflection }, findings }
  } catch (e) {
    // No main, no constant size: Tint would only say it less well.
    if (!(e instanceof WgcError && e.code === 'WGC502')) throw e
    return { findings: [...rules, { message: e.message, item, tool: 'plan' }] }
  }
}

/** What the tools say of each kernel: the first of them that objects. */
async function runTools(sound: Sound[], progress: (done: number) => void): Promise<Finding[]> {
  const [second, byNaga] = await Promise.all([secondReader(), naga()])
  const tinted = sound.filter((s) => uses(s, 'tint'))
  const metal = new Set(sound.filter((s) => uses(s, 'msl')).map((s) => s.item.text))
  const judged = new Map<string, NagaVerdict>()
  const other = (s: Sound): [tool: string, Verdict] | undefined => {
    const { text, engine } = s.item
    if (s.module.enables.some((e) => engine.wgsl.enable[e.text]?.validators)) return undefined
    const [fault] = second(s.module, s.reflection)
    if (fault !== undefined) return ['wgsl_reflect', { message: fault }]
    if (!uses(s, 'naga')) return undefined
    const said = judged.get(text) ?? byNaga(text, metal.has(text))
    judged.set(text, said)
    if (said.wgsl) return ['Naga', said.wgsl]
    return uses(s, 'msl') && said.metal ? ['Naga, writing Metal,', said.metal] : undefined
  }
  // Dawn makes pipelines on threads of its own while the other tools run here.
  const [verdicts, others] = await Promise.all([
    tint(tinted.map((s) => ({ ...s.item, features: needed(s), moduleOnly: beyondPortable(s.item) }))),
    inTurn(sound, other, progress),
  ])
  const tints = new Map(verdicts.map((verdict, i) => [tinted[i]!, verdict]))
  return sound.flatMap((s, i) => {
    const tintSays = tints.get(s)
    const first = tintSays ? (['Tint', tintSays] as const) : others[i]
    return first ? [{ tool: first[0], ...first[1], item: s.item }] : []
  })
}

/** One after the other, with a turn of the event loop after each, so that others' promises come in meanwhile. */
async function inTurn<A, B>(list: A[], act: (item: A) => B, progress: (done: number) => void): Promise<B[]> {
  const results: B[] = []
  for (const item of list) {
    progress(results.length)
    results.push(act(item))
    await setImmediate()
  }
  return results
}

/**
 * Of the variant's features those that the directives ask for. The others change nothing for Tint, and without
 * them it judges a text once that many variants share.
 */
function needed({ item, reflection }: Sound): string[] {
  const { enable } = item.engine.wgsl
  const asked = new Set([...reflection.enables.map((name) => enable[name]?.feature), ...reflection.requires])
  return item.features.filter((f) => asked.has(f))
}

const beyondPortable = ({ limits = {} }: WgslItem) =>
  Object.entries(limits).some(([name, value]) => value > (portableLimits()[name] ?? value))

const uses = ({ item }: Sound, validator: Engine['validators'][number]) =>
  item.engine.validators.includes(validator)

/** Throws: the first finding in full, the others a line each, the same one across kernels and engines once. */
function report(findings: Finding[]): never {
  const groups = new Map<string, Finding[]>()
  for (const f of findings) {
    const key = `${f.tool} ${f.message}`
    groups.set(key, [...(groups.get(key) ?? []), f])
  }
  const [first, ...rest] = [...groups.values()].map(summary)
  return fail('WGC501', [first!, rest], { place: placeOf(findings[0]!) })
}

function summary(group: Finding[]) {
  const [{ tool, message }] = group as [Finding]
  const distinct = (pick: (f: Finding) => string) => [...new Set(group.map(pick))]
  const place = placeOf(group[0]!)
  return {
    kernels: distinct((f) => f.item.name),
    engines: distinct((f) => f.item.engine.name),
    tool,
    message,
    ...(place.line === undefined ? {} : { line: place.line }),
  }
}

/** Minified shaders are one long line: enough of it to recognise the place. */
const EXCERPT = 60

function placeOf({ item, at }: Finding): Place {
  const file = `${item.name}.wgsl`
  if (at === undefined) return { file }
  const { line, text } = lineAt(item.text, at)
  if (text.length <= 2 * EXCERPT) return { file, line, text }
  return {
    file,
    line,
    text: `… ${item.text.slice(Math.max(0, at - EXCERPT), at + EXCERPT)} …`.replace(/\s+/g, ' '),
  }
}
