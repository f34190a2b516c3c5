/**
 * A graph for one language and feature set: every node with its template, and conversions where a template
 * reads an operand in another type than the graph holds it in (integers, halves).
 */
import type { Expr } from '../../runtime/expr.js'
import { fail } from '../errors.js'
import { addNode } from '../ir/builder.js'
import { nodeFacts } from '../ir/facts.js'
import type { DType, Graph, Node, Tensor } from '../ir/graph.js'
import { ops } from '../ops/index.js'
import type { OpDef } from '../ops/types.js'
import { users } from '../passes/rewrite.js'
import { toSizeExpression } from '../specialize/index.js'
import { select, writesAs } from './select.js'
import type { TemplateHead } from './templates.js'
import type { Choice, KernelTarget, Params } from './types.js'

export interface Step {
  node: Node
  op: OpDef
  /** Facts and the values of the template's parameters. */
  params: Params
  /** Dimensions that hold a symbol. */
  symbols: Record<string, Expr>
  choice: Choice
  /** Workgroups, or on the CPU work items. */
  grid: Expr[]
}

export interface Lowered {
  graph: Graph
  steps: Step[]
}

/** How a tensor becomes one of another type: the operator, and the facts of the consumer it depends on. */
const conversions: Partial<Record<DType, { op: string; facts: string[] }>> = {
  i8x32: { op: 'quantize_rows', facts: [] },
  i8x4: { op: 'quantize_rows', facts: [] },
  f16: { op: 'halve_rows', facts: [] },
}

/** How an activation becomes one of a type; undefined where it is that already, or can't be. */
export const conversionTo = (type: DType): { op: string; facts: string[] } | undefined => conversions[type]

/**
 * The sizes that an operator's kernels read from the step, and the facts that tell them to: rows that are the step's
 * tokens. Other sizes that a step brings come in a uniform, or as arguments.
 */
function countedByStep(op: OpDef, { M, L }: Record<string, Expr>): { names: string[]; facts: Params } {
  const rows = M === 'seq'
  if ('TOKENS' in op.attrs) {
    const both = rows && L === 'seq'
    return {
      names: rows ? (both ? ['M', 'L'] : ['M']) : [],
      facts: { TOKENS: both ? 'both' : rows ? 'rows' : 'none' },
    }
  }
  return { names: rows ? ['M'] : [], facts: 'SEQ' in op.attrs ? { SEQ: rows } : {} }
}

/** A choice, with what its parameters make of the node's sizes. */
const chosen = (choice: Choice, values: Params, symbols: Record<string, Expr>) => {
  const params = { ...values, ...choice.params }
  return { params, choice, grid: choice.template.front.grid.map((e) => toSizeExpression(e, params, symbols)) }
}

export function lower(graph: Graph, templates: TemplateHead[], target: KernelTarget): Lowered {
  const readers = users(graph)
  const selected = new Map<Step, { values: Params; moving: ReadonlySet<string> }>()
  const out: Graph = { ...graph, nodes: [], tensors: new Map(graph.tensors) }
  const steps: Step[] = []
  const emit = (node: Node): void => {
    const op = ops[node.op] ?? fail('WGC901', [`no operator ${node.op}`])
    const { values, symbols } = nodeFacts(out, node, op)
    const counted = countedByStep(op, symbols)
    Object.assign(values, counted.facts)
    const moving = new Set(Object.keys(symbols).filter((name) => !counted.names.includes(name)))
    const choice = select(node.op, node.name, values, templates, target, moving)
    const converted = convert(node, choice, values)
    if (!out.nodes.includes(converted)) out.nodes.push(converted)
    const step = { node: converted, op, symbols, ...chosen(choice, values, symbols) }
    selected.set(step, { values, moving })
    steps.push(step)
  }
  /** Whether the one operator that makes a tensor, for one reader, has a kernel that makes it of this type; then it does. */
  const madeAs = (tensor: Tensor, type: DType): boolean => {
    const makers = steps.filter((s) => Object.values(s.node.outputs).includes(tensor.name))
    const [maker] = makers
    if (!maker || makers.length > 1 || tensor.kind !== 'temp' || readers.get(tensor.name)?.length !== 1)
      return false
    const { values, moving } = selected.get(maker)!
    if (!writesAs(type, maker.node.op, values, templates, target, moving)) return false
    const choice = select(maker.node.op, maker.node.name, values, templates, target, moving, type)
    Object.assign(maker, chosen(choice, values, maker.symbols))
    out.tensors.set(tensor.name, { ...tensor, dtype: type })
    return true
  }
  /** The node with operands converted to what its template reads; each conversion is made once. */
  const convert = (node: Node, choice: Choice, facts: Params): Node => {
    const inputs = { ...node.inputs }
    for (const port of choice.template.front.op.inputs) {
      const tensor = out.tensors.get(inputs[port.name] ?? '')
      const rule = conversions[port.type as DType]
      if (!tensor || !rule || tensor.dtype === port.type) continue
      if (!node.sizes && madeAs(tensor, port.type as DType)) continue
      const attrs = Object.fromEntries(rule.facts.map((f) => [f, facts[f] ?? 0]))
      // A node may see a tensor under rows of its own, as imported graphs do.
      const { M, K } = node.sizes ?? {}
      const sizes = M !== undefined && K !== undefined ? { M, K } : undefined
      const name = [tensor.name, port.type, ...Object.values(attrs), ...(sizes ? [K] : [])].join('.')
      if (!out.tensors.has(name)) {
        const quantize: Node = { op: rule.op, name, inputs: { x: tensor.name }, outputs: {}, attrs }
        if (sizes) quantize.sizes = sizes
        addNode({ ...out, nodes: [] }, quantize)
        out.tensors.set(name, { ...out.tensors.get(name)!, dtype: port.type as DType })
        emit(quantize)
      }
      inputs[port.name] = name
    }
    return { ...node, inputs }
  }
  for (const node of graph.nodes) emit(node)
  return { graph: out, steps }
}
