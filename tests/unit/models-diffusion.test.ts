/**
 * Stable Diffusion: pipelines of odd dimensions with random weights, against a forward in float64 that was written
 * for these tests from the definitions. No output of another implementation is at hand.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build } from '../../compiler/index.js'
import { diffuse, seededNoise } from '../../runtime/tasks/diffuse.js'
import { cases } from '../helpers/diffusion-reference/cases.js'
import { type Answers, latentsOf, writePipeline } from '../helpers/diffusion-reference/folder.js'
import { referenceDdim, referenceEuler } from '../helpers/diffusion-reference/schedulers.js'
import { backendsHere, deviation, loadBundle } from '../helpers/goldens.js'

describe.each(Object.entries(cases))('%s', (name, c) => {
  let out = ''
  let answers: Answers
  beforeAll(async () => {
    out = mkdtempSync(join(tmpdir(), 'wgc-diffusion-'))
    const folder = join(out, 'model')
    answers = await writePipeline(folder, c, name.length)
    const only = ['wasm-simd128', 'webgpu-chromium-base']
    await build({ model: folder, targets: ['node'], only, bits: 'f32', out: join(out, 'b') })
  }, 300_000)
  afterAll(() => rmSync(out, { recursive: true, force: true }))

  test.each(backendsHere('wasm', 'wgpu'))(
    'every part on %s',
    async (backend) => {
      const model = await loadBundle(join(out, 'b'), backend)
      try {
        const ids = Array.from(
          { length: c.text_encoder.max_position_embeddings - 2 },
          (_, i) => (i * 7 + 3) % 31,
        )
        const words = answers.text(ids)
        const { last_hidden_state } = await model.run({ input_ids: ids })
        expect(last_hidden_state!.shape).toEqual([words.rows, words.columns])
        expect(deviation(last_hidden_state!.data, [...words.data])).toBeLessThan(1e-3)

        const latents = latentsOf(c, (i) => Math.sin(i * 1.7) + Math.cos(i * i))
        const { channels, height, width } = latents
        const given = { data: [...latents.data], shape: [1, channels, height, width] }
        // Between two whole times, as Euler's method takes them.
        for (const time of [981, 20.75]) {
          const noise = answers.unet(latents, time, words)
          const made = await model.run(
            {
              latents: given,
              timestep: [time],
              encoder_hidden_states: { data: [...words.data], shape: [1, words.rows, words.columns] },
            },
            { outputs: ['noise'] },
          )
          expect(made.noise!.shape).toEqual([1, noise.channels, height, width])
          expect(deviation(made.noise!.data, [...noise.data])).toBeLessThan(1e-3)
        }
        const image = answers.vae(latents)
        const { image: made } = await model.run({ latents: given }, { outputs: ['image'] })
        expect(made!.shape).toEqual([1, 3, image.height, image.width])
        expect(deviation(made!.data, [...image.data])).toBeLessThan(1e-3)
      } finally {
        model.destroy()
      }
    },
    300_000,
  )

  const ways = { ddim: referenceDdim, euler: referenceEuler }
  test.each(Object.entries(ways))(
    'an image for a text, by %s',
    async (kind, reference) => {
      const model = await loadBundle(join(out, 'b'), 'wasm')
      try {
        const most = c.text_encoder.max_position_embeddings
        const encode = (text: string) => [1, ...Array.from(text, (letter) => letter.charCodeAt(0) % 29), 2]
        const { info, flow, programs, preprocessor } = model
        const task = {
          ...{ info, flow, programs, preprocessor, tokenizer: { encode, decode: () => '' } },
          run: model.run,
          generateIds: model.generateIds,
        }
        const image = await diffuse(task, 'boat', {
          negative: 'sky',
          steps: 3,
          guidance: 3,
          seed: 5,
          scheduler: kind as 'ddim',
        })

        const states = ['sky', 'boat'].map((text) => {
          const ids = encode(text)
          return answers.text([...ids, ...Array<number>(most - ids.length).fill(2)])
        })
        const prediction = c.scheduler.prediction_type as 'epsilon'
        // Times of three steps by the spacing of each, with an offset of 1.
        const times = kind === 'ddim' ? [667, 334, 1] : [999, 499.5, 0]
        const schedule = reference({ steps: 3, prediction, times })
        const noise = seededNoise(5)(latentsOf(c, () => 0).data.length)
        let x = Array.from(noise, (v) => v * schedule.start)
        times.forEach((time, step) => {
          const seen = latentsOf(c, (i) => schedule.seen(x, step)[i]!)
          const [without, withText] = states.map((words) => answers.unet(seen, time, words).data)
          const led = Array.from(x, (_, i) => without![i]! + 3 * (withText![i]! - without![i]!))
          x = schedule.after(x, led, step)
        })
        const expected = answers.vae(latentsOf(c, (i) => x[i]!))
        expect([image.height, image.width]).toEqual([expected.height, expected.width])
        const count = expected.height * expected.width
        const shades = Array.from(expected.data, (v) => Math.min(Math.max((v + 1) * 127.5, 0), 255))
        const off = shades.map((v, i) => Math.abs(v - image.data[4 * (i % count) + Math.floor(i / count)]!))
        // Half a shade of rounding.
        expect(Math.max(...off)).toBeLessThan(0.6)
        expect(new Set(image.data).size).toBeGreaterThan(20)
      } finally {
        model.destroy()
      }
    },
    300_000,
  )
})
