/** The table of support, made from the two packages' data, what is watched, and the overrides. Pure. */
import { fail } from '../errors.js'
import type { Target } from '../targets.js'
import { cellOf, mirrored, type Release, type Statement } from './cells.js'
import type { Baseline, Cell, Overrides, SupportTable, Thing, Watched } from './types.js'
import { compareVersions } from './versions.js'

interface Compat {
  support: Record<string, Statement | Statement[]>
  tags?: string[]
}

/** data.json of browser-compat-data, as far as it is read here. */
export interface CompatData {
  __meta: { version: string }
  browsers: Record<string, { releases: Record<string, Release> }>
  [part: string]: unknown
}

interface FeatureStatus {
  baseline: 'high' | 'low' | false
  baseline_low_date?: string
  baseline_high_date?: string
}

/** data.json of web-features, as far as it is read here. */
export interface FeatureData {
  features: Record<
    string,
    { status?: FeatureStatus & { by_compat_key?: Record<string, FeatureStatus> } } | undefined
  >
}

type Node = Record<string, unknown> | undefined

const nodeAt = (data: CompatData, path: string): Node =>
  path.split('.').reduce<Node>((node, step) => node?.[step] as Node, data)

function compatAt(data: CompatData, { id, bcd }: Thing): Compat | undefined {
  if (bcd === undefined) return undefined
  return (nodeAt(data, bcd)?.__compat as Compat) ?? fail('WGC412', [id, bcd])
}

/** What is watched, with the members of families that the data has now. */
export function thingsOf({ things, families }: Watched, data: CompatData): Thing[] {
  const members = families.flatMap(({ kind, bcd, prefix, title }) =>
    Object.keys(nodeAt(data, bcd) ?? {})
      .filter((name) => name.startsWith(prefix))
      .sort()
      .map((name): Thing => ({ id: name.slice(prefix.length), kind, bcd: `${bcd}.${name}`, title })),
  )
  return [...things, ...members]
}

function baselineOf(compat: Compat | undefined, path: string, data: FeatureData): Baseline | undefined {
  const tag = compat?.tags?.find((t) => /^web-features:[^:]+$/.test(t))
  const feature = tag?.slice('web-features:'.length)
  const whole = feature ? data.features[feature]?.status : undefined
  const status = whole?.by_compat_key?.[path] ?? whole
  if (!feature || !status) return undefined
  const since = status.baseline_high_date ?? status.baseline_low_date
  return { feature, status: status.baseline || 'no', ...(since !== undefined && { since }) }
}

/** `yes 113`, `no`: what an override stands instead of. */
const brief = ({ state, since }: Cell): string => [state, since].filter(Boolean).join(' ')

const same = (a: Cell, b: Cell): boolean => brief(a) === brief(b) && a.flag === b.flag

export function supportTable(
  targets: readonly Target[],
  watched: Watched,
  { overrides }: Overrides,
  data: CompatData,
  features: FeatureData,
  packages: Record<string, string>,
): SupportTable {
  const releasesOf = (t: Target) => data.browsers[t.bcd]?.releases ?? fail('WGC412', [t.name, t.bcd])
  const things = thingsOf(watched, data)
  const used = new Set<string>()
  const overridden = (id: string, target: string, cell: Cell): Cell => {
    const found = overrides.find((o) => o.things.includes(id) && o.targets.includes(target))
    if (!found) return cell
    const own: Cell = { ...found.cell, source: found.source }
    // One that the packages agree with by now has done its work.
    if (same(own, cell)) fail('WGC413', [id, target])
    used.add(`${id} ${target}`)
    return { ...own, instead: brief(cell) }
  }
  const { from, engine } = watched.mirror
  const other = targets.find((t) => t.name === from)
  const rowOf = (thing: Thing, gpu: Record<string, Cell> | undefined) => {
    const compat = compatAt(data, thing)
    const silent: Cell = { state: thing.bcd === undefined ? 'no' : 'unknown' }
    const cells = targets.map((target): [string, Cell] => {
      const releases = releasesOf(target)
      const mirror = () => {
        const same = thing.kind === 'wasm' && Object.values(releases).some((r) => r.engine === engine)
        const cell = same && other && cellOf(compat?.support[other.bcd], releasesOf(other))
        return cell ? mirrored(cell, releases, from) : silent
      }
      const cell = cellOf(compat?.support[target.bcd], releases) ?? mirror()
      const ours = overridden(thing.id, target.name, cell)
      // What belongs to WebGPU is nowhere without it, whatever a row that mirrors another browser says.
      const needsGpu =
        ['webgpu', 'feature', 'wgsl'].includes(thing.kind) && gpu?.[target.name]?.state === 'no'
      if (!needsGpu || ours.state === 'no') return [target.name, ours]
      return [target.name, { state: 'no', ...(ours.state !== 'unknown' && { instead: brief(ours) }) }]
    })
    const baseline = baselineOf(compat, thing.bcd ?? '', features)
    return { ...thing, ...(baseline && { baseline }), support: Object.fromEntries(cells) }
  }
  const gpu = things.find((t) => t.id === 'webgpu')
  const gpuRow = gpu && rowOf(gpu, undefined).support
  const rows = things.map((thing) => rowOf(thing, thing === gpu ? undefined : gpuRow))
  for (const o of overrides)
    for (const id of o.things) for (const t of o.targets) if (!used.has(`${id} ${t}`)) fail('WGC413', [id, t])
  return {
    note: 'written by npm run support from the packages below and overrides.json; not to be edited',
    packages,
    source: ['bcd', 'web-features'],
    targets: Object.fromEntries(targets.map((t) => [t.name, releasesIn(t, releasesOf(t))])),
    things: rows,
  }
}

/** The version that is current, and where a browser counts by itself, the engine's version in each of its own. */
function releasesIn(target: Target, releases: Record<string, Release>): SupportTable['targets'][string] {
  const versions = Object.keys(releases).sort(compareVersions)
  const current = versions.filter((v) => releases[v]!.status === 'current').at(-1) ?? versions.at(-1)!
  const counted = versions.filter((v) => {
    const { engine, engine_version: version } = releases[v]!
    return engine === 'Blink' && version !== v && compareVersions(v, target.minimum) >= 0
  })
  return {
    ...{ bcd: target.bcd, current },
    engines: Object.fromEntries(counted.map((v) => [v, releases[v]!.engine_version!])),
  }
}

/** A line a cell, so that a change shows as one. */
export function supportText({ note, packages, source, targets, things }: SupportTable): string {
  const line = (value: unknown) => JSON.stringify(value)
  const rows = (record: Record<string, unknown>, by: string) =>
    Object.entries(record)
      .map(([key, value]) => `${by}${line(key)}: ${line(value)}`)
      .join(',\n')
  const entries = things.map(({ support, ...thing }) => {
    const head = line(thing).slice(1, -1)
    return `  {${head}, "support": {\n${rows(support, '    ')}\n  }}`
  })
  return [
    '{',
    `"note": ${line(note)},`,
    `"packages": ${line(packages)},`,
    `"source": ${line(source)},`,
    `"targets": {\n${rows(targets, '  ')}\n},`,
    `"things": [\n${entries.join(',\n')}\n]`,
    '}\n',
  ].join('\n')
}
