/** `wgc targets`: what bundles can be built for; with a name, what is known of that browser, and from where. */
import type { Command } from 'commander'
import type { Evidence, Workgroup } from '../select/workgroups.js'
import type { Target } from '../targets.js'
import { type CommonOptions, command } from './command.js'
import { featureSets, indent, print, table, wrap } from './output.js'

const EXAMPLES = ['wgc targets', 'wgc targets firefox-android', 'wgc targets chrome,safari --json']

export function targetsCommand(): Command {
  return command('targets', 'list the targets and what each assumes', EXAMPLES)
    .argument('[names]', 'targets, with commas between them: all that is known of them, with sources')
    .action(run)
}

async function run(names: string | undefined, options: CommonOptions): Promise<void> {
  const { loadTargets, resolveTargets } = await import('../targets.js')
  if (names !== undefined) {
    const { details, detailLines } = await import('./target-details.js')
    const found = resolveTargets(names).map(details)
    print(options.json, { targets: found }, () => found.flatMap(detailLines))
    return
  }
  const { defaultWorkgroups, loadWorkgroups } = await import('../select/workgroups.js')
  const targets = [...loadTargets().values()]
  const workgroups = [...loadWorkgroups().values()]
  const chosen = defaultWorkgroups()
  print(
    options.json,
    { targets: targets.map(jsonOf), workgroups: { default: chosen, named: workgroups } },
    () => [
      ...text(targets),
      ...['', 'workgroups, for wgc build --workgroup and wgc tune:', ...indent(workgroupLines(workgroups))],
      ...['', ...wrap(`The default: ${chosen.why}`)],
      ...indent(evidenceLines(chosen.evidence)),
    ],
  )
}

const sizeText = (size: readonly number[] | undefined) => size?.join(' x ') ?? ''

const evidenceLines = (evidence: readonly Evidence[]): string[] =>
  table(evidence.map((e) => [sizeText(e.size), e.source.join(', '), e.says]))

const workgroupLines = (workgroups: readonly Workgroup[]): string[] =>
  workgroups.flatMap((w) => [
    `${w.name}: ${w.title}; asked for ${w.wished.join(', ')}`,
    ...indent(evidenceLines(w.evidence)),
  ])

function jsonOf(t: Target): unknown {
  const { engine, tuning, sources, ...rest } = t
  return { ...rest, engine: engine.name }
}

function text(targets: readonly Target[]): string[] {
  const rows = targets.map((t) => [
    t.name,
    t.engine.name,
    t.minimum,
    featureSets(t.webgpu.featureSets),
    featureSets(t.wasm.featureSets),
  ])
  const browsers = targets.filter((t) => t.kind === 'browser').map((t) => t.name)
  return [
    ...table([['target', 'engine', 'from', 'WebGPU features', 'WebAssembly features'], ...rows]),
    '',
    ...table(targets.map((t) => [t.name, t.title])),
    '',
    `all: ${browsers.join(', ')}`,
    'Feature sets stand best first; the runtime takes the first that the browser and its device have.',
    'wgc targets NAME shows what that browser supports since when, and where that was read.',
  ]
}
