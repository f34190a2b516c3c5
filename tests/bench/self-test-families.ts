/**
 * Builds a small model of each family and says what its self-tests make of this machine:
 * `node tests/run.mjs tests/bench/self-test-families.ts [names that contain this] [variants, by commas]`. A line that
 * begins with `!` is a disagreement, or a kernel without a test.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from '../../compiler/index.js'
import { smallModels } from '../helpers/family-models.js'
import { reportOf } from '../helpers/self-test-report.js'

const [part = '', only = 'wasm-simd128,webgpu-chromium-base'] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'wgc-families-'))
try {
  for (const [name, { make, ...options }] of Object.entries(smallModels)) {
    if (!name.includes(part)) continue
    const model = await make(join(folder, 'model'))
    if (!existsSync(model)) {
      console.log(`${name}: ${model} is absent`)
      continue
    }
    const out = join(folder, 'b')
    await build({ bits: 4, ...options, model, targets: ['chrome'], only: only.split(','), out })
    for (const [id, [head = '', ...wrong]] of Object.entries(await reportOf(out, '', 1))) {
      console.log(`${/untested \[.+\]$/.test(head) ? '! ' : ''}${name} ${id}: ${head}`)
      for (const line of wrong) console.log(`! ${line}`)
    }
    rmSync(join(folder, 'model'), { recursive: true, force: true })
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exit(0)
