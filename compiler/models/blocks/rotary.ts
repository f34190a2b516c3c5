/**
 * The decoder that most families are: RMSNorm before attention and feed-forward, rotary positions, grouped heads of
 * keys and values, a gated feed-forward. What they differ in is data here. Tensor names are those of Hugging Face
 * transformers.
 */
import { fail } from '../../errors.js'
import type { ConfigReader } from '../../import/config.js'
import { type Derived, padColumns, padRows, rowsOf, stored } from '../../import/derived.js'
import { type Rotation, ropeRotation, ropeTable } from '../rope.js'
import type { Model, ModelOptions } from '../types.js'
import { activationOf } from './activation.js'
import { cachedAttention, type Heads, headsOf, paddedSize } from './attention.js'
import { type Decoder, decoderModel, embedding } from './decoder.js'
import { gatedFeedForward } from './feed-forward.js'
import { add, linear } from './linear.js'
import { type Making, prefixOf } from './making.js'
import { headNorm, type RmsOptions, rmsNorm } from './norm.js'

export interface Rotary extends Heads {
  family: string
  hidden: number
  ffn: number
  layers: number
  vocab: number
  context: number
  eps: number
  activation: string
  tied: boolean
  /** Before the names of layers, embedding and last norm, and before that of the output. */
  prefix: string
  headPrefix: string
  bias: { qkv: boolean; o: boolean; mlp: boolean }
  /** Queries and keys are normed head by head. */
  headNorm: boolean
  /** What attention's and the feed-forward's results are normed by, too, before they are added. */
  normsAfter: boolean
  /** What gains are stored less by. */
  gainOffset: number
  /** Query, key and value are one matrix in the files, gate and up another. */
  packed: boolean
  /** What embeddings are multiplied by. */
  embedScale: number
  /** What scores are multiplied by. */
  scale: number
  /** Bounds of scores and logits; 0: none. */
  scoreCap: number
  logitCap: number
  /** Positions that a row sees, by layer; 0: all. */
  windows: number[]
  /** The rotations that there are, and which of them each layer has. */
  rotations: Rotation[]
  rotationOf: (layer: number) => number
  /** Pairs that turn by each of three positions, which the state `positions` [3, context] holds (Qwen2-VL). */
  sections?: [number, number, number]
}

/** Elements of a head that turn, from a share of it. */
export function turning(headSize: number, share = 1): number {
  const size = Math.floor(headSize * share)
  if (size % 2 !== 0 || size === 0)
    fail('WGC422', [`${size} elements of a head turn; rotary positions turn pairs`])
  return size
}

/** What a family takes where the config doesn't say, and the share of a head that turns. */
interface Usual {
  defaultActivation?: string
  tied?: boolean
  share?: number
  headSize?: number
}

/** A config as Llama's has it, with everything that it says nothing of at its simplest. */
export function rotaryOf(
  family: string,
  config: ConfigReader,
  options: ModelOptions,
  { defaultActivation = 'silu', tied = false, share = 1, headSize }: Usual = {},
): Rotary {
  const hidden = config.int('hidden_size', { min: 1 })
  const heads = headsOf(config, hidden, headSize)
  const layers = config.int('num_hidden_layers', { min: 1 })
  const prefix = prefixOf(options, 'embed_tokens.weight', PREFIXES)
  const headPrefix = prefixOf(options, 'lm_head.weight', HEAD_PREFIXES)
  const isTied =
    config.bool('tie_word_embeddings', { default: tied }) || !options.has(`${headPrefix}lm_head.weight`)
  return {
    family,
    hidden,
    ...heads,
    ffn: config.int('intermediate_size', { min: 1 }),
    layers,
    vocab: config.int('vocab_size', { min: 1 }),
    context: options.context,
    eps: config.number('rms_norm_eps', { default: 1e-6, min: 0 }),
    activation: activationOf(config, ['hidden_activation', 'hidden_act'], family, defaultActivation),
    tied: isTied,
    prefix,
    headPrefix,
    bias: { qkv: false, o: false, mlp: false },
    headNorm: false,
    normsAfter: false,
    gainOffset: 0,
    packed: false,
    embedScale: 1,
    scale: 1 / Math.sqrt(heads.headSize),
    scoreCap: 0,
    logitCap: 0,
    windows: new Array<number>(layers).fill(0),
    rotations: [ropeRotation(config, turning(heads.headSize, share), { context: options.context })],
    rotationOf: () => 0,
  }
}

/** Of a language model by itself, and of one in a model of text and images, old and new. */
const PREFIXES = ['model.', 'language_model.model.', 'model.language_model.', '']
const HEAD_PREFIXES = ['', 'language_model.']

const normOf = (d: Rotary): RmsOptions => ({ eps: d.eps, offset: d.gainOffset })

/** Query, key and value of x, before they turn: heads side by side. */
function projections(m: Making, d: Rotary, x: string, layer: string, at: string) {
  const rows = { q: d.heads * d.headSize, k: d.kvHeads * d.headSize, v: d.kvHeads * d.headSize }
  const starts = { q: 0, k: rows.q, v: rows.q + rows.k }
  const padded = paddedSize(d.headSize)
  const packed = `${layer}.self_attn.qkv_proj`
  const all = { name: `${packed}.weight`, shape: [rows.q + rows.k + rows.v, d.hidden] }
  const whole = (w: Derived) => m.derive(padded === d.headSize ? w : padRows(w, [d.headSize, padded]))
  const project = (name: 'q' | 'k' | 'v') => {
    const from = `${layer}.self_attn.${name}_proj`
    const weight = d.packed
      ? rowsOf(`${packed}[${name}].weight`, all, [starts[name], starts[name] + rows[name]])
      : stored(`${from}.weight`, [rows[name], d.hidden])
    return linear(m, x, `${at}.${name}`, [(rows[name] / d.headSize) * padded, d.hidden], {
      from,
      weight: whole(weight),
      bias: d.bias.qkv,
      ...(d.bias.qkv && { biasVector: whole(stored(`${from}.bias`, [rows[name]])) }),
    })
  }
  const normed = (name: 'q' | 'k', y: string, heads: number) =>
    d.headNorm
      ? headNorm(m, y, `${layer}.self_attn.${name}_norm.weight`, `${at}.${name}.norm`, [heads, d.headSize], {
          ...normOf(d),
          padded,
        })
      : y
  return {
    q: normed('q', project('q'), d.heads),
    k: normed('k', project('k'), d.kvHeads),
    v: project('v'),
  }
}

function feedForward(m: Making, d: Rotary, x: string, layer: string, at: string): string {
  const packed = `${layer}.mlp.gate_up_proj`
  const all = { name: `${packed}.weight`, shape: [2 * d.ffn, d.hidden] }
  const half = (name: string, from: number) =>
    m.derive(rowsOf(`${packed}[${name}].weight`, all, [from, from + d.ffn]))
  return gatedFeedForward(
    m,
    x,
    { hidden: d.hidden, inner: d.ffn, activation: d.activation, bias: d.bias.mlp },
    {
      gate: `${layer}.mlp.gate_proj`,
      up: `${layer}.mlp.up_proj`,
      down: `${layer}.mlp.down_proj`,
      ...(d.packed && { weights: { gate: half('gate', 0), up: half('up', d.ffn) } }),
    },
    at,
  )
}

/** Names of a layer's norms: before attention, after it, before the feed-forward, after it. */
const norms = (d: Rotary) =>
  d.normsAfter
    ? {
        attention: 'input_layernorm',
        attentionAfter: 'post_attention_layernorm',
        feedForward: 'pre_feedforward_layernorm',
        feedForwardAfter: 'post_feedforward_layernorm',
      }
    : { attention: 'input_layernorm', feedForward: 'post_attention_layernorm' }

function decoderLayer(m: Making, d: Rotary, x: string, i: number, table: string): string {
  const layer = `${d.prefix}layers.${i}`
  const at = `layers.${i}`
  const names = norms(d)
  const norm = (y: string, name: string | undefined, as: string) =>
    name === undefined ? y : rmsNorm(m, y, `${layer}.${name}.weight`, `${at}.${as}`, d.hidden, normOf(d))
  const mixed = cachedAttention(m, projections(m, d, norm(x, names.attention, 'norm1'), layer, at), at, {
    ...d,
    window: d.windows[i] ?? 0,
    cap: d.scoreCap,
    table,
    ...(d.sections && { axes: { positions: POSITIONS, sections: d.sections } }),
  })
  const padded = paddedSize(d.headSize)
  const o = stored(`${layer}.self_attn.o_proj.weight`, [d.hidden, d.heads * d.headSize])
  const out = linear(m, mixed, `${at}.o`, [d.hidden, d.heads * padded], {
    from: `${layer}.self_attn.o_proj`,
    weight: m.derive(padded === d.headSize ? o : padColumns(o, [d.headSize, padded])),
    bias: d.bias.o,
  })
  const between = add(m, norm(out, names.attentionAfter, 'norm1.after'), x, `${at}.residual1`)
  const fed = feedForward(m, d, norm(between, names.feedForward, 'norm2'), layer, at)
  return add(m, norm(fed, names.feedForwardAfter, 'norm2.after'), between, `${at}.residual2`)
}

/** The state that positions on three axes lie in, [3, context]. */
export const POSITIONS = 'positions'

/** All layers, on activations [rows, hidden]. */
export function rotaryLayers(m: Making, d: Rotary, x: string): string {
  const tables = d.rotations.map(({ frequencies, factor }, i) => {
    const { shape, data } = ropeTable(frequencies, d.context, factor)
    return m.g.constant(i === 0 ? 'rope.table' : `rope.${i}.table`, shape, data)
  })
  if (d.sections) m.g.state(POSITIONS, [3, d.context], 'u32')
  let y = x
  for (let i = 0; i < d.layers; i++) y = decoderLayer(m, d, y, i, tables[d.rotationOf(i)] ?? '')
  return y
}

/** Activations of the step's ids. */
export function rotaryEmbedding(m: Making, d: Rotary, tokens: string): string {
  const x = embedding(m, tokens, `${d.prefix}embed_tokens.weight`, [d.vocab, d.hidden], d.context)
  return d.embedScale === 1
    ? x
    : m.g.op('unary', 'embed.scaled', { x }, { OP: 'affine', ALPHA: d.embedScale })
}

/** The last norm, and logits [rows, vocab]. */
export function rotaryHead(m: Making, d: Rotary, x: string, last: boolean): string {
  const y = rmsNorm(m, x, `${d.prefix}norm.weight`, 'norm', d.hidden, { ...normOf(d), last })
  const logits = linear(m, y, 'logits', [d.vocab, d.hidden], {
    from: d.tied ? `${d.prefix}embed_tokens` : `${d.headPrefix}lm_head`,
  })
  return d.logitCap === 0
    ? logits
    : m.g.op('unary', 'logits.capped', { x: logits }, { OP: 'softcap', ALPHA: d.logitCap })
}

/** What a model of texts alone is, for those that put more between the embedding and the layers. */
export const rotaryDecoder = (d: Rotary): Decoder => ({
  family: d.family,
  vocab: d.vocab,
  context: d.context,
  embed: (m, tokens) => rotaryEmbedding(m, d, tokens),
  layers: (m, x) => rotaryLayers(m, d, x),
  head: (m, x, last) => rotaryHead(m, d, x, last),
})

export const rotaryModel = (d: Rotary): Model => decoderModel(rotaryDecoder(d))

/** The most tokens that a config allows, where it says so under the usual name. */
export const maxPositions = (config: ConfigReader, usual = 2048): number =>
  config.int('max_position_embeddings', { min: 1, default: usual })
