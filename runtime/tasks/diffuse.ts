/** Images from texts: a Stable Diffusion model's parts, and the steps between them. */
import type { Tensor } from '../tensor.js'
import { diffusionSchedule, type ScheduleOptions } from './diffusion-schedule.js'
import { floats, type TaskModel, tokenizerOf } from './model.js'

export interface DiffuseOptions {
  /** What the image should not show. Default: nothing. */
  negative?: string
  /** Times that the model is run, twice each with guidance. Default 25. */
  steps?: number
  /** How much further than the model goes by itself the text leads; 1: no further, at half the time. Default 7.5. */
  guidance?: number
  /** Of the noise; the same seed makes the same image. Default: another each time. PyTorch's noise is another. */
  seed?: number
  /** Default: the model's own, or DDIM where that isn't known. */
  scheduler?: ScheduleOptions['kind']
  /** DDIM: share of fresh noise in a step. Default 0. */
  eta?: number
  /** The first noise, of deviation 1: [channels, height, width] of the latents. Default: by the seed. */
  noise?: Float32Array
  /** After each step, of `steps`. */
  onProgress?: (progress: { step: number; steps: number }) => void
  signal?: AbortSignal
}

/** As ImageData has it: red, green, blue and opacity of each pixel. */
export interface DiffusedImage {
  data: Uint8ClampedArray<ArrayBuffer>
  width: number
  height: number
  seed: number
}

/** Normally distributed numbers of deviation 1, the same for the same seed (PCG hash; Box and Muller 1958). */
export function seededNoise(seed: number): (count: number) => Float32Array {
  let state = seed >>> 0
  const uniform = () => {
    state = (Math.imul(state, 747796405) + 2891336453) >>> 0
    const word = Math.imul((state >>> ((state >>> 28) + 4)) ^ state, 277803737) >>> 0
    return (((word >>> 22) ^ word) >>> 0) / 2 ** 32
  }
  return (count) => {
    const out = new Float32Array(count)
    for (let i = 0; i < count; i += 2) {
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()))
      const angle = 2 * Math.PI * uniform()
      out[i] = radius * Math.cos(angle)
      if (i + 1 < count) out[i + 1] = radius * Math.sin(angle)
    }
    return out
  }
}

interface Prepared {
  scheduler?: unknown
  max_length?: unknown
  pad_token_id?: unknown
}

/** Ids of a text, cut or filled up to the length that the model was trained with. */
function idsOf(model: TaskModel, text: string, { max_length, pad_token_id }: Prepared): number[] {
  const most = model.info.context
  const length = Number.isInteger(max_length) ? Math.min(most, max_length as number) : most
  const ids = tokenizerOf(model).encode(text, { addSpecial: true })
  // The last is the end.
  const cut = ids.length > length ? [...ids.slice(0, length - 1), ids.at(-1)!] : ids
  const filler = Number.isInteger(pad_token_id) ? (pad_token_id as number) : (cut.at(-1) ?? 0)
  return [...cut, ...Array<number>(length - cut.length).fill(filler)]
}

/** Channels, height and width of the model's latents. Throws TypeError for a model of another kind. */
function latentsOf(model: TaskModel): number[] {
  const shape = model.flow?.inputs.find((p) => p.name === 'latents')?.shape.slice(1) ?? []
  if (shape.length !== 3 || !shape.every((n) => Number.isInteger(n)))
    throw new TypeError('the model makes no images from texts')
  return shape as number[]
}

/** An image [3, height, width] of -1 to 1 as pixels. */
function pixelsOf({ shape, data }: Tensor): Omit<DiffusedImage, 'seed'> {
  const [height, width] = shape.slice(-2) as [number, number]
  const count = height * width
  const out = new Uint8ClampedArray(4 * count).fill(255)
  for (let c = 0; c < 3; c++)
    for (let i = 0; i < count; i++) out[4 * i + c] = (data[c * count + i]! + 1) * 127.5
  return { data: out, width, height }
}

const batch = (parts: readonly Float32Array[], shape: number[]): Tensor => {
  const data = new Float32Array(parts.length * parts[0]!.length)
  for (const [i, part] of parts.entries()) data.set(part, i * part.length)
  return { dtype: 'f32', shape: [parts.length, ...shape], data }
}

/**
 * An image for a text, of the size that the model was built for. Each step reads back the noise that the model found
 * in the latents (as many numbers as latents, twice with guidance) and hands it new latents and the text's states: of
 * 512 x 512 pixels 128 KiB down, and with CLIP's states 0.6 MB up. All else stays on the device.
 *
 * Throws TypeError without a tokenizer or for a model of another kind, RangeError for options or a scheduler that are
 * out of range; the signal's reason.
 */
export async function diffuse(
  model: TaskModel,
  prompt: string,
  options: DiffuseOptions = {},
): Promise<DiffusedImage> {
  const { negative = '', steps = 25, guidance = 7.5, scheduler, eta, onProgress, signal } = options
  const { seed = Math.floor(Math.random() * 2 ** 32) } = options
  signal?.throwIfAborted()
  if (!Number.isFinite(guidance)) throw new RangeError(`guidance is ${guidance}`)
  const shape = latentsOf(model)
  const count = shape.reduce((a, b) => a * b, 1)
  const prepared = (model.preprocessor ?? {}) as Prepared
  const schedule = diffusionSchedule(prepared.scheduler, steps, { kind: scheduler, eta })
  const noise = seededNoise(seed)
  const first = options.noise ?? noise(count)
  if (first.length !== count) throw new RangeError(`noise has ${first.length} numbers, not ${count}`)

  const guided = guidance !== 1
  const texts = (guided ? [negative, prompt] : [prompt]).map((text) => idsOf(model, text, prepared))
  const ids: Tensor = {
    ...{ dtype: 'u32', shape: [texts.length, texts[0]!.length] },
    data: Uint32Array.from(texts.flat()),
  }
  const { last_hidden_state } = await model.run(
    { input_ids: ids },
    { outputs: ['last_hidden_state'], signal },
  )

  let latents: Float32Array = first.map((x) => x * schedule.start)
  for (const [step, time] of schedule.times.entries()) {
    signal?.throwIfAborted()
    const seen = schedule.input(latents, step)
    const given = {
      latents: batch(guided ? [seen, seen] : [seen], shape),
      timestep: batch(
        texts.map(() => Float32Array.of(time)),
        [],
      ),
      encoder_hidden_states: last_hidden_state!,
    }
    const made = floats((await model.run(given, { outputs: ['noise'], signal })).noise!)
    const led = guided
      ? Float32Array.from({ length: count }, (_, i) => made[i]! + guidance * (made[count + i]! - made[i]!))
      : made
    latents = schedule.next(latents, led, step, () => noise(count))
    onProgress?.({ step: step + 1, steps })
  }
  const { image } = await model.run({ latents: batch([latents], shape) }, { outputs: ['image'], signal })
  return { ...pixelsOf(image!), seed }
}
