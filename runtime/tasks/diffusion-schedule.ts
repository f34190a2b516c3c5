/**
 * Schedulers of diffusion models, from a scheduler_config.json as diffusers writes it: at which times the model looks
 * at latents, what of them it sees, and the step from one time to the next. DDIM (Song et al. 2020, equation 12) and
 * Euler's method, plain and with fresh noise (Karras et al. 2022, algorithm 2).
 */

export type SchedulerKind = 'ddim' | 'euler' | 'euler_ancestral'

export interface Schedule {
  readonly kind: SchedulerKind
  /** Times that the model is asked at, the noisiest first. */
  readonly times: readonly number[]
  /** Standard deviation of the first latents. */
  readonly start: number
  /** What the model sees of the latents at a step. */
  input(latents: Float32Array, step: number): Float32Array
  /** The latents after a step, from those before it and what the model made of them. `fresh`: noise of deviation 1. */
  next(latents: Float32Array, made: Float32Array, step: number, fresh: () => Float32Array): Float32Array
}

export interface ScheduleOptions {
  /** Default: by `_class_name`; DDIM for a scheduler that is none of the three. */
  kind?: SchedulerKind | undefined
  /** DDIM: share of fresh noise in a step, 0 to 1. Default 0. */
  eta?: number | undefined
}

const KINDS: Readonly<Record<string, SchedulerKind>> = {
  DDIMScheduler: 'ddim',
  EulerDiscreteScheduler: 'euler',
  EulerAncestralDiscreteScheduler: 'euler_ancestral',
}

/** Train timesteps that a file may ask for: tables are as long. */
const MOST_TIMES = 100_000

type Fields = Readonly<Record<string, unknown>>

function one<T extends string>(fields: Fields, name: string, values: readonly T[], usual: T): T {
  const value = fields[name] ?? usual
  if (!values.includes(value as T))
    throw new RangeError(`the scheduler's ${name} is ${String(value)}; known are ${values.join(', ')}`)
  return value as T
}

function number(fields: Fields, name: string, usual: number, [least, most]: [number, number]): number {
  const value = fields[name] ?? usual
  if (typeof value !== 'number' || !(value >= least && value <= most))
    throw new RangeError(`the scheduler's ${name} is ${String(value)}; it should be from ${least} to ${most}`)
  return value
}

/** What schedulers may ask for that this one doesn't do. */
const UNKNOWN = ['use_karras_sigmas', 'use_exponential_sigmas', 'use_beta_sigmas', 'thresholding']

/** As NumPy rounds: halves to the even neighbour. */
const round = (x: number) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x))

/** Noise that is added at each time of the training. */
function betasOf(fields: Fields, count: number): number[] {
  if (Array.isArray(fields.trained_betas)) {
    const betas = fields.trained_betas.map(Number)
    if (betas.length === count && betas.every((b) => b > 0 && b < 1)) return betas
    throw new RangeError(`the scheduler's trained_betas are not ${count} numbers between 0 and 1`)
  }
  const kind = one(fields, 'beta_schedule', ['linear', 'scaled_linear', 'squaredcos_cap_v2'], 'linear')
  const [from, to] = [number(fields, 'beta_start', 1e-4, [0, 1]), number(fields, 'beta_end', 0.02, [0, 1])]
  const between = (a: number, b: number, i: number) => a + (b - a) * (count === 1 ? 0 : i / (count - 1))
  const kept = (t: number) => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2
  const at: Record<typeof kind, (i: number) => number> = {
    linear: (i) => between(from, to, i),
    scaled_linear: (i) => between(Math.sqrt(from), Math.sqrt(to), i) ** 2,
    squaredcos_cap_v2: (i) => Math.min(1 - kept((i + 1) / count) / kept(i / count), 0.999),
  }
  return Array.from({ length: count }, (_, i) => at[kind](i))
}

/** The share of an image in its square that is left at each time of the training. */
function leftOf(fields: Fields, count: number): number[] {
  let product = 1
  const left = betasOf(fields, count).map((beta) => {
    product *= 1 - beta
    return product
  })
  if (fields.rescale_betas_zero_snr !== true) return left
  // Nothing at all is left at the last time (Lin et al. 2023, algorithm 1).
  const [first, last] = [Math.sqrt(left[0]!), Math.sqrt(left.at(-1)!)]
  return left.map((a) => (((Math.sqrt(a) - last) * first) / (first - last)) ** 2)
}

type Spacing = 'leading' | 'trailing' | 'linspace'

/** Times of the steps among `count`, which Euler's method needs not be whole. */
function timesOf(fields: Fields, count: number, steps: number, usual: Spacing, whole: boolean): number[] {
  const spacing = one(fields, 'timestep_spacing', ['leading', 'trailing', 'linspace'], usual)
  const offset = number(fields, 'steps_offset', 0, [0, count - 1])
  const ratio = Math.floor(count / steps)
  const at: Record<Spacing, (i: number) => number> = {
    leading: (i) => (steps - 1 - i) * ratio + offset,
    trailing: (i) => round(count - (i * count) / steps) - 1,
    linspace: (i) => {
      const time = steps === 1 ? 0 : ((count - 1) * (steps - 1 - i)) / (steps - 1)
      return whole ? round(time) : time
    },
  }
  return Array.from({ length: steps }, (_, i) => Math.min(Math.max(at[spacing](i), 0), count - 1))
}

type Prediction = 'epsilon' | 'v_prediction' | 'sample'

/** Noise and image that latents are made of, `a` of the image and `b` of noise: a² + b² = 1. */
const parts: Record<
  Prediction,
  (x: number, made: number, a: number, b: number) => [x0: number, noise: number]
> = {
  epsilon: (x, made, a, b) => [(x - b * made) / a, made],
  v_prediction: (x, made, a, b) => [a * x - b * made, a * made + b * x],
  sample: (x, made, a, b) => [made, (x - a * made) / b],
}

function ddim(fields: Fields, count: number, steps: number, left: number[], eta: number): Schedule {
  const times = timesOf(fields, count, steps, 'leading', true)
  const predicts = one<Prediction>(
    fields,
    'prediction_type',
    ['epsilon', 'v_prediction', 'sample'],
    'epsilon',
  )
  // Of DDIM's own files; others that leave it out don't clip.
  const clips = fields.clip_sample ?? fields._class_name === 'DDIMScheduler'
  const range = number(fields, 'clip_sample_range', 1, [0, Number.MAX_VALUE])
  const end = fields.set_alpha_to_one === false ? left[0]! : 1
  const hop = Math.floor(count / steps)
  return {
    kind: 'ddim',
    times,
    start: 1,
    input: (latents) => latents,
    next(latents, made, step, fresh) {
      const time = times[step]!
      const now = left[time]!
      const then = time - hop >= 0 ? left[time - hop]! : end
      const deviation = eta * Math.sqrt(Math.max(0, ((1 - then) / (1 - now)) * (1 - now / then)))
      const [a, b] = [Math.sqrt(now), Math.sqrt(1 - now)]
      const [toImage, toNoise] = [Math.sqrt(then), Math.sqrt(Math.max(0, 1 - then - deviation ** 2))]
      const more = deviation > 0 ? fresh() : undefined
      return latents.map((x, i) => {
        const [image, noise] = parts[predicts](x, made[i]!, a, b)
        const kept = clips ? Math.min(Math.max(image, -range), range) : image
        return toImage * kept + toNoise * noise + (more ? deviation * more[i]! : 0)
      })
    },
  }
}

function euler(fields: Fields, count: number, steps: number, left: number[], ancestral: boolean): Schedule {
  const times = timesOf(fields, count, steps, 'linspace', false)
  const predicts = one(fields, 'prediction_type', ['epsilon', 'v_prediction'] as const, 'epsilon')
  one(fields, 'interpolation_type', ['linear'], 'linear')
  one(fields, 'timestep_type', ['discrete'], 'discrete')
  // Where nothing is left, the deviation would be infinite.
  const deviations = left.map((a) => Math.sqrt((1 - a) / Math.max(a, 2 ** -24)))
  const deviation = (time: number) => {
    const low = Math.floor(time)
    const high = Math.min(low + 1, count - 1)
    return deviations[low]! + (time - low) * (deviations[high]! - deviations[low]!)
  }
  const last = one(fields, 'final_sigmas_type', ['zero', 'sigma_min'], 'zero') === 'zero' ? 0 : deviations[0]!
  const sigmas = [...times.map(deviation), last]
  const most = Math.max(...sigmas)
  return {
    kind: ancestral ? 'euler_ancestral' : 'euler',
    times,
    start: (fields.timestep_spacing ?? 'linspace') === 'leading' ? Math.sqrt(most ** 2 + 1) : most,
    input(latents, step) {
      const scale = 1 / Math.sqrt(sigmas[step]! ** 2 + 1)
      return latents.map((x) => x * scale)
    },
    next(latents, made, step, fresh) {
      const [from, to] = [sigmas[step]!, sigmas[step + 1]!]
      const up = ancestral ? Math.sqrt((to ** 2 * (from ** 2 - to ** 2)) / from ** 2) : 0
      const down = Math.sqrt(Math.max(0, to ** 2 - up ** 2))
      const a = 1 / Math.sqrt(from ** 2 + 1)
      const more = up > 0 ? fresh() : undefined
      return latents.map((x, i) => {
        // The latents that the model saw are x a.
        const [, noise] = parts[predicts](x * a, made[i]!, a, from * a)
        return x + noise * (down - from) + (more ? up * more[i]! : 0)
      })
    },
  }
}

/**
 * The schedule of a scheduler_config.json for a number of steps.
 * Throws RangeError for what it doesn't know or that is out of range.
 */
export function diffusionSchedule(config: unknown, steps: number, options: ScheduleOptions = {}): Schedule {
  const fields = (typeof config === 'object' && config !== null ? config : {}) as Fields
  const count = number(fields, 'num_train_timesteps', 1000, [1, MOST_TIMES])
  if (!Number.isInteger(count)) throw new RangeError("the scheduler's num_train_timesteps is no whole number")
  if (!Number.isInteger(steps) || steps < 1 || steps > count)
    throw new RangeError(`steps are ${steps}; they should be from 1 to ${count}`)
  const other = UNKNOWN.find((name) => fields[name] === true)
  if (other) throw new RangeError(`the scheduler's ${other} is not known`)
  const { eta = 0 } = options
  if (!(eta >= 0 && eta <= 1)) throw new RangeError(`eta is ${eta}; it should be from 0 to 1`)
  const name = String(fields._class_name)
  const kind = options.kind ?? (Object.hasOwn(KINDS, name) ? KINDS[name]! : 'ddim')
  const left = leftOf(fields, count)
  if (kind === 'ddim') return ddim(fields, count, steps, left, eta)
  return euler(fields, count, steps, left, kind === 'euler_ancestral')
}
