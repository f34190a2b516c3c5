/** What a model computes, each operator at each of its sizes once, with how often a prompt or a token needs it. */
import { nodeFacts } from '../ir/facts.js'
import type { Graph, Node } from '../ir/graph.js'
import { ops } from '../ops/index.js'
import type { Facts } from '../ops/types.js'
import { users } from '../passes/rewrite.js'
import { writesAs } from '../select/select.js'
import type { TemplateHead } from '../select/templates.js'
import type { KernelTarget } from '../select/types.js'
import type { Subject } from './bench.js'

export interface CountedSubject extends Subject {
  /** Program and node that has it first, for people. */
  name: string
  /** How often each program needs it. */
  counts: Record<string, number>
}

/** `M=1 N=64`: what tells a subject from others. */
export const subjectKey = ({ op, facts, written = [] }: Pick<Subject, 'op' | 'facts' | 'written'>): string =>
  [op, ...Object.entries(facts).map(([name, value]) => `${name}=${value}`), ...written].join(' ')

/** Half a cache, less the step: what a conversation has before it, on average. */
function pastOf(facts: Facts): number {
  const [M, C] = [Number(facts.M ?? 1), Number(facts.C ?? 0)]
  return Math.max(Math.floor((C - M) / 2), 0)
}

/** Where kernels are looked for. */
interface Kernels {
  heads: TemplateHead[]
  target: KernelTarget
}

/** Inputs that whoever makes them may write as bytes or halves, since nothing else reads them: `x:i8x4`. */
function writtenOf(graph: Graph, { heads, target }: Kernels): (node: Node) => string[] {
  const readers = users(graph)
  const makers = new Map(graph.nodes.flatMap((n) => Object.values(n.outputs).map((name) => [name, n])))
  const types = [...new Set(heads.flatMap((t) => t.front.op.inputs.map((p) => p.type)))]
  return ({ inputs }) =>
    Object.entries(inputs).flatMap(([port, name]) => {
      const maker = makers.get(name)
      if (!maker || readers.get(name)?.length !== 1 || graph.tensors.get(name)?.kind !== 'temp') return []
      const { values } = nodeFacts(graph, maker, ops[maker.op]!)
      return types
        .filter((type) => writesAs(type, maker.op, values, heads, target))
        .map((type) => `${port}:${type}`)
    })
}

export function subjectsOf(graphs: { name: string; graph: Graph }[], kernels: Kernels): CountedSubject[] {
  const found = new Map<string, CountedSubject>()
  for (const { name, graph } of graphs) {
    const written = writtenOf(graph, kernels)
    for (const node of graph.nodes) {
      const op = ops[node.op]!
      const { values, symbols } = nodeFacts(graph, node, op)
      const facts: Facts = { ...values, ...('SEQ' in op.attrs && { SEQ: symbols.M === 'seq' }) }
      const past = pastOf(facts)
      // What grows with the conversation is taken at that length.
      if (symbols.KEYS !== undefined) facts.KEYS = Math.min(Number(facts.KEYS), past + 1)
      const subject: Subject = { op: node.op, facts, past, written: written(node) }
      const key = subjectKey(subject)
      const known = found.get(key)
      if (known) known.counts[name] = (known.counts[name] ?? 0) + 1
      else found.set(key, { ...subject, name: `${name} ${node.name}`, counts: { [name]: 1 } })
    }
  }
  return [...found.values()]
}

/** Parts of the programs' time that each subject takes, given what one of each takes; all together are 1. */
export function sharesOf(
  subjects: CountedSubject[],
  ms: (s: CountedSubject) => number,
): Map<CountedSubject, number> {
  const programs = [...new Set(subjects.flatMap((s) => Object.keys(s.counts)))]
  const total = new Map(
    programs.map((p) => [p, subjects.reduce((sum, s) => sum + (s.counts[p] ?? 0) * ms(s), 0)]),
  )
  // A prompt's step and a token's are as important as each other.
  const part = (s: CountedSubject) =>
    programs.reduce((sum, p) => sum + ((s.counts[p] ?? 0) * ms(s)) / (total.get(p) || 1), 0)
  return new Map(subjects.map((s) => [s, part(s) / programs.length]))
}

/** Arithmetic of a subject, for rates. */
export const workOf = ({ op, facts }: Subject): { flops: number; bytes: number } => ops[op]!.cost(facts)
