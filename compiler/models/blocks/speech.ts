/** Sound to features, as Wav2Vec 2.0 and its kin: convolutions of a signal, each of which leaves fewer places. */
import { type Expr, evaluate } from '../../../runtime/expr.js'
import { backendLimits } from '../../build/limits.js'
import { fail } from '../../errors.js'
import type { ConfigReader } from '../../import/config.js'
import { activate, activationOf } from './activation.js'
import { conv1d, convLength, turned } from './conv.js'
import type { Making } from './making.js'
import { layerNorm } from './norm.js'

export interface SpeechFeatures {
  layers: { channels: number; kernel: number; stride: number }[]
  /** group: the first layer's channels over all places; layer: every layer's places over all channels. */
  norm: 'group' | 'layer'
  bias: boolean
  activation: string
}

export function speechFeatures(config: ConfigReader): SpeechFeatures {
  const list = (name: string, usual: number[]) => {
    const given = config.ints(name, { min: 1 })
    return given.length > 0 ? given : usual
  }
  const channels = list('conv_dim', [512, 512, 512, 512, 512, 512, 512])
  const kernels = list('conv_kernel', [10, 3, 3, 3, 3, 2, 2])
  const strides = list('conv_stride', [5, 2, 2, 2, 2, 2, 2])
  if (kernels.length !== channels.length || strides.length !== channels.length)
    fail('WGC422', ['conv_dim, conv_kernel and conv_stride are of different lengths'])
  const norm = config.string('feat_extract_norm', { default: 'group', oneOf: ['group', 'layer'] })
  return {
    layers: channels.map((c, i) => ({ channels: c, kernel: kernels[i]!, stride: strides[i]! })),
    norm: norm === 'layer' ? 'layer' : 'group',
    bias: config.bool('conv_bias', { default: false }),
    activation: activationOf(config, 'feat_extract_activation', config.string('model_type'), 'gelu'),
  }
}

/** Samples that a frame is made of, and from one frame to the next. */
function reach({ layers }: SpeechFeatures): { span: number; stride: number } {
  return layers.reduce(
    ({ span, stride }, layer) => ({
      span: span + (layer.kernel - 1) * stride,
      stride: stride * layer.stride,
    }),
    { span: 1, stride: 1 },
  )
}

/** The most samples that make no more frames than these, none of the layers beyond a binding. */
export function samplesOf({ layers }: SpeechFeatures, frames: number): number {
  // Two such tensors, and what is small beside them, are to lie in one buffer.
  const room = Math.floor((backendLimits.webgpu.buffer / 8) * 0.95)
  return layers.reduceRight((places, { channels, kernel, stride }) => {
    return Math.min(places, Math.floor(room / channels)) * stride + kernel - 1
  }, frames)
}

/** Frames of at most so many samples, none of the layers beyond a binding. */
export function framesOf(f: SpeechFeatures, samples: number): number {
  const most = Math.min(samples, samplesOf(f, samples))
  const length = f.layers.reduce<Expr>((n, { kernel, stride }) => convLength(n, kernel, stride), most)
  return evaluate(length, {})
}

/** A signal [samples] to rows [frames, channels]. */
export function features(
  m: Making,
  f: SpeechFeatures,
  prefix: string,
  signal: string,
): { x: string; frames: Expr; channels: number } {
  let x = signal
  let frames: Expr = 'samples'
  let channels = 1
  let rows = false
  f.layers.forEach(({ channels: to, kernel, stride }, i) => {
    const from = `${prefix}feature_extractor.conv_layers.${i}`
    const made = convLength(frames, kernel, stride)
    const at = `features.${i}`
    const w = m.g.weight(`${from}.conv.weight`, [to, channels * kernel])
    const b = f.bias ? m.g.weight(`${from}.conv.bias`, [to]) : undefined
    const wide = rows ? turned(m, x, [frames, channels], `${at}.in`) : x
    x = conv1d(m, wide, at, { channels: [channels, to], kernel, stride }, [frames, made], { w, b })
    if (f.norm === 'group' && i === 0)
      x = m.g.op(
        'groupnorm',
        `${at}.norm`,
        {
          x,
          g: m.g.weight(`${from}.layer_norm.weight`, [to]),
          b: m.g.weight(`${from}.layer_norm.bias`, [to]),
        },
        { GROUPS: to, EPS: 1e-5 },
        { B: 1, C: to, S: made },
      )
    rows = f.norm === 'layer'
    if (rows) {
      x = turned(m, x, [to, made], `${at}.rows`)
      x = layerNorm({ ...m, rows: made }, x, `${from}.layer_norm`, `${at}.norm`, to, { eps: 1e-5 })
    }
    x = activate(m, x, f.activation, `${at}.act`)
    frames = made
    channels = to
  })
  return { x: rows ? x : turned(m, x, [channels, frames], 'features.rows'), frames, channels }
}

/**
 * A mask [samples] of ones and zeros as one of the frames [frames]: as many ones, in front, as frames that so many
 * samples make.
 */
export function framesMask(m: Making, f: SpeechFeatures, mask: string, most: number): string {
  const { span, stride } = reach(f)
  const count = f.layers.reduce<Expr>((n, { kernel, stride: s }) => convLength(n, kernel, s), most)
  const longest = evaluate(count, {})
  // Frame t is there from span + t stride samples on. Whole numbers below 2^24: exact.
  const needs = Float32Array.from({ length: longest }, (_, t) => 1 - span - t * stride)
  const all = m.g.op('reduce', 'mask.samples', { x: mask }, { OP: 'sum' }, { A: 1, D: 'samples', S: 1 })
  const ramp = m.g.constant('mask.needs', [longest], needs)
  const cut = m.g.op('copy_nd', 'mask.ramp', { x: ramp }, {}, { XN: longest, D5: m.rows })
  const spare = m.g.op(
    'binary',
    'mask.spare',
    { a: cut, b: all },
    { OP: 'add', BCAST: true },
    { M: m.rows, D: 1 },
  )
  return m.g.op('unary', 'mask.frames', { x: spare }, { OP: 'clip', ALPHA: 0, BETA: 1 }, { M: 1, D: m.rows })
}
