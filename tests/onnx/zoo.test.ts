/** Models of the families that are exported most, on Dawn with SwiftShader, against what onnxruntime makes of them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { softwareDevice } from '../helpers/gpu.js'
import { executor } from './execute.js'
import { load } from './load.js'
import { modelBytes } from './make.js'
import { zoo } from './zoo.js'

const on = await softwareDevice().then((device) => device && executor(device))
const folder = mkdtempSync(join(tmpdir(), 'wgc-zoo-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Reference {
  models: Record<string, Record<string, { dims: number[]; values: number[] }>>
}

const reference = JSON.parse(
  readFileSync(fileURLToPath(new URL('zoo.json', import.meta.url)), 'utf8'),
) as Reference

describe.skipIf(!on)('models like those that people export', () => {
  test.each(zoo().map((m) => [m.name, m] as const))('%s', async (name, { model, inputs }) => {
    const path = join(folder, `${name}.onnx`)
    writeFileSync(path, modelBytes(model))
    const { run, shapes } = await load(
      on!,
      path,
      Object.fromEntries(Object.entries(inputs).map(([k, { dims }]) => [k, dims])),
    )
    const found = await run(Object.fromEntries(Object.entries(inputs).map(([k, { values }]) => [k, values])))
    const wanted = reference.models[name]!
    expect(Object.keys(found).sort()).toEqual(Object.keys(wanted).sort())
    for (const [output, { dims, values }] of Object.entries(wanted)) {
      expect(shapes[output]).toEqual(dims)
      const worst = values.reduce((most, v, i) => Math.max(most, Math.abs(v - found[output]![i]!)), 0)
      const largest = values.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
      expect(worst).toBeLessThan(2e-5 * Math.max(1, largest))
    }
  })
})
