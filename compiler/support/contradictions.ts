/**
 * What the targets' and engines' files promise, held against the table of support: a list of what does not agree,
 * each with file, field and both sides. Pure.
 */
import type { Allowed, Engine, Target } from '../targets.js'
import type { Cell, SupportTable } from './types.js'
import { compareVersions } from './versions.js'

const hasGpu = ({ webgpu }: Target): boolean => webgpu.featureSets.length > 0

/** Whether a page may meet it at all: of servers, what a flag of theirs switches on counts. */
const occurs = ({ kind }: Target, { state }: Cell): boolean =>
  ['yes', 'partial', 'preview', ...(kind === 'server' ? ['flag', 'unknown'] : [])].includes(state)

const said = ({ state, since }: Cell): string => (since === undefined ? state : `${state} since ${since}`)

export function contradictions(
  targets: readonly Target[],
  engines: Iterable<Engine>,
  table: SupportTable,
): string[] {
  const things = new Map(table.things.map((t) => [t.id, t]))
  const cellOf = (target: Target, id: string): Cell =>
    things.get(id)?.support[target.name] ?? { state: 'unknown' }

  /** A minimum before the version that brings what it promises. */
  const early = (target: Target, id: string): string[] => {
    const cell = cellOf(target, id)
    if (occurs(target, cell) && (cell.since === undefined || atLeast(target.minimum, cell.since))) return []
    return [`${target.name}: minimum is ${target.minimum}, ${id} is ${said(cell)}`]
  }
  const absent = (target: Target, field: string, id: string): string[] => {
    const cell = cellOf(target, id)
    if (occurs(target, cell)) return []
    return [`${target.name}: ${field} has ${id}, which is ${said(cell)}`]
  }
  const unused = (target: Target): string[] => {
    const cell = cellOf(target, 'webgpu')
    if (hasGpu(target) || !occurs(target, cell) || target.kind === 'former') return []
    return [`${target.name}: webgpu.featureSets is empty, webgpu is ${said(cell)}`]
  }

  const ofTarget = (target: Target): string[] => [
    ...(hasGpu(target) ? early(target, 'webgpu') : []),
    ...unused(target),
    ...(target.wasm.featureSets.at(-1) ?? []).flatMap((id) => early(target, id)),
    ...[...things.values()].filter((t) => t.needed).flatMap((t) => early(target, t.id)),
    ...distinct(target.webgpu.featureSets).flatMap((id) => absent(target, 'webgpu.featureSets', id)),
    ...distinct(target.wasm.featureSets).flatMap((id) => absent(target, 'wasm.featureSets', id)),
  ]

  /** The engine's version that a target's version is made of. */
  const engineVersion = (target: Target, version: string): string =>
    table.targets[target.name]?.engines[version] ?? version

  const ofDirective = (engine: Engine, kind: string, name: string, rule: Allowed): string[] => {
    const id = rule.feature ?? name
    const users = targets.filter((t) => t.engine.name === engine.name && t.kind === 'browser' && hasGpu(t))
    const where = `engines/${engine.name}: wgsl.${kind}.${name}`
    const cells = users.map((t): [Target, Cell] => [t, cellOf(t, id)])
    const having = cells.filter(([t, c]) => occurs(t, c) && c.since !== undefined)
    const flagged = cells.some(([, c]) => c.state === 'flag')
    if (rule.when === 'never') return []
    if (rule.when === 'always')
      return cells
        .filter(([t, c]) => c.since === undefined || !atLeast(t.minimum, c.since))
        .map(([t, c]) => `${where} is always, in ${t.name} from ${t.minimum} on it is ${said(c)}`)
    if (having.length === 0)
      return flagged ? [] : [`${where} is to be found by a probe, and no browser has it`]
    const first = having.map(([t, c]) => engineVersion(t, c.since!)).sort(compareVersions)[0]!
    if (rule.since === undefined || compareVersions(first, rule.since) === 0) return []
    return [`${where} is since ${rule.since}, the table says ${first}`]
  }

  const ofEngine = (engine: Engine): string[] =>
    (['enable', 'requires'] as const).flatMap((kind) =>
      Object.entries(engine.wgsl[kind]).flatMap(([name, rule]) => ofDirective(engine, kind, name, rule)),
    )

  return [...targets.flatMap(ofTarget), ...[...engines].flatMap(ofEngine)]
}

const distinct = (sets: readonly string[][]): string[] => [...new Set(sets.flat())]

const atLeast = (version: string, since: string): boolean => compareVersions(version, since) >= 0

/**
 * Whether a directive may be used in a version of an engine: always from some version on, found by a probe in others.
 * A target whose minimum is that version or a later one need not ask.
 */
export function whenIn(rule: Allowed, target: Target, table: SupportTable): Allowed['when'] {
  if (rule.when !== 'probe' || rule.since === undefined || rule.feature !== undefined) return rule.when
  const minimum = table.targets[target.name]?.engines[target.minimum] ?? target.minimum
  return atLeast(minimum, rule.since) ? 'always' : 'probe'
}
