/**
 * EnCodec's networks (Défossez et al. 2022), SEANet: convolutions that shorten or lengthen a signal, between residual
 * blocks, and an LSTM where it is shortest. Tensors are [channels, places].
 */
import type { Expr } from '../../../runtime/expr.js'
import { fail } from '../../errors.js'
import type { ConfigReader } from '../../import/config.js'
import type { Derived } from '../../import/derived.js'
import { size } from '../../ir/size.js'
import type { ModelOptions } from '../types.js'
import { conv1d, convLength, seenAs, turned, weightNormed } from './conv.js'
import { add, linear } from './linear.js'
import type { Making } from './making.js'

export interface Codec {
  /** Of the tensors in the files: '' or `audio_encoder.`. */
  prefix: string
  channels: number
  hidden: number
  filters: number
  kernel: number
  lastKernel: number
  residualKernel: number
  residuals: number
  growth: number
  compress: number
  lstms: number
  ratios: number[]
  shortcut: boolean
  causal: boolean
  trimRight: number
  padding: string
  /** Of the weights (weight), or of what a convolution gives (group). */
  norm: 'weight' | 'group'
  /** Entries of a codebook, and codebooks. */
  entries: number
  books: number
  normalize: boolean
  /** Frames of a chunk, samples from one to the next; undefined: one chunk of any length. */
  chunk: { samples: number; stride: number } | undefined
}

/** Modes of the operator `pad`, and what configs call them. */
const modes = { reflect: 'reflect', constant: 'constant', edge: 'replicate' }

const modeOf = (padding: string): string | undefined =>
  Object.entries(modes).find(([, name]) => name === padding)?.[0]

export function codecOf(config: ConfigReader, prefix: string): Codec {
  const ratios = config.ints('upsampling_ratios', { min: 1 })
  const all = ratios.length > 0 ? ratios : [8, 5, 4, 2]
  const rate = config.int('sampling_rate', { min: 1, default: 24000 })
  const hidden = config.int('hidden_size', { min: 1, default: 128 })
  const width = config.int('codebook_dim', { min: 1, default: hidden })
  if (width !== hidden) fail('WGC422', [`codebook_dim ${width} is not hidden_size ${hidden}`])
  const entries = config.int('codebook_size', { min: 1, default: 1024 })
  const frames = Math.ceil(rate / all.reduce((n, r) => n * r, 1))
  const bandwidths = config.numbers('target_bandwidths', { min: 0 })
  const books = Math.floor((1000 * (bandwidths.at(-1) ?? 24)) / (frames * Math.ceil(Math.log2(entries))))
  const causal = config.bool('use_causal_conv', { default: true })
  const padding = config.string('pad_mode', { default: 'reflect' })
  const mode = modeOf(padding) ?? fail('WGC423', [`pad_mode: ${padding}`, 'encodec'])
  const norm = config.string('norm_type', {
    default: 'weight_norm',
    oneOf: ['weight_norm', 'time_group_norm'],
  })
  const seconds = config.optionalNumber('chunk_length_s', { min: 0 })
  const samples = seconds === undefined ? undefined : Math.floor(seconds * rate)
  const overlap = config.optionalNumber('overlap', { min: 0, max: 1 }) ?? 0
  return {
    prefix,
    channels: config.int('audio_channels', { min: 1, max: 2, default: 1 }),
    hidden,
    filters: config.int('num_filters', { min: 1, default: 32 }),
    kernel: config.int('kernel_size', { min: 1, default: 7 }),
    lastKernel: config.int('last_kernel_size', { min: 1, default: 7 }),
    residualKernel: config.int('residual_kernel_size', { min: 1, default: 3 }),
    residuals: config.int('num_residual_layers', { min: 0, default: 1 }),
    growth: config.int('dilation_growth_rate', { min: 1, default: 2 }),
    compress: config.int('compress', { min: 1, default: 2 }),
    lstms: config.int('num_lstm_layers', { min: 1, default: 2 }),
    ratios: all,
    shortcut: config.bool('use_conv_shortcut', { default: true }),
    causal,
    trimRight: causal ? config.number('trim_right_ratio', { default: 1, min: 0, max: 1 }) : 0.5,
    padding: mode,
    norm: norm === 'weight_norm' ? 'weight' : 'group',
    entries,
    books: Math.max(books, 1),
    normalize: config.bool('normalize', { default: false }),
    chunk:
      samples === undefined
        ? undefined
        : { samples, stride: Math.max(1, Math.floor((1 - overlap) * samples)) },
  }
}

/** A signal in the making. */
export interface Signal {
  x: string
  channels: number
  places: Expr
  /** The fewest places there may be. */
  least: number
}

const elu = ({ g }: Making, x: string, name: string) => g.op('unary', name, { x }, { OP: 'elu', ALPHA: 1 })

/** x with so many more places in front and behind; fewer where negative. */
const padded = (
  m: Making,
  s: Signal,
  [front, behind]: [number, Expr],
  MODE: string,
  name: string,
): Signal => {
  const places = size('+', size('+', s.places, front), behind)
  const x = m.g.op(
    'pad',
    name,
    { x: s.x },
    { MODE, VALUE: 0, P3: front },
    { D0: 1, D1: 1, D2: s.channels, D3: s.places, Q3: behind },
  )
  return { ...s, x: seenAs(m.g, x, [s.channels, places]), places }
}

interface Layer {
  d: Codec
  options: ModelOptions
}

function weightsOf(m: Making, { d, options }: Layer, from: string, shape: [number, number, number]): string {
  if (d.norm === 'group') return m.g.weight(`${from}.conv.weight`, [shape[0], shape[1] * shape[2]])
  return weightNormed(m, options, `${from}.conv`, shape, 0)
}

/** Normed over all channels and places at once, where the model does that. */
function groupNormed(m: Making, { d }: Layer, from: string, s: Signal, name: string): Signal {
  if (d.norm !== 'group') return s
  const [g, b] = ['weight', 'bias'].map((part) => m.g.weight(`${from}.norm.${part}`, [s.channels]))
  const x = m.g.op(
    'groupnorm',
    `${name}.norm`,
    { x: s.x, g: g!, b: b! },
    { GROUPS: 1, EPS: 1e-5 },
    { B: 1, C: s.channels, S: s.places },
  )
  return { ...s, x: seenAs(m.g, x, [s.channels, s.places]) }
}

/** A convolution that gives ceil(places / stride) places. */
function convolved(
  m: Making,
  layer: Layer,
  from: string,
  s: Signal,
  {
    to,
    kernel,
    stride = 1,
    dilation = 1,
  }: { to: number; kernel: number; stride?: number; dilation?: number },
  name: string,
): Signal {
  const { d } = layer
  const total = (kernel - 1) * dilation + 1 - stride
  const front = d.causal ? total : total - Math.floor(total / 2)
  const made = convLength(s.places, 1, stride)
  const full = size('*', made, stride)
  const behind = size('+', size('-', full, s.places), total - front)
  let x = s
  if (total > 0 || stride > 1) {
    // A signal shorter than what is mirrored has zeros behind it first, as transformers does it.
    const most = Math.max(front, total - front + stride - 1)
    if (d.padding === 'reflect' && s.least <= most) {
      const longer: Expr = ['-', ['max', s.places, most + 1], s.places]
      x = { ...padded(m, s, [0, longer], 'constant', `${name}.zeros`), places: ['max', s.places, most + 1] }
    }
    x = padded(m, x, [front, stride === 1 ? total - front : behind], d.padding, `${name}.padded`)
  }
  const y = conv1d(m, x.x, name, { channels: [s.channels, to], kernel, stride, dilation }, [x.places, made], {
    w: weightsOf(m, layer, from, [to, s.channels, kernel]),
    b: m.g.weight(`${from}.conv.bias`, [to]),
  })
  const least = Math.ceil(s.least / stride)
  return groupNormed(m, layer, from, { x: y, channels: to, places: made, least }, name)
}

/** The transpose of a convolution, `stride` times as many places. */
function lengthened(m: Making, layer: Layer, from: string, s: Signal, stride: number, name: string): Signal {
  const { d } = layer
  const kernel = 2 * stride
  const to = s.channels / 2
  const total = kernel - stride
  const behind = d.causal ? Math.ceil(total * d.trimRight) : Math.floor(total / 2)
  const front = total - behind
  const places = size('*', s.places, stride)
  // Normed before it is trimmed.
  const trim = d.norm === 'weight'
  const made = trim ? places : size('+', places, total)
  const y = m.g.op(
    'conv_transpose2d',
    name,
    {
      x: s.x,
      w: weightsOf(m, layer, from, [s.channels, to, kernel]),
      b: m.g.weight(`${from}.conv.bias`, [to]),
    },
    { KH: 1, KW: kernel, SW: stride, PL: trim ? front : 0, BIAS: true },
    { B: 1, CIN: s.channels, IH: 1, IW: s.places, COUT: to, OH: 1, OW: made },
  )
  const whole = { x: seenAs(m.g, y, [to, made]), channels: to, places: made, least: s.least * stride }
  if (trim) return whole
  const normed = groupNormed(m, layer, from, whole, name)
  return { ...padded(m, normed, [-front, -behind], 'constant', `${name}.trimmed`), places }
}

function residual(m: Making, layer: Layer, from: string, s: Signal, dilation: number, name: string): Signal {
  const { d } = layer
  const hidden = Math.floor(s.channels / d.compress)
  const acted = { ...s, x: elu(m, s.x, `${name}.act1`) }
  const wide = { to: hidden, kernel: d.residualKernel, dilation }
  const inner = convolved(m, layer, `${from}.block.1`, acted, wide, `${name}.1`)
  const again = { ...inner, x: elu(m, inner.x, `${name}.act2`) }
  const outer = convolved(m, layer, `${from}.block.3`, again, { to: s.channels, kernel: 1 }, `${name}.2`)
  const direct = d.shortcut
    ? convolved(m, layer, `${from}.shortcut`, s, { to: s.channels, kernel: 1 }, `${name}.shortcut`)
    : s
  return { ...outer, x: add(m, outer.x, direct.x, `${name}.added`) }
}

/** Bias of the input and of the state, which only ever stand together. */
const biases = (from: string, layer: number, count: number): Derived => ({
  name: `${from}.bias_l${layer}`,
  shape: [count],
  sources: ['ih', 'hh'].map((kind) => ({ name: `${from}.bias_${kind}_l${layer}`, shape: [count] })),
  compute: ([a, b]) => a!.map((value, i) => value + b![i]!),
})

const turnedState = (from: string, layer: number, hidden: number): Derived => ({
  name: `${from}.weight_hh_l${layer}, turned`,
  shape: [4 * hidden * hidden],
  sources: [{ name: `${from}.weight_hh_l${layer}`, shape: [4 * hidden, hidden] }],
  compute: ([w]) =>
    Float32Array.from({ length: 4 * hidden * hidden }, (_, i) => {
      const [j, gate] = [Math.floor(i / (4 * hidden)), i % (4 * hidden)]
      return w![gate * hidden + j]!
    }),
})

/** LSTMs one on the other over the places, and the signal added. */
function recurrent(m: Making, { d }: Layer, from: string, s: Signal, name: string): Signal {
  const { channels: hidden } = s
  const rows = turned(m, s.x, [hidden, s.places], `${name}.rows`)
  let y = rows
  for (let i = 0; i < d.lstms; i++) {
    const gates = linear({ ...m, rows: s.places }, y, `${name}.${i}.gates`, [4 * hidden, hidden], {
      from: '',
      weight: m.g.weight(`${from}.lstm.weight_ih_l${i}`, [4 * hidden, hidden]),
      bias: true,
      biasVector: m.derive(biases(`${from}.lstm`, i, 4 * hidden)),
    })
    const u = m.derive(turnedState(`${from}.lstm`, i, hidden))
    y = m.g.op('lstm', `${name}.${i}`, { gates, u }, { HID: hidden }, { B: 1, T: s.places })
    y = seenAs(m.g, y, [s.places, hidden])
  }
  const both = add(m, y, rows, `${name}.added`)
  return { ...s, x: turned(m, both, [s.places, hidden], `${name}.out`) }
}

/** Sound [channels, samples] from what the codebooks hold of each frame [frames, hidden]. */
export function seanetDecoder(m: Making, layer: Layer, rows: string, frames: Expr): Signal {
  const { d } = layer
  const from = (i: number) => `${d.prefix}decoder.layers.${i}`
  let at = 0
  let channels = d.filters * 2 ** d.ratios.length
  let s: Signal = {
    x: turned(m, rows, [frames, d.hidden], 'frames'),
    channels: d.hidden,
    places: frames,
    least: 1,
  }
  s = convolved(m, layer, from(at++), s, { to: channels, kernel: d.kernel }, 'decoder.first')
  s = recurrent(m, layer, from(at++), s, 'decoder.lstm')
  d.ratios.forEach((ratio, i) => {
    at++
    const acted = { ...s, x: elu(m, s.x, `decoder.${i}.act`) }
    s = lengthened(m, layer, from(at++), acted, ratio, `decoder.${i}`)
    channels /= 2
    for (let j = 0; j < d.residuals; j++)
      s = residual(m, layer, from(at++), s, d.growth ** j, `decoder.${i}.residual${j}`)
  })
  at++
  const acted = { ...s, x: elu(m, s.x, 'decoder.act') }
  return convolved(m, layer, from(at), acted, { to: d.channels, kernel: d.lastKernel }, 'decoder.last')
}

/** The sum of one entry of each codebook, by codes [books, frames]: [frames, hidden]. */
export function fromCodes(m: Making, d: Codec, codes: string, [books, frames]: [Expr, Expr]): string {
  const table: Derived = {
    name: `${d.prefix}quantizer.codebooks`,
    shape: [d.books * d.entries, d.hidden],
    sources: Array.from({ length: d.books }, (_, i) => ({
      name: `${d.prefix}quantizer.layers.${i}.codebook.embed`,
      shape: [d.entries, d.hidden],
    })),
    compute: (all) => {
      const out = new Float32Array(d.books * d.entries * d.hidden)
      all.forEach((values, i) => {
        out.set(values, i * d.entries * d.hidden)
      })
      return out
    },
  }
  return m.g.op(
    'codebook',
    'codebooks',
    { codes, w: m.derive(table) },
    { V: d.entries },
    { Q: books, T: frames },
  )
}
