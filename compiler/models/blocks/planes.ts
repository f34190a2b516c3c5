/** Images in the making: planes [channels, height, width], what convolves, norms and resizes them, and residual blocks. */
import { resizeFacts } from '../../ops/resize2d.js'
import type { Making } from './making.js'

export interface Planes {
  /** A tensor [channels, height, width], one image. */
  name: string
  channels: number
  height: number
  width: number
}

/** A convolution's kernel, stride, and padding above and to the left (below and to the right, where it differs). */
interface Window {
  kernel?: number
  stride?: number
  pad?: number
  padEnd?: number
  /** Planes that are added. */
  residual?: Planes
}

/** `<from>.weight` [channels, x.channels, kernel, kernel] and `<from>.bias` over x. Default: 3 x 3, of the same size. */
export function conv(
  { g }: Making,
  x: Planes,
  channels: number,
  from: string,
  { kernel = 3, stride = 1, pad = (kernel - 1) / 2, padEnd = pad, residual }: Window = {},
): Planes {
  const out = (size: number) => Math.floor((size + pad + padEnd - kernel) / stride) + 1
  const [height, width] = [out(x.height), out(x.width)]
  const name = g.op(
    'conv2d',
    from,
    {
      x: x.name,
      w: g.weight(`${from}.weight`, [channels, x.channels * kernel * kernel]),
      b: g.weight(`${from}.bias`, [channels]),
      ...(residual && { r: residual.name }),
    },
    {
      ...{ KH: kernel, KW: kernel, SH: stride, SW: stride, PT: pad, PL: pad },
      ...{ BIAS: true, EPI: residual ? 'add' : 'none' },
    },
    { B: 1, CIN: x.channels, IH: x.height, IW: x.width, COUT: channels, OH: height, OW: width },
  )
  return { name, channels, height, width }
}

export interface GroupNorm {
  groups: number
  eps: number
}

/** Normed by groups of channels, then `act`. */
export function groupNorm(
  { g }: Making,
  x: Planes,
  from: string,
  { groups, eps }: GroupNorm,
  act: 'none' | 'silu' = 'none',
): Planes {
  const name = g.op(
    'groupnorm',
    from,
    { x: x.name, g: g.weight(`${from}.weight`, [x.channels]), b: g.weight(`${from}.bias`, [x.channels]) },
    { GROUPS: groups, EPS: eps, ACT: act },
    { B: 1, C: x.channels, S: x.height * x.width },
  )
  return { ...x, name }
}

/** Every pixel as often as it takes to make the planes as large as said. */
export function enlarge({ g }: Making, x: Planes, name: string, [OH, OW]: [number, number]): Planes {
  const { OH: _h, OW: _w, ...facts } = resizeFacts('asymmetric', [x.height, x.width, OH, OW])
  const y = g.op(
    'resize2d',
    name,
    { x: x.name },
    { ...facts, MODE: 'nearest', ROUND: 'floor' },
    { B: 1, C: x.channels, IH: x.height, IW: x.width, OH, OW },
  )
  return { ...x, name: y, height: OH, width: OW }
}

/** The channels of two, those of a first. */
export function beside({ g }: Making, a: Planes, b: Planes, name: string): Planes {
  const S = a.height * a.width
  const y = g.op(
    'concat',
    name,
    { a: a.name, b: b.name },
    { D: a.channels + b.channels },
    { A: 1, DA: a.channels, DB: b.channels, S },
  )
  return { ...a, name: y, channels: a.channels + b.channels }
}

/** Planes as rows [height * width, channels]. */
export const toRows = ({ g }: Making, x: Planes, name: string): string =>
  g.op('transpose', name, { x: x.name }, {}, { B: 1, M: x.channels, N: x.height * x.width })

/** Rows [height * width, channels] as planes like x, to which x is added. */
export function addRows({ g }: Making, x: Planes, rows: string, name: string): Planes {
  const size = x.height * x.width
  const turned = g.op('transpose', `${name}.planes`, { x: rows }, {}, { B: 1, M: size, N: x.channels })
  const y = g.op(
    'binary',
    name,
    { a: turned, b: x.name },
    { OP: 'add', BCAST: false },
    { M: x.channels, D: size, B: x.channels },
  )
  return { ...x, name: y }
}

/** A number a channel, [channels], added to every pixel. */
function addChannels({ g }: Making, x: Planes, channels: string, name: string): Planes {
  const D = x.height * x.width
  const y = g.op(
    'binary_nd',
    name,
    { a: x.name, b: channels },
    {
      ...{ OP: 'add', D0: 1, D1: 1, D2: 1, D3: x.channels, D4: D, NA: x.channels * D, NB: x.channels },
      ...{ AS0: 0, AS1: 0, AS2: 0, AS3: D, AS4: 1, BS0: 0, BS1: 0, BS2: 0, BS3: 1, BS4: 0 },
    },
  )
  return { ...x, name: y }
}

export interface Residual extends GroupNorm {
  /** silu(time embedding), [1, width], which a product of its own makes numbers for the channels of. */
  time?: { name: string; width: number }
}

/** x + conv(silu(norm(conv(silu(norm(x))) + time))), x through a 1 x 1 convolution where channels differ. */
export function residualBlock(m: Making, x: Planes, channels: number, from: string, d: Residual): Planes {
  const first = conv(m, groupNorm(m, x, `${from}.norm1`, d, 'silu'), channels, `${from}.conv1`)
  const timed = () => {
    const { name, width } = d.time!
    const w = m.g.weight(`${from}.time_emb_proj.weight`, [channels, width])
    const b = m.g.weight(`${from}.time_emb_proj.bias`, [channels])
    const attrs = { EPI: 'none', LDY: channels, BIAS: true }
    const shift = m.g.op('linear', `${from}.time_emb_proj`, { x: name, w, b }, attrs, { M: 1 })
    return addChannels(m, first, shift, `${from}.timed`)
  }
  const inner = groupNorm(m, d.time ? timed() : first, `${from}.norm2`, d, 'silu')
  const residual =
    x.channels === channels ? x : conv(m, x, channels, `${from}.conv_shortcut`, { kernel: 1, pad: 0 })
  return conv(m, inner, channels, `${from}.conv2`, { residual })
}
