/**
 * `npm run presets`: builds every preset for every target, and writes what came of it to `generated/presets.md`.
 * Names after the command are the presets to build again; the rows of others stay.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkPlan } from '../../runtime/check.js'
import type { Manifest, Plan } from '../../runtime/format.js'
import { parseJson } from '../../runtime/json.js'
import { build } from '../build/build.js'
import { bytes, count } from '../cli/output.js'
import { WgcError } from '../errors.js'
import { presets } from '../import/presets.js'
import type { BuildResult } from '../options.js'
import { packageRoot } from '../root.js'

const FILE = 'presets.md'

const HEAD = `# Every preset for every target

Made by \`npm run presets\`: each preset built by \`wgc build --model NAME --target all\`, 4 bits, an empty cache at the
first and the compiled kernels of those before it for the rest. Code is the WGSL and wasm of all variants; dispatches
are those of a token (\`decode\`) or, where nothing is decoded, of all programs, on WebGPU with subgroups, on WebGPU
without, and on WebAssembly. The last column has the limits of WebGPU that a device must have above
the specification's defaults, and what was left out because no device could run it, with the limit that forbids it.

| preset | parameters | targets | variants | memory | code | dispatches | build | limits |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
`

function planOf(out: string, manifest: Manifest, id: string): Plan {
  const variant = manifest.variants[id]!
  return checkPlan(parseJson(readFileSync(join(out, variant.plan)), variant.plan), manifest, variant)
}

function dispatches({ programs }: Plan): number {
  const counted = programs.decode ? [programs.decode] : Object.values(programs)
  return counted.reduce((sum, p) => sum + p.dispatches.length, 0)
}

/** Of the first variant that each test admits. */
function dispatchesOf(out: string, manifest: Manifest): string {
  const ids = Object.keys(manifest.variants)
  const kinds = [
    (id: string) => manifest.variants[id]!.features.includes('subgroups'),
    (id: string) =>
      manifest.variants[id]!.backend === 'webgpu' && manifest.variants[id]!.features.length === 0,
    (id: string) => manifest.variants[id]!.backend === 'wasm',
  ]
  return kinds
    .map((kind) => ids.find(kind))
    .map((id) => (id === undefined ? '–' : dispatches(planOf(out, manifest, id))))
    .join(' / ')
}

function row(name: string, { out, manifest, seconds, notes }: BuildResult): string {
  const { variants, files, targets, model } = manifest
  const memory = Object.values(variants).map((v) => v.memory)
  const code = [...new Set(Object.values(variants).map((v) => v.code))].reduce(
    (sum, f) => sum + files[f]!.bytes,
    0,
  )
  const served = Object.values(targets).filter((ids) => ids.length > 0).length
  const gpu = Object.values(variants).filter((v) => v.backend === 'webgpu')
  const limits = Object.entries(gpu.at(-1)?.limits ?? {}).map(
    ([name, n]) => `WebGPU needs ${name} of ${bytes(n)}`,
  )
  const left = [...limits, ...notes.filter((note) => note.startsWith('no '))].join('; ')
  return [
    ...[name, count(model.parameters)],
    ...[`${served} of ${Object.keys(targets).length}`, Object.keys(variants).length],
    ...[
      bytes(Math.max(...memory)),
      bytes(code),
      dispatchesOf(out, manifest),
      `${seconds.toFixed(1)} s`,
      left,
    ],
  ].join(' | ')
}

async function built(name: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'wgc-preset-'))
  try {
    return row(name, await build({ model: name, out: join(folder, 'out') }))
  } catch (e) {
    if (!(e instanceof WgcError)) throw e
    return `${name} | | 0 | 0 | | | | | ${e.code}: ${e.message.replaceAll('|', '\\|')}`
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Rows of the table as it stands, by preset. */
function known(path: string): Map<string, string> {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const rows = text.split('\n').flatMap((line) => /^\| (\S+) \| (.*) \|$/.exec(line)?.slice(1, 3) ?? [])
  const found = new Map<string, string>()
  for (let i = 0; i < rows.length; i += 2) found.set(rows[i]!, `${rows[i]} | ${rows[i + 1]}`)
  return found
}

const path = join(packageRoot(), 'generated', FILE)
const rows = known(path)
const wanted = process.argv.slice(2)
for (const name of Object.keys(presets)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  rows.set(name, await built(name))
  console.error(rows.get(name))
}
const lines = Object.keys(presets).flatMap((name) => (rows.has(name) ? [`| ${rows.get(name)} |`] : []))
writeFileSync(path, `${HEAD}${lines.join('\n')}\n`)
