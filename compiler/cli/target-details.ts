/** All that is known of one target: support by version, directives, systems, quirks, and where each was read. */
import { loadWorkgroups, type Workgroup } from '../select/workgroups.js'
import { whenIn } from '../support/contradictions.js'
import { loadOverrides, loadSupport } from '../support/read.js'
import type { Baseline, Cell, System } from '../support/types.js'
import { loadSources, type Target } from '../targets.js'
import { featureSets, indent, table, wrap } from './output.js'

export interface Details {
  name: string
  title: string
  kind: Target['kind']
  engine: string
  /** First version that bundles are for, and the newest that the table knows. */
  minimum: string
  current: string
  webgpu: Target['webgpu']
  wasm: Target['wasm']
  deviceClasses: string[]
  memoryBudget?: number
  /** WebGPU by operating system. */
  systems: System[]
  /** enable and requires directives: whether kernels may use them. */
  directives: { name: string; directive: string; when: string; since?: string; source: string[] }[]
  support: (Cell & { thing: string; kind: string; title: string; baseline?: Baseline })[]
  /** Shapes of workgroups that somebody asked for here: `wgc build --workgroup`. */
  workgroups: Workgroup[]
  wait: Target['engine']['wait']
  quirks: { id: string; what: string; do: string; source: string[] }[]
  /** Key to what it stands for: all that is named above. */
  sources: Record<string, string>
}

export function details(target: Target): Details {
  const support = loadSupport()
  const { engine, memoryBudget } = target
  const hasGpu = target.webgpu.featureSets.length > 0
  const directives = (['enable', 'requires'] as const).flatMap((directive) =>
    Object.entries(hasGpu ? engine.wgsl[directive] : {}).map(([name, rule]) => ({
      ...{ name, directive, when: whenIn(rule, target, support), source: rule.source },
      ...(rule.since !== undefined && { since: rule.since }),
    })),
  )
  const rows = support.things.map(({ id, kind, title, baseline, support: cells }) => ({
    ...{ thing: id, kind, title, ...cells[target.name]!, ...(baseline && { baseline }) },
  }))
  const found = {
    ...{ name: target.name, title: target.title, kind: target.kind, engine: engine.name },
    ...{ minimum: target.minimum, current: support.targets[target.name]?.current ?? '' },
    ...{ webgpu: target.webgpu, wasm: target.wasm, deviceClasses: target.deviceClasses },
    ...(memoryBudget !== undefined && { memoryBudget }),
    systems: loadOverrides().systems[target.name] ?? [],
    ...{
      directives,
      support: rows,
      workgroups: [...loadWorkgroups().values()].filter((w) => w.wished.includes(target.name)),
      wait: engine.wait,
      quirks: [...(target.quirks ?? []), ...(hasGpu ? engine.quirks : [])],
    },
  }
  const keys = new Set([
    ...Object.values(target.sources).flat(),
    ...support.source,
    ...[...found.systems, ...directives, ...rows, ...found.quirks].flatMap((x) => x.source ?? []),
    ...found.workgroups.flatMap((w) => w.evidence.flatMap((e) => e.source)),
    ...found.wait.source,
  ])
  const texts = loadSources()
  return { ...found, sources: Object.fromEntries([...keys].sort().map((k) => [k, texts[k] ?? ''])) }
}

const BASELINE = { high: 'widely', low: 'newly', no: 'no' } as const

const notesOf = ({ flag, full, mirror, instead, notes = [] }: Cell): string =>
  [
    ...(flag === undefined ? [] : [`by ${flag}`]),
    ...(full === undefined ? [] : [`everywhere from ${full}`]),
    ...(mirror === undefined ? [] : [`by its version of V8, as in ${mirror}`]),
    ...(instead === undefined ? [] : [`the packages say: ${instead}`]),
    ...notes.map((n) => n.replace(/\.$/, '')),
  ].join('; ')

const cut = (text: string, most = 70) => (text.length > most ? `${text.slice(0, most - 1)}…` : text)

export function detailLines(d: Details): string[] {
  const support = d.support.map((c) => [
    ...[c.thing, c.state, c.since ?? '', c.baseline ? BASELINE[c.baseline.status] : ''],
    ...[(c.source ?? []).join(' '), cut(notesOf(c))],
  ])
  const systems = d.systems.map((s) => [
    ...[s.system, s.state ?? 'yes', s.since ?? '', s.backend ?? '', s.source.join(' '), s.note ?? ''],
  ])
  const section = (title: string, lines: readonly string[]) =>
    lines.length > 0 ? ['', title, ...indent(lines)] : []
  const { strategy, everyMs, dispatchesPerSubmit } = d.wait
  return [
    `${d.name}: ${d.title}`,
    ...indent(
      table([
        ['engine', d.engine],
        ['versions', `${d.minimum} and later; the newest known is ${d.current}`],
        ['WebGPU', featureSets(d.webgpu.featureSets)],
        ['WebAssembly', featureSets(d.wasm.featureSets)],
        ['limits', d.webgpu.limits],
        ...d.workgroups.map((w) => ['workgroup', `${w.name} on request: ${w.title}`]),
        ['devices', d.deviceClasses.join(', ')],
        ...(d.memoryBudget ? [['memory', `${d.memoryBudget / 2 ** 20} MiB a page`]] : []),
        [
          'waits',
          [
            strategy,
            ...(everyMs ? [`every ${everyMs} ms`] : []),
            ...(dispatchesPerSubmit ? [`at most ${dispatchesPerSubmit} dispatches a submit`] : []),
          ].join(', '),
        ],
      ]),
    ),
    ...section(
      'WebGPU by system',
      table([['system', '', 'since', 'by', 'source', ''], ...systems].slice(systems.length ? 0 : 1)),
    ),
    ...section('support', table([['', '', 'since', 'baseline', 'source', 'notes'], ...support])),
    ...section(
      'directives of WGSL',
      table(d.directives.map((x) => [`${x.directive} ${x.name}`, x.when, x.since ?? '', x.source.join(' ')])),
    ),
    ...section(
      'quirks',
      d.quirks.flatMap((q) => [
        ...wrap(`${q.id}: ${q.what}`),
        ...indent([...wrap(`→ ${q.do} (${q.source.join(', ')})`)]),
      ]),
    ),
    ...section('sources', table(Object.entries(d.sources))),
    '',
  ]
}
