/** Functions and normalisations that exporters write out, as the operators of wgc's table that they are. */
import type { Graph, Node } from '../../../ir/graph.js'
import { replaceNodes } from '../../../passes/rewrite.js'
import { elements, type Look, look, type Matched, match, type Pattern } from './pattern.js'

interface Row {
  name: string
  /** Ways in which exporters write it. */
  patterns: Pattern[]
  /** The node that computes it, but for its name and output; undefined where it doesn't fit after all. */
  node(found: Matched, at: Look, n: number): Omit<Node, 'name' | 'outputs'> | undefined
}

const unary =
  (OP: string): Row['node'] =>
  ({ tensors }, _, n) => ({
    op: 'unary',
    inputs: { x: tensors.x! },
    attrs: { OP, ALPHA: 0, BETA: 0 },
    sizes: { M: 1, D: n },
  })

const centred: Pattern = ['sub', 'x', ['mean', 'x']]
const deviation: Pattern[] = [
  ['sqrt', ['add', ['mean', ['square', centred]], '#eps']],
  ['sqrt', ['add', ['mean', ['mul', centred, centred]], '#eps']],
]
const normal: Pattern[] = deviation.flatMap((d): Pattern[] => [
  ['div', centred, d],
  ['mul', centred, ['reciprocal', d]],
])

/** x over the root of its mean square. */
const rootMean: Pattern[] = (['square', 'mul'] as const).flatMap((kind): Pattern[] => {
  const square: Pattern = kind === 'mul' ? ['mul', 'x', 'x'] : ['square', 'x']
  const root: Pattern = ['sqrt', ['add', ['mean', square], '#eps']]
  return [
    ['div', 'x', root],
    ['mul', 'x', ['reciprocal', root]],
    ['mul', 'x', ['div', 1, root]],
  ]
})

const norm =
  (op: 'layernorm' | 'rmsnorm'): Row['node'] =>
  ({ tensors: { x, g, b }, numbers, D }, { graph }, n) => {
    // A mean along the last axis of x as its rows lie, and x as large as what is made.
    if (D === 0 || n % D !== 0 || elements(graph, x!) !== n) return undefined
    // Kernels only read gains and biases, which must lie apart from what they write.
    const apart = (name: string) => ['const', 'weight'].includes(graph.tensors.get(name)!.kind)
    if (![g, b].every((v) => v === undefined || apart(v))) return undefined
    const attrs = { EPS: numbers.eps!, GAIN: g !== undefined, LAST: false }
    return {
      op,
      inputs: { x: x!, ...(g && { g }), ...(b && { b }) },
      attrs: { ...attrs, ...(op === 'layernorm' && { BIAS: b !== undefined }) },
      sizes: { R: n / D, M: n / D, D },
    }
  }

const ERF: Pattern = ['add', ['erf', ['mul', 'x', Math.SQRT1_2]], 1]
const CUBES: Pattern[] = [
  ['pow', 'x', 3],
  ['mul', 'x', ['mul', 'x', 'x']],
  ['mul', 'x', ['square', 'x']],
]
/** 0.044715 x³, the factor before, within or behind. */
const TERMS: Pattern[] = [
  ...CUBES.map((cube): Pattern => ['mul', cube, 0.044715]),
  ['mul', 'x', ['mul', 'x', ['mul', 'x', 0.044715]]],
  ['mul', ['mul', 'x', 0.044715], ['square', 'x']],
  ['mul', 'x', ['mul', ['square', 'x'], 0.044715]],
]
const TANH: Pattern[] = TERMS.map(
  (term): Pattern => ['add', ['tanh', ['mul', ['add', 'x', term], 0.7978845608]], 1],
)

/** x / 2 · (what is in brackets), in each order. */
const half = (bracket: Pattern): Pattern[] => [
  ['mul', ['mul', 'x', bracket], 0.5],
  ['mul', ['mul', 'x', 0.5], bracket],
  ['mul', 'x', ['mul', bracket, 0.5]],
]

/** Larger ones first: what is part of another must not go before it. */
const table: Row[] = [
  {
    name: 'layernorm',
    patterns: [
      ...normal.map((p): Pattern => ['add', ['mul', p, '@g'], '@b']),
      ...normal.map((p): Pattern => ['mul', p, '@g']),
      ...normal,
    ],
    node: norm('layernorm'),
  },
  {
    name: 'rmsnorm',
    patterns: [...rootMean.map((p): Pattern => ['mul', p, '@g']), ...rootMean],
    node: norm('rmsnorm'),
  },
  { name: 'gelu', patterns: half(ERF), node: unary('gelu') },
  { name: 'gelu_tanh', patterns: TANH.flatMap(half), node: unary('gelu_tanh') },
  {
    name: 'quick_gelu',
    patterns: [['mul', 'x', ['sigmoid', ['mul', 'x', 1.702]]]],
    node: unary('quick_gelu'),
  },
  { name: 'silu', patterns: [['mul', 'x', ['sigmoid', 'x']]], node: unary('silu') },
  { name: 'mish', patterns: [['mul', 'x', ['tanh', ['softplus', 'x']]]], node: unary('mish') },
  {
    name: 'hard_swish',
    patterns: [
      ['mul', 'x', ['hard_sigmoid', 'x', 1 / 6, 0.5]],
      ['mul', ['mul', 'x', ['clip', ['add', 'x', 3], 0, 6]], 1 / 6],
    ],
    node: unary('hard_swish'),
  },
]

function fused(at: Look, node: Node, { patterns, node: make }: Row): Node | undefined {
  const y = node.outputs.y
  if (y === undefined) return undefined
  for (const pattern of patterns) {
    const found = match(at, y, pattern)
    const made = found && make(found, at, elements(at.graph, y))
    if (made) return { ...made, name: node.name, outputs: { y } }
  }
  return undefined
}

/** Each function of the table, wherever a node is the last of one. What led to it is left to be pruned. */
export function fuseFunctions(graph: Graph): Graph {
  return table.reduce((g, row) => {
    const at = look(g)
    const changes = new Map<Node, Node[]>()
    for (const node of g.nodes) {
      const made = fused(at, node, row)
      if (made) changes.set(node, [made])
    }
    return changes.size === 0 ? g : replaceNodes(g, changes)
  }, graph)
}
