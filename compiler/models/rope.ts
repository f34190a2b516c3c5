/**
 * Rotary position embedding (Su et al. 2021, RoFormer): the frequencies of every scaling that a config may
 * name, and the table of angles that the kernels read. Tables are made here in float64, so kernels need no
 * sin and cos, whose error WGSL leaves at 2^-11.
 */

import { fail } from '../errors.js'
import type { ConfigReader } from '../import/config.js'

/** Positions that share a coarse row of the table. */
const FINE_ROWS = 64

export interface Rotation {
  /** Angle per position of each pair. */
  frequencies: Float64Array
  /** What cos and sin are multiplied by: attention's temperature, which grows with the context. */
  factor: number
}

export interface RopeOptions {
  /** Positions that will be used; scalings that depend on the length are made for this one. Default: the config's. */
  context?: number
  /** Name of the parameters' section, where layers of several kinds have their own (`sliding_attention`). */
  layers?: string
  /** Base of the frequencies where the config names none. Default 10000. */
  theta?: number
}

/** What a scaling goes by. */
interface Setting {
  /** The section of the config that names the scaling. */
  scaling: ConfigReader
  /** Elements of a head that turn, and the base of their frequencies. */
  size: number
  theta: number
  /** Longest context of the config, of training before the scaling, and of this bundle. */
  longest: number
  original: number
  context: number
}

/** theta^(-2i / size): the frequencies of no scaling. */
const plain = (theta: number, size: number): Float64Array =>
  Float64Array.from({ length: size / 2 }, (_, i) => theta ** ((-2 * i) / size))

/** The rotation of no scaling. */
export const plainRotation = (theta: number, size: number): Rotation => ({
  frequencies: plain(theta, size),
  factor: 1,
})

/**
 * Frequencies and factor of a config, as Hugging Face transformers write it: `rope_parameters` (transformers 5),
 * or `rope_theta` and `rope_scaling` with `rope_type` (or `type`).
 * @param size elements of a head that turn: its size times `partial_rotary_factor`
 */
export function ropeRotation(config: ConfigReader, size: number, options: RopeOptions = {}): Rotation {
  const parameters = config.section('rope_parameters')
  const nested = options.layers === undefined ? undefined : parameters?.section(options.layers)
  const scaling = nested ?? parameters ?? config.section('rope_scaling')
  const theta =
    scaling?.optionalNumber('rope_theta') ??
    config.number('rope_theta', { default: options.theta ?? 10000, min: 1 })
  const type = scaling?.optionalString('rope_type') ?? scaling?.optionalString('type') ?? 'default'
  const rule = scalings[type]
  if (!rule) return fail('WGC421', [type, Object.keys(scalings)])
  if (!scaling) return plainRotation(theta, size)
  const longest = config.int('max_position_embeddings', { min: 1, default: options.context ?? 2048 })
  const original =
    scaling.optionalInt('original_max_position_embeddings', { min: 1 }) ??
    config.optionalInt('original_max_position_embeddings', { min: 1 }) ??
    longest
  return rule({ scaling, size, theta, longest, original, context: options.context ?? longest })
}

/** The frequencies alone, of a scaling that has no factor. */
export const ropeFrequencies = (config: ConfigReader, size: number): Float64Array =>
  ropeRotation(config, size).frequencies

const scalings: Record<string, (s: Setting) => Rotation> = {
  default: unscaled,
  // Qwen2-VL names its three axes here; their frequencies are not scaled.
  mrope: unscaled,
  linear: (s) => {
    const factor = factorOf(s)
    return { frequencies: plain(s.theta, s.size).map((f) => f / factor), factor: 1 }
  },
  // A larger base, such that the longest wave is stretched by as much as the context is longer (bloc97 2023).
  dynamic: (s) => {
    const factor = factorOf(s)
    const stretch = (factor * Math.max(s.context, s.longest)) / s.longest - (factor - 1)
    return { frequencies: plain(s.theta * stretch ** (s.size / (s.size - 2)), s.size), factor: 1 }
  },
  yarn,
  longrope,
  // Its name in the first Phi-3 configs.
  su: longrope,
  // Llama 3.1: long wavelengths are stretched, short ones kept, the ones between blended.
  llama3: (s) => {
    const c = s.scaling
    const factor = factorOf(s)
    const low = c.number('low_freq_factor', { min: 0 })
    const high = c.number('high_freq_factor', { min: 0 })
    const original = c.number('original_max_position_embeddings', { min: 1 })
    const frequencies = plain(s.theta, s.size).map((f) => {
      const turns = (original * f) / (2 * Math.PI)
      if (turns > high) return f
      if (turns < low) return f / factor
      const blend = (turns - low) / (high - low)
      return ((1 - blend) * f) / factor + blend * f
    })
    return { frequencies, factor: 1 }
  },
}

function unscaled({ theta, size }: Setting): Rotation {
  return plainRotation(theta, size)
}

const factorOf = ({ scaling }: Setting) => scaling.number('factor', { min: 1 })

/**
 * YaRN (Peng et al. 2023): pairs that turn more than `beta_fast` times within the original context are kept, those
 * that turn less than `beta_slow` times are stretched, the ones between blended by their index.
 */
function yarn(s: Setting): Rotation {
  const c = s.scaling
  const stretch = factorOf(s)
  const fast = c.optionalNumber('beta_fast', { min: 0 }) || 32
  const slow = c.optionalNumber('beta_slow', { min: 0 }) || 1
  // Index of the pair that turns so many times.
  const pair = (turns: number) =>
    (s.size * Math.log(s.original / (turns * 2 * Math.PI))) / (2 * Math.log(s.theta))
  const whole = c.optionalBool('truncate') ?? true
  const low = Math.max(whole ? Math.floor(pair(fast)) : pair(fast), 0)
  const high = Math.min(whole ? Math.ceil(pair(slow)) : pair(slow), s.size - 1)
  const width = high === low ? 0.001 : high - low
  const frequencies = plain(s.theta, s.size).map((f, i) => {
    const share = Math.min(Math.max((i - low) / width, 0), 1)
    return (share * f) / stretch + (1 - share) * f
  })
  return { frequencies, factor: c.optionalNumber('attention_factor', { min: 0 }) ?? yarnFactor(c, stretch) }
}

/** 0.1 ln(stretch) + 1; DeepSeek weighs the logarithm, and divides by what it puts into attention's scale. */
function yarnFactor(c: ConfigReader, stretch: number): number {
  const temperature = (weight: number) => (stretch <= 1 ? 1 : 0.1 * weight * Math.log(stretch) + 1)
  const [scale, all] = [c.optionalNumber('mscale') ?? 0, c.optionalNumber('mscale_all_dim') ?? 0]
  return scale && all ? temperature(scale) / temperature(all) : temperature(1)
}

/** LongRoPE (Ding et al. 2024): every pair has a divisor of its own, one for short contexts, one for long ones. */
function longrope(s: Setting): Rotation {
  const c = s.scaling
  const field = s.context > s.original ? 'long_factor' : 'short_factor'
  const divisors = c.numbers(field, { min: Number.MIN_VALUE })
  if (divisors.length !== s.size / 2)
    fail('WGC422', [`${field} has ${divisors.length} numbers for ${s.size / 2} pairs of rotary dimensions`])
  // Phi-3 has both lengths in the config; elsewhere the section says by how much the context grew.
  const growth = s.longest > s.original ? s.longest / s.original : (c.optionalNumber('factor') ?? 1)
  const usual = growth <= 1 ? 1 : Math.sqrt(1 + Math.log(growth) / Math.log(s.original))
  return {
    frequencies: plain(s.theta, s.size).map((f, i) => f / (divisors[i] ?? 1)),
    factor: c.optionalNumber('attention_factor', { min: 0 }) ?? usual,
  }
}

/**
 * cos and sin for positions below `context`: 64 fine rows, then `ceil(context / 64)` coarse ones at 64·row. The
 * angle of a position is the sum of one of each: a complex product in the kernel, and a table of
 * context / 64 + 64 rows instead of context. Coarse rows hold the factor. A shorter context's
 * table is the beginning of a longer one's. [rows, frequencies, 2].
 */
export function ropeTable(
  frequencies: Float64Array,
  context: number,
  factor = 1,
): { shape: number[]; data: Float32Array } {
  const rows = FINE_ROWS + Math.ceil(context / FINE_ROWS)
  const data = new Float32Array(rows * frequencies.length * 2)
  for (let row = 0; row < rows; row++) {
    const fine = row < FINE_ROWS
    const position = fine ? row : (row - FINE_ROWS) * FINE_ROWS
    const size = fine ? 1 : factor
    frequencies.forEach((f, i) => {
      const at = (row * frequencies.length + i) * 2
      data[at] = size * Math.cos(position * f)
      data[at + 1] = size * Math.sin(position * f)
    })
  }
  return { shape: [rows, frequencies.length, 2], data }
}
