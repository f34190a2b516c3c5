/** `wgc targets`: what bundles can be built for. */
import type { Command } from 'commander'
import type { Target } from '../targets.js'
import { type CommonOptions, command } from './command.js'
import { print, table } from './output.js'

const EXAMPLES = ['wgc targets', 'wgc targets --json']

export function targetsCommand(): Command {
  return command('targets', 'list the targets and what each assumes', EXAMPLES).action(run)
}

async function run(options: CommonOptions): Promise<void> {
  const { loadTargets } = await import('../targets.js')
  const targets = [...loadTargets().values()]
  print(options.json, { targets: targets.map(jsonOf) }, () => text(targets))
}

function jsonOf(t: Target): unknown {
  const { engine, tuning, sources, ...rest } = t
  return { ...rest, engine: engine.name }
}

const featureSets = (sets: readonly string[][]) =>
  sets.map((set) => (set.length === 0 ? 'none' : set.join(' + '))).join(' | ')

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
  ]
}
