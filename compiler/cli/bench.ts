/** `wgc bench`: how fast a bundle is here, where the time goes, and what has changed since the last time. */
import { type Command, Option } from 'commander'
import { fail } from '../errors.js'
import { type CommonOptions, command, integer, list } from './command.js'
import { interruptible } from './interrupt.js'
import { print, tell } from './output.js'
import { progressView } from './progress.js'

export interface BenchOptions extends CommonOptions {
  target?: string
  variant?: string[]
  backend: 'auto' | 'webgpu' | 'wasm'
  prompt: number
  tokens: number
  rounds: number
  threads?: number
  experiments?: boolean
  history?: string
  run?: string
  compare?: boolean
  failOnRegression?: boolean
}

const EXAMPLES = [
  'wgc bench out/stories',
  'wgc bench out/stories --variant all --prompt 128 --tokens 64 --rounds 9',
  'wgc bench models/my-llama --target chrome --backend webgpu --json',
  'wgc bench out/stories --history bench.duckdb --compare --fail-on-regression',
]

const AFTER = `
Measured are the load (reading, uploading, compiling pipelines), the first token after it, and then, in rounds that all
variants share, the prompt's and the following tokens' speed; medians are told. A model is built for the target first; one
without weights, a preset, runs on zeros. --history needs DuckDB: npm install @duckdb/node-api. WGC_DAWN names features
of Dawn to switch on or, after "-", off, for this command and others: WGC_DAWN=allow_unsafe_apis,-timestamp_quantization.`

export function benchCommand(): Command {
  return command('bench', 'measure how fast a bundle or a model is on this machine', EXAMPLES)
    .argument('<bundle|model>', 'folder of a bundle; or what wgc build takes')
    .option(
      '--target <name>',
      "the variants of this target (see wgc targets); a model's is node unless given",
    )
    .option(
      '--variant <ids>',
      'these variants (see wgc inspect), or all  (default: the one taken here)',
      list,
    )
    .addOption(
      new Option('--backend <name>', 'WebGPU by Dawn, or WebAssembly; auto: WebGPU on a real GPU')
        .choices(['auto', 'webgpu', 'wasm'])
        .default('auto'),
    )
    .option(
      '--prompt <n>',
      'tokens of the prompt; of other models, the size of what they read',
      integer(1),
      256,
    )
    .option('--tokens <n>', 'tokens to generate after it', integer(1), 64)
    .option('--rounds <n>', 'rounds to take medians of', integer(1, 1000), 5)
    .option('--threads <n>', 'threads of WebAssembly  (default: one a core)', integer(1, 256))
    .option('--experiments', "with Dawn's experiments: halves on NVIDIA, subgroup matrices")
    .option('--history <file>', 'append the figures to a DuckDB file')
    .option('--run <name>', 'what the figures are called there  (default: the time)')
    .option('--compare', 'tell what has changed against the last runs in the history')
    .option('--fail-on-regression', 'with --compare: exit code 1 if something became slower')
    .addHelpText('after', AFTER)
    .action(run)
}

async function run(subject: string, options: BenchOptions): Promise<void> {
  const { history, compare: compared, failOnRegression } = options
  for (const [flag, given, needs] of [
    ['--compare', compared, history],
    ['--fail-on-regression', failOnRegression, compared],
  ] as const)
    if (given && needs === undefined)
      fail('WGC104', [
        `${flag} needs ${flag === '--compare' ? '--history <file>' : '--compare'}`,
        undefined,
        'wgc bench --help',
      ])
  const [{ benchBundle, withBundle }, { reportText }] = await Promise.all([
    import('./bench-bundle.js'),
    import('./bench-text.js'),
  ])
  const { append, checkHistory, compare } = await import('../bench/history.js')
  if (history !== undefined) await checkHistory(history)
  const view = await progressView(options.verbose)
  const report = await interruptible((signal) =>
    withBundle(subject, options, view, signal, (folder) =>
      benchBundle(folder, options, view, signal),
    ).finally(view.stop),
  )
  const { run: named, results } = report.history
  if (history !== undefined) await append(history, named, results)
  const changes = history !== undefined && compared ? await compare(history, named) : undefined
  const { history: _, ...shown } = report
  print(options.json, { ...shown, ...(changes && { changes }) }, () => reportText(report, changes))
  const worse = changes?.filter((c) => c.verdict === 'regression') ?? []
  if (failOnRegression && worse.length > 0) {
    tell(`wgc: ${worse.length} of ${changes!.length} figures became worse`)
    process.exitCode = 1
  }
}
