/** Checks that a graph is one: run before and after every pass, so a fault shows where it was made. */
import { fail } from '../errors.js'
import { ops } from '../ops/index.js'
import { hasPort, nodeFacts, operand } from './facts.js'
import type { Graph, Node } from './graph.js'

/** Kinds that exist before the first node runs. */
const given = new Set(['input', 'tokens', 'weight', 'const', 'state'])

function verifyNode(graph: Graph, node: Node, known: Set<string>): string | undefined {
  const op = ops[node.op]
  if (!op) return 'no such operator'
  const facts = nodeFacts(graph, node, op)
  for (const [port, spec] of Object.entries(op.ports)) {
    const there = operand(graph, node, port) !== undefined
    const wanted = hasPort(spec, facts.values)
    if (there !== wanted) return `port ${port} is ${there ? 'given, and does not exist here' : 'missing'}`
    const input = node.inputs[port]
    if (input !== undefined && !known.has(input)) return `${port} reads ${input} before it is made`
  }
  const unset = Object.entries(op.attrs).find(([name]) => facts.values[name] === undefined)
  return unset && `attribute ${unset[0]} is not set`
}

/** Throws an internal fault that names the pass, the node and what is wrong. */
export function verify(graph: Graph, after: string): Graph {
  const known = new Set([...graph.tensors.values()].filter((t) => given.has(t.kind)).map((t) => t.name))
  for (const node of graph.nodes) {
    const wrong = verifyNode(graph, node, known)
    if (wrong) fail('WGC901', [`after ${after}: ${graph.name}: ${node.op} ${node.name}: ${wrong}`])
    for (const name of Object.values(node.outputs)) known.add(name)
  }
  return graph
}
