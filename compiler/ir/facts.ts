/**
 * The facts of a node: what its operands' shapes, types and its attributes say, under the names that op rows
 * and templates share.
 */

import type { Expr } from '../../runtime/expr.js'
import { fail } from '../errors.js'
import type { OpDef, PortSpec } from '../ops/types.js'
import { type Ast, evaluateExpression, parseExpression, toSizeExpression } from '../specialize/index.js'
import { type Attr, type Graph, limitsOf, type Node, type Tensor } from './graph.js'
import { largest } from './size.js'

export interface NodeFacts {
  /** Every fact as a plain value; a symbolic dimension at its largest. */
  values: Record<string, Attr>
  /** The dimensions that hold a symbol. */
  symbols: Record<string, Expr>
}

const parsed = new Map<string, Ast>()

/** Parses once: op rows repeat the same few expressions. */
export function expression(text: string): Ast {
  let ast = parsed.get(text)
  if (!ast) {
    ast = parseExpression(text)
    parsed.set(text, ast)
  }
  return ast
}

const isName = (text: string) => /^[A-Za-z_]\w*$/.test(text)

/** The tensor at a port, or undefined where the node leaves an optional one out. */
export function operand(graph: Graph, node: Node, port: string): Tensor | undefined {
  const name = node.outputs[port] ?? node.inputs[port]
  return name === undefined ? undefined : graph.tensors.get(name)
}

/** Whether a port exists at these facts. */
export function hasPort(spec: PortSpec, values: Record<string, Attr>): boolean {
  return spec.when === undefined || evaluateExpression(expression(spec.when), values) === true
}

function bind(facts: NodeFacts, graph: Graph, name: string, dim: Expr): void {
  if (name in facts.values) return
  facts.values[name] = largest(dim, limitsOf(graph))
  if (typeof dim !== 'number') facts.symbols[name] = dim
}

/** Binds the lone names in a port's shape to the tensor's sizes, the last axis first: a row stands for a matrix. */
function unify(facts: NodeFacts, graph: Graph, spec: PortSpec, tensor: Tensor): void {
  spec.shape.forEach((text, axis) => {
    const dim = tensor.shape[axis - spec.shape.length + tensor.shape.length]
    if (isName(text) && dim !== undefined) bind(facts, graph, text, dim)
  })
}

/** Facts of a node whose inputs are known; outputs, when they exist already, are read too. */
export function nodeFacts(graph: Graph, node: Node, op: OpDef): NodeFacts {
  const facts: NodeFacts = { values: { ...op.attrs, ...node.attrs } as Record<string, Attr>, symbols: {} }
  // What a node says of a size counts more than what the operator has for it: matmul's N may be a symbol.
  for (const name of Object.keys(node.sizes ?? {})) if (!(name in node.attrs)) delete facts.values[name]
  for (const [name, dim] of Object.entries(node.sizes ?? {})) bind(facts, graph, name, dim)
  for (const [port, spec] of Object.entries(op.ports)) {
    const tensor = operand(graph, node, port)
    if (!tensor) continue
    unify(facts, graph, spec, tensor)
    if (spec.kind === 'weight' && tensor.weight?.format) {
      facts.values.W = tensor.weight.format
      facts.values.G = tensor.weight.group ?? 32
    }
    if (spec.kind === 'state') facts.values.KV = tensor.dtype
  }
  return facts
}

/** A port's shape at these facts. */
export function portShape(spec: PortSpec, facts: NodeFacts, where: string): Expr[] {
  return spec.shape.map((text) => {
    const missing = isName(text) && !(text in facts.values) && !(text in facts.symbols)
    if (missing) fail('WGC901', [`${where}: size ${text} is not known`])
    return toSizeExpression(expression(text), facts.values, facts.symbols)
  })
}
