/**
 * Whisper (Radford et al. 2022): log-mels of a sound through two convolutions and an encoder, then a decoder of text.
 * LayerNorm before every part; keys have no bias.
 */

import { melFilters } from '../audio/mel.js'
import { hann, turns } from '../audio/windows.js'
import { fail } from '../errors.js'
import type { ConfigReader } from '../import/config.js'
import { reshaped } from '../import/derived.js'
import { activate, activationOf } from './blocks/activation.js'
import {
  type Attending,
  causalAttention,
  crossAttention,
  fullAttention,
  keysAndValues,
} from './blocks/attend.js'
import { embedding } from './blocks/decoder.js'
import { add, linear } from './blocks/linear.js'
import { type Making, prefixOf } from './blocks/making.js'
import { layerNorm } from './blocks/norm.js'
import { learnedPositions } from './blocks/positions.js'
import { encoderDecoder } from './blocks/seq2seq.js'
import type { Model, ModelFamily, ModelOptions } from './types.js'

interface Stack {
  layers: number
  heads: number
  ffn: number
}

interface Sound {
  rate: number
  /** Samples that are transformed at a time, and from one time to the next. */
  length: number
  hop: number
  /** Samples of an input, zeros behind the sound. */
  samples: number
}

interface Whisper {
  hidden: number
  encoder: Stack
  decoder: Stack
  vocab: number
  context: number
  mels: number
  /** Rows of the encoder. */
  source: number
  /** Rows of the decoder's positions. */
  target: number
  activation: string
  tied: boolean
  prefix: string
  sound: Sound
}

const EPS = 1e-5

function dims(config: ConfigReader, { context, has, preprocessor }: ModelOptions): Whisper {
  const hidden = config.int('d_model', { min: 1 })
  const stack = (name: 'encoder' | 'decoder'): Stack => {
    const heads = config.int(`${name}_attention_heads`, { min: 1 })
    if (hidden % heads !== 0)
      fail('WGC422', [`d_model ${hidden} is no multiple of ${name}_attention_heads ${heads}`])
    return {
      heads,
      layers: config.int(`${name}_layers`, { min: 1 }),
      ffn: config.int(`${name}_ffn_dim`, { min: 1 }),
    }
  }
  const source = config.int('max_source_positions', { min: 1, default: 1500 })
  const prefix = prefixOf({ context, has }, 'decoder.embed_tokens.weight', ['model.', ''])
  const positive = (name: string, usual: number) =>
    preprocessor?.int(name, { min: 1, default: usual }) ?? usual
  const hop = positive('hop_length', 160)
  const rate = positive('sampling_rate', 16000)
  return {
    hidden,
    encoder: stack('encoder'),
    decoder: stack('decoder'),
    vocab: config.int('vocab_size', { min: 1 }),
    context,
    mels: config.int('num_mel_bins', { min: 1, default: 80 }),
    source,
    target: config.int('max_target_positions', { min: 1, default: 448 }),
    activation: activationOf(config, 'activation_function', 'whisper', 'gelu'),
    tied: config.bool('tie_word_embeddings', { default: true }) || !has('proj_out.weight'),
    prefix,
    // As many frames as the encoder takes: two a row.
    sound: { rate, hop, length: positive('n_fft', 400), samples: 2 * source * hop },
  }
}

/** Log-mels of a sound, zeros behind it: [1, mels, frames]. */
function features({ g }: Making, d: Whisper): void {
  const { rate, length, hop, samples } = d.sound
  const frames = samples / hop
  const bins = Math.floor(length / 2) + 1
  const sound = g.input('waveform', 'f32', ['samples'])
  const longer = g.op('pad', 'sound.longer', { x: sound }, { Q3: samples }, { D0: 1, D1: 1, D2: 1 })
  const x = g.op('copy_nd', 'sound', { x: longer }, { D5: samples }, { XN: ['+', 'samples', samples] })
  const vector = (name: string, values: Float64Array, shape: number[]) =>
    g.constant(name, shape, Float32Array.from(values))
  const filters = vector('mel.filters', melFilters({ rate, bins, mels: d.mels, high: 8000 }), [d.mels, bins])
  const power = g.op(
    'stft_power',
    'power',
    {
      x,
      window: vector('stft.window', hann(length), [length]),
      table: vector('stft.table', turns(length), [length, 2]),
    },
    { HOP: hop, FRAMES: frames, BINS: bins, CENTER: true, PARTS: 1 },
    { B: 1, S: samples },
  )
  const logs = g.op('mel_log', 'mel', { power, filters }, { FLOOR: 1e-10, SCALE: 1 })
  g.output(g.op('whisper_scale', 'input_features', { x: logs }), 'input_features')
  const turned = g.op('transpose', 'mel_filters', { x: filters }, {}, { B: 1, M: d.mels, N: bins })
  g.output(turned, 'mel_filters', [bins, d.mels])
}

/** A convolution of 3 over [channels, frames], and GELU, whatever the layers have: [hidden, columns]. */
function convolution(
  m: Making,
  d: Whisper,
  x: string,
  name: string,
  [channels, frames, stride]: [channels: number, frames: number, stride: number],
): string {
  const from = `${d.prefix}encoder.${name}`
  const w = reshaped(
    `${from}.weight[rows]`,
    `${from}.weight`,
    [d.hidden, channels, 3],
    [d.hidden, 3 * channels],
  )
  const columns = Math.ceil(frames / stride)
  const y = m.g.op(
    'conv2d',
    name,
    { x, w: m.derive(w), b: m.g.weight(`${from}.bias`, [d.hidden]) },
    { KH: 1, KW: 3, SH: 1, SW: stride, PL: 1, BIAS: true },
    {
      ...{ B: 1, CIN: channels, IH: 1, IW: frames },
      ...{ COUT: d.hidden, OH: 1, OW: columns },
    },
  )
  // Its rows are the channels: what follows knows no other axes.
  m.g.graph.tensors.set(y, { ...m.g.graph.tensors.get(y)!, shape: [d.hidden, columns] })
  return activate(m, y, 'gelu', `${name}.act`)
}

const attending = (d: Whisper, { heads }: Stack, from: string): Attending => ({
  ...{ hidden: d.hidden, heads, headSize: d.hidden / heads, scale: 1 / Math.sqrt(d.hidden / heads) },
  biased: ['q', 'v', 'o'],
  names: { q: `${from}.q_proj`, k: `${from}.k_proj`, v: `${from}.v_proj`, o: `${from}.out_proj` },
})

const normed = (m: Making, d: Whisper, x: string, from: string, name: string, last = false) =>
  layerNorm(m, x, from, name, d.hidden, { eps: EPS, last })

/** x plus what a part makes of its norm. */
const part = (
  m: Making,
  d: Whisper,
  x: string,
  from: string,
  at: string,
  make: (y: string) => string,
): string => add(m, make(normed(m, d, x, from, `${at}.norm`)), x, `${at}.residual`)

const feedForward = (m: Making, d: Whisper, { ffn }: Stack, x: string, layer: string, at: string) =>
  part(m, d, x, `${layer}.final_layer_norm`, `${at}.ffn`, (y) => {
    const inner = linear(m, y, `${at}.up`, [ffn, d.hidden], { from: `${layer}.fc1`, bias: true })
    const acted = activate(m, inner, d.activation, `${at}.act`)
    return linear(m, acted, `${at}.down`, [d.hidden, ffn], { from: `${layer}.fc2`, bias: true })
  })

function encode(m: Making, d: Whisper): void {
  const frames = 2 * d.source
  const sound = m.g.input('input_features', 'f32', [d.mels, frames])
  const halved = convolution(m, d, convolution(m, d, sound, 'conv1', [d.mels, frames, 1]), 'conv2', [
    ...([d.hidden, frames] as const),
    2,
  ])
  const rows = m.g.op('transpose', 'rows', { x: halved }, {}, { B: 1, M: d.hidden, N: d.source })
  const sizes: [number, number] = [d.source, d.hidden]
  let x = learnedPositions(m, rows, `${d.prefix}encoder.embed_positions.weight`, sizes)
  for (let i = 0; i < d.encoder.layers; i++) {
    const layer = `${d.prefix}encoder.layers.${i}`
    const at = `encoder.layers.${i}`
    x = part(m, d, x, `${layer}.self_attn_layer_norm`, `${at}.self`, (y) =>
      fullAttention(m, attending(d, d.encoder, `${layer}.self_attn`), y, `${at}.self`),
    )
    x = feedForward(m, d, d.encoder, x, layer, at)
  }
  m.g.output(normed(m, d, x, `${d.prefix}encoder.layer_norm`, 'norm'), 'encoder')
}

const crossing = (d: Whisper, i: number) =>
  attending(d, d.decoder, `${d.prefix}decoder.layers.${i}.encoder_attn`)

/** What generation_config.json, or else the config, says of the first ids and of those that are not sampled. */
function generation(config: ConfigReader, { generation }: ModelOptions) {
  const ids = (name: string) => {
    const own = generation?.ints(name, { min: -1 }) ?? []
    return (generation ? own : config.ints(name, { min: -1 })).filter((id) => id >= 0)
  }
  const first =
    generation?.optionalInt('decoder_start_token_id', { min: 0 }) ??
    config.int('decoder_start_token_id', { min: 0, default: 50257 })
  // Models of English alone are told that there are to be no times, and nothing else.
  const english = generation?.optionalBool('is_multilingual') === false
  const timeless = english ? generation?.optionalInt('no_timestamps_token_id', { min: 0 }) : undefined
  const start = [first, ...(timeless === undefined ? [] : [timeless])]
  return { start, suppressed: { always: ids('suppress_tokens'), first: ids('begin_suppress_tokens') } }
}

function model(config: ConfigReader, options: ModelOptions): Model {
  const d = dims(config, options)
  const { start, suppressed } = generation(config, options)
  const words = `${d.prefix}decoder.embed_tokens`
  const { samples, hop } = d.sound
  return encoderDecoder({
    ...{ family: 'whisper', vocab: d.vocab, context: d.context, hidden: d.hidden, inner: d.hidden },
    ...{ layers: d.decoder.layers, source: d.source, masked: false },
    before: [
      {
        spec: { name: 'features', seq: 1, maxSeq: 1, limits: { samples }, component: 'features' },
        make: (m) => features(m, d),
      },
      {
        spec: { name: 'encode', seq: d.source, maxSeq: d.source, component: 'encoder' },
        make: (m) => encode(m, d),
      },
    ],
    inputs: [
      { name: 'waveform', dtype: 'f32', shape: ['samples'] },
      { name: 'input_features', dtype: 'f32', shape: ['batch', d.mels, samples / hop] },
    ],
    calls: [
      {
        program: 'features',
        inputs: { waveform: 'waveform' },
        outputs: { input_features: 'input_features', mel_filters: 'mel_filters' },
      },
      {
        program: 'encode',
        inputs: { input_features: 'input_features' },
        outputs: { encoder: 'encoder' },
        each: ['input_features'],
      },
    ],
    outputs: ['input_features', 'mel_filters', 'encoder'],
    cross: (m, x, i, at) => keysAndValues(m, crossing(d, i), x, at),
    decode(m, tokens, source, last) {
      const embedded = embedding(m, tokens, `${words}.weight`, [d.vocab, d.hidden], d.context)
      const positions = `${d.prefix}decoder.embed_positions.weight`
      let x = learnedPositions(m, embedded, positions, [d.target, d.hidden])
      for (let i = 0; i < d.decoder.layers; i++) {
        const layer = `${d.prefix}decoder.layers.${i}`
        const at = `decoder.layers.${i}`
        x = part(m, d, x, `${layer}.self_attn_layer_norm`, `${at}.self`, (y) => {
          const self = attending(d, d.decoder, `${layer}.self_attn`)
          return causalAttention(m, self, y, `${at}.self`, d.context)
        })
        x = part(m, d, x, `${layer}.encoder_attn_layer_norm`, `${at}.cross`, (y) =>
          crossAttention(m, crossing(d, i), y, `${at}.cross`, source(i)),
        )
        x = feedForward(m, d, d.decoder, x, layer, at)
      }
      const y = normed(m, d, x, `${d.prefix}decoder.layer_norm`, 'norm', last)
      return linear(m, y, 'logits', [d.vocab, d.hidden], { from: d.tied ? words : 'proj_out' })
    },
    suppressed,
    generate: { start },
  })
}

export const whisper: ModelFamily = {
  family: 'whisper',
  architectures: ['WhisperForConditionalGeneration'],
  maxContext: (config) => config.int('max_target_positions', { min: 1, default: 448 }),
  model,
}
