/** Rules of the design that are tests, not hopes. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { staleFiles } from '../../compiler/generate/main.js'
import { ops } from '../../compiler/ops/index.js'
import { loadTemplates } from '../../compiler/specialize/index.js'
import { loadTargets } from '../../compiler/targets.js'

const root = resolve('.')

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('.ts') && !f.endsWith('.d.ts'))
    .map((f) => join(folder, f))
}

/** Files that a file imports, relative ones only, type imports too unless left out. */
function imports(file: string, types = true): string[] {
  const text = readFileSync(join(root, file), 'utf8')
  const found = [...text.matchAll(/^(?:import|export)\s+(type\s)?[^'"]*?from\s+'(\.[^']+)'/gm)]
  return found
    .filter((m) => types || !m[1])
    .map((m) => relative(root, resolve(root, dirname(file), m[2]!.replace(/\.js$/, '.ts'))))
}

const code = (file: string) => readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')

test('the runtime imports nothing outside itself', () => {
  const outside = sources('runtime').flatMap((f) => imports(f).filter((i) => !i.startsWith('runtime/')))
  expect(outside).toEqual([])
})

test('passes import the shared helpers, never each other', () => {
  const shared = ['compiler/passes/index.ts', 'compiler/passes/rewrite.ts', 'compiler/passes/memory.ts']
  const wrong = sources('compiler/passes')
    .filter((f) => !shared.includes(f))
    .flatMap((f) => imports(f).filter((i) => i.startsWith('compiler/passes/') && !shared.includes(i)))
  expect(wrong).toEqual([])
})

test('there are no import cycles', () => {
  const files = [...sources('compiler'), ...sources('runtime')]
  const done = new Set<string>()
  const visit = (file: string, path: string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return undefined
    for (const next of imports(file, false)) {
      const cycle = visit(next, [...path, file])
      if (cycle) return cycle
    }
    done.add(file)
    return undefined
  }
  expect(files.map((f) => visit(f, [])).filter(Boolean)).toEqual([])
})

test("no browser's or template's name stands in the code of compiler and runtime", () => {
  const templates = loadTemplates(join(root, 'kernel-templates')).map((t) => t.name)
  // A template named like its operator is that operator's; the others are nobody's business but selection's data.
  const names = [
    ...[...loadTargets().keys()].filter((n) => !['node', 'deno'].includes(n)),
    ...templates.filter((t) => !(t in ops)),
  ]
  const wrong = [...sources('compiler'), ...sources('runtime')]
    .filter((f) => !f.startsWith('compiler/cli/') && f !== 'runtime/detect.ts')
    .flatMap((f) =>
      names.filter((n) => new RegExp(`['"\`]${n}['"\`]`).test(code(f))).map((n) => `${f}: ${n}`),
    )
  expect(wrong).toEqual([])
})

test('every operator has a WGSL kernel that needs no feature', () => {
  const templates = loadTemplates(join(root, 'kernel-templates')).filter((t) => t.language === 'wgsl')
  const optional = new Set(['SUBGROUPS', 'E'])
  const bare = templates.filter((t) =>
    t.params.every((p) => !optional.has(p.name) || p.default === false || p.default === 'f32'),
  )
  const cpuOnly = new Set(['quantize_rows'])
  const missing = Object.keys(ops).filter(
    (op) => !cpuOnly.has(op) && !bare.some((t) => t.front.op.name === op),
  )
  expect(missing).toEqual([])
})

test('generated/ is what npm run generate would write', async () => {
  expect(await staleFiles()).toEqual([])
})
