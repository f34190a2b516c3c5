/** A reference case as a test: a build of its folder, and every output that it holds, on every backend here. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build } from '../../compiler/index.js'
import type { BuildOptions } from '../../compiler/options.js'
import type { TensorLike } from '../../runtime/index.js'
import { backendsHere, deviation, loadBundle, part, readTensors, type Values } from './goldens.js'
import { runGraphs } from './graph-case.js'

export { part }

/** One of each: compiling C for a model's own kernels takes seconds. */
const ONLY = ['wasm-simd128', 'webgpu-chromium-base']

export interface GoldenOptions {
  /** Largest difference, in standard deviations of the output. Default 1e-3, for f32. */
  bound?: number
  build?: Partial<BuildOptions>
  /** Inputs of other sizes, which the same model is given after those; by the graph's float64 references. */
  again?: (inputs: Record<string, Values>) => Record<string, Values>
  /** Outputs that this case does not look at. */
  except?: string[]
}

const GREEDY = 'greedy_ids'

/** The case of a folder with config.json, model.safetensors and io.safetensors. */
export function goldenCase(
  folder: string,
  { bound = 1e-3, build: more, again, except = [] }: GoldenOptions = {},
): void {
  let out = ''
  beforeAll(async () => {
    out = mkdtempSync(join(tmpdir(), 'wgc-golden-'))
    await build({ model: folder, targets: ['node'], only: ONLY, bits: 'f32', out: join(out, 'b'), ...more })
  })
  afterAll(() => rmSync(out, { recursive: true, force: true }))

  describe.each(backendsHere())('on %s', (backend) => {
    test('gives what transformers gives', async () => {
      const io = readTensors(join(folder, 'io.safetensors'))
      const inputs = part(io, 'input.')
      const expected = part(io, 'output.')
      const model = await loadBundle(join(out, 'b'), backend)
      try {
        const names = Object.keys(expected).filter((name) => name !== GREEDY && !except.includes(name))
        const check = async (given: Record<string, TensorLike>, wanted: Record<string, Values>) => {
          const made = await model.run(given, { outputs: names })
          for (const name of names) {
            expect([name, made[name]!.shape]).toEqual([name, wanted[name]!.shape])
            const off = deviation(made[name]!.data, wanted[name]!.data)
            expect(off, `${name} is off by ${off} of its standard deviation`).toBeLessThan(bound)
          }
        }
        await check(inputs, expected)
        if (!again) return
        const others = again(inputs)
        await check(others, await runGraphs(folder, others))
        await check(inputs, expected)
      } finally {
        model.destroy()
      }
    })
  })
}
