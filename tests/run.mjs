/**
 * Runs a TypeScript program of the tests by Node: `node tests/run.mjs tests/mutation/run.ts --count 20`; with `--deno`
 * before it, by Deno, whose WebGPU is wgpu. What is compiled lies in node_modules/.cache/wgc-tests.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const OUT = 'node_modules/.cache/wgc-tests'
const root = fileURLToPath(new URL('..', import.meta.url))
const start = (file, args) => spawnSync(file, args, { cwd: root, stdio: 'inherit' }).status ?? 1
const node = (...args) => start(process.execPath, args)
const deno = (...args) => start('node_modules/deno/deno', ['run', '-A', '--unstable-webgpu', ...args])

const given = process.argv.slice(2)
const byDeno = given[0] === '--deno'
const [program, ...words] = byDeno ? given.slice(1) : given
if (!program?.endsWith('.ts'))
  throw new Error('usage: node tests/run.mjs [--deno] tests/…/program.ts [options]')
const compiler = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--noEmit', 'false', '--noCheck']
const compiled = node(
  ...compiler,
  '--outDir',
  OUT,
  '--incremental',
  '--tsBuildInfoFile',
  `${OUT}/.tsbuildinfo`,
)
// A test imports package.json, and a copy of it here would pass for the package's own: this one says what Node needs.
if (!compiled) writeFileSync(`${OUT}/package.json`, '{ "type": "module" }\n')
process.exitCode = compiled || (byDeno ? deno : node)(`${OUT}/${program.replace(/\.ts$/, '.js')}`, ...words)
