/**
 * DETR (Carion et al. 2020): a ResNet's features through an encoder, and queries that each find an object in them. An
 * image may have any height and width.
 */

import type { Expr } from '../../runtime/expr.js'
import { fail } from '../errors.js'
import type { ConfigReader } from '../import/config.js'
import type { Derived } from '../import/derived.js'
import { build } from '../ir/builder.js'
import type { Graph } from '../ir/graph.js'
import { activate, activationOf } from './blocks/activation.js'
import { seenAs, turned } from './blocks/conv.js'
import { keyMask } from './blocks/encoder.js'
import { same } from './blocks/flow.js'
import { gridMask, sinePositions } from './blocks/grid.js'
import { labelCount } from './blocks/labels.js'
import { add, linear } from './blocks/linear.js'
import { graphsOf, type Making, making } from './blocks/making.js'
import { layerNorm } from './blocks/norm.js'
import { type ResNet, resnet, resnetOf } from './blocks/resnet.js'
import type { Model, ModelFamily, ModelOptions, ProgramSpec } from './types.js'

interface Side {
  layers: number
  heads: number
  ffn: number
}

interface Detr {
  hidden: number
  encoder: Side
  decoder: Side
  queries: number
  labels: number
  activation: string
  backbone: ResNet
}

const NORM = { eps: 1e-5 }
/** The largest images that its processor makes have a shorter edge of 800 and a longer one of 1333, either way. */
const SIZES: Record<string, { height: number; width: number }> = {
  // Small ones take less memory.
  detect: { height: 512, width: 512 },
  detect_wide: { height: 800, width: 1333 },
  detect_tall: { height: 1333, width: 800 },
}

function dims(config: ConfigReader, options: ModelOptions): Detr {
  const hidden = config.int('d_model', { min: 1, default: 256 })
  const kind = config.string('position_embedding_type', { default: 'sine' })
  if (kind !== 'sine') fail('WGC423', [`position_embedding_type: ${kind}`, 'detr'])
  if (hidden % 4 !== 0) fail('WGC422', [`d_model ${hidden} is no multiple of 4`])
  const side = (of: 'encoder' | 'decoder'): Side => {
    const heads = config.int(`${of}_attention_heads`, { min: 1, default: 8 })
    if (hidden % heads !== 0)
      fail('WGC422', [`d_model ${hidden} is no multiple of ${of}_attention_heads ${heads}`])
    return {
      heads,
      layers: config.int(`${of}_layers`, { min: 0, default: 6 }),
      ffn: config.int(`${of}_ffn_dim`, { min: 1, default: 2048 }),
    }
  }
  return {
    hidden,
    encoder: side('encoder'),
    decoder: side('decoder'),
    queries: config.int('num_queries', { min: 1, default: 100 }),
    labels: labelCount(config) + 1,
    activation: activationOf(config, 'activation_function', 'detr', 'relu'),
    backbone: resnetOf(config, options, 'model.backbone.conv_encoder.model.', 'detr'),
  }
}

interface Part {
  m: Making
  d: Detr
  side: Side
  options: ModelOptions
}

/** Attention with positions added to queries and keys, not to values, then the sum normed. */
function attended(
  { m, d, side, options }: Part,
  [x, places]: [x: string, places: string],
  [from, keys, values]: [rows: Expr, keys: string, values: string],
  at: string,
  mask?: string,
): string {
  const rows = { ...m, rows: from }
  const square: [number, number] = [d.hidden, d.hidden]
  const project = (name: string, y: string, own: Making) =>
    linear(own, y, `${at}.${name}`, square, { from: `${at}.${name}_proj`, bias: true })
  const size = d.hidden / side.heads
  const mixed = m.g.op(
    'sdpa',
    `${at}.attention`,
    {
      q: project('q', add(m, x, places, `${at}.placed`), m),
      k: project('k', keys, rows),
      v: project('v', values, rows),
      ...(mask !== undefined && { keymask: mask }),
    },
    {
      H: side.heads,
      KVH: side.heads,
      HD: size,
      VD: size,
      SCALE: 1 / Math.sqrt(size),
      KEYS: mask !== undefined,
    },
    { B: 1, M: m.rows, L: from },
  )
  const out = ['out_proj', 'o_proj'].find((name) => options.has(`${at}.${name}.weight`)) ?? 'out_proj'
  const sum = add(
    m,
    linear(m, mixed, `${at}.o`, square, { from: `${at}.${out}`, bias: true }),
    x,
    `${at}.sum`,
  )
  return layerNorm(m, sum, `${at}_layer_norm`, `${at}.norm`, d.hidden, NORM)
}

function fed({ m, d, side, options }: Part, x: string, at: string): string {
  const from = options.has(`${at}.fc1.weight`) ? at : `${at}.mlp`
  const up = linear(m, x, `${at}.up`, [side.ffn, d.hidden], { from: `${from}.fc1`, bias: true })
  const acted = activate(m, up, d.activation, `${at}.act`)
  const down = linear(m, acted, `${at}.down`, [d.hidden, side.ffn], { from: `${from}.fc2`, bias: true })
  return layerNorm(m, add(m, down, x, `${at}.sum`), `${at}.final_layer_norm`, `${at}.norm`, d.hidden, NORM)
}

function graph(d: Detr, options: ModelOptions, program: ProgramSpec, derived: Map<string, Derived>): Graph {
  const g = build(program.name, program.maxSeq, program.limits)
  const pixels = g.input('pixel_values', 'f32', [d.backbone.channels, 'height', 'width'])
  const pixelMask = g.input('pixel_mask', 'f32', ['height', 'width'])
  const image = { x: pixels, channels: d.backbone.channels, height: 'height', width: 'width' }
  const features = resnet(making(g, 1, derived), d.backbone, image)
  const { height, width, channels } = features
  const places: Expr = ['*', height, width]
  const m = making(g, places, derived)
  const rows = turned(m, features.x, [channels, places], 'features')
  let x = linear(m, seenAs(g, rows, [places, channels]), 'projected', [d.hidden, channels], {
    from: 'model.input_projection',
    bias: true,
  })
  const seen = gridMask(m, pixelMask, ['height', 'width'], [height, width])
  const hides = keyMask(m, seen)
  const where = sinePositions(m, seen, [height, width], d.hidden)
  const encoder: Part = { m, d, side: d.encoder, options }
  for (let i = 0; i < d.encoder.layers; i++) {
    const at = `model.encoder.layers.${i}`
    const keys = add(m, x, where, `${at}.keys`)
    x = fed(encoder, attended(encoder, [x, where], [places, keys, x], `${at}.self_attn`, hides), at)
  }
  const few = making(g, d.queries, derived)
  const decoder: Part = { m: few, d, side: d.decoder, options }
  const queries = m.derive({
    name: 'model.query_position_embeddings.weight[rows]',
    shape: [d.queries * d.hidden],
    sources: [{ name: 'model.query_position_embeddings.weight', shape: [d.queries, d.hidden] }],
    compute: ([values]) => values!,
  })
  const shape = [d.queries, d.hidden]
  // Weights are only read, activations may be written: what starts as a weight becomes one.
  const activation = (weight: string, name: string) =>
    seenAs(
      g,
      g.op('copy_nd', name, { x: weight }, { D5: d.queries * d.hidden }, { XN: d.queries * d.hidden }),
      shape,
    )
  const zeros = g.constant('queries.zeros', [d.queries * d.hidden], new Float32Array(d.queries * d.hidden))
  let found = activation(zeros, 'queries')
  const asked = activation(queries, 'asked')
  const keys = add(m, x, where, 'decoder.keys')
  for (let i = 0; i < d.decoder.layers; i++) {
    const at = `model.decoder.layers.${i}`
    const own = add(few, found, asked, `${at}.own`)
    found = attended(decoder, [found, asked], [d.queries, own, found], `${at}.self_attn`)
    found = attended(decoder, [found, asked], [places, keys, x], `${at}.encoder_attn`, hides)
    found = fed(decoder, found, at)
  }
  found = layerNorm(few, found, 'model.decoder.layernorm', 'found', d.hidden, NORM)
  const classes = linear(few, found, 'logits', [d.labels, d.hidden], {
    from: 'class_labels_classifier',
    bias: true,
  })
  let box = found
  for (let i = 0; i < 3; i++) {
    const from = `bbox_predictor.layers.${i}`
    box = linear(few, box, `boxes.${i}`, [i < 2 ? d.hidden : 4, d.hidden], { from, bias: true })
    box = g.op('unary', `boxes.${i}.act`, { x: box }, { OP: i < 2 ? 'relu' : 'sigmoid' })
  }
  g.output(classes, 'logits', [d.queries, d.labels])
  g.output(box, 'pred_boxes', [d.queries, 4])
  return g.graph
}

export const detr: ModelFamily = {
  family: 'detr',
  architectures: ['DetrForObjectDetection'],
  maxContext: () => 1,
  model(config, options): Model {
    const d = dims(config, options)
    const programs = Object.entries(SIZES).map(
      ([name, limits]): ProgramSpec => ({ name, seq: 1, maxSeq: 1, limits }),
    )
    const [program = '', ...otherwise] = Object.keys(SIZES)
    const inputs = ['pixel_values', 'pixel_mask']
    const outputs = ['logits', 'pred_boxes']
    return {
      family: 'detr',
      vocab: d.labels,
      context: options.context,
      ...graphsOf(programs, (spec, derived) => graph(d, options, spec, derived), programs.slice(0, 1)),
      flow: {
        inputs: [
          { name: 'pixel_values', dtype: 'f32', shape: ['batch', d.backbone.channels, 'height', 'width'] },
          { name: 'pixel_mask', dtype: 'f32', shape: ['batch', 'height', 'width'], fill: 1 },
        ],
        calls: [{ program, otherwise, inputs: same(inputs), outputs: same(outputs), each: inputs }],
        outputs,
      },
    }
  },
}
