/**
 * Swin (Liu et al. 2021): attention within windows of a grid, which every second layer shifts, and patches merged two
 * by two between stages. Tensors are rows of the grid, [height * width, channels].
 */
import { fail } from '../../errors.js'
import type { Derived } from '../../import/derived.js'
import { activate } from './activation.js'
import { seenAs } from './conv.js'
import { add, linear } from './linear.js'
import type { Making } from './making.js'
import { layerNorm } from './norm.js'

export interface Swin {
  depths: number[]
  heads: number[]
  /** Channels of the first stage, and what the inner product of a layer is times as wide. */
  width: number
  ratio: number
  window: number
  eps: number
  activation: string
  qkvBias: boolean
}

interface Stage {
  d: Swin
  channels: number
  heads: number
  /** Rows and columns of the grid: of any of a step, the same. */
  size: number
}

/** For each token of each window of a grid rolled by `shift`: its row there. */
function windowRows(size: number, window: number, shift: number): number[] {
  const across = size / window
  return Array.from({ length: size * size }, (_, i) => {
    const [w, t] = [Math.floor(i / window ** 2), i % window ** 2]
    const y = (Math.floor(w / across) * window + Math.floor(t / window) + shift) % size
    const x = ((w % across) * window + (t % window) + shift) % size
    return y * size + x
  })
}

/** Which tokens of a window that a shift put together are neighbours in the grid: 0, others -100, [windows, t, t]. */
function shiftMask(size: number, window: number, shift: number): Float32Array {
  const region = (i: number) => Number(i >= size - window) + Number(i >= size - shift)
  const regions = windowRows(size, window, 0).map((row) => {
    return region(Math.floor(row / size)) * 3 + region(row % size)
  })
  const tokens = window ** 2
  return Float32Array.from({ length: size * size * tokens }, (_, i) => {
    const row = Math.floor(i / tokens)
    const key = Math.floor(row / tokens) * tokens + (i % tokens)
    return regions[row] === regions[key] ? 0 : -100
  })
}

/** A bias for each pair of tokens of a window by how far apart they lie: a table's rows as [heads, t, t]. */
function pairBias(table: string, window: number, heads: number): Derived {
  const span = 2 * window - 1
  const tokens = window ** 2
  return {
    name: `${table}, by pair`,
    shape: [heads * tokens * tokens],
    sources: [{ name: table, shape: [span * span, heads] }],
    compute: ([values]) =>
      Float32Array.from({ length: heads * tokens * tokens }, (_, i) => {
        const [head, q, k] = [Math.floor(i / tokens ** 2), Math.floor(i / tokens) % tokens, i % tokens]
        const y = Math.floor(q / window) - Math.floor(k / window) + window - 1
        const x = (q % window) - (k % window) + window - 1
        return values![(y * span + x) * heads + head]!
      }),
  }
}

/** Rows of x in another order. */
function reordered(m: Making, x: string, rows: number[], channels: number, name: string): string {
  const { g } = m
  const order = g.constant(`${name}.order`, [rows.length], Float32Array.from(rows))
  const ids = g.op('to_ids', `${name}.ids`, { x: order }, {}, { N: rows.length })
  const y = g.op('gather', name, { x, ids }, {}, { A: 1, V: rows.length, S: channels, M: rows.length })
  return seenAs(g, y, [rows.length, channels])
}

function layer(m: Making, s: Stage, x: string, from: string, at: string, shifted: boolean): string {
  const { d, channels, heads, size } = s
  const { window } = d
  const shift = shifted && size > window ? Math.floor(window / 2) : 0
  const tokens = window ** 2
  const windows = (size / window) ** 2
  const norm = (y: string, name: string) => layerNorm(m, y, `${from}.${name}`, `${at}.${name}`, channels, d)
  const order = windowRows(size, window, shift)
  const inside = reordered(m, norm(x, 'layernorm_before'), order, channels, `${at}.windows`)
  const project = (name: string) =>
    linear(m, inside, `${at}.${name}`, [channels, channels], {
      from: `${from}.attention.self.${name}`,
      bias: d.qkvBias,
    })
  const head = channels / heads
  const bias = m.derive(pairBias(`${from}.attention.self.relative_position_bias_table`, window, heads))
  const mask =
    shift > 0
      ? m.g.constant(`${at}.shifted`, [windows, tokens, tokens], shiftMask(size, window, shift))
      : undefined
  const mixed = m.g.op(
    'sdpa',
    `${at}.attention`,
    {
      q: project('query'),
      k: project('key'),
      v: project('value'),
      bias,
      ...(mask !== undefined && { mask }),
    },
    {
      ...{ H: heads, KVH: heads, HD: head, VD: head, SCALE: 1 / Math.sqrt(head) },
      ...{ BIAS: 'full', MASK: mask !== undefined },
    },
    { B: windows, M: tokens, L: tokens, BB: 1, HB: heads, ...(mask !== undefined && { MB: windows }) },
  )
  const flat = seenAs(m.g, mixed, [size * size, channels])
  const out = linear(m, flat, `${at}.o`, [channels, channels], {
    from: `${from}.attention.output.dense`,
    bias: true,
  })
  const back = new Array<number>(order.length)
  order.forEach((row, i) => {
    back[row] = i
  })
  const y = add(m, reordered(m, out, back, channels, `${at}.grid`), x, `${at}.residual1`)
  const inner = Math.floor(d.ratio * channels)
  const up = linear(m, norm(y, 'layernorm_after'), `${at}.up`, [inner, channels], {
    from: `${from}.intermediate.dense`,
    bias: true,
  })
  const acted = activate(m, up, d.activation, `${at}.act`)
  const down = linear(m, acted, `${at}.down`, [channels, inner], { from: `${from}.output.dense`, bias: true })
  return add(m, down, y, `${at}.residual2`)
}

/** Patches of 2 x 2 side by side, column by column, as half as many channels: [size² / 4, 2 channels]. */
function merged(m: Making, s: Stage, x: string, from: string, at: string): string {
  const { channels: C, size } = s
  const half = size / 2
  const y = m.g.op(
    'copy_nd',
    `${at}.patches`,
    { x },
    {
      ...{ D1: half, D2: half, D3: 2, D4: 2, D5: C },
      ...{ XS1: 2 * size * C, XS2: 2 * C, XS3: C, XS4: size * C, XS5: 1 },
    },
    { XN: size * size * C },
  )
  const rows = { ...m, rows: half * half }
  const four = seenAs(m.g, y, [half * half, 4 * C])
  const normed = layerNorm(rows, four, `${from}.norm`, `${at}.norm`, 4 * C, { eps: 1e-5 })
  return linear(rows, normed, at, [2 * C, 4 * C], { from: `${from}.reduction` })
}

/** The stages on the rows of a grid of size x size. */
export function swin(
  m: Making,
  d: Swin,
  x: string,
  size: number,
  from: string,
  family: string,
): {
  x: string
  size: number
  channels: number
} {
  let [y, side, channels] = [x, size, d.width]
  d.depths.forEach((depth, i) => {
    const heads = d.heads[i]!
    const last = i === d.depths.length - 1
    if (side % d.window !== 0 || (!last && side % 2 !== 0))
      fail('WGC423', [`a grid of ${side} by ${side} in windows of ${d.window}`, family])
    if (channels % heads !== 0) fail('WGC422', [`${channels} channels are no multiple of ${heads} heads`])
    const stage: Stage = { d, channels, heads, size: side }
    const rows = { ...m, rows: side * side }
    for (let j = 0; j < depth; j++)
      y = layer(rows, stage, y, `${from}.layers.${i}.blocks.${j}`, `stages.${i}.${j}`, j % 2 === 1)
    if (last) return
    y = merged(rows, stage, y, `${from}.layers.${i}.downsample`, `stages.${i}.merged`)
    side /= 2
    channels *= 2
  })
  return { x: y, size: side, channels }
}
