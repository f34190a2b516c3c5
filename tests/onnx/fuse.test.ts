/** What exporters take apart is put together, and gives what it gave: in float64, by the operators' references. */
import { describe, expect, test } from 'vitest'
import { giveOut, oneOfEach, pruned } from '../../compiler/import/onnx/finish.js'
import { fuse } from '../../compiler/import/onnx/fuse/index.js'
import type { GraphProto, NodeProto, TensorProto } from '../../compiler/import/onnx/protos.js'
import { inputShapes } from '../../compiler/import/onnx/sizes.js'
import { translate } from '../../compiler/import/onnx/translate.js'
import { verify } from '../../compiler/ir/verify.js'
import { evaluate } from './evaluate.js'
import { graph, model, node, noise, tensor } from './make.js'

/** The operators of a graph before and after, and the largest difference that fusing makes. */
function compared(g: GraphProto, opset = 17) {
  const m = model(g, opset, ['com.microsoft'])
  const made = () => {
    const shapes = inputShapes(m, 'm.onnx', new Map())
    const t = translate(m, 'm.onnx', shapes)
    giveOut(t.builder, t.outputs, t.tensorOf)
    oneOfEach(t.graph)
    return { ...t, shapes }
  }
  const before = made()
  const outputs = [...before.graph.tensors.values()].filter((t) => t.kind === 'output').map((t) => t.name)
  const plain = pruned(before.graph, outputs)
  const after = made()
  const weights = new Map(after.stored)
  const fused = verify(fuse(after.graph, weights), 'fuse')
  const next = noise(5)
  const inputs = Object.fromEntries(
    [...before.shapes].map(([name, shape]) => [
      name,
      Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next),
    ]),
  )
  const [a, b] = [evaluate(plain, before.stored, inputs), evaluate(fused, weights, inputs)]
  const worst = Math.max(
    ...Object.entries(a).flatMap(([name, values]) => [...values].map((v, i) => Math.abs(v - b[name]![i]!))),
  )
  return { plain: plain.nodes.map((n) => n.op), ops: fused.nodes.map((n) => n.op), nodes: fused.nodes, worst }
}

let seed = 1
const values = (n: number): Float32Array => Float32Array.from({ length: n }, noise(seed++))
const init = (name: string, ...dims: number[]): TensorProto =>
  tensor(name, dims, values(dims.reduce((a, b) => a * b, 1)))
const number = (name: string, value: number): TensorProto => tensor(name, [], [value])

const ints = (name: string, ...list: number[]): TensorProto => tensor(name, [list.length], list, 7)

describe('functions', () => {
  const D = 12
  const numbers = Object.entries({
    ...{ half: 0.5, one: 1, two: 2, three: 3, six: 6, root2: Math.SQRT2, cubic: 0.044715 },
    ...{ tanhs: Math.sqrt(2 / Math.PI), quick: 1.702, eps: 1e-5 },
  }).map(([k, v]) => number(k, v))
  const g = (nodes: NodeProto[]) =>
    graph(nodes, [['x', [2, 3, D]]], ['y'], [...numbers, init('g', D), init('b', D)])
  const op = node
  const erf = [op('Div', ['x', 'root2'], ['d']), op('Erf', ['d'], ['e']), op('Add', ['e', 'one'], ['f'])]
  const norm = [
    op('ReduceMean', ['x'], ['m'], { axes: [-1] }),
    op('Sub', ['x', 'm'], ['c']),
    op('Pow', ['c', 'two'], ['s']),
    op('ReduceMean', ['s'], ['v'], { axes: [-1] }),
    op('Add', ['v', 'eps'], ['w']),
    op('Sqrt', ['w'], ['r']),
    op('Div', ['c', 'r'], ['n']),
  ]
  const cases: [string, NodeProto[], string, Record<string, unknown>][] = [
    [
      'gelu, as torch writes it',
      [...erf, op('Mul', ['x', 'f'], ['h']), op('Mul', ['h', 'half'], ['y'])],
      'unary',
      { OP: 'gelu' },
    ],
    [
      'gelu, halved first, the sum the other way round',
      [
        ...erf.slice(0, 2),
        op('Add', ['one', 'e'], ['f']),
        op('Mul', ['half', 'x'], ['h']),
        op('Mul', ['h', 'f'], ['y']),
      ],
      'unary',
      { OP: 'gelu' },
    ],
    [
      'gelu by tanh',
      [
        op('Pow', ['x', 'three'], ['p']),
        op('Mul', ['p', 'cubic'], ['q']),
        op('Add', ['x', 'q'], ['i']),
        op('Mul', ['i', 'tanhs'], ['j']),
        op('Tanh', ['j'], ['t']),
        op('Add', ['t', 'one'], ['f']),
        op('Mul', ['x', 'half'], ['h']),
        op('Mul', ['h', 'f'], ['y']),
      ],
      'unary',
      { OP: 'gelu_tanh' },
    ],
    [
      'gelu by tanh, as jax writes it',
      [
        op('Mul', ['x', 'cubic'], ['p0']),
        op('Mul', ['x', 'p0'], ['p1']),
        op('Mul', ['x', 'p1'], ['q']),
        op('Add', ['x', 'q'], ['i']),
        op('Mul', ['tanhs', 'i'], ['j']),
        op('Tanh', ['j'], ['t']),
        op('Add', ['one', 't'], ['f']),
        op('Mul', ['f', 'half'], ['h']),
        op('Mul', ['x', 'h'], ['y']),
      ],
      'unary',
      { OP: 'gelu_tanh' },
    ],
    ['silu', [op('Sigmoid', ['x'], ['s']), op('Mul', ['s', 'x'], ['y'])], 'unary', { OP: 'silu' }],
    [
      'quick gelu',
      [op('Mul', ['x', 'quick'], ['q']), op('Sigmoid', ['q'], ['s']), op('Mul', ['x', 's'], ['y'])],
      'unary',
      { OP: 'quick_gelu' },
    ],
    [
      'hard swish of clips',
      [
        op('Add', ['x', 'three'], ['a']),
        op('Clip', ['a', 'zero', 'six'], ['c']),
        op('Mul', ['x', 'c'], ['m']),
        op('Div', ['m', 'six'], ['y']),
      ],
      'unary',
      { OP: 'hard_swish' },
    ],
    [
      'layer norm with gain and bias',
      [...norm, op('Mul', ['n', 'g'], ['o']), op('Add', ['o', 'b'], ['y'])],
      'layernorm',
      { GAIN: true, BIAS: true },
    ],
    [
      'layer norm, bias first',
      [...norm, op('Mul', ['g', 'n'], ['o']), op('Add', ['b', 'o'], ['y'])],
      'layernorm',
      { GAIN: true, BIAS: true },
    ],
    [
      'layer norm by itself',
      [...norm, op('Identity', ['n'], ['y'])],
      'layernorm',
      { GAIN: false, BIAS: false },
    ],
    [
      'rms norm',
      [
        op('Mul', ['x', 'x'], ['s']),
        op('ReduceMean', ['s'], ['v'], { axes: [-1] }),
        op('Add', ['v', 'eps'], ['w']),
        op('Sqrt', ['w'], ['r']),
        op('Div', ['x', 'r'], ['n']),
        op('Mul', ['n', 'g'], ['y']),
      ],
      'rmsnorm',
      { GAIN: true },
    ],
  ]
  test.each(cases)('%s', (_, nodes, wanted, attrs) => {
    const given = g(nodes)
    given.initializers.push(number('zero', 0))
    const { ops, nodes: made, worst } = compared(given)
    expect(ops).toEqual([wanted])
    expect(made[0]!.attrs).toMatchObject(attrs)
    expect(worst).toBeLessThan(1e-6)
  })

  const other: [string, NodeProto[]][] = [
    ['another factor', [...erf, op('Mul', ['x', 'f'], ['h']), op('Mul', ['h', 'two'], ['y'])]],
    [
      'another x',
      [...erf, op('Relu', ['x'], ['z']), op('Mul', ['z', 'f'], ['h']), op('Mul', ['h', 'half'], ['y'])],
    ],
    [
      'means of other axes',
      [
        op('ReduceMean', ['x'], ['m'], { axes: [1] }),
        op('Sub', ['x', 'm'], ['c']),
        op('Pow', ['c', 'two'], ['s']),
        op('ReduceMean', ['s'], ['v'], { axes: [1] }),
        op('Add', ['v', 'eps'], ['w']),
        op('Sqrt', ['w'], ['r']),
        op('Div', ['c', 'r'], ['y']),
      ],
    ],
  ]
  test.each(other)('%s stays what it is', (_, nodes) => {
    const { plain, ops, worst } = compared(g(nodes))
    expect(ops).toEqual(plain)
    expect(worst).toBe(0)
  })
})

describe('attention', () => {
  /** [B, S, H * D] → softmax(q kᵀ / √D + mask) v, as torch exports BERT. */
  function attention(B: number, S: number, H: number, D: number, mask: number[] | undefined, form: string) {
    const W = H * D
    const project = (name: string, perm: number[]) => [
      node('MatMul', ['x', `w${name}`], [`${name}0`]),
      node('Add', [`b${name}`, `${name}0`], [`${name}1`]),
      node('Reshape', [`${name}1`, 'heads'], [`${name}2`]),
      node('Transpose', [`${name}2`], [name], { perm }),
    ]
    const scaled = {
      after: [node('MatMul', ['q', 'k'], ['s0']), node('Div', ['s0', 'scale'], ['s1'])],
      before: [node('Div', ['q', 'scale'], ['qs']), node('MatMul', ['qs', 'k'], ['s1'])],
      both: [
        node('Sqrt', ['scale'], ['root']),
        node('Div', ['q', 'root'], ['qs']),
        node('Div', ['k', 'root'], ['ks']),
        node('MatMul', ['qs', 'ks'], ['s1']),
      ],
    }[form]!
    const nodes = [
      ...project('q', [0, 2, 1, 3]),
      ...project('k', [0, 2, 3, 1]),
      ...project('v', [0, 2, 1, 3]),
      ...scaled,
      ...(mask ? [node('Add', ['s1', 'mask'], ['s2'])] : [node('Identity', ['s1'], ['s2'])]),
      node('Softmax', ['s2'], ['p'], { axis: -1 }),
      node('MatMul', ['p', 'v'], ['c']),
      node('Transpose', ['c'], ['c1'], { perm: [0, 2, 1, 3] }),
      node('Reshape', ['c1', 'flat'], ['c2']),
      node('MatMul', ['c2', 'wo'], ['y']),
    ]
    const initial = [
      ...['q', 'k', 'v', 'o'].map((n) => init(`w${n}`, W, W)),
      ...['q', 'k', 'v'].map((n) => init(`b${n}`, W)),
      number('scale', Math.sqrt(D)),
      ints('heads', 0, 0, H, D),
      ints('flat', 0, 0, W),
    ]
    const inputs: [string, number[]][] = [
      ['x', [B, S, W]],
      ...(mask ? [['mask', mask] as [string, number[]]] : []),
    ]
    return graph(nodes, inputs, ['y'], initial)
  }

  const cases: [string, number, number, number, number, number[] | undefined, string][] = [
    ['one sequence', 1, 5, 3, 4, undefined, 'after'],
    ['a batch', 2, 5, 3, 4, undefined, 'before'],
    ['scaled on both sides', 2, 7, 2, 8, undefined, 'both'],
    ['a mask of keys', 2, 5, 3, 4, [2, 1, 1, 5], 'after'],
    ['a mask of keys, one sequence', 1, 5, 3, 4, [1, 1, 1, 5], 'after'],
    ['a mask of rows and keys', 2, 5, 3, 4, [1, 1, 5, 5], 'after'],
    ['a mask of each batch', 2, 5, 3, 4, [2, 1, 5, 5], 'before'],
    ['a bias of each head', 1, 5, 3, 4, [1, 3, 5, 5], 'after'],
    ['a bias of each head, a batch', 2, 5, 3, 4, [1, 3, 5, 5], 'after'],
    ['a bias of everything', 2, 5, 3, 4, [2, 3, 5, 5], 'both'],
  ]
  test.each(cases)('%s', (_, B, S, H, D, mask, form) => {
    const { ops, worst } = compared(attention(B, S, H, D, mask, form))
    expect(ops.filter((op) => op !== 'copy_nd')).toEqual(['linear', 'linear', 'linear', 'sdpa', 'linear'])
    expect(ops).not.toContain('copy_nd')
    expect(worst).toBeLessThan(1e-9)
  })

  test('a softmax along another axis is none of attention', () => {
    const g = attention(1, 5, 3, 4, undefined, 'after')
    g.nodes.find((n) => n.op === 'Softmax')!.attributes.get('axis')!.i = 2
    const { ops, worst } = compared(g)
    expect(ops).not.toContain('sdpa')
    expect(worst).toBeLessThan(1e-9)
  })
})

describe('epilogues', () => {
  const conv = (out: string, x = 'x') => node('Conv', [x, 'w', 'b'], [out], { pads: [1, 1, 1, 1] })
  const initial = [init('w', 4, 4, 3, 3), init('b', 4), init('s', 4), init('t', 4), init('m', 4)]
  const positive = tensor('v', [4], [0.5, 1, 2, 3])
  const g = (nodes: NodeProto[], outputs = ['y']) =>
    graph(nodes, [['x', [1, 4, 5, 6]]], outputs, [...initial, positive])
  const norm = node('BatchNormalization', ['c', 's', 't', 'm', 'v'], ['n'])
  const cases: [string, NodeProto[], string[], Record<string, unknown>][] = [
    ['an activation', [conv('c'), node('Relu', ['c'], ['y'])], ['conv2d'], { ACT: 'relu' }],
    [
      'a batch norm and an activation',
      [conv('c'), norm, node('Sigmoid', ['n'], ['y'])],
      ['conv2d'],
      { ACT: 'sigmoid', BIAS: true },
    ],
    [
      'a residual, then an activation',
      [conv('c'), norm, node('Add', ['n', 'x'], ['r']), node('Relu', ['r'], ['y'])],
      ['conv2d'],
      { ACT: 'relu', EPI: 'add_act' },
    ],
    [
      'an activation, then a residual that is made later',
      [conv('c'), node('Relu', ['c'], ['a']), node('Exp', ['x'], ['e']), node('Add', ['e', 'a'], ['y'])],
      ['unary', 'conv2d'],
      { ACT: 'relu', EPI: 'add' },
    ],
  ]
  test.each(cases)('%s', (_, nodes, wanted, attrs) => {
    const { ops, nodes: made, worst } = compared(g(nodes))
    expect(ops).toEqual(wanted)
    expect(made.at(-1)!.attrs).toMatchObject(attrs)
    expect(worst).toBeLessThan(1e-6)
  })

  test('what others read as well stays', () => {
    const { ops, worst } = compared(g([conv('c'), node('Relu', ['c'], ['y'])], ['y', 'c']))
    expect(ops).toEqual(['conv2d', 'unary'])
    expect(worst).toBe(0)
  })

  test('a row added to a product is its bias', () => {
    const nodes = [
      node('MatMul', ['x', 'w'], ['p']),
      node('Add', ['b', 'p'], ['q']),
      node('Tanh', ['q'], ['y']),
    ]
    const { nodes: made, worst } = compared(
      graph(nodes, [['x', [3, 8]]], ['y'], [init('w', 8, 6), init('b', 6)]),
    )
    expect(made.map((n) => [n.op, n.attrs.BIAS, n.attrs.ACT])).toEqual([['linear', true, 'tanh']])
    expect(worst).toBeLessThan(1e-9)
  })
})
