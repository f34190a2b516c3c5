/**
 * Rotary position embedding (Su et al. 2021, RoFormer): the frequencies of every scaling that a config may
 * name, and the table of angles that the kernels read. Tables are made here in float64, so kernels need no
 * sin and cos, whose error WGSL leaves at 2^-11.
 */

import { fail } from '../errors.js'
import type { ConfigReader } from '../import/config.js'

/** Positions that share a coarse row of the table. */
const FINE_ROWS = 64

/** Angle per position of each pair: theta^(-2i / headSize), after the config's scaling. */
export function ropeFrequencies(config: ConfigReader, headSize: number): Float64Array {
  // transformers 5 writes rope_parameters; before that rope_theta stood alone and rope_scaling beside it.
  const scaling = config.section('rope_parameters') ?? config.section('rope_scaling')
  const theta =
    scaling?.optionalNumber('rope_theta') ?? config.number('rope_theta', { default: 10000, min: 1 })
  const base = Float64Array.from({ length: headSize / 2 }, (_, i) => theta ** ((-2 * i) / headSize))
  const type = scaling?.optionalString('rope_type') ?? scaling?.optionalString('type') ?? 'default'
  const rule = scalings[type]
  if (!rule) return fail('WGC421', [type, Object.keys(scalings)])
  return scaling ? base.map((f) => rule(f, scaling)) : base
}

const scalings: Record<string, (f: number, c: ConfigReader) => number> = {
  default: (f) => f,
  linear: (f, c) => f / c.number('factor', { min: 1 }),
  // Llama 3.1: long wavelengths are stretched, short ones kept, the ones between blended.
  llama3: (f, c) => {
    const factor = c.number('factor', { min: 1 })
    const low = c.number('low_freq_factor', { min: 0 })
    const high = c.number('high_freq_factor', { min: 0 })
    const turns = (c.number('original_max_position_embeddings', { min: 1 }) * f) / (2 * Math.PI)
    if (turns > high) return f
    if (turns < low) return f / factor
    const blend = (turns - low) / (high - low)
    return ((1 - blend) * f) / factor + blend * f
  },
}

/**
 * cos and sin for positions below `context`: `ceil(context / 64)` coarse rows at 64·row, then 64 fine rows. The
 * angle of a position is the sum of one of each: a complex product in the kernel, and a table of
 * context / 64 + 64 rows instead of context. [rows, frequencies, 2].
 */
export function ropeTable(
  frequencies: Float64Array,
  context: number,
): { shape: number[]; data: Float32Array } {
  const coarse = Math.ceil(context / FINE_ROWS)
  const rows = coarse + FINE_ROWS
  const data = new Float32Array(rows * frequencies.length * 2)
  for (let row = 0; row < rows; row++) {
    const position = row < coarse ? row * FINE_ROWS : row - coarse
    frequencies.forEach((f, i) => {
      const at = (row * frequencies.length + i) * 2
      data[at] = Math.cos(position * f)
      data[at + 1] = Math.sin(position * f)
    })
  }
  return { shape: [rows, frequencies.length, 2], data }
}
