/**
 * Wav2Vec 2.0 (Baevski et al. 2020): convolutions over sound, an encoder over their frames, and letters by CTC. The
 * feature extractor is in blocks/speech.ts.
 */

import type { Expr } from '../../runtime/expr.js'
import { fail } from '../errors.js'
import type { ConfigReader } from '../import/config.js'
import type { Derived } from '../import/derived.js'
import { build } from '../ir/builder.js'
import type { Graph } from '../ir/graph.js'
import { activate, activationOf } from './blocks/activation.js'
import { conv1d, convLength, turned, weightNormed } from './blocks/conv.js'
import { type EncoderLayer, type EncoderNames, encoderLayer, keyMask } from './blocks/encoder.js'
import { same } from './blocks/flow.js'
import { add, linear } from './blocks/linear.js'
import { graphsOf, type Making, making, prefixOf } from './blocks/making.js'
import { layerNorm } from './blocks/norm.js'
import {
  features,
  framesMask,
  framesOf,
  type SpeechFeatures,
  samplesOf,
  speechFeatures,
} from './blocks/speech.js'
import type { Model, ModelFamily, ModelOptions, ProgramSpec } from './types.js'

interface Wav2Vec2 extends EncoderLayer {
  layers: number
  vocab: number
  prefix: string
  features: SpeechFeatures
  /** The convolution that tells places. */
  places: { kernel: number; groups: number; activation: string }
  /** Width of the adapters in the layers; 0: none. */
  layerAdapter: number
  /** Convolutions that shorten what comes out. */
  adapter: { layers: number; width: number; kernel: number; stride: number } | undefined
  ctc: boolean
}

/** The longest input, in frames: 30 s of 16 kHz, or less where a tensor would leave its binding. */
const most = (config: ConfigReader): number => framesOf(speechFeatures(config), 480000)

function dims(config: ConfigReader, options: ModelOptions): Wav2Vec2 {
  const hidden = config.int('hidden_size', { min: 1 })
  const heads = config.int('num_attention_heads', { min: 1 })
  if (hidden % heads !== 0)
    fail('WGC422', [`hidden_size ${hidden} is no multiple of num_attention_heads ${heads}`])
  const groups = config.int('num_conv_pos_embedding_groups', { min: 1, default: 16 })
  if (hidden % groups !== 0)
    fail('WGC422', [`hidden_size ${hidden} is no multiple of num_conv_pos_embedding_groups ${groups}`])
  const [architecture = ''] = config.strings('architectures')
  const adapter = config.bool('add_adapter', { default: false }) && {
    layers: config.int('num_adapter_layers', { min: 0, default: 3 }),
    width: config.int('output_hidden_size', { min: 1, default: hidden }),
    kernel: config.int('adapter_kernel_size', { min: 1, default: 3 }),
    stride: config.int('adapter_stride', { min: 1, default: 2 }),
  }
  const stable = config.bool('do_stable_layer_norm', { default: false })
  return {
    hidden,
    heads,
    ffn: config.int('intermediate_size', { min: 1 }),
    layers: config.int('num_hidden_layers', { min: 1 }),
    vocab: config.int('vocab_size', { min: 1, default: 32 }),
    eps: config.number('layer_norm_eps', { default: 1e-5, min: 0 }),
    activation: activationOf(config, 'hidden_act', 'wav2vec2', 'gelu'),
    norm: stable ? 'before' : 'after',
    prefix: prefixOf(options, 'encoder.layer_norm.weight', ['wav2vec2.', '']),
    features: speechFeatures(config),
    places: {
      kernel: config.int('num_conv_pos_embeddings', { min: 1, default: 128 }),
      groups,
      activation: activationOf(config, 'feat_extract_activation', 'wav2vec2', 'gelu'),
    },
    layerAdapter: stable ? (config.optionalInt('adapter_attn_dim', { min: 1 }) ?? 0) : 0,
    adapter: adapter || undefined,
    ctc: /ForCTC$/.test(architecture),
  }
}

const names = (layer: string): EncoderNames => ({
  q: `${layer}.attention.q_proj`,
  k: `${layer}.attention.k_proj`,
  v: `${layer}.attention.v_proj`,
  o: `${layer}.attention.out_proj`,
  norms: [`${layer}.layer_norm`, `${layer}.final_layer_norm`],
  up: `${layer}.feed_forward.intermediate_dense`,
  down: `${layer}.feed_forward.output_dense`,
})

/** x [frames, hidden] plus what a grouped convolution over the frames makes of it. */
function placed(m: Making, d: Wav2Vec2, options: ModelOptions, x: string): string {
  const { kernel, groups, activation } = d.places
  const from = `${d.prefix}encoder.pos_conv_embed.conv`
  const w = weightNormed(m, options, from, [d.hidden, d.hidden / groups, kernel], 2)
  const wide = turned(m, x, [m.rows, d.hidden], 'places.in')
  // A kernel of even length has one output too many, the last: it is never computed.
  const made = conv1d(
    m,
    wide,
    'places.conv',
    { channels: [d.hidden, d.hidden], kernel, groups, padding: Math.floor(kernel / 2) },
    [m.rows, m.rows],
    { w, b: m.g.weight(`${from}.bias`, [d.hidden]) },
  )
  const acted = activate(m, made, activation, 'places.act')
  return add(m, turned(m, acted, [d.hidden, m.rows], 'places.out'), x, 'places.added')
}

/** The bottleneck behind a layer of a model of many languages. */
function layerAdapter(m: Making, d: Wav2Vec2, x: string, from: string, at: string): string {
  const normed = layerNorm(m, x, `${from}.norm`, `${at}.norm`, d.hidden, { eps: 1e-5 })
  const shape: [number, number] = [d.layerAdapter, d.hidden]
  const inner = linear(m, normed, `${at}.in`, shape, { from: `${from}.linear_1`, bias: true })
  const acted = m.g.op('unary', `${at}.act`, { x: inner }, { OP: 'relu' })
  const outer = linear(m, acted, `${at}.out`, [d.hidden, d.layerAdapter], {
    from: `${from}.linear_2`,
    bias: true,
  })
  return add(m, outer, x, `${at}.added`)
}

/** Convolutions with gates, each of which leaves fewer frames: [frames, hidden] → [fewer, width], and how many. */
function shortened(m: Making, d: Wav2Vec2, x: string): { x: string; width: number; rows: Expr } {
  if (!d.adapter) return { x, width: d.hidden, rows: m.rows }
  const { layers, width, kernel, stride } = d.adapter
  let y = x
  if (width !== d.hidden) {
    y = linear(m, y, 'adapter.proj', [width, d.hidden], { from: `${d.prefix}adapter.proj`, bias: true })
    y = layerNorm(m, y, `${d.prefix}adapter.proj_layer_norm`, 'adapter.norm', width, { eps: 1e-5 })
  }
  y = turned(m, y, [m.rows, width], 'adapter.in')
  let rows = m.rows
  for (let i = 0; i < layers; i++) {
    const from = `${d.prefix}adapter.layers.${i}.conv`
    const made: Expr = convLength(rows, kernel, stride, { padding: 2 })
    const both = conv1d(
      m,
      y,
      `adapter.${i}`,
      { channels: [width, 2 * width], kernel, stride, padding: 1 },
      [rows, made],
      {
        w: m.g.weight(`${from}.weight`, [2 * width, width * kernel]),
        b: m.g.weight(`${from}.bias`, [2 * width]),
      },
    )
    // Places lie last, so the half of the channels that are gates stands behind the other: rows of gates.
    const turn = turned(m, both, [2 * width, made], `adapter.${i}.rows`)
    const half = (name: string, X0: number) =>
      m.g.op(
        'copy_nd',
        `adapter.${i}.${name}`,
        { x: turn },
        { D5: width, XS4: 2 * width, X0 },
        { D4: made, XN: ['*', made, 2 * width] },
      )
    const open = m.g.op('unary', `adapter.${i}.open`, { x: half('gate', width) }, { OP: 'sigmoid' })
    const glu = m.g.op(
      'binary',
      `adapter.${i}.glu`,
      { a: half('value', 0), b: open },
      { OP: 'mul', BCAST: false },
    )
    y = i === layers - 1 ? glu : turned(m, glu, [made, width], `adapter.${i}.turned`)
    rows = made
  }
  if (layers === 0) y = turned(m, y, [width, rows], 'adapter.out')
  return { x: y, width, rows }
}

function graph(
  d: Wav2Vec2,
  options: ModelOptions,
  program: ProgramSpec,
  derived: Map<string, Derived>,
): Graph {
  const g = build(program.name, program.maxSeq, program.limits)
  const samples = g.input('input_values', 'f32', ['samples'])
  const mask = g.input('attention_mask', 'f32', ['samples'])
  const made = features(making(g, 1, derived), d.features, d.prefix, samples)
  const m = making(g, made.frames, derived)
  const at = `${d.prefix}feature_projection`
  const normed = layerNorm(m, made.x, `${at}.layer_norm`, 'extract_features', made.channels, d)
  const projected = linear(m, normed, 'projected', [d.hidden, made.channels], {
    from: `${at}.projection`,
    bias: true,
  })
  const seen = framesMask(m, d.features, mask, program.limits?.samples ?? 0)
  const silent = g.op(
    'binary_nd',
    'silent',
    { a: projected, b: seen },
    { OP: 'mul', D4: d.hidden, AS3: d.hidden, AS4: 1, BS3: 1, BS4: 0, ...strides },
    { D3: made.frames, NA: ['*', made.frames, d.hidden], NB: made.frames },
  )
  const hides = keyMask(m, seen)
  const norm = (x: string) => layerNorm(m, x, `${d.prefix}encoder.layer_norm`, 'encoder.norm', d.hidden, d)
  let x = placed(m, d, options, silent)
  if (d.norm === 'after') x = norm(x)
  for (let i = 0; i < d.layers; i++) {
    const layer = `${d.prefix}encoder.layers.${i}`
    x = encoderLayer(m, d, x, names(layer), `layers.${i}`, hides)
    if (d.layerAdapter > 0) x = layerAdapter(m, d, x, `${layer}.adapter_layer`, `layers.${i}.adapter`)
  }
  if (d.norm === 'before') x = norm(x)
  const out = shortened(m, d, x)
  if (d.ctc) {
    const logits = linear({ ...m, rows: out.rows }, out.x, 'logits', [d.vocab, out.width], {
      from: 'lm_head',
      bias: true,
    })
    g.output(logits, 'logits', [out.rows, d.vocab])
  }
  g.output(out.x, 'last_hidden_state', [out.rows, out.width])
  return g.graph
}

/** Of axes that are not there. */
const strides = { AS0: 0, AS1: 0, AS2: 0, BS0: 0, BS1: 0, BS2: 0 }

export const wav2vec2: ModelFamily = {
  family: 'wav2vec2',
  architectures: ['Wav2Vec2ForCTC', 'Wav2Vec2Model'],
  maxContext: most,
  model(config, options): Model {
    const d = dims(config, options)
    const programs: ProgramSpec[] = [
      { name: 'encode', seq: 1, maxSeq: 1, limits: { samples: samplesOf(d.features, options.context) } },
    ]
    const outputs = [...(d.ctc ? ['logits'] : []), 'last_hidden_state']
    const inputs = ['input_values', 'attention_mask']
    return {
      family: 'wav2vec2',
      vocab: d.vocab,
      context: options.context,
      ...graphsOf(programs, (spec, derived) => graph(d, options, spec, derived), programs.slice(0, 1)),
      flow: {
        inputs: [
          { name: 'input_values', dtype: 'f32', shape: ['batch', 'samples'] },
          { name: 'attention_mask', dtype: 'f32', shape: ['batch', 'samples'], fill: 1 },
        ],
        calls: [{ program: 'encode', inputs: same(inputs), outputs: same(outputs), each: inputs }],
        outputs,
      },
    }
  },
}
