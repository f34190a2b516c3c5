/** Small operators of one row that go into the kernels that read what they make: which do, and which stay. */
import { describe, expect, test } from 'vitest'
import { backendLimits } from '../../compiler/build/limits.js'
import { programGraphs } from '../../compiler/build/programs.js'
import { build } from '../../compiler/ir/builder.js'
import type { Attr, Graph } from '../../compiler/ir/graph.js'
import { verify } from '../../compiler/ir/verify.js'
import { presetModel } from '../../compiler/models/preset.js'
import { normLinear } from '../../compiler/passes/norm-linear.js'
import { ropeSplit } from '../../compiler/passes/rope-split.js'
import { lower } from '../../compiler/select/lower.js'
import { openTemplates } from '../../compiler/select/templates.js'
import { loadTuning } from '../../compiler/select/tuning.js'

const opsOf = (graph: Graph) => graph.nodes.map((n) => n.op)

const D = 64

interface Normed {
  rows?: number | 'seq'
  norm?: Record<string, Attr>
  readers?: number
  kept?: boolean
  other?: boolean
}

/** A norm that some products read, and perhaps something else. */
function normed({ rows = 1, norm = {}, readers = 1, kept = false, other = false }: Normed): Graph {
  const g = build('test', 16)
  const x = g.input('x', 'f32', [rows, D])
  const gain = g.weight('g', [D])
  const y = g.op('rmsnorm', 'norm', { x, g: gain }, { EPS: 1e-5, GAIN: true, ...norm }, { M: rows })
  for (let i = 0; i < readers; i++) {
    const w = g.weight(`w${i}`, [32, D])
    g.output(g.op('linear', `y${i}`, { x: y, w }, { EPI: 'none', BIAS: false, LDY: 32 }), `y${i}`)
  }
  if (other) g.output(g.op('unary', 'other', { x: y }, { OP: 'silu' }), 'other')
  if (kept) g.output(y, 'norm')
  return verify(normLinear(verify(g.graph, 'start'), { prologues: true }), 'norm-linear')
}

describe('a norm before products', () => {
  test('goes into each of them', () => {
    const graph = normed({ readers: 3 })
    expect(opsOf(graph)).toEqual(['norm_linear', 'norm_linear', 'norm_linear'])
    expect(graph.nodes[2]).toMatchObject({
      inputs: { x: 'x', g: 'g', w: 'w2' },
      outputs: { y: 'y2' },
      attrs: { EPS: 1e-5, GAIN: true, EPI: 'none', LDY: 32 },
    })
    expect(graph.tensors.has('norm')).toBe(false)
  })
  test('of the last row goes there where there is one', () => {
    expect(opsOf(normed({ norm: { LAST: true } }))).toEqual(['norm_linear'])
  })
  test.each<[string, Normed]>([
    ['several rows', { rows: 'seq' }],
    ['many products', { readers: 5 }],
    ['something else that reads it', { other: true }],
    ['a result of the model', { kept: true }],
    ['norms of its parts', { norm: { D: 16 } }],
  ])('%s: stays', (_, given) => {
    expect(opsOf(normed(given))).toContain('rmsnorm')
  })
})

function decode(preset: string, options: { kv?: 'f16' | 'q8'; prologues?: boolean } = {}): Graph {
  const { kv = 'f16', prologues = true } = options
  const { binding } = backendLimits.webgpu
  const common = { bits: 4, group: 64, fuse: true, splitKv: true, binding } as const
  const graphs = programGraphs(presetModel(preset, 4096), { ...common, kv, prologues })
  return graphs.find((p) => p.spec.name === 'decode')!.graph
}

const perLayer = (graph: Graph) => graph.nodes.filter((n) => /layers\.1\./.test(n.name)).map((n) => n.op)

describe('a layer of one row', () => {
  const six = ['norm_linear', 'rope_split', 'attention_merge', 'linear', 'norm_linear', 'linear']
  test.each(['llama-3-8b', 'qwen3-0.6b'])('%s: six kernels', (preset) => {
    expect(perLayer(decode(preset))).toEqual(six)
  })
  test('of a cache that is quantised turns by itself', () => {
    const layer = perLayer(decode('llama-3-8b', { kv: 'q8' }))
    expect(layer).toContain('rope_kv')
    expect(layer).not.toContain('rope_split')
  })
  test('where kernels start for nothing stays as it was', () => {
    expect(perLayer(decode('llama-3-8b', { prologues: false }))).toContain('rmsnorm')
  })
  test('has kernels that need no feature', () => {
    const { heads } = openTemplates()
    const target = { language: 'wgsl' as const, features: [], tuning: loadTuning() }
    for (const preset of ['llama-3-8b', 'qwen3-0.6b'])
      expect(lower(decode(preset), heads, target).steps.length).toBe(decode(preset).nodes.length)
  })
})

test('parts that something stands between stay apart', () => {
  const graph = decode('llama-3-8b', { prologues: false })
  const between = graph.nodes.flatMap((n) =>
    n.op === 'attention_split' ? [{ ...n, name: `${n.name}.too`, outputs: {} }, n] : [n],
  )
  expect(opsOf(ropeSplit({ ...graph, nodes: between }, { prologues: true }))).not.toContain('rope_split')
})

describe('a token of a large vocabulary', () => {
  const graph = decode('llama-3-8b')
  const count = (op: string) => graph.nodes.filter((n) => n.op === op).length
  test('is looked up in two pieces of a table at once', () => {
    expect([count('embed'), count('embed_pair')]).toEqual([0, 2])
    const [first, second] = graph.nodes.filter((n) => n.op === 'embed_pair')
    expect([first!.attrs.ROW0, second!.attrs.ROW0]).toEqual([0, 64128])
    expect(graph.tensors.get(second!.inputs.w2!)!.weight!.rows).toEqual([96192, 128256])
  })
  test('takes 200 dispatches at 32 layers', () => {
    expect(graph.nodes.length).toBeLessThanOrEqual(200)
  })
})
