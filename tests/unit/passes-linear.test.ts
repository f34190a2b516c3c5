/** What the passes do to linear operators with a bias or an activation, which the presets' graphs don't have. */
import { describe, expect, test } from 'vitest'
import { type Builder, build } from '../../compiler/ir/builder.js'
import type { Graph } from '../../compiler/ir/graph.js'
import { verify } from '../../compiler/ir/verify.js'
import { fuseGlu } from '../../compiler/passes/fuse-glu.js'
import { fuseResidual } from '../../compiler/passes/fuse-residual.js'
import { type Bits, policies, precision } from '../../compiler/passes/precision.js'
import { splitWeights } from '../../compiler/passes/split.js'

const [N, K] = [256, 16]

/** A linear of the input, with a bias where one is named. */
function linear(g: Builder, name: string, bias?: string, attrs = {}) {
  const w = g.weight(`${name}.weight`, [N, K])
  const inputs = { x: 'x', w, ...(bias && { b: g.weight(bias, [N]) }) }
  return g.op('linear', name, inputs, { EPI: 'none', BIAS: bias !== undefined, LDY: N, ...attrs })
}

const start = () => {
  const g = build('test', 8)
  g.input('x', 'f32', ['seq', K])
  return g
}

const attrsOf = (graph: Graph) => graph.nodes.map(({ op, attrs }) => [op, attrs.EPI, attrs.ACT])

function gated(OP: string, bias?: string): Graph {
  const g = start()
  const act = g.op('unary', 'act', { x: linear(g, 'gate', bias) }, { OP })
  g.op('binary', 'product', { a: act, b: linear(g, 'up') }, { OP: 'mul' })
  return verify(fuseGlu(verify(g.graph, 'start')), 'fuse-glu')
}

describe('gated products', () => {
  test('keep their activation', () => {
    expect(attrsOf(gated('silu'))).toEqual([['linear', 'glu', 'silu']])
    expect(attrsOf(gated('gelu_tanh'))).toEqual([['linear', 'glu', 'gelu_tanh']])
  })
  test('of another function, or with a bias, are left alone', () => {
    expect(gated('abs').nodes.length).toBe(4)
    expect(gated('silu', 'gate.bias').nodes.length).toBe(4)
  })
})

test('a residual is added after the activation', () => {
  const g = start()
  const y = linear(g, 'fc', 'fc.bias', { ACT: 'gelu' })
  g.op('binary', 'sum', { a: y, b: linear(g, 'other') }, { OP: 'add' })
  const graph = verify(fuseResidual(g.graph), 'fuse-residual')
  expect(attrsOf(graph)).toEqual([
    ['linear', 'none', undefined],
    ['linear', 'add', 'gelu'],
  ])
})

test('a weight that is cut takes its bias along', () => {
  const g = start()
  g.output(linear(g, 'y', 'y.bias'), 'y')
  const bytes = (_: unknown, rows: number) => rows * K * 4
  const graph = verify(splitWeights(g.graph, { binding: 100 * K * 4, bytes }), 'split')
  const rows = (port: string) => graph.nodes.map((n) => graph.tensors.get(n.inputs[port]!)!)
  expect(rows('w').map((t) => t.weight!.rows)).toEqual([
    [0, 128],
    [128, 256],
  ])
  expect(rows('b').map((t) => [t.shape, t.weight!.rows])).toEqual([
    [[128], [0, 128]],
    [[128], [128, 256]],
  ])
})

test('a bias that the compiler made is cut, too', () => {
  const g = start()
  const b = g.constant(
    'b',
    [N],
    Float32Array.from({ length: N }, (_, i) => i),
  )
  const inputs = { x: 'x', w: g.weight('w', [N, K]), b }
  g.op('linear', 'y', inputs, { EPI: 'none', BIAS: true, LDY: N })
  const graph = splitWeights(g.graph, { binding: 100 * K * 4, bytes: (_, rows) => rows * K * 4 })
  const parts = graph.nodes.map((n) => graph.tensors.get(n.inputs.b!)!.data!)
  expect(parts.map((d) => [d[0], d.length])).toEqual([
    [0, 128],
    [128, 128],
  ])
})

test('below 8 bits the output keeps 8; a bias is f32', () => {
  for (const bits of Object.keys(policies)) {
    const g = start()
    linear(g, 'hidden', 'hidden.bias')
    g.output(linear(g, 'y'), 'y')
    const asked = (Number(bits) || bits) as Bits
    const { tensors } = precision(g.graph, { bits: asked, group: 0 })
    const format = (name: string) => tensors.get(name)?.weight?.format
    const wanted = typeof asked === 'number' || /a$/.test(asked) ? `q${asked}` : asked
    expect(format('hidden.weight'), bits).toBe(wanted)
    expect(format('y.weight'), bits).toBe(/^q[234]/.test(wanted) ? 'q8' : wanted)
    expect(format('hidden.bias'), bits).toBe('f32')
    expect(tensors.get('hidden.weight')?.weight?.group).toBe(/^q/.test(wanted) ? 0 : undefined)
  }
})
