/** Schedulers against the papers' equations, and images from texts with a model that is arithmetic alone. */
import { expect, test } from 'vitest'
import { diffuse, seededNoise } from '../../runtime/tasks/diffuse.js'
import { diffusionSchedule } from '../../runtime/tasks/diffusion-schedule.js'
import type { TaskModel } from '../../runtime/tasks/model.js'
import type { Tensor } from '../../runtime/tensor.js'
import {
  alphaBar,
  type ReferenceScheduler,
  referenceDdim,
  referenceEuler,
} from '../helpers/diffusion-reference/schedulers.js'

const published = {
  ...{ num_train_timesteps: 1000, beta_start: 0.00085, beta_end: 0.012, beta_schedule: 'scaled_linear' },
  ...{ clip_sample: false, set_alpha_to_one: false, steps_offset: 1 },
}

/** Times as diffusers' documentation and papers give them. */
const spacings: [name: string, config: object, steps: number, times: number[]][] = [
  ['DDIM', { _class_name: 'DDIMScheduler' }, 4, [751, 501, 251, 1]],
  ['DDIM, trailing', { _class_name: 'DDIMScheduler', timestep_spacing: 'trailing' }, 4, [999, 749, 499, 249]],
  ['DDIM, trailing, three', { timestep_spacing: 'trailing' }, 3, [999, 666, 332]],
  [
    'DDIM, linspace',
    { _class_name: 'DDIMScheduler', timestep_spacing: 'linspace' },
    5,
    [999, 749, 500, 250, 0],
  ],
  ['PNDM, taken as DDIM', { _class_name: 'PNDMScheduler' }, 2, [501, 1]],
  ['Euler', { _class_name: 'EulerDiscreteScheduler' }, 5, [999, 749.25, 499.5, 249.75, 0]],
  [
    'Euler, leading',
    { _class_name: 'EulerAncestralDiscreteScheduler', timestep_spacing: 'leading' },
    2,
    [501, 1],
  ],
]

test.each(spacings)('times of %s', (_name, config, steps, times) => {
  expect(diffusionSchedule({ ...published, ...config }, steps).times).toEqual(times)
})

const made = (x: ArrayLike<number>, time: number) =>
  Array.from(x, (v, i) => Math.tanh(0.7 * v + Math.sin(i + time / 100)))

const runs: [string, (o: Parameters<typeof referenceDdim>[0]) => ReferenceScheduler][] = [
  ['DDIMScheduler', referenceDdim],
  ['EulerDiscreteScheduler', referenceEuler],
]

test.each(
  runs.flatMap(([name, reference]) =>
    (['epsilon', 'v_prediction'] as const).flatMap((prediction) =>
      [2, 7, 30].map((steps) => ({ name, reference, prediction, steps })),
    ),
  ),
)('$name, $prediction, $steps steps, as the equations', ({ name, reference, prediction, steps }) => {
  const schedule = diffusionSchedule({ ...published, _class_name: name, prediction_type: prediction }, steps)
  const expected = reference({ steps, prediction, times: [...schedule.times] })
  expect(schedule.start).toBeCloseTo(expected.start, 9)
  const first = seededNoise(5)(32)
  let x: Float32Array = first.map((v) => v * schedule.start)
  let y = Array.from(first, (v) => v * expected.start)
  schedule.times.forEach((time, step) => {
    const nothing = () => new Float32Array(32)
    x = schedule.next(x, Float32Array.from(made(schedule.input(x, step), time)), step, nothing)
    y = expected.after(y, made(expected.seen(y, step), time), step)
  })
  y.forEach((v, i) => {
    expect(Math.abs(v - x[i]!)).toBeLessThan(1e-4)
  })
})

test('the first noise of Euler has the deviation that is known of Stable Diffusion', () => {
  const config = { ...published, _class_name: 'EulerDiscreteScheduler' }
  expect(diffusionSchedule(config, 20).start).toBeCloseTo(14.6146, 4)
  const leading = diffusionSchedule({ ...config, timestep_spacing: 'leading', steps_offset: 0 }, 1000)
  expect(leading.start).toBeCloseTo(Math.sqrt(14.6146 ** 2 + 1), 4)
})

/** One that knows the image finds it, however it goes there: what latents are made of is all that counts. */
test.each([
  ['ddim', 0],
  ['ddim', 0.6],
  ['euler', 0],
  ['euler_ancestral', 0],
] as const)('%s with eta %f finds an image that the model knows', (kind, eta) => {
  const config = { ...published, set_alpha_to_one: true, steps_offset: 0, timestep_spacing: 'leading' }
  const schedule = diffusionSchedule(config, 10, { kind, eta })
  const image = Array.from({ length: 16 }, (_, i) => Math.sin(i))
  const noise = seededNoise(1)
  let x: Float32Array = noise(16).map((v) => v * schedule.start)
  schedule.times.forEach((time, step) => {
    const [a, b] = [Math.sqrt(alphaBar(time)), Math.sqrt(1 - alphaBar(time))]
    const eps = schedule.input(x, step).map((v, i) => (v - a * image[i]!) / b)
    x = schedule.next(x, eps, step, () => noise(16))
  })
  image.forEach((v, i) => {
    expect(x[i]).toBeCloseTo(v, 4)
  })
})

test('noise without an end has no infinite deviation', () => {
  const config = { ...published, rescale_betas_zero_snr: true, timestep_spacing: 'trailing' }
  expect(diffusionSchedule(config, 4, { kind: 'euler' }).start).toBeCloseTo(Math.sqrt(2 ** 24 - 1), 3)
})

test.each([
  [{ beta_schedule: 'sigmoid' }, 4, /beta_schedule is sigmoid/],
  [{ num_train_timesteps: 1e9 }, 4, /num_train_timesteps is 1000000000/],
  [{ num_train_timesteps: 1.5 }, 1, /no whole number/],
  [{ prediction_type: 'flow' }, 4, /prediction_type is flow/],
  [{ use_karras_sigmas: true }, 4, /use_karras_sigmas/],
  [{ trained_betas: [1, 2] }, 4, /trained_betas/],
  [{}, 0, /steps are 0/],
  [{}, 1001, /steps are 1001/],
])('refuses %o with %i steps', (config, steps, message) => {
  expect(() => diffusionSchedule(config, steps)).toThrow(message)
})

test('noise is normal, and the same for the same seed', () => {
  const x = seededNoise(7)(100_001)
  const mean = x.reduce((a, b) => a + b, 0) / x.length
  const variance = x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length
  expect(mean).toBeCloseTo(0, 1)
  expect(variance).toBeCloseTo(1, 1)
  expect(x.every(Number.isFinite)).toBe(true)
  expect(seededNoise(7)(3)).toEqual(seededNoise(7)(3))
  expect(seededNoise(7)(3)).not.toEqual(seededNoise(8)(3))
})

/** Latents 1 x 2 x 2. The text's states are its ids; noise is a share of the latents and of the first id. */
function arithmetic(log: { ids?: number[][]; times: number[][] }): TaskModel {
  const encode = (text: string) => [9, ...Array.from(text, (c) => c.charCodeAt(0) % 7), 8]
  return {
    info: { eos: [], context: 6 },
    tokenizer: { encode, decode: () => '' },
    preprocessor: {
      scheduler: { ...published, _class_name: 'DDIMScheduler' },
      max_length: 6,
      pad_token_id: 5,
    },
    programs: ['text', 'unet', 'vae'],
    flow: {
      inputs: [{ name: 'latents', shape: ['batch', 1, 2, 2] }],
      outputs: ['last_hidden_state', 'noise', 'image'],
    },
    async run(given): Promise<Record<string, Tensor>> {
      const { input_ids, latents, timestep, encoder_hidden_states } = given
      if (input_ids) {
        log.ids = [0, 1]
          .slice(0, input_ids.shape[0])
          .map((i) => Array.from(input_ids.data.subarray(6 * i, 6 * i + 6)))
        return {
          last_hidden_state: {
            dtype: 'f32',
            shape: [...input_ids.shape, 1],
            data: Float32Array.from(input_ids.data),
          },
        }
      }
      if (!timestep)
        return { image: { dtype: 'f32', shape: [1, 3, 1, 2], data: Float32Array.of(-1, 1, 0, 5, -5, 0.5) } }
      log.times.push([...timestep.data])
      const words = encoder_hidden_states!
      const noise = latents!.data.map((v, i) => v * 0.1 + words.data[6 * Math.floor(i / 4) + 1]!)
      return { noise: { dtype: 'f32', shape: latents!.shape, data: noise as Float32Array } }
    },
    // biome-ignore lint/correctness/useYield: it makes no text
    async *generateIds() {
      throw new TypeError('no text')
    },
  }
}

test('an image for a text, guided away from another', async () => {
  const log: Parameters<typeof arithmetic>[0] = { times: [] }
  const steps: number[] = []
  const onProgress = ({ step }: { step: number }) => steps.push(step)
  const image = await diffuse(arithmetic(log), 'abcdefg', { steps: 2, seed: 3, negative: 'z', onProgress })
  expect(log.ids).toEqual([
    [9, 3, 8, 5, 5, 5],
    [9, 6, 0, 1, 2, 8],
  ])
  expect(log.times).toEqual([
    [501, 501],
    [1, 1],
  ])
  expect(steps).toEqual([1, 2])
  expect(image).toEqual({
    width: 2,
    height: 1,
    seed: 3,
    data: Uint8ClampedArray.of(0, 128, 0, 255, 255, 255, 191, 255),
  })
})

test('without guidance the model is run once a step', async () => {
  const log: Parameters<typeof arithmetic>[0] = { times: [] }
  await diffuse(arithmetic(log), '', { steps: 2, guidance: 1 })
  expect(log.ids).toEqual([[9, 8, 5, 5, 5, 5]])
  expect(log.times).toEqual([[501], [1]])
})

test('stops when it is told to', async () => {
  const log: Parameters<typeof arithmetic>[0] = { times: [] }
  const control = new AbortController()
  const onProgress = () => control.abort(new Error('enough'))
  const { signal } = control
  await expect(diffuse(arithmetic(log), 'a', { steps: 5, onProgress, signal })).rejects.toThrow('enough')
  expect(log.times).toHaveLength(1)
})

test('says what it can not do', async () => {
  const model = arithmetic({ times: [] })
  await expect(diffuse({ ...model, tokenizer: undefined }, 'a')).rejects.toThrow(/tokenizer/)
  await expect(diffuse({ ...model, flow: undefined }, 'a')).rejects.toThrow(/no images/)
  await expect(diffuse(model, 'a', { noise: new Float32Array(3) })).rejects.toThrow(/3 numbers, not 4/)
})
