/**
 * RETSim (Zhang et al. 2023, "RETSim: Resilient and Efficient Text Similarity"): characters as bits of their code
 * points, two gated attention units (Hua et al. 2022, "Transformer Quality in Linear Time"), a generalised mean over
 * the characters, and an embedding of length 1. Its attention is relu² of scores and a Toeplitz bias, over all
 * characters of a chunk, padding too: a program always takes `max_length` of them.
 */
import type { ConfigReader } from '../import/config.js'
import { type Derived, reshaped, rowsOf } from '../import/derived.js'
import { build } from '../ir/builder.js'
import type { Graph } from '../ir/graph.js'
import { add, linear } from './blocks/linear.js'
import { type Making, making } from './blocks/making.js'
import type { Model, ModelFamily, ProgramSpec } from './types.js'

interface RetSim {
  hidden: number
  input: number
  length: number
  shared: number
  expanded: number
  embedding: number
  layers: number
}

const EPS = 1e-6
const dims = (config: ConfigReader): RetSim => ({
  hidden: config.int('hidden_size', { min: 1, default: 256 }),
  input: config.int('input_size', { min: 2, default: 24 }),
  length: config.int('max_length', { min: 1, default: 512 }),
  shared: config.int('shared_size', { min: 1, default: 128 }),
  expanded: config.int('expanded_size', { min: 1, default: 256 }),
  embedding: config.int('embedding_size', { min: 1, default: 256 }),
  layers: config.int('num_hidden_layers', { min: 1, default: 2 }),
})

/** Sines and cosines of positions (Vaswani et al. 2017), scaled by a learned number: [length * input]. */
const positions = ({ length, input }: RetSim): Derived => ({
  name: 'positions',
  shape: [length * input],
  sources: [{ name: 'positional_embedding.scale', shape: [] }],
  compute([scale]) {
    const half = Math.floor(input / 2)
    const out = new Float32Array(length * input)
    for (let p = 0; p < length; p++)
      for (let j = 0; j < half; j++) {
        const angle = p * Math.exp((-j * Math.log(10000)) / (half - 1))
        out[p * input + j] = Math.sin(angle) * scale![0]!
        out[p * input + half + j] = Math.cos(angle) * scale![0]!
      }
    return out
  },
})

/** What a score gets for the distance of its characters: a turned by one position times b turned by the other. */
const toeplitz = (layer: string, length: number): Derived => ({
  name: `${layer}.toeplitz`,
  shape: [length * length],
  sources: ['a', 'b'].map((name) => ({ name: `${layer}.positional_encoding.${name}`, shape: [length] })),
  compute([a, b]) {
    const half = Math.floor(length / 2)
    const byDistance = (distance: number): number => {
      let sum = 0
      for (let j = 0; j < half; j++) {
        const angle = distance * 10000 ** (-j / half)
        const [c, s] = [Math.cos(angle), Math.sin(angle)]
        const [a1, a2, b1, b2] = [a![j]!, a![half + j]!, b![j]!, b![half + j]!]
        sum += a1 * (b1 * c - b2 * s) + a2 * (b2 * c + b1 * s)
      }
      return sum
    }
    const rows = Array.from({ length: 2 * length - 1 }, (_, i) => byDistance(i - length + 1))
    return Float32Array.from(
      { length: length * length },
      (_, i) => rows[(i % length) - Math.floor(i / length) + length - 1]!,
    )
  },
})

/** One number for all of a row, as a gain. */
const repeated = (name: string, length: number): Derived => ({
  name: `${name}[${length}]`,
  shape: [length],
  sources: [{ name, shape: [] }],
  compute: ([value]) => new Float32Array(length).fill(value![0]!),
})

function unit(m: Making, d: RetSim, x: string, i: number): string {
  const { g } = m
  const layer = `gau_layers.${i}`
  const at = `layers.${i}`
  const unary = (name: string, y: string, OP: string) => g.op('unary', `${at}.${name}`, { x: y }, { OP })
  const rms = g.op('rmsnorm', `${at}.norm`, { x }, { EPS, GAIN: false, LAST: false }, { M: d.length })
  const gain = m.derive(repeated(`${layer}.norm.scale`, d.hidden))
  const normed = g.op('binary', `${at}.norm.scaled`, { a: rms, b: gain }, { OP: 'mul', BCAST: true })
  const rows = 2 * d.expanded + d.shared
  const weight = { name: `${layer}.proj1.weight`, shape: [rows, d.hidden] }
  const bias = { name: `${layer}.proj1.bias`, shape: [rows] }
  const project = (name: string, from: number, n: number) =>
    unary(
      `${name}.silu`,
      linear(m, normed, `${at}.${name}`, [n, d.hidden], {
        from: `${layer}.proj1`,
        bias: true,
        weight: m.derive(rowsOf(`${weight.name}[${name}]`, weight, [from, from + n])),
        biasVector: m.derive(rowsOf(`${bias.name}[${name}]`, bias, [from, from + n])),
      }),
      'silu',
    )
  const gate = project('gate', 0, d.expanded)
  const values = project('values', d.expanded, d.expanded)
  const base = project('base', 2 * d.expanded, d.shared)
  // Query and key are the base, each with its own gain and offset.
  const offset = (row: number, name: string) => {
    const part = (from: string): string =>
      m.derive({
        ...reshaped(`${layer}.${from}[${row}]`, `${layer}.${from}`, [2, d.shared], [d.shared]),
        compute: ([all]) => all!.slice(row * d.shared, (row + 1) * d.shared),
      })
    const scaled = g.op(
      'binary',
      `${at}.${name}.scaled`,
      { a: base, b: part('gamma') },
      { OP: 'mul', BCAST: true },
    )
    return g.op('binary', `${at}.${name}`, { a: scaled, b: part('beta') }, { OP: 'add', BCAST: true })
  }
  const scores = g.op(
    'matmul',
    `${at}.scores`,
    { a: offset(0, 'q'), b: offset(1, 'k') },
    { N: d.length, TB: true, SCALE: 1 / d.length },
    { B: 1, BB: 1 },
  )
  const biased = add(m, scores, m.derive(toeplitz(layer, d.length)), `${at}.scores.biased`)
  const kernel = unary('kernel', unary('scores.relu', biased, 'relu'), 'square')
  const mixed = g.op('matmul', `${at}.mixed`, { a: kernel, b: values }, { N: d.expanded }, { B: 1, BB: 1 })
  const gated = g.op('binary', `${at}.gated`, { a: gate, b: mixed }, { OP: 'mul', BCAST: false })
  const out = linear(m, gated, `${at}.out`, [d.hidden, d.expanded], { from: `${layer}.proj2`, bias: true })
  return add(m, out, x, `${at}.residual`)
}

/**
 * (mean of (x - min + 1)³)^(1/3) + min - 1, over the rows: [1, hidden]. Kernels' `pow` is good to some 15 bits: a step
 * of Newton's method makes the root as good as the rest.
 */
function pool({ g }: Making, d: RetSim, x: string): string {
  const columns = { A: 1, D: d.length, S: d.hidden }
  const row = (name: string, value: number) =>
    g.constant(name, [d.hidden], new Float32Array(d.hidden).fill(value))
  const by = (name: string, a: string, OP: string, b: string) =>
    g.op('binary', `pool.${name}`, { a, b }, { OP, BCAST: true })
  const least = g.op('reduce', 'pool.least', { x }, { OP: 'min' }, columns)
  const above = g.op(
    'unary',
    'pool.above',
    { x: by('less', x, 'sub', least) },
    { OP: 'affine', ALPHA: 1, BETA: 1 },
  )
  const each = (name: string, a: string, OP: string, b: string) =>
    g.op('binary', `pool.${name}`, { a, b }, { OP, BCAST: false })
  const scaled = (name: string, x: string, ALPHA: number) =>
    g.op('unary', `pool.${name}`, { x }, { OP: 'affine', ALPHA, BETA: 0 })
  const square = (name: string, x: string) => g.op('unary', `pool.${name}`, { x }, { OP: 'square' })
  const raised = each('raised', square('squared', above), 'mul', above)
  const mean = g.op('reduce', 'pool.mean', { x: raised }, { OP: 'mean' }, columns)
  const guess = by('guess', mean, 'pow', row('pool.third', 1 / 3))
  const rest = scaled('rest', each('ratio', mean, 'div', square('guess.squared', guess)), 1 / 3)
  const root = each('root', scaled('most', guess, 2 / 3), 'add', rest)
  return g.op('unary', 'pool', { x: by('back', root, 'add', least) }, { OP: 'affine', ALPHA: 1, BETA: -1 })
}

function graph(d: RetSim, program: ProgramSpec, derived: Map<string, Derived>): Graph {
  const g = build(program.name, program.maxSeq)
  const m = making(g, program.seq, derived)
  const codes = g.input('codes', 'f32', [d.length, d.input])
  const placed = add(m, codes, m.derive(positions(d)), 'codes.placed')
  const start = linear(m, placed, 'start', [d.hidden, d.input], { from: 'encoder_start', bias: true })
  let x = g.op('unary', 'start.silu', { x: start }, { OP: 'silu' })
  for (let i = 0; i < d.layers; i++) x = unit(m, d, x, i)
  const embedding = linear(m, pool(m, d, x), 'metric', [d.embedding, d.hidden], {
    from: 'metric_embedding.linear',
    bias: true,
  })
  g.output(g.op('l2norm', 'embedding', { x: embedding }), 'embedding', [d.embedding])
  return g.graph
}

export const retsim: ModelFamily = {
  family: 'retsim',
  architectures: ['RETSim'],
  maxContext: (config) => dims(config).length,
  model(config): Model {
    const d = dims(config)
    const program: ProgramSpec = { name: 'embed', seq: d.length, maxSeq: d.length }
    const derived = new Map<string, Derived>()
    graph(d, program, derived)
    return {
      family: 'retsim',
      vocab: 0,
      context: d.length,
      programs: [program],
      derived: [...derived.values()],
      graph: (spec) => graph(d, spec, new Map()),
      flow: {
        inputs: [{ name: 'codes', dtype: 'f32', shape: ['batch', d.length, d.input] }],
        calls: [
          {
            program: 'embed',
            inputs: { codes: 'codes' },
            outputs: { embedding: 'embedding' },
            each: ['codes'],
          },
        ],
        outputs: ['embedding'],
      },
    }
  },
}
