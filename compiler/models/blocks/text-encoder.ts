/**
 * BERT and those after it, as one: ids to activations of every token, and the heads that their checkpoints have.
 * What differs from one to another are names and a few choices: a `Dialect`.
 */

import { fail } from '../../errors.js'
import type { ConfigReader } from '../../import/config.js'
import { type Derived, reshaped } from '../../import/derived.js'
import { build } from '../../ir/builder.js'
import type { Graph } from '../../ir/graph.js'
import type { Model, ModelFamily, ModelOptions, ProgramSpec } from '../types.js'
import { activate, activationOf } from './activation.js'
import { embedding } from './decoder.js'
import { type EncoderLayer, type EncoderNames, encoderLayer, keyMask, rowsFrom } from './encoder.js'
import { same } from './flow.js'
import { labelCount } from './labels.js'
import { add, linear } from './linear.js'
import { type Making, making, prefixOf } from './making.js'
import { layerNorm } from './norm.js'
import { learnedPositions } from './positions.js'

export interface Dialect {
  family: string
  types?: string[]
  /** What `architectures` begin with. */
  classes: string[]
  /** Other `architectures`. */
  more?: string[]
  /** What the names of the encoder's tensors may begin with, below a head. */
  prefix: string
  /** Names of the config's fields, where they are not BERT's. */
  fields?: Partial<Record<'hidden' | 'heads' | 'ffn' | 'layers' | 'activation', string>>
  /** Of the i-th layer. */
  layer(i: number): EncoderNames
  /** rows: 0, 1, 2 …  counted: ids that are no padding, counted from the padding's id on; padding has that. */
  positions: 'rows' | 'counted'
  /** Whether tokens have types. */
  typed: boolean
  /** Whether its files may hold BERT's pooler. */
  pooler: boolean
  /** The transform that words are told by, and the vector that is added to their logits. */
  words: { dense: string; norm: string; bias: string; decoder: string; activation?: string }
  /**
   * What of the first row a text's class is told by: BERT's pooler, or a product of the head's own with an activation
   * behind it.
   */
  classifier: { dense?: string; activation?: string; out: string }
}

interface Dims extends EncoderLayer {
  layers: number
  vocab: number
  positions: number
  types: number
  padding: number
  context: number
  prefix: string
  pooler: boolean
  tied: boolean
  /** What stands on the encoder, by the tensors that the files have. */
  head?: { kind: 'pooled' | 'tokens' | 'words'; labels: number }
}

function headOf(of: Dialect, config: ConfigReader, { has }: ModelOptions): Dims['head'] {
  const [architecture = ''] = config.strings('architectures')
  const labels = labelCount(config)
  if (/ForMaskedLM$|ForPreTraining$/.test(architecture) && has(`${of.words.dense}.weight`))
    return { kind: 'words', labels: 0 }
  if (/ForSequenceClassification$/.test(architecture) && has(`${of.classifier.out}.weight`))
    return { kind: 'pooled', labels }
  if (/ForTokenClassification$/.test(architecture) && has('classifier.weight'))
    return { kind: 'tokens', labels }
  return undefined
}

function dims(of: Dialect, config: ConfigReader, options: ModelOptions): Dims {
  const { fields = {}, family } = of
  const hidden = config.int(fields.hidden ?? 'hidden_size', { min: 1 })
  const heads = config.int(fields.heads ?? 'num_attention_heads', { min: 1 })
  if (hidden % heads !== 0)
    fail('WGC422', [`hidden_size ${hidden} is no multiple of num_attention_heads ${heads}`])
  const kind = config.string('position_embedding_type', { default: 'absolute' })
  if (kind !== 'absolute') fail('WGC423', [`position_embedding_type: ${kind}`, family])
  const prefix = prefixOf(options, 'embeddings.word_embeddings.weight', ['', of.prefix])
  const head = headOf(of, config, options)
  return {
    hidden,
    heads,
    ffn: config.int(fields.ffn ?? 'intermediate_size', { min: 1 }),
    layers: config.int(fields.layers ?? 'num_hidden_layers', { min: 1 }),
    vocab: config.int('vocab_size', { min: 1 }),
    positions: config.int('max_position_embeddings', { min: 1 }),
    types: config.int('type_vocab_size', { min: 1, default: 2 }),
    padding: config.int('pad_token_id', { min: 0, default: of.positions === 'counted' ? 1 : 0 }),
    context: options.context,
    eps: config.number('layer_norm_eps', { default: 1e-12, min: 0 }),
    activation: activationOf(config, fields.activation ?? 'hidden_act', family, 'gelu'),
    norm: 'after',
    prefix,
    pooler: of.pooler && options.has(`${prefix}pooler.dense.weight`),
    tied: config.bool('tie_word_embeddings', { default: true }),
    ...(head && { head }),
  }
}

/** The most tokens: counted positions begin behind the padding's. */
const longest = (of: Dialect, config: ConfigReader): number => {
  const positions = config.int('max_position_embeddings', { min: 1, default: 512 })
  if (of.positions === 'rows') return positions
  return Math.max(1, positions - config.int('pad_token_id', { min: 0, default: 1 }) - 1)
}

/** x plus the positions of ids that are no padding, counted from `padding` + 1 on. */
export function countedPositions(
  m: Making,
  d: Pick<Dims, 'hidden' | 'positions' | 'padding'>,
  x: string,
  ids: string,
  weight: string,
): string {
  const { g, rows } = m
  const flat = { M: rows, D: 1, B: 1 }
  const numbers = g.op('from_ids', 'embed.numbers', { x: ids }, {}, { N: rows })
  const padding = g.constant('embed.padding', [1], new Float32Array([d.padding]))
  const missing = g.op(
    'binary',
    'embed.padded',
    { a: numbers, b: padding },
    { OP: 'equal', BCAST: true },
    flat,
  )
  const there = g.op(
    'unary',
    'embed.there',
    { x: missing },
    { OP: 'affine', ALPHA: -1, BETA: 1 },
    { M: 1, D: rows },
  )
  const counted = g.op('cumsum', 'embed.count', { x: there }, {}, { A: 1, D: rows, S: 1 })
  const kept = g.op(
    'binary',
    'embed.kept',
    { a: counted, b: there },
    { OP: 'mul', BCAST: false },
    { ...flat, B: rows },
  )
  const placed = g.op(
    'unary',
    'embed.places',
    { x: kept },
    { OP: 'affine', ALPHA: 1, BETA: d.padding },
    { M: 1, D: rows },
  )
  const at = g.op('to_ids', 'embed.position_ids', { x: placed }, {}, { N: rows })
  const shape = [d.positions, d.hidden]
  const table = m.derive(reshaped(`${weight}[rows]`, weight, shape, [d.positions * d.hidden]))
  const sizes = { A: 1, V: d.positions, S: d.hidden, M: rows }
  return add(m, x, g.op('gather', 'embed.positions', { x: table, ids: at }, {}, sizes), 'embed.placed')
}

/** Logits of words at every token, through the transform that masks are filled by. */
function words(m: Making, of: Dialect, d: Dims, x: string): string {
  const { dense, norm, bias, decoder, activation = d.activation } = of.words
  const product = linear(m, x, 'words.dense', [d.hidden, d.hidden], { from: dense, bias: true })
  const acted = activate(m, product, activation, 'words.act')
  const normed = layerNorm(m, acted, norm, 'words.norm', d.hidden, d)
  return linear(m, normed, 'logits', [d.vocab, d.hidden], {
    from: d.tied ? `${d.prefix}embeddings.word_embeddings` : decoder,
    bias: true,
    biasVector: m.g.weight(bias, [d.vocab]),
  })
}

function embedded(m: Making, of: Dialect, d: Dims, ids: string): string {
  const { g } = m
  const at = `${d.prefix}embeddings`
  const word = embedding(m, ids, `${at}.word_embeddings.weight`, [d.vocab, d.hidden], d.context)
  const typed = () => {
    const tokens = g.input('token_type_ids', 'u32', ['seq'])
    const w = g.weight(`${at}.token_type_embeddings.weight`, [d.types, d.hidden])
    const type = g.op('embed', 'embed.types', { tokens, w }, { C: d.context }, { M: m.rows })
    return add(m, word, type, 'embed.typed')
  }
  const x = of.typed ? typed() : word
  const positions = `${at}.position_embeddings.weight`
  const placed =
    of.positions === 'rows'
      ? learnedPositions(m, x, positions, [d.positions, d.hidden])
      : countedPositions(m, d, x, ids, positions)
  return layerNorm(m, placed, `${at}.LayerNorm`, 'embed.norm', d.hidden, d)
}

/** What the first row tells of all, and the classes of a text. */
function pooled(m: Making, of: Dialect, d: Dims, x: string): void {
  const { g } = m
  const { dense, activation = 'tanh', out } = of.classifier
  const own = d.head?.kind === 'pooled' && dense !== undefined
  if (!own && !d.pooler) return
  const first = rowsFrom(m, x, [0, 1], d.hidden, m.rows, 'pool.first')
  const from = own ? dense : `${d.prefix}pooler.dense`
  const product = linear(m, first, 'pool.dense', [d.hidden, d.hidden], { from, bias: true })
  const acted = activate(m, product, own ? activation : 'tanh', 'pool.act')
  if (!own) g.output(acted, 'pooler_output', [d.hidden])
  if (d.head?.kind !== 'pooled') return
  const { labels } = d.head
  const logits = linear(m, acted, 'logits', [labels, d.hidden], { from: out, bias: true })
  g.output(logits, 'logits', [labels])
}

function graph(of: Dialect, d: Dims, program: ProgramSpec, derived: Map<string, Derived>): Graph {
  const g = build(program.name, program.maxSeq)
  const m = making(g, program.seq, derived)
  const ids = g.input('input_ids', 'u32', ['seq'])
  const mask = g.input('attention_mask', 'f32', ['seq'])
  let x = embedded(m, of, d, ids)
  const hides = keyMask(m, mask)
  for (let i = 0; i < d.layers; i++) {
    const { norms, scales: _, ...parts } = of.layer(i)
    const named = Object.entries(parts).map(([part, name]) => [part, d.prefix + name])
    const names = {
      ...Object.fromEntries(named),
      norms: norms.map((name) => d.prefix + name),
    } as EncoderNames
    x = encoderLayer(m, d, x, names, `layers.${i}`, hides)
  }
  // Of a sum as of a mean: both have the same direction.
  const sum = g.op('matmul', 'pool.sum', { a: mask, b: x }, { N: d.hidden }, { B: 1, BB: 1, M: 1, K: m.rows })
  g.output(g.op('l2norm', 'mean_pooled', { x: sum }, {}, { M: 1 }), 'mean_pooled', [d.hidden])
  if (d.head?.kind === 'words') g.output(words(m, of, d, x), 'logits')
  if (d.head?.kind === 'tokens')
    g.output(linear(m, x, 'logits', [d.head.labels, d.hidden], { from: 'classifier', bias: true }), 'logits')
  pooled(m, of, d, x)
  g.output(x, 'last_hidden_state')
  return g.graph
}

const KINDS = ['Model', 'ForSequenceClassification', 'ForTokenClassification', 'ForMaskedLM']

/** The family of a dialect. */
export const textEncoder = (of: Dialect): ModelFamily => ({
  family: of.family,
  ...(of.types && { types: of.types }),
  architectures: [...of.classes.flatMap((name) => KINDS.map((kind) => name + kind)), ...(of.more ?? [])],
  maxContext: (config) => longest(of, config),
  model(config, options): Model {
    const d = dims(of, config, options)
    const program: ProgramSpec = { name: 'encode', seq: 'seq', maxSeq: d.context }
    const derived = new Map<string, Derived>()
    const { tensors } = graph(of, d, program, derived)
    const outputs = [...tensors.values()].filter((t) => t.kind === 'output').map((t) => t.alias ?? t.name)
    const inputs = ['input_ids', 'attention_mask', ...(of.typed ? ['token_type_ids'] : [])]
    const fill: Record<string, number> = { attention_mask: 1, token_type_ids: 0 }
    return {
      family: of.family,
      vocab: d.vocab,
      context: d.context,
      programs: [program],
      derived: [...derived.values()],
      graph: (spec) => graph(of, d, spec, new Map()),
      flow: {
        inputs: inputs.map((name) => ({
          name,
          dtype: name === 'attention_mask' ? 'f32' : 'u32',
          shape: ['batch', 'tokens'],
          ...(name in fill && { fill: fill[name]! }),
        })),
        calls: [{ program: 'encode', inputs: same(inputs), outputs: same(outputs), each: inputs }],
        outputs,
      },
    }
  },
})
