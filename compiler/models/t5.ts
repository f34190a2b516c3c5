/**
 * T5 (Raffel et al. 2020), T5 v1.1 (Shazeer 2020) and mT5 (Xue et al. 2021): RMSNorm before every part, scores without
 * scale and with a bias by distance that all layers share, no biases of products.
 */

import type { FlowCall } from '../../runtime/format.js'
import { fail } from '../errors.js'
import type { ConfigReader } from '../import/config.js'
import type { Derived } from '../import/derived.js'
import { build } from '../ir/builder.js'
import { activate, activationOf } from './blocks/activation.js'
import {
  type Attending,
  causalAttention,
  crossAttention,
  type Distances,
  fullAttention,
  keysAndValues,
} from './blocks/attend.js'
import { type Buckets, bucketed } from './blocks/buckets.js'
import { embedding } from './blocks/decoder.js'
import { keyMask } from './blocks/encoder.js'
import { gatedFeedForward } from './blocks/feed-forward.js'
import { add, linear } from './blocks/linear.js'
import { type Making, making } from './blocks/making.js'
import { rmsNorm } from './blocks/norm.js'
import { encoderDecoder } from './blocks/seq2seq.js'
import type { Model, ModelFamily, ModelOptions, ProgramSpec } from './types.js'

export interface T5 {
  hidden: number
  heads: number
  headSize: number
  ffn: number
  layers: number
  decoderLayers: number
  vocab: number
  context: number
  eps: number
  activation: string
  gated: boolean
  buckets: { count: number; most: number }
  /** The embedding's name in the files. */
  words: string
  /** Logits by the embedding; else by a matrix of their own. */
  tied: boolean
  /** What the decoder's last activations are multiplied by. */
  outputScale: number
  /** Before the names of tensors. */
  prefix: string
}

/** `relu`, or `gated-gelu`: whether it is gated, and by which function. */
function feedForwardOf(config: ConfigReader): { gated: boolean; activation: string } {
  const name = config.string('feed_forward_proj', { default: 'relu' })
  const gated = name.startsWith('gated-')
  if (name === 'gated-gelu') return { gated, activation: 'gelu_new' }
  const own = config.has('dense_act_fn') ? 'dense_act_fn' : 'feed_forward_proj'
  if (own === 'dense_act_fn' || !gated) return { gated, activation: activationOf(config, own, 't5', 'relu') }
  return fail('WGC423', [`the feed-forward ${name}`, 't5'])
}

export function t5Dims(config: ConfigReader, { context, has }: ModelOptions, prefix = ''): T5 {
  const hidden = config.int('d_model', { min: 1, default: 512 })
  const layers = config.int('num_layers', { min: 1, default: 6 })
  const tie = config.bool('tie_word_embeddings', { default: true })
  const scaled = config.bool('scale_decoder_outputs', { default: tie })
  return {
    hidden,
    layers,
    decoderLayers: config.int('num_decoder_layers', { min: 1, default: layers }),
    heads: config.int('num_heads', { min: 1, default: 8 }),
    headSize: config.int('d_kv', { min: 1, default: 64 }),
    ffn: config.int('d_ff', { min: 1, default: 2048 }),
    vocab: config.int('vocab_size', { min: 1, default: 32128 }),
    context,
    eps: config.number('layer_norm_epsilon', { default: 1e-6, min: 0 }),
    ...feedForwardOf(config),
    buckets: {
      count: config.int('relative_attention_num_buckets', { min: 4, default: 32 }),
      most: config.int('relative_attention_max_distance', { min: 2, max: 65536, default: 128 }),
    },
    words: has(`${prefix}shared.weight`) ? `${prefix}shared` : `${prefix}encoder.embed_tokens`,
    tied: (tie && scaled) || !has(`${prefix}lm_head.weight`),
    outputScale: scaled ? 1 / Math.sqrt(hidden) : 1,
    prefix,
  }
}

const attending = (d: T5, from: string): Attending => ({
  ...{ hidden: d.hidden, heads: d.heads, headSize: d.headSize, scale: 1, biased: [] },
  names: { q: `${from}.q`, k: `${from}.k`, v: `${from}.v`, o: `${from}.o` },
})

/** x plus what a part makes of its norm. */
function part(m: Making, d: T5, x: string, layer: string, at: string, make: (y: string) => string): string {
  const y = rmsNorm(m, x, `${layer}.layer_norm.weight`, `${at}.norm`, d.hidden, d)
  return add(m, make(y), x, `${at}.residual`)
}

function feedForward(m: Making, d: T5, y: string, layer: string, at: string): string {
  const from = `${layer}.DenseReluDense`
  const sizes = { hidden: d.hidden, inner: d.ffn, activation: d.activation }
  if (d.gated)
    return gatedFeedForward(m, y, sizes, { gate: `${from}.wi_0`, up: `${from}.wi_1`, down: `${from}.wo` }, at)
  const inner = linear(m, y, `${at}.up`, [d.ffn, d.hidden], { from: `${from}.wi` })
  const acted = activate(m, inner, d.activation, `${at}.act`)
  return linear(m, acted, `${at}.down`, [d.hidden, d.ffn], { from: `${from}.wo` })
}

const distancesOf = (m: Making, d: T5, stack: string): Distances => {
  const buckets: Buckets = { ...d.buckets, heads: d.heads, both: stack === 'encoder' }
  const first = `${d.prefix}${stack}.block.0.layer.0.SelfAttention`
  return bucketed(m, `${first}.relative_attention_bias.weight`, buckets)
}

const embed = (m: Making, d: T5, ids: string): string =>
  embedding(m, ids, `${d.words}.weight`, [d.vocab, d.hidden], d.context)

const lastNorm = (m: Making, d: T5, x: string, stack: string, last = false): string => {
  const weight = `${d.prefix}${stack}.final_layer_norm.weight`
  return rmsNorm(m, x, weight, 'norm', d.hidden, { eps: d.eps, last })
}

/** Activations [rows, hidden] of the ids and mask that are the graph's inputs. */
export function t5Encoder(m: Making, d: T5): string {
  let x = embed(m, d, m.g.input('input_ids', 'u32', ['seq']))
  const mask = keyMask(m, m.g.input('attention_mask', 'f32', ['seq']))
  const distances = distancesOf(m, d, 'encoder')
  for (let i = 0; i < d.layers; i++) {
    const layer = (n: number) => `${d.prefix}encoder.block.${i}.layer.${n}`
    const at = `encoder.layers.${i}`
    x = part(m, d, x, layer(0), `${at}.self`, (y) =>
      fullAttention(m, attending(d, `${layer(0)}.SelfAttention`), y, `${at}.self`, { mask, distances }),
    )
    x = part(m, d, x, layer(1), `${at}.ffn`, (y) => feedForward(m, d, y, layer(1), `${at}.ffn`))
  }
  return lastNorm(m, d, x, 'encoder')
}

/** The program `encode`, its call in a flow, and that flow's inputs. */
export const t5Encode = (d: T5, output: string) => ({
  program: {
    spec: { name: 'encode', seq: 'seq', maxSeq: d.context, component: 'encoder' } satisfies ProgramSpec,
    make: (m: Making) => m.g.output(t5Encoder(m, d), output),
  },
  call: {
    program: 'encode',
    inputs: { input_ids: 'input_ids', attention_mask: 'attention_mask' },
    outputs: { [output]: output },
    each: ['input_ids', 'attention_mask'],
  } satisfies FlowCall,
  inputs: [
    { name: 'input_ids', dtype: 'u32' as const, shape: ['batch', 'tokens'] },
    { name: 'attention_mask', dtype: 'f32' as const, shape: ['batch', 'tokens'], fill: 1 },
  ],
})

const crossing = (d: T5, i: number) => attending(d, `${d.prefix}decoder.block.${i}.layer.1.EncDecAttention`)

function encoderModel(d: T5): Model {
  const { program, call, inputs } = t5Encode(d, 'last_hidden_state')
  const { component: _, ...spec } = program.spec
  const graph = (derived: Map<string, Derived>) => {
    const g = build(spec.name, spec.maxSeq)
    program.make(making(g, spec.seq, derived))
    return g.graph
  }
  const derived = new Map<string, Derived>()
  graph(derived)
  return {
    ...{ family: 't5', vocab: d.vocab, context: d.context, programs: [spec], derived: [...derived.values()] },
    graph: () => graph(new Map()),
    flow: { inputs, calls: [call], outputs: ['last_hidden_state'] },
  }
}

function wholeModel(d: T5, start: number): Model {
  const { program, call, inputs } = t5Encode(d, 'encoder')
  return encoderDecoder({
    ...{ family: 't5', vocab: d.vocab, context: d.context, hidden: d.hidden, layers: d.decoderLayers },
    inner: d.heads * d.headSize,
    source: { most: d.context },
    before: [program],
    inputs,
    calls: [call],
    outputs: ['encoder'],
    masked: true,
    cross: (m, x, i, at) => keysAndValues(m, crossing(d, i), x, at),
    decode(m, tokens, source, last) {
      let x = embed(m, d, tokens)
      const distances = distancesOf(m, d, 'decoder')
      for (let i = 0; i < d.decoderLayers; i++) {
        const layer = (n: number) => `${d.prefix}decoder.block.${i}.layer.${n}`
        const at = `decoder.layers.${i}`
        x = part(m, d, x, layer(0), `${at}.self`, (y) => {
          const self = attending(d, `${layer(0)}.SelfAttention`)
          return causalAttention(m, self, y, `${at}.self`, d.context, distances)
        })
        x = part(m, d, x, layer(1), `${at}.cross`, (y) =>
          crossAttention(m, crossing(d, i), y, `${at}.cross`, source(i)),
        )
        x = part(m, d, x, layer(2), `${at}.ffn`, (y) => feedForward(m, d, y, layer(2), `${at}.ffn`))
      }
      const normed = lastNorm(m, d, x, 'decoder', last)
      const scaled =
        d.outputScale === 1
          ? normed
          : m.g.op('unary', 'norm.output', { x: normed }, { OP: 'affine', ALPHA: d.outputScale, BETA: 0 })
      const from = d.tied ? d.words : `${d.prefix}lm_head`
      return linear(m, scaled, 'logits', [d.vocab, d.hidden], { from })
    },
    generate: { prompt: 'input_ids', start: [start] },
  })
}

export const t5: ModelFamily = {
  family: 't5',
  types: ['mt5'],
  architectures: [
    'T5ForConditionalGeneration',
    'T5EncoderModel',
    'MT5ForConditionalGeneration',
    'MT5EncoderModel',
  ],
  // Distances have no end; the caches of keys, the encoder's too, are made for as many.
  maxContext: () => 65536,
  usualContext: (config) => config.int('n_positions', { min: 1, default: 1024 }),
  model(config, options) {
    const d = t5Dims(config, options)
    const [architecture = ''] = config.strings('architectures')
    if (architecture.endsWith('EncoderModel')) return encoderModel(d)
    const field = 'decoder_start_token_id'
    const usual = config.int([field, 'pad_token_id'], { min: 0, default: 0 })
    return wholeModel(d, options.generation?.int(field, { min: 0, default: usual }) ?? usual)
  },
}
