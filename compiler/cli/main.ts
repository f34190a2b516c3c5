#!/usr/bin/env node
/**
 * The command line. Each command is a file of this folder that declares its options at once and imports its
 * work only when it runs, so that `--help` answers immediately.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { packageRoot } from '../root.js'
import { benchCommand } from './bench.js'
import { buildCommand } from './build.js'
import { examplesText, strict } from './command.js'
import { doctorCommand } from './doctor.js'
import { inspectCommand } from './inspect.js'
import { kernelsCommand } from './kernels.js'
import { modelsCommand } from './models.js'
import { report } from './report.js'
import { runCommand } from './run.js'
import { serveCommand } from './serve.js'
import { settle } from './settle.js'
import { targetsCommand } from './targets.js'
import { tuneCommand } from './tune.js'

const EXAMPLES = [
  'wgc build --model models/stories260K --target all --out out/stories',
  'wgc run out/stories --prompt "Once upon a time"',
  'wgc serve out/stories',
]

const COMMANDS = [
  buildCommand,
  runCommand,
  serveCommand,
  doctorCommand,
  inspectCommand,
  targetsCommand,
  modelsCommand,
  kernelsCommand,
  tuneCommand,
  benchCommand,
]

const AFTER = `${examplesText(EXAMPLES)}
Exit codes: 0 done, 1 the input is wrong, 2 the command line is wrong, 3 an internal fault.`

function program(): Command {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
    version: string
  }
  const root = strict(new Command('wgc'), 'wgc --help')
    .description('Compiles machine-learning models into precompiled WebGPU and WebAssembly kernel bundles.')
    .version(version)
    .helpCommand(true)
    .addHelpText('after', AFTER)
  for (const command of COMMANDS) root.addCommand(command())
  return root
}

async function main(words: readonly string[]): Promise<void> {
  const end = words.indexOf('--')
  const flags = end < 0 ? words : words.slice(0, end)
  const options = { json: flags.includes('--json'), verbose: flags.includes('--verbose') }
  const stop = (e: unknown) => process.exit(report(e, options))
  process.on('uncaughtException', stop)
  process.on('unhandledRejection', stop)
  // Whoever reads our output may have seen enough (`wgc kernels | head`).
  process.stdout.on('error', (e: NodeJS.ErrnoException) => (e.code === 'EPIPE' ? process.exit(0) : stop(e)))
  try {
    await program().parseAsync(words, { from: 'user' })
  } catch (e) {
    process.exitCode = report(e, options)
  }
  await settle()
}

await main(process.argv.slice(2))
