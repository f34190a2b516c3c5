/** ResNet (He et al. 2016) on images of any size, its batch norms folded into the convolutions before them. */
import type { Expr } from '../../../runtime/expr.js'
import { fail } from '../../errors.js'
import type { ConfigReader } from '../../import/config.js'
import type { Derived } from '../../import/derived.js'
import type { ModelOptions } from '../types.js'
import { activate, activationOf } from './activation.js'
import { convLength, seenAs } from './conv.js'
import type { Making } from './making.js'

export interface ResNet {
  channels: number
  stem: number
  /** Channels that each stage gives, and its blocks. */
  stages: { channels: number; blocks: number }[]
  bottleneck: boolean
  /** Whether a block that halves does so in its first convolution, and whether the first stage halves. */
  early: boolean
  halves: boolean
  activation: string
  names: ResNetNames
}

/** Where the tensors are in the files. */
interface ResNetNames {
  /** The convolution before all stages, and its norm. */
  stem: [conv: string, norm: string]
  /** The i-th convolution of a block, or the one beside them all (`shortcut`), and its norm. */
  part(stage: number, block: number, i: number | 'shortcut'): [conv: string, norm: string]
}

/** As transformers names them. */
const own = (prefix: string): ResNetNames => ({
  stem: [`${prefix}embedder.embedder.convolution`, `${prefix}embedder.embedder.normalization`],
  part(stage, block, i) {
    const at = `${prefix}encoder.stages.${stage}.layers.${block}.${i === 'shortcut' ? i : `layer.${i}`}`
    return [`${at}.convolution`, `${at}.normalization`]
  },
})

/** As timm and torchvision name them. */
const timm = (prefix: string): ResNetNames => ({
  stem: [`${prefix}conv1`, `${prefix}bn1`],
  part(stage, block, i) {
    const at = `${prefix}layer${stage + 1}.${block}`
    return i === 'shortcut'
      ? [`${at}.downsample.0`, `${at}.downsample.1`]
      : [`${at}.conv${i + 1}`, `${at}.bn${i + 1}`]
  },
})

const known: Record<string, { blocks: number[]; bottleneck: boolean }> = {
  resnet18: { blocks: [2, 2, 2, 2], bottleneck: false },
  resnet34: { blocks: [3, 4, 6, 3], bottleneck: false },
  resnet50: { blocks: [3, 4, 6, 3], bottleneck: true },
  resnet101: { blocks: [3, 4, 23, 3], bottleneck: true },
  resnet152: { blocks: [3, 8, 36, 3], bottleneck: true },
}

/** The backbone that a config names (`backbone`, of timm), or describes (`backbone_config`). */
export function resnetOf(
  config: ConfigReader,
  { has }: ModelOptions,
  prefix: string,
  family: string,
): ResNet {
  const section = config.section('backbone_config')
  const type = section?.string('model_type', { default: 'resnet' })
  if (config.optionalBool('dilation')) fail('WGC423', ['dilation in the backbone', family])
  if (section && type === 'resnet') {
    const list = (name: string, usual: number[]) => {
      const given = section.ints(name, { min: 1 })
      return given.length > 0 ? given : usual
    }
    const channels = list('hidden_sizes', [256, 512, 1024, 2048])
    const blocks = list('depths', [3, 4, 6, 3])
    if (channels.length !== blocks.length) fail('WGC422', ['hidden_sizes and depths differ in length'])
    const out = section.strings('out_features').at(-1)
    const last = out === undefined ? blocks.length : Number(/^stage(\d+)$/.exec(out)?.[1] ?? 0)
    if (!(last >= 1 && last <= blocks.length)) fail('WGC423', [`out_features: ${out}`, family])
    return {
      channels: section.int('num_channels', { min: 1, default: 3 }),
      stem: section.int('embedding_size', { min: 1, default: 64 }),
      stages: blocks.slice(0, last).map((n, i) => ({ blocks: n, channels: channels[i]! })),
      bottleneck:
        section.string('layer_type', { default: 'bottleneck', oneOf: ['basic', 'bottleneck'] }) ===
        'bottleneck',
      early: section.bool('downsample_in_bottleneck', { default: false }),
      halves: section.bool('downsample_in_first_stage', { default: false }),
      activation: activationOf(section, 'hidden_act', family, 'relu'),
      names: own(prefix),
    }
  }
  const name = section?.optionalString('backbone') ?? config.string('backbone', { default: 'resnet50' })
  const size = Object.hasOwn(known, name) ? known[name]! : fail('WGC423', [`the backbone ${name}`, family])
  // An export of another version may hold the same under transformers' names.
  const names = has(`${timm(prefix).stem[0]}.weight`) ? timm(prefix) : own(prefix)
  return {
    channels: config.int('num_channels', { min: 1, default: 3 }),
    stem: 64,
    stages: size.blocks.map((blocks, i) => ({ blocks, channels: 64 * 2 ** i * (size.bottleneck ? 4 : 1) })),
    bottleneck: size.bottleneck,
    early: false,
    halves: false,
    activation: 'relu',
    names,
  }
}

const EPS = 1e-5

/** A convolution without bias [out, in, k, k], then (x - mean) / sqrt(variance + eps) * weight + bias, as one. */
function folded(
  [conv, norm]: [string, string],
  shape: [number, number, number, number],
): { w: Derived; b: Derived } {
  const [out, ...rest] = shape
  const each = rest.reduce((n, d) => n * d, 1)
  const vector = (part: string) => ({ name: `${norm}.${part}`, shape: [out] })
  const scale = (weight: Float32Array, variance: Float32Array) =>
    weight.map((w, i) => w / Math.sqrt(variance[i]! + EPS))
  return {
    w: {
      name: `${conv}.weight, normed`,
      shape: [out, each],
      sources: [{ name: `${conv}.weight`, shape }, vector('weight'), vector('running_var')],
      compute: ([values, weight, variance]) => {
        const by = scale(weight!, variance!)
        return values!.map((v, i) => v * by[Math.floor(i / each)]!)
      },
    },
    b: {
      name: `${norm}.bias, normed`,
      shape: [out],
      sources: ['bias', 'weight', 'running_mean', 'running_var'].map(vector),
      compute: ([bias, weight, mean, variance]) => {
        const by = scale(weight!, variance!)
        return bias!.map((b, i) => b - mean![i]! * by[i]!)
      },
    },
  }
}

/** An image in the making, [channels, height, width]. */
export interface Plane {
  x: string
  channels: number
  height: Expr
  width: Expr
}

function convolved(
  m: Making,
  from: [string, string],
  s: Plane,
  { to, kernel, stride }: { to: number; kernel: number; stride: number },
  name: string,
): Plane {
  const { w, b } = folded(from, [to, s.channels, kernel, kernel])
  const padding = Math.floor(kernel / 2)
  const made = (n: Expr) => convLength(n, kernel, stride, { padding: 2 * padding })
  const [height, width] = [made(s.height), made(s.width)]
  const y = m.g.op(
    'conv2d',
    name,
    { x: s.x, w: m.derive(w), b: m.derive(b) },
    { KH: kernel, KW: kernel, SH: stride, SW: stride, PT: padding, PL: padding, BIAS: true },
    { B: 1, CIN: s.channels, IH: s.height, IW: s.width, COUT: to, OH: height, OW: width },
  )
  return { x: y, channels: to, height, width }
}

/** A function of every element, under the shape of rows that such operators take. */
const acted = (m: Making, d: ResNet, s: Plane, name: string): Plane => {
  const rows: Expr = ['*', s.height, s.channels]
  seenAs(m.g, s.x, [rows, s.width])
  return { ...s, x: activate(m, s.x, d.activation, name) }
}

function block(m: Making, d: ResNet, s: Plane, to: number, stride: number, at: [number, number]): Plane {
  const name = `backbone.${at.join('.')}`
  const inner = d.bottleneck ? Math.floor(to / 4) : to
  const parts = d.bottleneck
    ? [
        { to: inner, kernel: 1, stride: d.early ? stride : 1 },
        { to: inner, kernel: 3, stride: d.early ? 1 : stride },
        { to, kernel: 1, stride: 1 },
      ]
    : [
        { to, kernel: 3, stride },
        { to, kernel: 3, stride: 1 },
      ]
  const made = parts.reduce((y, part, i) => {
    const next = convolved(m, d.names.part(...at, i), y, part, `${name}.${i}`)
    return i < parts.length - 1 ? acted(m, d, next, `${name}.${i}.act`) : next
  }, s)
  const beside =
    s.channels !== to || stride !== 1
      ? convolved(m, d.names.part(...at, 'shortcut'), s, { to, kernel: 1, stride }, `${name}.shortcut`)
      : s
  const rows: Expr[] = [['*', made.height, to], made.width]
  seenAs(m.g, beside.x, rows)
  seenAs(m.g, made.x, rows)
  const sum = m.g.op('binary', `${name}.sum`, { a: made.x, b: beside.x }, { OP: 'add', BCAST: false })
  return acted(m, d, { ...made, x: sum }, `${name}.act`)
}

/** The last stage's features of an image. */
export function resnet(m: Making, d: ResNet, image: Plane): Plane {
  const stem = convolved(m, d.names.stem, image, { to: d.stem, kernel: 7, stride: 2 }, 'backbone.stem')
  const warm = acted(m, d, stem, 'backbone.stem.act')
  const half = (n: Expr) => convLength(n, 3, 2, { padding: 2 })
  const [height, width] = [half(warm.height), half(warm.width)]
  const pooled = m.g.op(
    'pool2d',
    'backbone.pool',
    { x: warm.x },
    { KH: 3, KW: 3, SH: 2, SW: 2, PT: 1, PL: 1, PB: 1, PR: 1 },
    { B: 1, C: d.stem, IH: warm.height, IW: warm.width, OH: height, OW: width },
  )
  let s: Plane = { x: pooled, channels: d.stem, height, width }
  d.stages.forEach(({ channels, blocks }, stage) => {
    for (let i = 0; i < blocks; i++) {
      const stride = i === 0 && (stage > 0 || d.halves) ? 2 : 1
      s = block(m, d, s, channels, stride, [stage, i])
    }
  })
  return s
}
