/**
 * Qwen2-VL (Wang et al. 2024): a vision tower whose patches turn by their row and column and come four in one into the
 * text, and Qwen2, whose positions have three axes (M-RoPE): time, row and column of an image, all alike in text.
 */
import type { Flow } from '../../runtime/format.js'
import { fail } from '../errors.js'
import type { ConfigReader } from '../import/config.js'
import { type Derived, rowsOf } from '../import/derived.js'
import { build } from '../ir/builder.js'
import type { Graph } from '../ir/graph.js'
import { size } from '../ir/size.js'
import { activate, activationOf } from './blocks/activation.js'
import { decoderGraph, decoderPrograms } from './blocks/decoder.js'
import { forwardCall, IMAGES, type ImageRows, putFeatures, textInput, withImages } from './blocks/images.js'
import { add, linear } from './blocks/linear.js'
import { type Making, making, prefixOf } from './blocks/making.js'
import { layerNorm } from './blocks/norm.js'
import { maxPositions, POSITIONS, type Rotary, rotaryDecoder } from './blocks/rotary.js'
import { qwen2Decoder } from './qwen2.js'
import { plainRotation, ropeTable } from './rope.js'
import { textSection } from './text.js'
import type { Model, ModelFamily, ModelOptions, ProgramSpec } from './types.js'

interface Vision {
  hidden: number
  heads: number
  inner: number
  layers: number
  activation: string
  /** Values of a patch. */
  patch: number
  /** Patches along each side of what becomes one token. */
  merge: number
  theta: number
  prefix: string
  /** The most patches of an image. */
  most: number
}

interface Qwen2Vl {
  text: Rotary
  vision: Vision
  images: ImageRows
}

const EPS = 1e-6
/** Bytes that every device binds at once. */
const BINDING = 128 * 2 ** 20

function visionDims(config: ConfigReader, options: ModelOptions): Vision {
  const hidden = config.int('embed_dim', { min: 4, default: 1280 })
  const heads = config.int('num_heads', { min: 1, default: 16 })
  if (hidden % (4 * heads) !== 0)
    fail('WGC422', [`embed_dim ${hidden} is no multiple of four times num_heads ${heads}`])
  const side = config.int(['patch_size', 'spatial_patch_size'], { min: 1, default: 14 })
  const merge = config.int('spatial_merge_size', { min: 1, default: 2 })
  const inner = Math.floor(hidden * config.number('mlp_ratio', { min: 0, default: 4 }))
  const unit = merge * merge
  const fits = Math.floor(BINDING / (4 * Math.max(inner, hidden * unit)))
  const rope = config.section('rope_parameters')
  return {
    hidden,
    heads,
    inner,
    layers: config.int('depth', { min: 1, default: 32 }),
    activation: activationOf(config, 'hidden_act', 'qwen2_vl', 'quick_gelu'),
    patch:
      config.int(['in_channels', 'in_chans'], { min: 1, default: 3 }) *
      config.int('temporal_patch_size', { min: 1, default: 2 }) *
      side ** 2,
    merge,
    theta: rope?.number('rope_theta', { min: 1, default: 10000 }) ?? 10000,
    prefix: prefixOf(options, 'patch_embed.proj.weight', ['visual.', 'model.visual.']),
    most: Math.floor(Math.min(options.context * unit, fits) / unit) * unit,
  }
}

function sectionsOf(config: ConfigReader, pairs: number): [number, number, number] {
  const section = ['rope_parameters', 'rope_scaling']
    .flatMap((name) => config.section(name) ?? [])
    .find((s) => s.has('mrope_section'))
  const list = section?.ints('mrope_section', { min: 0 }) ?? []
  const [t, h, w] = list
  if (list.length !== 3 || t! + h! + w! !== pairs)
    fail('WGC422', [
      `mrope_section ${list.join(', ') || 'is missing'}: three numbers that sum to ${pairs} are wanted`,
    ])
  return [t!, h!, w!]
}

function dims(config: ConfigReader, options: ModelOptions): Qwen2Vl {
  const textConfig = textSection(config)
  const own = qwen2Decoder(textConfig, options)
  const tied = config.optionalBool('tie_word_embeddings') ?? false
  const text: Rotary = {
    ...own,
    tied: own.tied || (tied && !options.has(`${own.headPrefix}lm_head.weight`)),
    sections: sectionsOf(textConfig, own.headSize / 2),
  }
  const vision = visionDims(config.section('vision_config') ?? config, options)
  return {
    text,
    vision,
    images: {
      token: config.int('image_token_id', { min: 0, default: 151655 }),
      rows: text.context,
      hidden: text.hidden,
    },
  }
}

/** Attention of the patches of one image, turned by their rows and columns. */
function attention(m: Making, d: Vision, x: string, at: string, layer: string, table: string): string {
  const { hidden, heads } = d
  const from = `${layer}.attn.qkv`
  const weight = { name: `${from}.weight`, shape: [3 * hidden, hidden] }
  const bias = { name: `${from}.bias`, shape: [3 * hidden] }
  const project = (name: string, i: number) => {
    const range: [number, number] = [i * hidden, (i + 1) * hidden]
    return linear(m, x, `${at}.${name}`, [hidden, hidden], {
      from,
      bias: true,
      weight: m.derive(rowsOf(`${weight.name}[${name}]`, weight, range)),
      biasVector: m.derive(rowsOf(`${bias.name}[${name}]`, bias, range)),
    })
  }
  const headSize = hidden / heads
  const turned = (name: string, i: number) =>
    m.g.op(
      'rope',
      `${at}.${name}.rope`,
      { x: project(name, i), table, positions: 'vision_positions' },
      {
        ...{ H: heads, HD: headSize, C: d.most, POSITIONS: 'sections' },
        ...{ S0: headSize / 4, S1: headSize / 4 },
      },
      { M: m.rows },
    )
  const mixed = m.g.op(
    'sdpa',
    `${at}.attention`,
    { q: turned('q', 0), k: turned('k', 1), v: project('v', 2) },
    { H: heads, KVH: heads, HD: headSize, VD: headSize, SCALE: 1 / Math.sqrt(headSize) },
    { B: 1, M: m.rows, L: m.rows },
  )
  return linear(m, mixed, `${at}.o`, [hidden, hidden], { from: `${layer}.attn.proj`, bias: true })
}

/** Rows of merge² patches that follow each other become rows of the text. */
function merged(m: Making, d: Vision, x: string, hidden: number): string {
  const unit = d.merge ** 2
  const wide = d.hidden * unit
  const from = `${d.prefix}merger`
  const normed = layerNorm(m, x, `${from}.ln_q`, 'merger.norm', d.hidden, { eps: EPS })
  const inputs = {
    x: normed,
    w: m.g.weight(`${from}.mlp.0.weight`, [wide, wide]),
    b: m.g.weight(`${from}.mlp.0.bias`, [wide]),
  }
  const rows = size('ceildiv', m.rows, unit)
  const first = m.g.op(
    'linear',
    'merger.0',
    inputs,
    { EPI: 'none', LDY: wide, BIAS: true },
    { M: rows, K: wide },
  )
  const acted = activate(m, first, 'gelu', 'merger.act')
  return linear(m, acted, 'merger.2', [hidden, wide], { from: `${from}.mlp.2`, bias: true })
}

function vision(
  { vision: d, text, images }: Qwen2Vl,
  program: ProgramSpec,
  derived: Map<string, Derived>,
): Graph {
  const g = build(program.name, program.maxSeq, program.limits)
  const m = making(g, program.seq, derived)
  const pixels = g.input('pixel_values', 'f32', ['seq', d.patch])
  g.input('vision_positions', 'u32', [2, 'seq'])
  // The same frequencies for rows and for columns.
  const half = Array.from(plainRotation(d.theta, d.hidden / d.heads / 2).frequencies)
  const { shape, data } = ropeTable(Float64Array.from([...half, ...half]), d.most)
  const table = g.constant('vision.rope.table', shape, data)
  let x = g.op(
    'linear',
    'patches',
    { x: pixels, w: g.weight(`${d.prefix}patch_embed.proj.weight`, [d.hidden, d.patch]) },
    { EPI: 'none', LDY: d.hidden },
  )
  for (let i = 0; i < d.layers; i++) {
    const layer = `${d.prefix}blocks.${i}`
    const at = `vision.${i}`
    const norm = (y: string, n: 1 | 2) =>
      layerNorm(m, y, `${layer}.norm${n}`, `${at}.norm${n}`, d.hidden, { eps: EPS })
    const y = add(m, attention(m, d, norm(x, 1), at, layer, table), x, `${at}.residual1`)
    const inner = linear(m, norm(y, 2), `${at}.up`, [d.inner, d.hidden], {
      from: `${layer}.mlp.fc1`,
      bias: true,
    })
    const acted = activate(m, inner, d.activation, `${at}.act`)
    const fed = linear(m, acted, `${at}.down`, [d.hidden, d.inner], { from: `${layer}.mlp.fc2`, bias: true })
    x = add(m, fed, y, `${at}.residual2`)
  }
  putFeatures(m, images, merged(m, d, x, text.hidden))
  return g.graph
}

/** Positions of a text and of what follows it, which the page computes from its images. */
function place({ text }: Qwen2Vl, program: ProgramSpec): Graph {
  const g = build(program.name, program.maxSeq)
  g.given(POSITIONS, 'u32', [3, text.context], 'positions')
  return g.graph
}

function flowOf({ text, vision: d, images }: Qwen2Vl): Flow {
  const positions = (inputs: string[], as: string): Flow['calls'] => [
    {
      host: 'qwen2_vl_positions',
      args: { token: images.token, merge: d.merge, context: text.context },
      inputs: Object.fromEntries(inputs.map((name) => [name, name])),
      outputs: { positions: as },
    },
    { program: 'place', inputs: { positions: as }, outputs: {}, gives: ['positions'] },
  ]
  return {
    inputs: [
      textInput,
      { name: 'pixel_values', dtype: 'f32', shape: ['patches', d.patch] },
      { name: 'image_grid_thw', dtype: 'u32', shape: ['images', 3] },
    ],
    calls: [
      ...positions(['input_ids'], 'text_positions'),
      {
        host: 'qwen2_vl_patches',
        args: { merge: d.merge },
        inputs: { image_grid_thw: 'image_grid_thw' },
        outputs: { vision_positions: 'vision_positions', frames: 'frames' },
      },
      {
        program: 'vision',
        inputs: { pixel_values: 'pixel_values', vision_positions: 'vision_positions' },
        outputs: {},
        each: ['pixel_values', 'vision_positions'],
        counts: 'frames',
        advance: 1 / d.merge ** 2,
        gives: [IMAGES],
      },
      // In the place of the positions of a text alone.
      ...positions(['input_ids', 'image_grid_thw'], 'image_positions'),
      forwardCall({ needs: ['positions'] }),
    ],
    outputs: ['logits'],
    generate: { prompt: 'input_ids', needs: ['positions'] },
  }
}

export const qwen2Vl: ModelFamily = {
  family: 'qwen2_vl',
  architectures: ['Qwen2VLForConditionalGeneration'],
  maxContext: (config) => maxPositions(textSection(config), 32768),
  model(config, options): Model {
    const d = dims(config, options)
    const decoder = withImages(rotaryDecoder(d.text), d.images)
    const { most, merge } = d.vision
    const programs: ProgramSpec[] = [
      ...decoderPrograms(d.text.context, d.text.vocab).map((p) => ({ ...p, component: 'decoder' })),
      { name: 'place', seq: 1, maxSeq: 1, component: 'decoder' },
      {
        ...{ name: 'vision', seq: 'seq', maxSeq: most, component: 'vision' },
        limits: { row: Math.max(d.text.context - most / merge ** 2, 0) },
      },
    ]
    const graph = (program: ProgramSpec, derived: Map<string, Derived>): Graph =>
      program.name === 'vision'
        ? vision(d, program, derived)
        : program.name === 'place'
          ? place(d, program)
          : decoderGraph(decoder, program, derived)
    const derived = new Map<string, Derived>()
    for (const program of programs) graph(program, derived)
    return {
      family: 'qwen2_vl',
      vocab: d.text.vocab,
      context: d.text.context,
      programs,
      derived: [...derived.values()],
      graph: (program) => graph(program, new Map()),
      flow: flowOf(d),
    }
  },
}
