/** The UNet of latent diffusion (Rombach et al. 2022): noise in latents, from latents, time and a text. */
import type { Expr } from '../../../runtime/expr.js'
import { fail } from '../../errors.js'
import type { ConfigReader } from '../../import/config.js'
import { activate } from './activation.js'
import type { Making } from './making.js'
import { beside, conv, enlarge, type GroupNorm, groupNorm, type Planes, residualBlock } from './planes.js'
import { spatialTransformer } from './spatial-transformer.js'

interface Level {
  channels: number
  /** Residual blocks on the way down; one more on the way up. */
  layers: number
  heads: number
  /** Layers of each transformer on the way down and up; 0: none there. */
  down: number
  up: number
}

export interface Unet extends GroupNorm {
  latents: [channels: number, height: number, width: number]
  out: number
  levels: Level[]
  /** Layers of the transformer in the middle. */
  middle: number
  /** Width of the text's rows. */
  context: number
  time: { flip: boolean; shift: number }
  /** Above and to the left where planes are halved; 0: below and to the right alone. */
  pad: number
  prefix: string
}

const FAMILY = 'stable_diffusion'
const TRANSFORMER_EPS = 1e-6

/** One number, or one a level. */
function perLevel(config: ConfigReader, field: string, levels: number, usual: number): number[] {
  const all = config.ints(field, { min: 1 })
  if (all.length > 1 && all.length !== levels)
    fail('WGC422', [`${field} has ${all.length} entries for ${levels} blocks`], {
      place: { file: config.file },
    })
  return Array.from({ length: levels }, (_, i) => all[i] ?? all[0] ?? usual)
}

/** Fields that other models than these set, and what they are when they ask for nothing. */
const UNSUPPORTED: [field: string, none: unknown[]][] = [
  ['class_embed_type', []],
  ['num_class_embeds', []],
  ['addition_embed_type', []],
  ['encoder_hid_dim', []],
  ['encoder_hid_dim_type', []],
  ['time_cond_proj_dim', []],
  ['timestep_post_act', []],
  ['time_embedding_act_fn', []],
  ['time_embedding_dim', []],
  ['cross_attention_norm', []],
  ['reverse_transformer_layers_per_block', []],
  ['mid_block_only_cross_attention', [false]],
  ['dual_cross_attention', [false]],
  ['only_cross_attention', [false]],
  ['center_input_sample', [false]],
  ['class_embeddings_concat', [false]],
  ['resnet_skip_time_act', [false]],
  ['resnet_time_scale_shift', ['default']],
  ['time_embedding_type', ['positional']],
  ['attention_type', ['default']],
  ['act_fn', ['silu', 'swish']],
  ['mid_block_type', ['UNetMidBlock2DCrossAttn']],
  ['mid_block_scale_factor', [1]],
  ['resnet_out_scale_factor', [1]],
  ['conv_in_kernel', [3]],
  ['conv_out_kernel', [3]],
]

function refuse(config: ConfigReader): void {
  for (const [field, none] of UNSUPPORTED) {
    if (!config.has(field)) continue
    const value = none.length > 0 ? readAs(config, field, none[0]) : undefined
    if (!none.includes(value))
      fail('WGC423', [`unet: ${field}${value === undefined ? '' : `: ${value}`}`, FAMILY])
  }
}

function readAs(config: ConfigReader, field: string, like: unknown): unknown {
  if (typeof like === 'boolean') return config.optionalBool(field)
  return typeof like === 'number' ? config.optionalNumber(field) : config.optionalString(field)
}

const KINDS: Record<'down' | 'up', Record<string, boolean>> = {
  down: { CrossAttnDownBlock2D: true, DownBlock2D: false },
  up: { CrossAttnUpBlock2D: true, UpBlock2D: false },
}

/** Whether each block has transformers. */
function crossing(config: ConfigReader, way: 'down' | 'up', levels: number): boolean[] {
  const types = config.strings(`${way}_block_types`)
  if (types.length !== levels)
    fail('WGC422', [`${way}_block_types has ${types.length} entries for ${levels} blocks`])
  return types.map((type) =>
    Object.hasOwn(KINDS[way], type) ? KINDS[way][type]! : fail('WGC423', [`unet: a block ${type}`, FAMILY]),
  )
}

/** Dimensions of unet/config.json. What it leaves out is as diffusers has it. */
export function unetDims(config: ConfigReader, prefix: string): Unet {
  refuse(config)
  const channels = config.ints('block_out_channels', { min: 1 })
  const count = channels.length
  if (count === 0) fail('WGC207', ['unet.block_out_channels'], { place: { file: config.file } })
  const groups = config.int('norm_num_groups', { min: 1, default: 32 })
  // What `attention_head_dim` holds is heads: a mistake that the published files depend on.
  const heads = perLevel(
    config,
    config.has('num_attention_heads') ? 'num_attention_heads' : 'attention_head_dim',
    count,
    8,
  )
  const layers = perLevel(config, 'layers_per_block', count, 2)
  const depth = perLevel(config, 'transformer_layers_per_block', count, 1)
  const [down, up] = [crossing(config, 'down', count), crossing(config, 'up', count).reverse()]
  channels.forEach((c, i) => {
    if (c % groups !== 0) fail('WGC422', [`unet: ${c} channels are no multiple of norm_num_groups ${groups}`])
    const mixes = down[i] || up[i] || i === count - 1
    if (mixes && c % heads[i]! !== 0)
      fail('WGC422', [`unet: ${c} channels are no multiple of ${heads[i]} heads`])
  })
  if (channels[0]! % 2 !== 0) fail('WGC423', [`unet: an odd number of channels, ${channels[0]}`, FAMILY])
  const contexts = new Set(perLevel(config, 'cross_attention_dim', count, 1280))
  if (contexts.size > 1) fail('WGC423', ['unet: several cross_attention_dim', FAMILY])
  const size = config.ints('sample_size', { min: 1 })
  return {
    latents: [config.int('in_channels', { min: 1, default: 4 }), size[0] ?? 64, size[1] ?? size[0] ?? 64],
    out: config.int('out_channels', { min: 1, default: 4 }),
    levels: channels.map((c, i) => ({
      channels: c,
      layers: layers[i]!,
      heads: heads[i]!,
      down: down[i] ? depth[i]! : 0,
      up: up[i] ? depth[i]! : 0,
    })),
    middle: depth[count - 1]!,
    context: [...contexts][0]!,
    time: {
      flip: config.bool('flip_sin_to_cos', { default: true }),
      shift: config.number('freq_shift', { default: 0 }),
    },
    pad: config.int('downsample_padding', { min: 0, max: 1, default: 1 }),
    groups,
    eps: config.number('norm_eps', { default: 1e-5, min: 0 }),
    prefix,
  }
}

/** silu of the embedding of a time, [1, width]: sines and cosines of it at frequencies from 1 to 1 / 10000, through a network. */
function timeEmbedding(m: Making, d: Unet, timestep: string): { name: string; width: number } {
  const { g } = m
  const first = d.levels[0]!.channels
  const half = first / 2
  const frequency = (_: unknown, i: number) => Math.exp((-Math.log(10000) * i) / (half - d.time.shift))
  const table = g.constant('time.frequencies', [1, half], Float32Array.from({ length: half }, frequency))
  const angles = g.op(
    'matmul',
    'time.angles',
    { a: timestep, b: table },
    { N: half },
    { B: 1, BB: 1, M: 1, K: 1 },
  )
  const wave = (OP: string) => g.op('unary', `time.${OP}`, { x: angles }, { OP })
  const [sin, cos] = [wave('sin'), wave('cos')]
  const [a, b] = d.time.flip ? [cos, sin] : [sin, cos]
  const waves = g.op('concat', 'time.waves', { a, b }, { D: first }, { A: 1, DA: half, DB: half, S: 1 })
  const width = 4 * first
  const from = `${d.prefix}time_embedding`
  const project = (x: string, name: string, K: number) => {
    const w = g.weight(`${from}.${name}.weight`, [width, K])
    const b = g.weight(`${from}.${name}.bias`, [width])
    const attrs = { EPI: 'none', LDY: width, BIAS: true }
    return activate(
      m,
      g.op('linear', `time.${name}`, { x, w, b }, attrs, { M: 1, K }),
      'silu',
      `time.${name}.act`,
    )
  }
  return { name: project(project(waves, 'linear_1', first), 'linear_2', width), width }
}

/** Noise [out, height, width] in latents [channels, height, width] at a time (one number), for a text [rows, width]. */
export function unet(
  m: Making,
  d: Unet,
  { latents, timestep, text }: { latents: string; timestep: string; text: { name: string; rows: Expr } },
): Planes {
  const { prefix } = d
  const residual = { groups: d.groups, eps: d.eps, time: timeEmbedding(m, d, timestep) }
  const mix = (x: Planes, from: string, { heads }: Level, layers: number) =>
    spatialTransformer(m, x, from, {
      ...{ groups: d.groups, eps: TRANSFORMER_EPS, heads, layers },
      context: { ...text, width: d.context },
    })
  const [channels, height, width] = d.latents
  let x = conv(m, { name: latents, channels, height, width }, d.levels[0]!.channels, `${prefix}conv_in`)
  const skips = [x]
  d.levels.forEach((level, i) => {
    const at = `${prefix}down_blocks.${i}`
    for (let j = 0; j < level.layers; j++) {
      x = residualBlock(m, x, level.channels, `${at}.resnets.${j}`, residual)
      if (level.down > 0) x = mix(x, `${at}.attentions.${j}`, level, level.down)
      skips.push(x)
    }
    if (i === d.levels.length - 1) return
    x = conv(m, x, level.channels, `${at}.downsamplers.0.conv`, { stride: 2, pad: d.pad, padEnd: 1 })
    skips.push(x)
  })
  const last = d.levels.at(-1)!
  const middle = `${prefix}mid_block`
  x = residualBlock(m, x, last.channels, `${middle}.resnets.0`, residual)
  x = mix(x, `${middle}.attentions.0`, last, d.middle)
  x = residualBlock(m, x, last.channels, `${middle}.resnets.1`, residual)
  ;[...d.levels].reverse().forEach((level, i) => {
    const at = `${prefix}up_blocks.${i}`
    for (let j = 0; j <= level.layers; j++) {
      x = beside(m, x, skips.pop()!, `${at}.beside.${j}`)
      x = residualBlock(m, x, level.channels, `${at}.resnets.${j}`, residual)
      if (level.up > 0) x = mix(x, `${at}.attentions.${j}`, level, level.up)
    }
    const next = skips.at(-1)
    if (!next) return
    const from = `${at}.upsamplers.0`
    x = conv(m, enlarge(m, x, `${from}.larger`, [next.height, next.width]), level.channels, `${from}.conv`)
  })
  return conv(m, groupNorm(m, x, `${prefix}conv_norm_out`, d, 'silu'), d.out, `${prefix}conv_out`)
}
