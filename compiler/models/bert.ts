/**
 * BERT (Devlin et al. 2018): an encoder normed after its parts, with learned positions. By itself it embeds texts;
 * with a head it classifies them or their tokens, or fills masks.
 */
import { fail } from '../errors.js'
import type { ConfigReader } from '../import/config.js'
import type { Derived } from '../import/derived.js'
import { build } from '../ir/builder.js'
import type { Graph } from '../ir/graph.js'
import { activate, activationOf } from './blocks/activation.js'
import { embedding } from './blocks/decoder.js'
import { type EncoderLayer, type EncoderNames, encoderLayer, keyMask, rowsFrom } from './blocks/encoder.js'
import { add, linear } from './blocks/linear.js'
import { type Making, making, prefixOf } from './blocks/making.js'
import { layerNorm } from './blocks/norm.js'
import { learnedPositions } from './blocks/positions.js'
import type { Model, ModelFamily, ModelOptions, ProgramSpec } from './types.js'

interface Bert extends EncoderLayer {
  layers: number
  vocab: number
  positions: number
  types: number
  context: number
  prefix: string
  pooler: boolean
  /** What stands on the encoder, by the tensors that the files have. */
  head?: { kind: 'pooled' | 'tokens' | 'words'; labels: number }
}

const WORDS = 'cls.predictions.transform.dense.weight'

function headOf(config: ConfigReader, { has }: ModelOptions): Bert['head'] {
  const [architecture = ''] = config.strings('architectures')
  const labels = config.section('id2label')
  let count = 0
  while (labels?.has(String(count))) count++
  if (/ForMaskedLM$|ForPreTraining$/.test(architecture) && has(WORDS)) return { kind: 'words', labels: 0 }
  if (!has('classifier.weight')) return undefined
  if (/ForSequenceClassification$/.test(architecture)) return { kind: 'pooled', labels: Math.max(count, 1) }
  if (/ForTokenClassification$/.test(architecture)) return { kind: 'tokens', labels: Math.max(count, 1) }
  return undefined
}

function dims(config: ConfigReader, options: ModelOptions): Bert {
  const hidden = config.int('hidden_size', { min: 1 })
  const heads = config.int('num_attention_heads', { min: 1 })
  if (hidden % heads !== 0)
    fail('WGC422', [`hidden_size ${hidden} is no multiple of num_attention_heads ${heads}`])
  const kind = config.string('position_embedding_type', { default: 'absolute' })
  if (kind !== 'absolute') fail('WGC423', [`position_embedding_type: ${kind}`, 'bert'])
  const prefix = prefixOf(options, 'embeddings.word_embeddings.weight', ['', 'bert.'])
  const head = headOf(config, options)
  return {
    hidden,
    heads,
    ffn: config.int('intermediate_size', { min: 1 }),
    layers: config.int('num_hidden_layers', { min: 1 }),
    vocab: config.int('vocab_size', { min: 1 }),
    positions: config.int('max_position_embeddings', { min: 1 }),
    types: config.int('type_vocab_size', { min: 1, default: 2 }),
    context: options.context,
    eps: config.number('layer_norm_eps', { default: 1e-12, min: 0 }),
    activation: activationOf(config, 'hidden_act', 'bert', 'gelu'),
    norm: 'after',
    prefix,
    pooler: options.has(`${prefix}pooler.dense.weight`),
    ...(head && { head }),
  }
}

const names = (layer: string): EncoderNames => ({
  q: `${layer}.attention.self.query`,
  k: `${layer}.attention.self.key`,
  v: `${layer}.attention.self.value`,
  o: `${layer}.attention.output.dense`,
  norms: [`${layer}.attention.output.LayerNorm`, `${layer}.output.LayerNorm`],
  up: `${layer}.intermediate.dense`,
  down: `${layer}.output.dense`,
})

/** Logits of words at every token, through the transform that masks are filled by. */
function words(m: Making, d: Bert, x: string): string {
  const from = 'cls.predictions'
  const dense = linear(m, x, 'words.dense', [d.hidden, d.hidden], {
    from: `${from}.transform.dense`,
    bias: true,
  })
  const acted = activate(m, dense, d.activation, 'words.act')
  const normed = layerNorm(m, acted, `${from}.transform.LayerNorm`, 'words.norm', d.hidden, d)
  return linear(m, normed, 'logits', [d.vocab, d.hidden], {
    from: `${d.prefix}embeddings.word_embeddings`,
    bias: true,
    biasVector: m.g.weight(`${from}.bias`, [d.vocab]),
  })
}

function graph(d: Bert, program: ProgramSpec, derived: Map<string, Derived>): Graph {
  const g = build(program.name, program.maxSeq)
  const m = making(g, program.seq, derived)
  const at = `${d.prefix}embeddings`
  const ids = g.input('input_ids', 'u32', ['seq'])
  const mask = g.input('attention_mask', 'f32', ['seq'])
  const types = g.input('token_type_ids', 'u32', ['seq'])
  const table = (name: string, weight: string, from: string, rows: number) =>
    g.op(
      'embed',
      name,
      { tokens: from, w: g.weight(weight, [rows, d.hidden]) },
      { C: d.context },
      { M: m.rows },
    )
  const word = embedding(m, ids, `${at}.word_embeddings.weight`, [d.vocab, d.hidden], d.context)
  const typed = add(
    m,
    word,
    table('embed.types', `${at}.token_type_embeddings.weight`, types, d.types),
    'embed.typed',
  )
  const placed = learnedPositions(m, typed, `${at}.position_embeddings.weight`, [d.positions, d.hidden])
  let x = layerNorm(m, placed, `${at}.LayerNorm`, 'embed.norm', d.hidden, d)
  const hides = keyMask(m, mask)
  for (let i = 0; i < d.layers; i++)
    x = encoderLayer(m, d, x, names(`${d.prefix}encoder.layer.${i}`), `layers.${i}`, hides)
  // Of a sum as of a mean: both have the same direction.
  const sum = g.op('matmul', 'pool.sum', { a: mask, b: x }, { N: d.hidden }, { B: 1, BB: 1, M: 1, K: m.rows })
  g.output(g.op('l2norm', 'mean_pooled', { x: sum }, {}, { M: 1 }), 'mean_pooled', [d.hidden])
  if (d.head?.kind === 'words') g.output(words(m, d, x), 'logits')
  if (d.head?.kind === 'tokens')
    g.output(linear(m, x, 'logits', [d.head.labels, d.hidden], { from: 'classifier', bias: true }), 'logits')
  if (d.pooler) {
    const first = rowsFrom(m, x, [0, 1], d.hidden, m.rows, 'pool.first')
    const dense = linear(m, first, 'pool.dense', [d.hidden, d.hidden], {
      from: `${d.prefix}pooler.dense`,
      bias: true,
    })
    const pooled = g.op('unary', 'pooler_output', { x: dense }, { OP: 'tanh' })
    g.output(pooled, 'pooler_output', [d.hidden])
    if (d.head?.kind === 'pooled')
      g.output(
        linear(m, pooled, 'logits', [d.head.labels, d.hidden], { from: 'classifier', bias: true }),
        'logits',
        [d.head.labels],
      )
  }
  g.output(x, 'last_hidden_state')
  return g.graph
}

export const bert: ModelFamily = {
  family: 'bert',
  architectures: [
    'BertModel',
    'BertForSequenceClassification',
    'BertForTokenClassification',
    'BertForMaskedLM',
    'BertForPreTraining',
  ],
  maxContext: (config) => config.int('max_position_embeddings', { min: 1, default: 512 }),
  model(config, options): Model {
    const d = dims(config, options)
    const program: ProgramSpec = { name: 'encode', seq: 'seq', maxSeq: d.context }
    const derived = new Map<string, Derived>()
    const { tensors } = graph(d, program, derived)
    const outputs = [...tensors.values()].filter((t) => t.kind === 'output').map((t) => t.alias ?? t.name)
    const inputs = ['input_ids', 'attention_mask', 'token_type_ids']
    const same = (list: string[]) => Object.fromEntries(list.map((name) => [name, name]))
    return {
      family: 'bert',
      vocab: d.vocab,
      context: d.context,
      programs: [program],
      derived: [...derived.values()],
      graph: (spec) => graph(d, spec, new Map()),
      flow: {
        inputs: [
          { name: 'input_ids', dtype: 'u32', shape: ['batch', 'tokens'] },
          { name: 'attention_mask', dtype: 'f32', shape: ['batch', 'tokens'], fill: 1 },
          { name: 'token_type_ids', dtype: 'u32', shape: ['batch', 'tokens'], fill: 0 },
        ],
        calls: [{ program: 'encode', inputs: same(inputs), outputs: same(outputs), each: inputs }],
        outputs,
      },
    }
  },
}
