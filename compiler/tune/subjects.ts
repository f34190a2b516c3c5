/** What a model computes, each operator at each of its sizes once, with how often a prompt or a token needs it. */
import { expression, nodeFacts } from '../ir/facts.js'
import type { Graph } from '../ir/graph.js'
import { ops } from '../ops/index.js'
import type { Facts } from '../ops/types.js'
import { evaluateExpression } from '../specialize/index.js'
import type { Subject } from './bench.js'

export interface CountedSubject extends Subject {
  /** Program and node that has it first, for people. */
  name: string
  count: number
}

/** `M=1 N=64`: what tells a subject from others. */
export const subjectKey = ({ op, facts }: Pick<Subject, 'op' | 'facts'>): string =>
  [op, ...Object.entries(facts).map(([name, value]) => `${name}=${value}`)].join(' ')

/** Half a cache, less the step: what a conversation has before it, on average. */
function pastOf(facts: Facts): number {
  const [M, C] = [Number(facts.M ?? 1), Number(facts.C ?? 0)]
  return Math.max(Math.floor((C - M) / 2), 0)
}

export function subjectsOf(graphs: { name: string; graph: Graph }[]): CountedSubject[] {
  const found = new Map<string, CountedSubject>()
  for (const { name, graph } of graphs)
    for (const node of graph.nodes) {
      const op = ops[node.op]!
      const { values, symbols } = nodeFacts(graph, node, op)
      const facts: Facts = { ...values, ...('SEQ' in op.attrs && { SEQ: symbols.M === 'seq' }) }
      const past = pastOf(facts)
      // What grows with the conversation is taken at that length.
      if (symbols.KEYS !== undefined) facts.KEYS = Math.min(Number(facts.KEYS), past + 1)
      const key = subjectKey({ op: node.op, facts })
      const known = found.get(key)
      if (known) known.count++
      else found.set(key, { op: node.op, facts, past, name: `${name} ${node.name}`, count: 1 })
    }
  return [...found.values()]
}

/** Arithmetic of a subject, for rates. */
export const workOf = ({ op, facts }: Subject): { flops: number; bytes: number } => ops[op]!.cost(facts)

/** A condition holds of a subject. */
export const holdsFor = (when: string | undefined, facts: Facts): boolean =>
  when === undefined || evaluateExpression(expression(when), facts) === true
