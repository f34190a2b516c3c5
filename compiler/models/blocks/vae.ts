/** The autoencoder of latent diffusion (Rombach et al. 2022): images from latents. */
import { fail } from '../../errors.js'
import type { ConfigReader } from '../../import/config.js'
import type { ModelOptions } from '../types.js'
import { linear } from './linear.js'
import type { Making } from './making.js'
import {
  addRows,
  conv,
  enlarge,
  type GroupNorm,
  groupNorm,
  type Planes,
  residualBlock,
  toRows,
} from './planes.js'

/** Names of the projections of attention: those of today, or those that the first files have. */
const PROJECTIONS = {
  new: { norm: 'group_norm', q: 'to_q', k: 'to_k', v: 'to_v', o: 'to_out.0' },
  old: { norm: 'group_norm', q: 'query', k: 'key', v: 'value', o: 'proj_attn' },
}

export interface Vae extends GroupNorm {
  latents: number
  out: number
  /** Of the levels, the smallest image's last. */
  channels: number[]
  layers: number
  /** An image's latents are its encoding less `shift`, times `scale`. */
  scale: number
  shift: number
  /** Whether latents are mixed by a convolution of their own first. */
  mixed: boolean
  /** Names of the attention in the middle, where there is one. */
  attention?: (typeof PROJECTIONS)['new']
  prefix: string
}

const FAMILY = 'stable_diffusion'

/** Dimensions of vae/config.json. What it leaves out is as diffusers has it. */
export function vaeDims(config: ConfigReader, prefix: string, { has }: ModelOptions): Vae {
  const channels = config.ints('block_out_channels', { min: 1 })
  if (channels.length === 0) fail('WGC207', ['vae.block_out_channels'], { place: { file: config.file } })
  const other = config.strings('up_block_types').find((type) => type !== 'UpDecoderBlock2D')
  if (other !== undefined) fail('WGC423', [`vae: a block ${other}`, FAMILY])
  const act = config.string('act_fn', { default: 'silu' })
  if (act !== 'silu' && act !== 'swish') fail('WGC423', [`vae: the activation ${act}`, FAMILY])
  for (const field of ['latents_mean', 'latents_std'])
    if (config.has(field)) fail('WGC423', [`vae: ${field}`, FAMILY])
  const groups = config.int('norm_num_groups', { min: 1, default: 32 })
  const odd = channels.find((c) => c % groups !== 0)
  if (odd !== undefined) fail('WGC422', [`vae: ${odd} channels are no multiple of norm_num_groups ${groups}`])
  const scale = config.number('scaling_factor', { default: 0.18215 })
  if (scale === 0) fail('WGC422', ['vae: scaling_factor is 0'])
  const old = !has(`${prefix}decoder.mid_block.attentions.0.to_q.weight`)
  return {
    latents: config.int('latent_channels', { min: 1, default: 4 }),
    out: config.int('out_channels', { min: 1, default: 3 }),
    channels,
    layers: config.int('layers_per_block', { min: 1, default: 1 }),
    scale,
    shift: config.number('shift_factor', { default: 0 }),
    mixed: config.bool('use_post_quant_conv', { default: true }),
    ...(config.bool('mid_block_add_attention', { default: true }) && {
      attention: PROJECTIONS[old ? 'old' : 'new'],
    }),
    groups,
    eps: 1e-6,
    prefix,
  }
}

/**
 * x plus attention of its pixels to each other, with one head of all channels: wider than the heads that attention
 * has kernels for.
 */
function attention(m: Making, x: Planes, from: string, d: Vae, names: (typeof PROJECTIONS)['new']): Planes {
  const { g } = m
  const C = x.channels
  const rows = x.height * x.width
  const normed = toRows(m, groupNorm(m, x, `${from}.${names.norm}`, d), `${from}.rows`)
  const project = (y: string, name: string) =>
    linear({ ...m, rows }, y, `${from}.${name}`, [C, C], { from: `${from}.${name}`, bias: true })
  const [q, k, v] = [project(normed, names.q), project(normed, names.k), project(normed, names.v)]
  const product = (name: string, inputs: { a: string; b: string }, N: number, K: number, more: object) =>
    g.op('matmul', `${from}.${name}`, inputs, { N, ...more }, { B: 1, BB: 1, M: rows, K })
  const scores = product('scores', { a: q, b: k }, rows, C, { TB: true, SCALE: 1 / Math.sqrt(C) })
  const weights = g.op('softmax', `${from}.weights`, { x: scores }, {}, { A: rows, D: rows, S: 1 })
  const mixed = product('mixed', { a: weights, b: v }, C, rows, {})
  return addRows(m, x, project(mixed, names.o), `${from}.residual`)
}

/** Latents [latents, height, width], as the UNet leaves them, → an image [out, f height, f width] of about -1 to 1. */
export function vaeDecoder(m: Making, d: Vae, latents: string, [height, width]: [number, number]): Planes {
  const { prefix } = d
  const size = height * width
  const affine = { OP: 'affine', ALPHA: 1 / d.scale, BETA: d.shift }
  const name = m.g.op('unary', 'unscaled', { x: latents }, affine, { M: d.latents, D: size })
  let x: Planes = { name, channels: d.latents, height, width }
  if (d.mixed) x = conv(m, x, d.latents, `${prefix}post_quant_conv`, { kernel: 1 })
  const at = `${prefix}decoder`
  const last = d.channels.at(-1)!
  x = conv(m, x, last, `${at}.conv_in`)
  x = residualBlock(m, x, last, `${at}.mid_block.resnets.0`, d)
  if (d.attention) x = attention(m, x, `${at}.mid_block.attentions.0`, d, d.attention)
  x = residualBlock(m, x, last, `${at}.mid_block.resnets.1`, d)
  ;[...d.channels].reverse().forEach((channels, i) => {
    const block = `${at}.up_blocks.${i}`
    for (let j = 0; j <= d.layers; j++) x = residualBlock(m, x, channels, `${block}.resnets.${j}`, d)
    if (i === d.channels.length - 1) return
    const from = `${block}.upsamplers.0`
    x = conv(m, enlarge(m, x, `${from}.larger`, [2 * x.height, 2 * x.width]), channels, `${from}.conv`)
  })
  return conv(m, groupNorm(m, x, `${at}.conv_norm_out`, d, 'silu'), d.out, `${at}.conv_out`)
}
