/** Builds runtime.js, tokenizer.js and wasm-worker.js from the sources as they are, in a folder of their own. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { rollup } from 'rollup'

export interface Built {
  folder: string
  /** Modules that rollup put into each file. */
  modules: Record<'runtime' | 'worker' | 'tokenizer', string[]>
  /** Imports left in each file. */
  imports: Record<'runtime' | 'worker' | 'tokenizer', string[]>
  remove(): void
}

export async function buildRuntime(): Promise<Built> {
  const root = resolve('.')
  mkdirSync('out', { recursive: true })
  // Below the project, where packages are found.
  const folder = mkdtempSync(join(root, 'out', 'runtime-'))
  const config = join(folder, 'tsconfig.json')
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(root, 'tsconfig.build.json'),
      compilerOptions: { rootDir: root, outDir: folder, incremental: false, tsBuildInfoFile: null },
      include: [join(root, 'runtime')],
    }),
  )
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', config], {
    stdio: 'inherit',
  })
  // @ts-expect-error: a plain module without types.
  const { outputs } = await import('../../rollup.config.mjs')
  const [runtime, , , , worker, tokenizer] = await Promise.all(
    outputs(join(folder, 'runtime'), folder).map(async (options: never) => {
      const bundle = await rollup(options)
      const { output } = await bundle.write((options as { output: object }).output)
      const [chunk] = output
      return { modules: Object.keys(chunk.modules), imports: [...chunk.imports, ...chunk.dynamicImports] }
    }),
  )
  return {
    folder,
    modules: { runtime: runtime.modules, worker: worker.modules, tokenizer: tokenizer.modules },
    imports: { runtime: runtime.imports, worker: worker.imports, tokenizer: tokenizer.imports },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
