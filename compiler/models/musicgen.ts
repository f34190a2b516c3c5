/**
 * MusicGen's decoder (Copet et al. 2023): ids of several codebooks summed at the embedding, a head for each at the
 * end, cross-attention to a text encoder. LayerNorm before every part; no biases of products.
 */
import type { FlowCall, FlowInput } from '../../runtime/format.js'
import { fail } from '../errors.js'
import type { ConfigReader } from '../import/config.js'
import type { Derived } from '../import/derived.js'
import { build } from '../ir/builder.js'
import type { Graph } from '../ir/graph.js'
import { size } from '../ir/size.js'
import { activate, activationOf } from './blocks/activation.js'
import { type Attending, crossAttention, fullAttention, keysAndValues } from './blocks/attend.js'
import { keyMask } from './blocks/encoder.js'
import { add, linear } from './blocks/linear.js'
import { type Making, making } from './blocks/making.js'
import { layerNorm } from './blocks/norm.js'
import { type T5, t5Dims, t5Encode } from './t5.js'
import type { Model, ModelFamily, ModelOptions, ProgramSpec } from './types.js'

interface Musicgen {
  hidden: number
  heads: number
  ffn: number
  layers: number
  codebooks: number
  vocab: number
  context: number
  activation: string
  /** Before the names of its tensors. */
  prefix: string
  /** Elements of a row of the text encoder, where a product brings them to those of the decoder. */
  projected?: number
}

const EPS = 1e-5

/** Most rows of the text encoder. */
const TEXT = 512

function dims(config: ConfigReader, { context }: ModelOptions, prefix: string): Musicgen {
  const hidden = config.int('hidden_size', { min: 2, default: 1024 })
  const heads = config.int('num_attention_heads', { min: 1, default: 16 })
  if (hidden % heads !== 0)
    fail('WGC422', [`hidden_size ${hidden} is no multiple of num_attention_heads ${heads}`])
  return {
    ...{ hidden, heads, context, prefix },
    ffn: config.int('ffn_dim', { min: 1, default: 4096 }),
    layers: config.int('num_hidden_layers', { min: 1, default: 24 }),
    codebooks: config.int('num_codebooks', { min: 1, max: 64, default: 4 }),
    vocab: config.int('vocab_size', { min: 1, default: 2048 }),
    activation: activationOf(config, 'activation_function', 'musicgen_decoder', 'gelu'),
  }
}

/** Matrices of the files one below the other. */
const stacked = (
  name: string,
  sources: string[],
  [rows, columns]: [rows: number, columns: number],
): Derived => ({
  name,
  shape: [sources.length * rows, columns],
  sources: sources.map((source) => ({ name: source, shape: [rows, columns] })),
  compute(values) {
    const out = new Float32Array(sources.length * rows * columns)
    for (const [i, part] of values.entries()) out.set(part, i * rows * columns)
    return out
  },
})

const numbered = (d: Musicgen, name: string) =>
  Array.from({ length: d.codebooks }, (_, i) => `${d.prefix}${name}.${i}.weight`)

/** Activations [rows, hidden]: of every codebook's id of a row, added. */
function embedded(m: Making, d: Musicgen): string {
  const { g, rows } = m
  const N = size('*', d.codebooks, rows)
  const table = stacked(`${d.prefix}model.decoder.embed_tokens`, numbered(d, 'model.decoder.embed_tokens'), [
    d.vocab + 1,
    d.hidden,
  ])
  const ids = g.input('input_ids', 'u32', [d.codebooks, rows])
  const numbers = g.op('from_ids', 'ids.numbers', { x: ids }, {}, { N })
  const turned = g.op('transpose', 'ids.rows', { x: numbers }, {}, { B: 1, M: d.codebooks, N: rows })
  const starts = Float32Array.from({ length: d.codebooks }, (_, i) => i * (d.vocab + 1))
  const moved = g.op(
    'binary',
    'ids.moved',
    { a: turned, b: g.constant('ids.starts', [d.codebooks], starts) },
    { OP: 'add', BCAST: true },
    { M: rows, D: d.codebooks },
  )
  const places = g.op('to_ids', 'ids.places', { x: moved }, {}, { N })
  const C = d.codebooks * d.context
  const each = g.op('embed', 'embed', { tokens: places, w: m.derive(table) }, { C, ROW0: 0 }, { M: N })
  const sum = { A: rows, D: d.codebooks, S: d.hidden }
  return g.op('reduce', 'embed.sum', { x: each }, { OP: 'sum' }, sum)
}

/** Sines behind cosines, of wavelengths from 2 pi to 10000 times that: [context * hidden]. */
function sinusoids({ context, hidden }: Musicgen): Float32Array {
  const half = Math.floor(hidden / 2)
  const table = new Float32Array(context * hidden)
  for (let at = 0; at < context; at++)
    for (let i = 0; i < half; i++) {
      const angle = at * 10000 ** (-i / Math.max(half - 1, 1))
      table[at * hidden + i] = Math.cos(angle)
      table[at * hidden + half + i] = Math.sin(angle)
    }
  return table
}

const attending = (d: Musicgen, from: string): Attending => ({
  ...{ hidden: d.hidden, heads: d.heads, headSize: d.hidden / d.heads, biased: [] },
  scale: 1 / Math.sqrt(d.hidden / d.heads),
  names: { q: `${from}.q_proj`, k: `${from}.k_proj`, v: `${from}.v_proj`, o: `${from}.out_proj` },
})

function decoder(m: Making, d: Musicgen): void {
  const { g } = m
  const source: Making = { ...m, rows: 'source' }
  const given = g.input('encoder_hidden_states', 'f32', ['source', d.projected ?? d.hidden])
  const mask = keyMask(source, g.input('encoder_attention_mask', 'f32', ['source']))
  const text =
    d.projected === undefined
      ? given
      : linear(source, given, 'text', [d.hidden, d.projected], { from: 'enc_to_dec_proj', bias: true })
  const table = g.constant('positions', [d.context * d.hidden], sinusoids(d))
  let x = g.op('add_positions', 'embed.positions', { x: embedded(m, d), table }, { OFFSET: 0 }, { M: m.rows })
  for (let i = 0; i < d.layers; i++) {
    const layer = `${d.prefix}model.decoder.layers.${i}`
    const at = `layers.${i}`
    const part = (norm: string, name: string, make: (y: string) => string) => {
      const y = layerNorm(m, x, `${layer}.${norm}`, `${at}.${name}.norm`, d.hidden, { eps: EPS })
      x = add(m, make(y), x, `${at}.${name}.residual`)
    }
    part('self_attn_layer_norm', 'self', (y) =>
      fullAttention(m, attending(d, `${layer}.self_attn`), y, `${at}.self`, { causal: true }),
    )
    part('encoder_attn_layer_norm', 'cross', (y) => {
      const cross = attending(d, `${layer}.encoder_attn`)
      const keys = keysAndValues(source, cross, text, `${at}.cross`)
      return crossAttention(m, cross, y, `${at}.cross`, { ...keys, rows: 'source', mask })
    })
    part('final_layer_norm', 'ffn', (y) => {
      const inner = linear(m, y, `${at}.up`, [d.ffn, d.hidden], { from: `${layer}.fc1` })
      const acted = activate(m, inner, d.activation, `${at}.act`)
      return linear(m, acted, `${at}.down`, [d.hidden, d.ffn], { from: `${layer}.fc2` })
    })
  }
  const y = layerNorm(m, x, `${d.prefix}model.decoder.layer_norm`, 'norm', d.hidden, { eps: EPS })
  const all = d.codebooks * d.vocab
  const heads = stacked(`${d.prefix}lm_heads`, numbered(d, 'lm_heads'), [d.vocab, d.hidden])
  const rows = linear(m, y, 'heads', [all, d.hidden], { from: '', weight: m.derive(heads) })
  const logits = g.op(
    'copy_nd',
    'logits',
    { x: rows },
    { D3: d.codebooks, XS3: d.vocab, XS4: all, D5: d.vocab },
    { D4: m.rows, XN: size('*', m.rows, all) },
  )
  g.output(logits, 'logits', [d.codebooks, m.rows, d.vocab])
}

/** The decoder's program, and the calls that bring a batch's codebooks to it and take them apart again. */
function decoding(d: Musicgen, ids: string, text: string, mask: string) {
  const spec: ProgramSpec = {
    ...{ name: 'forward', seq: 'seq', maxSeq: d.context, limits: { source: TEXT }, component: 'decoder' },
  }
  const calls: FlowCall[] = [
    {
      ...{ host: 'split_axis', args: { axis: 0, size: d.codebooks } },
      ...{ inputs: { x: ids }, outputs: { y: 'codes' } },
    },
    {
      program: 'forward',
      inputs: { input_ids: 'codes', encoder_hidden_states: text, encoder_attention_mask: mask },
      outputs: { logits: 'codebook_logits' },
      each: ['codes', text, mask],
    },
    { host: 'merge_axes', args: { axis: 0 }, inputs: { x: 'codebook_logits' }, outputs: { y: 'logits' } },
  ]
  const input: FlowInput = { name: ids, dtype: 'u32', shape: [size('*', 'batch', d.codebooks), 'tokens'] }
  return { program: { spec, make: (m: Making) => decoder(m, d) }, calls, input }
}

interface Parts {
  programs: { spec: ProgramSpec; make(m: Making): void }[]
  flow: NonNullable<Model['flow']>
}

function modelOf(family: string, d: Musicgen, { programs, flow }: Parts): Model {
  const graph = (spec: ProgramSpec, derived: Map<string, Derived>): Graph => {
    const g = build(spec.name, spec.maxSeq, spec.limits)
    programs.find((p) => p.spec.name === spec.name)?.make(making(g, spec.seq, derived))
    return g.graph
  }
  const derived = new Map<string, Derived>()
  for (const { spec } of programs) graph(spec, derived)
  return {
    ...{ family, vocab: d.vocab, context: d.context, programs: programs.map(({ spec }) => spec), flow },
    derived: [...derived.values()],
    graph: (spec) => graph(spec, new Map()),
  }
}

const maxContext = (config: ConfigReader) => config.int('max_position_embeddings', { min: 1, default: 2048 })

export const musicgenDecoder: ModelFamily = {
  family: 'musicgen_decoder',
  architectures: ['MusicgenForCausalLM'],
  maxContext,
  model(config, options) {
    const d = dims(config, options, '')
    const { program, calls, input } = decoding(
      d,
      'input_ids',
      'encoder_hidden_states',
      'encoder_attention_mask',
    )
    const { component: _, ...spec } = program.spec
    const inputs: FlowInput[] = [
      input,
      { name: 'encoder_hidden_states', dtype: 'f32', shape: ['batch', 'source', d.hidden] },
      { name: 'encoder_attention_mask', dtype: 'f32', shape: ['batch', 'source'], fill: 1 },
    ]
    return modelOf('musicgen_decoder', d, {
      programs: [{ ...program, spec }],
      flow: { inputs, calls, outputs: ['logits'] },
    })
  },
}

/** A part of the config that must be there. */
const sectionOf = (config: ConfigReader, name: string): ConfigReader =>
  config.section(name) ?? fail('WGC207', [name], { place: { file: config.file } })

export const musicgen: ModelFamily = {
  family: 'musicgen',
  architectures: ['MusicgenForConditionalGeneration'],
  maxContext: (config) => maxContext(sectionOf(config, 'decoder')),
  model(config, options) {
    const text: T5 = t5Dims(sectionOf(config, 'text_encoder'), { ...options, context: TEXT }, 'text_encoder.')
    const own = dims(sectionOf(config, 'decoder'), options, 'decoder.')
    const d: Musicgen = { ...own, ...(text.hidden !== own.hidden && { projected: text.hidden }) }
    const encode = t5Encode(text, 'encoder')
    const { program, calls, input } = decoding(d, 'decoder_input_ids', 'encoder', 'attention_mask')
    const inputs = encode.inputs.map(({ shape, ...rest }) => ({
      ...rest,
      shape: shape.map((e) => (e === 'tokens' ? 'source' : e)),
    }))
    return modelOf('musicgen', d, {
      programs: [encode.program, program],
      flow: { inputs: [...inputs, input], calls: [encode.call, ...calls], outputs: ['encoder', 'logits'] },
    })
  },
}
