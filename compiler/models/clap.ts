/**
 * CLAP (Wu et al. 2023): texts through a RoBERTa and spectrograms through a Swin (HTSAT, Chen et al. 2022), as vectors
 * that are near where they go together.
 */

import { fail } from '../errors.js'
import type { ConfigReader } from '../import/config.js'
import type { Derived } from '../import/derived.js'
import { build } from '../ir/builder.js'
import type { Graph } from '../ir/graph.js'
import { bertNames } from './bert.js'
import { activate, activationOf } from './blocks/activation.js'
import { seenAs, turned } from './blocks/conv.js'
import { embedding } from './blocks/decoder.js'
import { type EncoderLayer, encoderLayer, keyMask, rowsFrom } from './blocks/encoder.js'
import { same } from './blocks/flow.js'
import { linear } from './blocks/linear.js'
import { type Making, making } from './blocks/making.js'
import { layerNorm } from './blocks/norm.js'
import { exponential, SIMILAR } from './blocks/similarities.js'
import { type Swin, swin } from './blocks/swin.js'
import { countedPositions } from './blocks/text-encoder.js'
import type { Model, ModelFamily, ModelOptions, ProgramSpec } from './types.js'

interface Clap {
  size: number
  projection: { text: string; audio: string }
  text: EncoderLayer & {
    layers: number
    vocab: number
    types: number
    positions: number
    padding: number
    context: number
  }
  audio: Swin & {
    mels: number
    /** Frames and bins of the spectrogram, folded `fold` times to a square. */
    frames: number
    fold: number
    patch: number
    stride: number
    grid: number
    patchNorm: boolean
  }
}

function audioOf(config: ConfigReader): Clap['audio'] {
  if (config.bool('enable_fusion', { default: false })) fail('WGC423', ['enable_fusion', 'clap'])
  if (!config.bool('flatten_patch_embeds', { default: true }))
    fail('WGC423', ['flatten_patch_embeds: false', 'clap'])
  const spec = config.int('spec_size', { min: 1, default: 256 })
  const mels = config.int('num_mel_bins', { min: 1, default: 64 })
  if (spec % mels !== 0) fail('WGC423', [`spec_size ${spec}, no multiple of num_mel_bins ${mels}`, 'clap'])
  const patch = config.int('patch_size', { min: 1, default: 4 })
  const strides = config.ints('patch_stride', { min: 1 })
  const stride = strides[0] ?? 4
  if (strides.some((s) => s !== stride)) fail('WGC423', ['patch_stride that differs by axis', 'clap'])
  const heads = config.ints('num_attention_heads', { min: 1 })
  const depths = config.ints('depths', { min: 1 })
  const fold = spec / mels
  const d = {
    depths: depths.length > 0 ? depths : [2, 2, 6, 2],
    heads: heads.length > 0 ? heads : [4, 8, 16, 32],
    width: config.int('patch_embeds_hidden_size', { min: 1, default: 96 }),
    ratio: config.number('mlp_ratio', { default: 4, min: 0 }),
    window: config.int('window_size', { min: 1, default: 8 }),
    eps: config.number('layer_norm_eps', { default: 1e-5, min: 0 }),
    activation: activationOf(config, 'hidden_act', 'clap', 'gelu'),
    qkvBias: config.bool('qkv_bias', { default: true }),
    ...{ mels, fold, patch, stride, frames: spec * fold, grid: Math.floor(spec / stride) },
    patchNorm: config.bool('enable_patch_layer_norm', { default: true }),
  }
  if (d.heads.length < d.depths.length) fail('WGC422', ['depths and num_attention_heads differ in length'])
  return d
}

function dims(config: ConfigReader, options: ModelOptions): Clap {
  const text = config.section('text_config') ?? fail('WGC207', ['text_config'])
  const audio = config.section('audio_config') ?? fail('WGC207', ['audio_config'])
  const hidden = text.int('hidden_size', { min: 1, default: 768 })
  const heads = text.int('num_attention_heads', { min: 1, default: 12 })
  if (hidden % heads !== 0)
    fail('WGC422', [`hidden_size ${hidden} is no multiple of num_attention_heads ${heads}`])
  const act = (of: ConfigReader) => activationOf(of, 'projection_hidden_act', 'clap', 'relu')
  return {
    size: config.int('projection_dim', { min: 1, default: 512 }),
    projection: { text: act(text), audio: act(audio) },
    text: {
      hidden,
      heads,
      ffn: text.int('intermediate_size', { min: 1, default: 3072 }),
      layers: text.int('num_hidden_layers', { min: 1, default: 12 }),
      vocab: text.int('vocab_size', { min: 1, default: 50265 }),
      types: text.int('type_vocab_size', { min: 1, default: 1 }),
      positions: text.int('max_position_embeddings', { min: 1, default: 514 }),
      padding: text.int('pad_token_id', { min: 0, default: 1 }),
      context: options.context,
      eps: text.number('layer_norm_eps', { default: 1e-12, min: 0 }),
      activation: activationOf(text, 'hidden_act', 'clap', 'gelu'),
      norm: 'after',
    },
    audio: audioOf(audio),
  }
}

/** Two products with an activation between, to a vector of length 1. */
function projected(m: Making, d: Clap, x: string, of: 'text' | 'audio', width: number): void {
  const from = `${of}_projection`
  const one = linear(m, x, `${from}.1`, [d.size, width], { from: `${from}.linear1`, bias: true })
  const acted = activate(m, one, d.projection[of], `${from}.act`)
  const two = linear(m, acted, `${from}.2`, [d.size, d.size], { from: `${from}.linear2`, bias: true })
  m.g.output(m.g.op('l2norm', `${of}_embeds`, { x: two }, {}, { M: 1 }), `${of}_embeds`, [d.size])
}

function texts(d: Clap, program: ProgramSpec, derived: Map<string, Derived>): Graph {
  const g = build(program.name, program.maxSeq)
  const m = making(g, 'seq', derived)
  const { hidden, types } = d.text
  const at = 'text_model.embeddings'
  const ids = g.input('input_ids', 'u32', ['seq'])
  const mask = g.input('attention_mask', 'f32', ['seq'])
  const word = embedding(m, ids, `${at}.word_embeddings.weight`, [d.text.vocab, hidden], d.text.context)
  const name = `${at}.token_type_embeddings.weight`
  // Texts have one type, the first.
  const type = m.derive({
    name: `${name}[0]`,
    shape: [hidden],
    sources: [{ name, shape: [types, hidden] }],
    compute: ([values]) => values!.slice(0, hidden),
  })
  const typed = g.op('binary', 'embed.typed', { a: word, b: type }, { OP: 'add', BCAST: true })
  const placed = countedPositions(m, d.text, typed, ids, `${at}.position_embeddings.weight`)
  let x = layerNorm(m, placed, `${at}.LayerNorm`, 'embed.norm', hidden, d.text)
  const hides = keyMask(m, mask)
  for (let i = 0; i < d.text.layers; i++) {
    const { norms, q, k, v, o, up, down } = bertNames(i)
    const under = (tensor: string) => `text_model.${tensor}`
    const names = {
      ...{ q: under(q), k: under(k), v: under(v), o: under(o), up: under(up), down: under(down) },
      norms: [under(norms[0]), under(norms[1])] as [string, string],
    }
    x = encoderLayer(m, d.text, x, names, `layers.${i}`, hides)
  }
  const first = rowsFrom(m, x, [0, 1], hidden, m.rows, 'pool.first')
  const one = { ...m, rows: 1 }
  const dense = linear(one, first, 'pool.dense', [hidden, hidden], {
    from: 'text_model.pooler.dense',
    bias: true,
  })
  projected(one, d, g.op('unary', 'pool.act', { x: dense }, { OP: 'tanh' }), 'text', hidden)
  return g.graph
}

/** Gain and offset of each mel band: what a batch norm is once its statistics stand. */
const bandNorm = (from: string, mels: number, part: 'gain' | 'offset'): Derived => ({
  name: `${from}.${part}`,
  shape: [mels],
  sources: ['weight', 'bias', 'running_mean', 'running_var'].map((name) => ({
    name: `${from}.${name}`,
    shape: [mels],
  })),
  compute: ([weight, bias, mean, variance]) =>
    weight!.map((w, i) => {
      const gain = w / Math.sqrt(variance![i]! + 1e-5)
      return part === 'gain' ? gain : bias![i]! - mean![i]! * gain
    }),
})

function sounds(d: Clap, program: ProgramSpec, derived: Map<string, Derived>): Graph {
  const g = build(program.name, program.maxSeq, program.limits)
  const m = making(g, 'frames', derived)
  const { mels, frames, fold, patch, stride, grid, width } = d.audio
  const from = 'audio_model.audio_encoder'
  const input = g.input('input_features', 'f32', [1, 'frames', mels])
  const band = (x: string, OP: string, part: 'gain' | 'offset') =>
    g.op(
      'binary',
      `bands.${part}`,
      { a: x, b: m.derive(bandNorm(`${from}.batch_norm`, mels, part)) },
      { OP, BCAST: true },
      { M: 'frames', D: mels, B: 1 },
    )
  const normed = band(band(input, 'mul', 'gain'), 'add', 'offset')
  // Corner to corner; as many frames as there are stay what they are.
  const stretched = g.op(
    'resize2d',
    'stretched',
    { x: normed },
    { MODE: 'cubic', CUBIC_A: -0.75, ADD_H: 0, MUL_W: 1, ADD_W: 0, DIV_W: 1 },
    {
      ...{ B: 1, C: 1, IH: 'frames', IW: mels, OH: frames, OW: mels },
      ...{ MUL_H: ['-', 'frames', 1], DIV_H: Math.max(frames - 1, 1) },
    },
  )
  // [fold, time, mel] → [fold, mel, time]: an image of one stretch of time below the other.
  const side = mels * fold
  const image = g.op('transpose', 'image', { x: stretched }, {}, { B: fold, M: frames / fold, N: mels })
  const padding = Math.floor((patch - stride) / 2)
  const patches = g.op(
    'conv2d',
    'patches',
    {
      x: image,
      w: g.weight(`${from}.patch_embed.proj.weight`, [width, patch * patch]),
      b: g.weight(`${from}.patch_embed.proj.bias`, [width]),
    },
    { KH: patch, KW: patch, SH: stride, SW: stride, PT: padding, PL: padding, BIAS: true },
    { B: 1, CIN: 1, IH: side, IW: side, COUT: width, OH: grid, OW: grid },
  )
  const places = making(g, grid * grid, derived)
  let x = turned(places, patches, [width, grid * grid], 'patches.rows')
  x = seenAs(g, x, [grid * grid, width])
  if (d.audio.patchNorm)
    x = layerNorm(places, x, `${from}.patch_embed.norm`, 'patches.norm', width, { eps: 1e-5 })
  const out = swin(places, d.audio, x, grid, from, 'clap')
  const count = out.size * out.size
  const last = layerNorm({ ...m, rows: count }, out.x, `${from}.norm`, 'norm', out.channels, { eps: 1e-5 })
  const mean = g.op('reduce', 'mean', { x: last }, { OP: 'mean' }, { A: 1, D: count, S: out.channels })
  projected({ ...m, rows: 1 }, d, mean, 'audio', out.channels)
  return g.graph
}

function similar(d: Clap, program: ProgramSpec, derived: Map<string, Derived>): Graph {
  const g = build(program.name, program.maxSeq, program.limits)
  const m = making(g, 1, derived)
  const a = g.input('audio_embeds', 'f32', ['sounds', d.size])
  const b = g.input('text_embeds', 'f32', ['texts', d.size])
  const products = g.op(
    'matmul',
    'products',
    { a, b },
    { TB: true },
    { B: 1, BB: 1, M: 'sounds', N: 'texts', K: d.size },
  )
  const across = g.op('transpose', 'turned', { x: products }, {}, { B: 1, M: 'sounds', N: 'texts' })
  const scaled = (x: string, of: 'a' | 't', name: string) =>
    g.op(
      'binary',
      name,
      { a: x, b: m.derive(exponential(`logit_scale_${of}`)) },
      { OP: 'mul', BCAST: true },
      { M: ['*', 'sounds', 'texts'], D: 1, B: 1 },
    )
  g.output(scaled(products, 'a', 'by_audio'), 'logits_per_audio', ['sounds', 'texts'])
  g.output(scaled(across, 't', 'by_text'), 'logits_per_text', ['texts', 'sounds'])
  return g.graph
}

const graphs: Record<string, typeof texts> = { text: texts, audio: sounds, compare: similar }

export const clap: ModelFamily = {
  family: 'clap',
  architectures: ['ClapModel'],
  maxContext(config) {
    const text = config.section('text_config')
    const positions = text?.int('max_position_embeddings', { min: 3, default: 514 }) ?? 514
    return Math.max(1, positions - (text?.int('pad_token_id', { min: 0, default: 1 }) ?? 1) - 1)
  },
  model(config, options): Model {
    const d = dims(config, options)
    const programs: ProgramSpec[] = [
      { name: 'text', seq: 'seq', maxSeq: options.context, component: 'text' },
      { name: 'audio', seq: 1, maxSeq: 1, limits: { frames: d.audio.frames }, component: 'audio' },
      { name: 'compare', seq: 1, maxSeq: 1, limits: { sounds: SIMILAR.images, texts: SIMILAR.texts } },
    ]
    const graph = (program: ProgramSpec, derived: Map<string, Derived>) =>
      graphs[program.name]!(d, program, derived)
    const derived = new Map<string, Derived>()
    for (const program of programs) graph(program, derived)
    const text = ['input_ids', 'attention_mask']
    const both = ['audio_embeds', 'text_embeds']
    const logits = ['logits_per_audio', 'logits_per_text']
    return {
      family: 'clap',
      vocab: d.text.vocab,
      context: options.context,
      programs,
      derived: [...derived.values()],
      graph: (spec) => graph(spec, new Map()),
      flow: {
        inputs: [
          { name: 'input_ids', dtype: 'u32', shape: ['batch', 'tokens'] },
          { name: 'attention_mask', dtype: 'f32', shape: ['batch', 'tokens'], fill: 1 },
          { name: 'input_features', dtype: 'f32', shape: ['batch', 1, 'frames', d.audio.mels] },
        ],
        calls: [
          { program: 'text', inputs: same(text), outputs: same(['text_embeds']), each: text },
          {
            program: 'audio',
            inputs: same(['input_features']),
            outputs: same(['audio_embeds']),
            each: ['input_features'],
          },
          { program: 'compare', inputs: same(both), outputs: same(logits) },
        ],
        outputs: [...both, ...logits],
      },
    }
  },
}
