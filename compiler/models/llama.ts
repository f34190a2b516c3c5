/**
 * Llama (Touvron et al. 2023): pre-norm decoder with RMSNorm, rotary positions, grouped key-value heads and a
 * gated SiLU feed-forward. Tensor names are those of Hugging Face transformers.
 */

import type { Expr } from '../../runtime/expr.js'
import { fail } from '../errors.js'
import type { ConfigReader } from '../import/config.js'
import { type Builder, build } from '../ir/builder.js'
import type { Graph } from '../ir/graph.js'
import { type Rotation, ropeRotation, ropeTable } from './rope.js'
import type { Model, ModelFamily, ModelOptions, ProgramSpec } from './types.js'

interface Dims {
  hidden: number
  ffn: number
  layers: number
  heads: number
  kvHeads: number
  headSize: number
  vocab: number
  eps: number
  tied: boolean
  context: number
  rotation: Rotation
}

function dims(config: ConfigReader, options: ModelOptions): Dims {
  const hidden = config.int('hidden_size', { min: 1 })
  const heads = config.int('num_attention_heads', { min: 1 })
  const kvHeads = config.int('num_key_value_heads', { min: 1, default: heads })
  const headSize = config.int('head_dim', { min: 2, default: Math.floor(hidden / heads) })
  if (heads % kvHeads !== 0)
    fail('WGC422', [`num_attention_heads ${heads} is no multiple of num_key_value_heads ${kvHeads}`])
  if (headSize % 2 !== 0) fail('WGC422', [`head size ${headSize} is odd; rotary positions turn pairs`])
  for (const flag of ['attention_bias', 'mlp_bias']) {
    if (config.bool(flag, { default: false })) fail('WGC423', [`${flag}: true`, 'llama'])
  }
  const activation = config.string('hidden_act', { default: 'silu' })
  if (activation !== 'silu') fail('WGC423', [`hidden_act: ${activation}`, 'llama'])
  return {
    hidden,
    heads,
    kvHeads,
    headSize,
    ffn: config.int('intermediate_size', { min: 1 }),
    layers: config.int('num_hidden_layers', { min: 1 }),
    vocab: config.int('vocab_size', { min: 1 }),
    eps: config.number('rms_norm_eps', { default: 1e-6, min: 0 }),
    tied: config.bool('tie_word_embeddings', { default: false }) || !options.has('lm_head.weight'),
    context: options.context,
    rotation: ropeRotation(config, headSize, { context: options.context }),
  }
}

/** x * rsqrt(mean(x²) + eps) * gain; a pass makes one operator of the two. */
function norm(
  g: Builder,
  d: Dims,
  x: string,
  weight: string,
  name: string,
  rows: Expr,
  last = false,
): string {
  const scaled = g.op('rmsnorm', name, { x }, { EPS: d.eps, GAIN: false, LAST: last }, { M: rows })
  const gain = g.weight(weight, [d.hidden])
  return g.op('binary', `${name}.scaled`, { a: scaled, b: gain }, { OP: 'mul', BCAST: true })
}

function linear(g: Builder, x: string, weight: string, name: string, [n, k]: [number, number]): string {
  return g.op('linear', name, { x, w: g.weight(weight, [n, k]) }, { EPI: 'none', LDY: n })
}

const add = (g: Builder, a: string, b: string, name: string): string =>
  g.op('binary', name, { a, b }, { OP: 'add', BCAST: false })

function attention(g: Builder, d: Dims, x: string, table: string, layer: string, at: string): string {
  const heads = { H: d.heads, HD: d.headSize, C: d.context }
  const kvHeads = { H: d.kvHeads, HD: d.headSize, C: d.context }
  const project = (name: string, n: number) =>
    linear(g, x, `${layer}.self_attn.${name}_proj.weight`, `${at}.${name}`, [n * d.headSize, d.hidden])
  const q = g.op('rope', `${at}.q.rope`, { x: project('q', d.heads), table }, heads)
  const k = g.op('rope', `${at}.k.rope`, { x: project('k', d.kvHeads), table }, kvHeads)
  const v = project('v', d.kvHeads)
  const cache = (name: string, x: string) =>
    g.op(
      'kv_append',
      `${at}.${name}.append`,
      { x, cache: g.state(`${at}.${name}.cache`, [d.kvHeads, d.context, d.headSize]) },
      { KVH: d.kvHeads, HD: d.headSize, C: d.context },
    )
  const mixed = g.op(
    'attention',
    `${at}.attention`,
    { q, k: cache('k', k), v: cache('v', v) },
    { ...heads, KVH: d.kvHeads, SCALE: 1 / Math.sqrt(d.headSize) },
  )
  return linear(g, mixed, `${layer}.self_attn.o_proj.weight`, `${at}.o`, [d.hidden, d.heads * d.headSize])
}

function feedForward(g: Builder, d: Dims, x: string, layer: string, at: string): string {
  const gate = linear(g, x, `${layer}.mlp.gate_proj.weight`, `${at}.gate`, [d.ffn, d.hidden])
  const up = linear(g, x, `${layer}.mlp.up_proj.weight`, `${at}.up`, [d.ffn, d.hidden])
  const silu = g.op('unary', `${at}.silu`, { x: gate }, { OP: 'silu' })
  const gated = g.op('binary', `${at}.gated`, { a: silu, b: up }, { OP: 'mul', BCAST: false })
  return linear(g, gated, `${layer}.mlp.down_proj.weight`, `${at}.down`, [d.hidden, d.ffn])
}

function graph(d: Dims, program: ProgramSpec): Graph {
  const g = build(program.name, program.maxSeq)
  const tokens = g.input('tokens', 'u32', [d.context + 1], 'input_ids')
  const embedding = g.weight('model.embed_tokens.weight', [d.vocab, d.hidden])
  const rope = ropeTable(d.rotation.frequencies, d.context, d.rotation.factor)
  const table = g.constant('rope.table', rope.shape, rope.data)
  let x = g.op('embed', 'embed', { tokens, w: embedding }, { C: d.context, ROW0: 0 }, { M: program.seq })
  for (let i = 0; i < d.layers; i++) {
    const layer = `model.layers.${i}`
    const at = `layers.${i}`
    const mixed = attention(
      g,
      d,
      norm(g, d, x, `${layer}.input_layernorm.weight`, `${at}.norm1`, program.seq),
      table,
      layer,
      at,
    )
    x = add(g, mixed, x, `${at}.residual1`)
    const fed = feedForward(
      g,
      d,
      norm(g, d, x, `${layer}.post_attention_layernorm.weight`, `${at}.norm2`, program.seq),
      layer,
      at,
    )
    x = add(g, fed, x, `${at}.residual2`)
  }
  const last = program.logits === 'last'
  x = norm(g, d, x, 'model.norm.weight', 'norm', last ? 1 : program.seq, last)
  const logits = linear(g, x, d.tied ? 'model.embed_tokens.weight' : 'lm_head.weight', 'logits', [
    d.vocab,
    d.hidden,
  ])
  g.output(logits, 'logits')
  if (last) {
    const penalized = g.op('penalize', 'penalize', { logits, tokens }, { C: d.context })
    g.op('sample', 'sample', { logits: penalized, tokens }, { C: d.context })
  }
  return g.graph
}

/** Tokens of a prompt that one prefill step takes. */
const CHUNK = 256

export const llama: ModelFamily = {
  family: 'llama',
  architectures: ['LlamaForCausalLM'],
  maxContext: (config) => config.int('max_position_embeddings', { min: 1, default: 2048 }),
  model(config, options): Model {
    const d = dims(config, options)
    const chunk = Math.min(CHUNK, d.context)
    return {
      family: 'llama',
      vocab: d.vocab,
      context: d.context,
      programs: [
        { name: 'prefill', seq: 'seq', maxSeq: chunk, logits: 'last' },
        { name: 'decode', seq: 1, maxSeq: 1, logits: 'last' },
        { name: 'forward', seq: 'seq', maxSeq: chunk, logits: 'all' },
      ],
      graph: (program) => graph(d, program),
    }
  },
}
