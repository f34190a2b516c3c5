/** The graphs of a model's programs, through the pipeline. */
import { fail } from '../errors.js'
import { formats, groupOf, WHOLE_ROW } from '../formats/formats.js'
import { layoutNamed } from '../formats/layouts.js'
import type { Graph, Tensor } from '../ir/graph.js'
import { printGraph } from '../ir/print.js'
import { verify } from '../ir/verify.js'
import type { Model, ProgramSpec } from '../models/types.js'
import { type PassOptions, passes } from '../passes/index.js'

/** Bytes of the data of some rows of a weight; the layout `rows` stands for all, which differ by padding. */
function weightBytes(t: Tensor, rows: number): number {
  const format = t.weight?.format ?? 'f32'
  return layoutNamed('rows').bytes(format, rows, Number(t.shape[1]), groupOf(format, t.weight?.group)).data
}

export type GraphOptions = Omit<PassOptions, 'bytes'>

export interface ProgramGraph {
  spec: ProgramSpec
  graph: Graph
}

/** Runs the passes over every program. `dump` names a pass after which graphs are printed to `dumps`. */
export function programGraphs(
  model: Model,
  options: GraphOptions,
  dump?: string,
  dumps: string[] = [],
): ProgramGraph[] {
  const names = ['model', ...passes.map((p) => p.name)]
  if (dump !== undefined && !names.includes(dump)) fail('WGC403', [dump, names])
  const all: PassOptions = { ...options, bytes: weightBytes }
  return model.programs.map((spec) => {
    let graph = verify(model.graph(spec), 'model')
    if (dump === 'model') dumps.push(printGraph(graph))
    for (const pass of passes) {
      if (pass.optional && !options.fuse) continue
      graph = verify(pass.run(graph, all), pass.name)
      if (dump === pass.name) dumps.push(printGraph(graph))
    }
    return { spec, graph }
  })
}

/** "q4 (groups of 64), embedding q8": how the weights are stored, for people. */
export function describeWeights(graphs: readonly Graph[]): string {
  const bytes = new Map<string, number>()
  const weights = new Map(graphs.flatMap((graph) => [...graph.tensors]))
  for (const t of weights.values()) {
    if (!t.weight?.format || t.shape.length < 2) continue
    const { format, group } = t.weight
    const scales = group === WHOLE_ROW ? 'by channel' : `in groups of ${group}`
    const name = formats[format].grouped ? `${format} ${scales}` : format
    bytes.set(name, (bytes.get(name) ?? 0) + weightBytes(t, Number(t.shape[0])))
  }
  return [...bytes]
    .sort((a, b) => b[1] - a[1])
    .map(([name]) => name)
    .join(', ')
}
