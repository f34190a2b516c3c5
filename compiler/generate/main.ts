/**
 * `npm run generate`: writes `generated/`, and what the runtime has of `targets/`. With `--check` it writes nothing and fails if anything there is not
 * what it would write.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { packageRoot } from '../root.js'
import { loadTemplates } from '../specialize/index.js'
import { catalogue } from './catalogue.js'
import { DEVICE_TABLE, deviceTable } from './device-table.js'
import { generatedKernels } from './kernels.js'
import { prebuild } from './prebuild.js'
import { manifestSchema } from './schema.js'

/** Everything but `wasm/`, which takes a compiler and has its own index of hashes. */
export async function generatedFiles(): Promise<Map<string, string>> {
  const files = generatedKernels()
  files.set('catalogue.ts', catalogue(loadTemplates(join(packageRoot(), 'kernel-templates'))))
  files.set('manifest.schema.json', await manifestSchema())
  // Beside the code that reads it: the runtime imports nothing outside itself.
  files.set(`../${DEVICE_TABLE}`, deviceTable())
  return files
}

/** Paths that differ from what should be there, or should not be there at all. */
export async function staleFiles(): Promise<string[]> {
  const root = join(packageRoot(), 'generated')
  const files = await generatedFiles()
  const differing = [...files].filter(
    ([path, text]) => !existsSync(join(root, path)) || readFileSync(join(root, path), 'utf8') !== text,
  )
  const there = existsSync(join(root, 'kernels'))
    ? readdirSync(join(root, 'kernels')).map((f) => `kernels/${f}`)
    : []
  return [...differing.map(([path]) => path), ...there.filter((path) => !files.has(path))]
}

async function generate(): Promise<void> {
  const root = join(packageRoot(), 'generated')
  rmSync(join(root, 'kernels'), { recursive: true, force: true })
  for (const [path, text] of await generatedFiles()) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  await prebuild()
  console.log(`generated/ written below ${relative(process.cwd(), root) || root}`)
}

if (process.argv[1]?.endsWith(join('generate', 'main.js'))) {
  if (process.argv.includes('--check')) {
    const stale = await staleFiles()
    if (stale.length > 0) console.error(`generated/ is stale: ${stale.join(', ')}\nrun npm run generate`)
    process.exitCode = stale.length > 0 ? 1 : 0
  } else {
    await generate()
  }
}
