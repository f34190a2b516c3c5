/** The pipeline on real graphs: what is fused, what is cut, and that a verified graph comes out. */
import { describe, expect, test } from 'vitest'
import { backendLimits } from '../../compiler/build/limits.js'
import { programGraphs } from '../../compiler/build/programs.js'
import { configReader, presets } from '../../compiler/import/index.js'
import type { Graph } from '../../compiler/ir/graph.js'
import { verify } from '../../compiler/ir/verify.js'
import { familyOf } from '../../compiler/models/index.js'
import { ropeFrequencies, ropeTable } from '../../compiler/models/rope.js'

function graphsOf(preset: string, options: { fuse?: boolean; binding?: number; bits?: 'f16' | 4 } = {}) {
  const config = configReader(presets[preset]!, preset)
  const family = familyOf(config.string('model_type'), config.strings('architectures'))
  const model = family.model(config, { context: 1024, has: () => true })
  const { fuse = true, binding = backendLimits.webgpu.binding, bits = 4 } = options
  return programGraphs(model, { bits, group: 64, kv: 'f16', fuse, binding })
}

const count = (graph: Graph, op: string) => graph.nodes.filter((n) => n.op === op).length
const layers = presets.tinyllama!.num_hidden_layers as number

describe('fusing', () => {
  const [prefill, decode, forward] = graphsOf('tinyllama').map((p) => p.graph) as [Graph, Graph, Graph]
  test('eight operators a layer, and five around them', () => {
    expect(decode.nodes.length).toBe(8 * layers + 5)
    expect(count(decode, 'linear')).toBe(4 * layers + 1)
    expect(count(decode, 'rope_kv')).toBe(layers)
    expect(
      count(decode, 'binary') + count(decode, 'unary') + count(decode, 'rope') + count(decode, 'kv_append'),
    ).toBe(0)
  })
  test('prefill and decode have the same operators; forward does not sample', () => {
    expect(prefill.nodes.map((n) => n.op)).toEqual(decode.nodes.map((n) => n.op))
    expect(count(forward, 'sample')).toBe(0)
    expect(forward.tensors.get('logits')?.shape[0]).toBe('seq')
    expect(prefill.tensors.get('logits')?.shape[0]).toBe(1)
  })
  test('query, key and value are stacked, gate and up take turns', () => {
    expect(decode.tensors.get('layers.0.qkv.weight')?.weight).toMatchObject({
      combine: 'stack',
      rows: [0, 2048 + 2 * 256],
    })
    expect(decode.tensors.get('layers.0.gate_up.weight')?.weight).toMatchObject({
      combine: 'interleave',
      rows: [0, 2 * 5632],
    })
  })
  test('left alone, every operator is its own', () => {
    const [graph] = graphsOf('tinyllama', { fuse: false }).map((p) => p.graph) as [Graph]
    expect(count(graph, 'linear')).toBe(7 * layers + 1)
    expect(count(graph, 'kv_append')).toBe(2 * layers)
    expect(count(graph, 'rope_kv')).toBe(0)
  })
})

describe('cutting weights', () => {
  const binding = 8 * 2 ** 20
  const [, decode] = graphsOf('tinyllama', { binding, bits: 'f16' }).map((p) => p.graph) as [
    Graph,
    Graph,
    Graph,
  ]
  const pieces = decode.nodes.filter((n) => n.op === 'linear' && n.outputs.y === 'logits')
  const ranges = pieces.map((n) => decode.tensors.get(n.inputs.w!)!.weight!.rows)
  test('the pieces of an output cover it, in order, at aligned columns', () => {
    expect(ranges[0]![0]).toBe(0)
    expect(ranges.at(-1)![1]).toBe(32000)
    for (const [i, [from]] of ranges.slice(1).entries()) expect(from).toBe(ranges[i]![1])
    for (const node of pieces) expect((Number(node.attrs.Y0) * 4) % 256).toBe(0)
  })
  test('no piece is larger than a binding', () => {
    for (const [from, to] of ranges) expect((to - from) * 2048 * 2).toBeLessThanOrEqual(binding)
  })
  test('a piece of gate and up writes half as many columns', () => {
    const glu = decode.nodes.filter((n) => n.attrs.EPI === 'glu')
    expect(glu.length).toBeGreaterThan(layers)
    const second = glu.find((n) => Number(n.attrs.Y0) > 0)!
    expect(Number(second.attrs.Y0) * 2).toBe(decode.tensors.get(second.inputs.w!)!.weight!.rows[0])
  })
  test('the embedding is gathered from each piece', () => {
    const embeds = decode.nodes.filter((n) => n.op === 'embed')
    expect(embeds.map((n) => n.attrs.ROW0)).toEqual(
      embeds.map((n) => decode.tensors.get(n.inputs.w!)!.weight!.rows[0]),
    )
  })
})

test('a broken graph is found, with the pass and the node named', () => {
  const { graph } = graphsOf('tinyllama')[0]!
  const broken = { ...graph, nodes: graph.nodes.slice(1) }
  expect(() => verify(broken, 'test')).toThrow(
    /after test: prefill: rmsnorm .* reads embed before it is made/,
  )
})

describe('rotary positions', () => {
  const reader = (config: Record<string, unknown>) => configReader(config, 'config.json')
  const plain = ropeFrequencies(reader({ rope_theta: 10000 }), 8)
  test('old and new config names give the same frequencies', () => {
    expect([...plain]).toEqual([1, 0.1, 0.01, 0.001].map((x) => expect.closeTo(x, 12)))
    expect(
      ropeFrequencies(reader({ rope_parameters: { rope_theta: 10000, rope_type: 'default' } }), 8),
    ).toEqual(plain)
  })
  test('linear scaling divides them', () => {
    const scaled = ropeFrequencies(reader({ rope_scaling: { type: 'linear', factor: 4 } }), 8)
    for (const [i, f] of scaled.entries()) expect(f).toBeCloseTo(plain[i]! / 4, 12)
  })
  test('llama3 keeps the short waves and stretches the long ones', () => {
    const rope_scaling = {
      rope_type: 'llama3',
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    }
    const base = ropeFrequencies(reader({ rope_theta: 500000 }), 128)
    const scaled = ropeFrequencies(reader({ rope_theta: 500000, rope_scaling }), 128)
    expect(scaled[0]).toBe(base[0])
    expect(scaled.at(-1)).toBeCloseTo(base.at(-1)! / 8, 15)
    for (const [i, f] of scaled.entries()) expect(f).toBeLessThanOrEqual(base[i]! + 1e-15)
  })
  test('an unknown scaling is named', () => {
    expect(() => ropeFrequencies(reader({ rope_scaling: { rope_type: 'spiral' } }), 8)).toThrow(/spiral/)
  })
  test('coarse times fine row is the angle of every position', () => {
    const { data, shape } = ropeTable(plain, 200)
    expect(shape).toEqual([64 + Math.ceil(200 / 64), 4, 2])
    for (let p = 0; p < 200; p++) {
      plain.forEach((f, i) => {
        const [a, b] = [64 + Math.floor(p / 64), p % 64].map((row) => (row * 4 + i) * 2) as [number, number]
        const cos = data[a]! * data[b]! - data[a + 1]! * data[b + 1]!
        expect(Math.abs(cos - Math.cos(p * f))).toBeLessThan(3e-7)
      })
    }
  })
})
