/** `wgc tune`: measures a model's kernels on this machine's GPU and writes a tuned table. */
import { type Command, Option } from 'commander'
import { fail } from '../errors.js'
import type { Timed } from '../tune/clock.js'
import { type CommonOptions, command, integer, need, parsed } from './command.js'
import { Interrupted, interruptible } from './interrupt.js'
import { indent, plural, print, table, tell } from './output.js'
import { progressView } from './progress.js'

interface Options extends CommonOptions {
  model?: string
  target?: string
  browser?: string
  browserArgs?: string
  device: 'auto' | GPUPowerPreference
  budget: number
  bits?: string
  context?: number
  chunk?: number
  out?: string
  software?: boolean
}

const EXAMPLES = [
  'wgc tune --model llama-3-8b --target node',
  'wgc tune --model models/my-llama --target chrome --budget 10m --json',
  'wgc tune --model models/my-llama --browser /usr/bin/chromium',
]

const UNITS = { s: 1, m: 60, h: 3600 } as const

/** `90s`, `5m`, `1h`: seconds. */
const duration = parsed('a time such as 90s or 5m', (text) => {
  const found = /^(\d+(?:\.\d+)?)([smh])$/.exec(text)
  const seconds = found ? Number(found[1]) * UNITS[found[2] as keyof typeof UNITS] : 0
  return seconds > 0 ? seconds : undefined
})

export function tuneCommand(): Command {
  return command('tune', "measure a model's kernels on this GPU, and write what is fastest", EXAMPLES)
    .option('--model <folder|preset>', 'folder with config.json, or a preset: only its sizes count')
    .option('--target <name>', 'whose rules hold (see wgc targets)  (default: node, or chrome in a browser)')
    .option('--browser <executable>', 'measure in this Chromium, by playwright-core; else in Node, by Dawn')
    .option('--browser-args <flags>', 'more flags for it, parted by spaces')
    .addOption(
      new Option('--device <which>', 'of several GPUs')
        .choices(['auto', 'high-performance', 'low-power'])
        .default('auto'),
    )
    .option('--budget <time>', 'how long to measure: 90s, 5m', duration, 300)
    .addOption(
      new Option('--bits <bits>', 'how weights are stored').choices([
        '2',
        '3',
        '4',
        '8',
        '2a',
        '3a',
        '4a',
        '8a',
        'f16',
        'f32',
      ]),
    )
    .option('--context <tokens>', 'tokens that the KV cache holds', integer(1))
    .option('--chunk <tokens>', "tokens of a prompt's step", integer(1))
    .option('--out <file>', "the table  (default: wgc's own, targets/tuned/<class>-<engine>.json)")
    .option('--software', 'measure even where the CPU computes')
    .action(run)
}

/** The engine of all that can be measured in from here. */
const MEASURED = 'chromium'

interface Measured {
  gpu: GPU
  timed?: Timed
  version: string
  close(): Promise<void>
}

async function inNode(signal: AbortSignal): Promise<Measured> {
  const { MEASURING, dawnVersion, openDawn, probeDawn } = await import('./dawn.js')
  const probe = await probeDawn(signal)
  signal.throwIfAborted()
  if (probe.adapter === undefined) fail('WGC629', [probe.why ?? 'no adapter was found'])
  return { gpu: await openDawn(MEASURING), version: dawnVersion(), close: async () => {} }
}

async function inBrowser(executable: string, args = ''): Promise<Measured> {
  const { openBrowser } = await import('./browser.js')
  return openBrowser(executable, args.split(' ').filter(Boolean))
}

async function run(o: Options): Promise<void> {
  const model = need(o.model, '--model <folder|preset>', 'tune')
  const { resolveTargets } = await import('../targets.js')
  const [target] = resolveTargets(o.target ?? (o.browser ? 'chrome' : 'node'))
  const engine = target!.engine.name
  if (engine !== MEASURED) fail('WGC638', [target!.name, engine, MEASURED])
  const { gpu, timed, version, close } = await (o.browser
    ? inBrowser(o.browser, o.browserArgs)
    : interruptible(inNode))
  const { tune } = await import('../tune/tune.js')
  const view = await progressView(o.verbose)
  const bits = o.bits === undefined || Number.isNaN(Number(o.bits)) ? o.bits : Number(o.bits)
  const result = await interruptible((signal) =>
    tune({
      ...{ model, target: target!, gpu, budget: o.budget, engineVersion: version, signal },
      ...(timed && { timed }),
      ...(o.device !== 'auto' && { powerPreference: o.device }),
      ...(bits !== undefined && { bits: bits as never }),
      ...(o.context && { context: o.context }),
      ...(o.chunk && { chunk: o.chunk }),
      ...(o.out && { out: o.out }),
      ...(o.software && { software: true }),
      onProgress: view.update,
    }).finally(async () => {
      view.stop()
      await close()
    }),
  ).catch((e: unknown) => {
    if (e instanceof Interrupted) tell('wgc: what was measured is kept: the same command goes on with it')
    throw e
  })
  const time = (ms: number | undefined) => (ms === undefined ? '-' : `${(1000 * ms).toFixed(1)} µs`)
  print(o.json, result, () => [
    `${result.device}: ${result.features.join(', ') || 'no features'}`,
    ...indent(
      table(
        [
          ['times', 'operator', 'before', 'now', 'tried', 'kernel'],
          ...result.outcomes.map((x) => [
            ...[
              String(Math.max(...Object.values(x.counts))),
              x.name,
              time(x.before),
              time(x.after),
              String(x.candidates),
              x.best ?? '-',
            ],
          ]),
        ],
        [0, 2, 3, 4],
      ),
    ),
    `${result.file}: ${result.table ? plural(result.table.rules.length, 'rule') : 'not written, nothing was compared'}`,
    ...(result.left > 0
      ? [`${plural(result.left, 'operator')} left for want of time: the same command goes on with them`]
      : []),
  ])
}
