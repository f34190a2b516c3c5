/**
 * Runs a TypeScript program of the tests by Node: `node tests/run.mjs tests/mutation/run.ts --count 20`. What is
 * compiled lies in node_modules/.cache/wgc-tests.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const OUT = 'node_modules/.cache/wgc-tests'
const root = fileURLToPath(new URL('..', import.meta.url))
const node = (...args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1

const [program, ...words] = process.argv.slice(2)
if (!program?.endsWith('.ts')) throw new Error('usage: node tests/run.mjs tests/…/program.ts [options]')
const compiler = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--noEmit', 'false', '--noCheck']
const compiled = node(
  ...compiler,
  '--outDir',
  OUT,
  '--incremental',
  '--tsBuildInfoFile',
  `${OUT}/.tsbuildinfo`,
)
process.exitCode = compiled || node(`${OUT}/${program.replace(/\.ts$/, '.js')}`, ...words)
