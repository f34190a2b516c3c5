/** What exporters take apart, put together again: passes over the translated graph, in this order. */
import type { Graph } from '../../../ir/graph.js'
import { pruned } from '../finish.js'
import { fuseAttention } from './attention.js'
import { fuseEpilogues, type Weights } from './epilogues.js'
import { fuseFunctions } from './functions.js'

export const fusions: { name: string; run(graph: Graph, weights: Weights): Graph }[] = [
  { name: 'functions', run: fuseFunctions },
  { name: 'attention', run: fuseAttention },
  { name: 'epilogues', run: fuseEpilogues },
]

/** The same results by fewer operators. `weights` gets what convolutions become that take in what follows them. */
export function fuse(graph: Graph, weights: Weights, wanted = true): Graph {
  const outputs = [...graph.tensors.values()].filter((t) => t.kind === 'output').map((t) => t.name)
  return (wanted ? fusions : []).reduce(
    (g, { run }) => pruned(run(g, weights), outputs),
    pruned(graph, outputs),
  )
}
