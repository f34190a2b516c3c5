/** Decoder-only families against what Hugging Face transformers computes from the same files. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build } from '../../compiler/index.js'
import { backendsHere, deviation, GOLDENS, greedily, loadBundle, readTensors } from '../helpers/goldens.js'
import { whyAbsent } from '../helpers/models.js'

/**
 * Bounds on the logits of a whole prompt, in their standard deviations. Rounding weights to 11 bits is off by 2^-12
 * of each on average; a few layers of random weights make up to 20 times that of it.
 */
const BOUNDS = { f32: 1e-3, f16: 1e-2 }
/** wgpu's driver has halves, and kernels of weights in halves multiply in them: what that costs two models more. */
const IN_HALVES: Record<string, number> = { mistral: 1.5e-2, phi3: 1.5e-2 }

const names = ['llama', 'qwen2', 'qwen3', 'mistral', 'gemma3', 'phi3', 'gpt2']
const absent = whyAbsent(GOLDENS)

let out = ''
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'wgc-decoders-'))
})
afterAll(() => rmSync(out, { recursive: true, force: true }))

describe.skipIf(absent)('goldens', () => {
  describe.each(names)('%s', (name) => {
    const folder = join(GOLDENS, name)
    const made = (bits: string) => join(out, name, bits)
    beforeAll(async () => {
      for (const bits of ['f32', 'f16'] as const)
        await build({ model: folder, targets: ['node'], out: made(bits), bits })
    })
    const runs = backendsHere('wasm', 'wgpu', 'dawn').flatMap((backend) =>
      (['f32', 'f16'] as const).map((bits) => [backend, bits] as const),
    )
    const few = runs.filter(([backend, bits]) => backend !== 'dawn' || (bits === 'f32' && name === 'llama'))
    test.each(few)(
      'on %s, %s',
      async (backend, bits) => {
        const io = readTensors(join(folder, 'io.safetensors'))
        const prompt = io['input.input_ids']!.data
        const greedy = io['output.greedy_ids']!.data
        const model = await loadBundle(made(bits), backend)
        const { logits } = await model.run({ input_ids: prompt })
        expect(deviation(logits!.data, io['output.logits']!.data)).toBeLessThan(
          (backend === 'wgpu' && bits === 'f16' && IN_HALVES[name]) || BOUNDS[bits],
        )
        if (bits === 'f32')
          expect(await greedily(model, prompt, greedy.length - prompt.length)).toEqual(greedy)
        model.destroy()
      },
      600_000,
    )
  })
})
