/** `wgc doctor`: what this machine's Node can do, on Dawn and WebAssembly, and which variant of a bundle runs and why. */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Command } from 'commander'
import type { DetectOptions } from '../../runtime/detect.js'
import type { Explanation } from '../../runtime/inspect/explain.js'
import type { Platform } from '../../runtime/inspect/platform.js'
import type { Report } from '../../runtime/inspect/report.js'
import type { WORKAROUNDS } from '../../runtime/inspect/workarounds.js'
import { FEATURES, type FeatureName } from '../../runtime/switches.js'
import { type CommonOptions, command } from './command.js'
import { interruptible } from './interrupt.js'
import { indent, print, table, wrap } from './output.js'
import { features, switchedOff } from './without.js'

interface Options extends CommonOptions {
  without?: FeatureName[]
}

const EXAMPLES = ['wgc doctor', 'wgc doctor out/stories --without subgroups', 'wgc doctor --json']

export function doctorCommand(): Command {
  return command('doctor', 'say what this machine can do, and what of a bundle runs on it and why', EXAMPLES)
    .argument('[dir]', 'folder of a bundle')
    .option('--without <features>', `as if these were absent: ${FEATURES.join(', ')}`, features)
    .action(run)
}

async function run(folder: string | undefined, options: Options): Promise<void> {
  const { explain } = await import('../../runtime/inspect.js')
  const { readManifest } = await import('./bundle.js')
  const manifest = folder === undefined ? undefined : await readManifest(folder)
  await interruptible(async (signal) => {
    const { report, gpu } = await examine(signal)
    const choice = manifest && explain(manifest, report, switchedOff(options.without))
    const lines = await linesOf(report, gpu)
    print(options.json, { report, gpu, ...(choice && { choice }) }, () => [
      ...lines,
      ...(choice ? ['', ...choiceLines(choice, manifest.model.name)] : []),
    ])
  })
}

interface Examined {
  report: Report
  /** Dawn's adapter, or why there is none. */
  gpu: string
}

async function examine(signal: AbortSignal): Promise<Examined> {
  const [{ detect }, { inspect }, { openDawn, probeDawn }] = await Promise.all([
    import('../../runtime/detect.js'),
    import('../../runtime/inspect.js'),
    import('./dawn.js'),
  ])
  const probe = await probeDawn(signal)
  signal.throwIfAborted()
  const options: DetectOptions = { gpu: probe.adapter ? await openDawn() : null }
  // Node tells pages' code no cores before version 21.
  const navigator = { hardwareConcurrency: availableParallelism() }
  const here = Object.create(globalThis, { navigator: { value: navigator } }) as Platform
  const report = await inspect(await detect(options), options, here)
  return { report, gpu: probe.adapter ?? `none: ${probe.why ?? 'unknown reason'}` }
}

/** The words that the page in a browser has. */
const WORDS = ['compiler', 'serve', 'page', 'doctor-facts.js']

interface Words {
  facts(report: Report, workarounds: typeof WORKAROUNDS): [string, string][]
}

async function linesOf(report: Report, gpu: string): Promise<string[]> {
  const [{ packageRoot }, { adviceFor, WORKAROUNDS }] = await Promise.all([
    import('../root.js'),
    import('../../runtime/inspect.js'),
  ])
  const { facts } = (await import(pathToFileURL(join(packageRoot(), ...WORDS)).href)) as Words
  const advice = adviceFor(report).map(({ gain, how }) => `${gain}: ${how}`)
  return [
    ...table([['Dawn', gpu], ...facts(report, WORKAROUNDS)].flatMap(([what, here]) => rows(what!, here!))),
    ...(advice.length ? ['', 'What could be gained:', ...indent(advice.flatMap((a) => wrap(a)))] : []),
  ]
}

/** A row for each line of a long text. */
const rows = (what: string, here: string): string[][] =>
  wrap(here, 80).map((line, i) => [i === 0 ? what : '', line])

const choiceLines = ({ variant, variants }: Explanation, model: string): string[] => [
  variant === undefined ? `${model} does not run here:` : `${model} runs here:`,
  ...indent(variants.map((v) => v.sentence)),
]
