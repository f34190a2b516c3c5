/** An ONNX graph → wgc's graph, a node at a time, by the table in `ops/`. */
import { fail, WgcError } from '../../errors.js'
import { build } from '../../ir/builder.js'
import type { Graph } from '../../ir/graph.js'
import { nearest } from '../nearest.js'
import { control } from './control.js'
import { mappings } from './ops/index.js'
import type { GraphProto, ModelProto, NodeProto } from './protos.js'
import { tensorValues } from './tensors.js'
import { type At, at, type Emitter, emitter, type Fixed, known, type Value } from './values.js'

export interface Translation {
  graph: Graph
  /** The model's outputs, in its order. */
  outputs: { name: string; value: Value }[]
}

interface Scope {
  file: string
  opsets: ReadonlyMap<string, number>
  emitter: Emitter
}

type Names = Map<string, Value>

/** Nodes of `graph` and of graphs within it; a name means the nearest value of that name. */
function run(graph: GraphProto, names: Names, scope: Scope): (Value | undefined)[] {
  if (graph.sparse > 0) fail('WGC230', ['it has sparse tensors'], { place: { file: scope.file } })
  for (const t of graph.initializers) names.set(t.name, known(t.dims, t.type, tensorValues(t, scope.file)))
  for (const node of graph.nodes) {
    const outputs = nodeOutputs(node, names, scope)
    node.outputs.forEach((name, i) => {
      const value = outputs[i]
      if (name === '') return
      if (!value) fail('WGC232', [node.op, `output ${name} is not computed`])
      else names.set(name, value)
    })
  }
  return graph.outputs.map((o) => names.get(o.name))
}

function nodeOutputs(node: NodeProto, names: Names, scope: Scope): (Value | undefined)[] {
  const name = node.domain ? `${node.domain}.${node.op}` : node.op
  const inputs = node.inputs.map((input) =>
    input === ''
      ? undefined
      : (names.get(input) ?? fail('WGC232', [name, `its input ${input} is never made`])),
  )
  const here = at(node, scope.opsets.get(node.domain) ?? 0, inputs, scope.emitter)
  return checked(name, () => mapped(name, here, names, scope))
}

/** What a mapping stumbles over without saying so is a node that contradicts itself. */
function checked<T>(name: string, run: () => T): T {
  try {
    return run()
  } catch (cause) {
    if (cause instanceof WgcError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    return fail('WGC232', [name, `its inputs and attributes contradict each other (${why})`], { cause })
  }
}

function mapped(name: string, here: At, names: Names, scope: Scope): (Value | undefined)[] {
  const flow = Object.hasOwn(control, name) ? control[name] : undefined
  if (flow) return flow(here, (body, given) => inner(body, given, names, scope))
  const mapping = Object.hasOwn(mappings, name) ? mappings[name] : undefined
  if (!mapping) return fail('WGC234', [name, nearest(name, Object.keys(mappings))])
  const made = mapping(here)
  return Array.isArray(made) ? made : [made]
}

/** A graph within another: what it doesn't make itself it finds around it. */
function inner(body: GraphProto, given: (Value | undefined)[], around: Names, scope: Scope) {
  const names = new Map(around)
  body.inputs.forEach(({ name }, i) => {
    const value = given[i]
    if (value) names.set(name, value)
  })
  return run(body, names, scope)
}

/**
 * Translates a model whose sizes are known.
 * @param shapes of the model's inputs, by name
 * @param fixed values of inputs that the caller promises, asked for where an operator needs them
 * @param always inputs whose promised values are taken from the start, so that what follows from them is known too
 * @throws WGC232 what wgc can't do, WGC233 a value that must be known, WGC234 an unknown operator
 */
export function translate(
  model: ModelProto,
  file: string,
  shapes: ReadonlyMap<string, readonly number[]>,
  fixed: Fixed = () => undefined,
  always: ReadonlySet<string> = new Set(),
): Translation {
  const builder = build(model.graph.name || 'onnx', 1)
  const promised = (name: string, value: Value): Value => {
    const data = always.has(name) ? fixed(name) : undefined
    return data ? { ...value, data } : value
  }
  const names: Names = new Map()
  const initial = new Set(model.graph.initializers.map((t) => t.name))
  for (const { name, type } of model.graph.inputs) {
    if (initial.has(name)) continue
    const shape = shapes.get(name)
    if (type === undefined || !shape) fail('WGC232', [`input ${name}`, 'it is no tensor of known shape'])
    else names.set(name, promised(name, { shape, type, source: name }))
  }
  const scope = { file, opsets: model.opsets, emitter: emitter(builder, fixed) }
  const values = run(model.graph, names, scope)
  const outputs = model.graph.outputs.map(({ name }, i) => ({
    name,
    value: values[i] ?? fail('WGC232', [`output ${name}`, 'it is never made']),
  }))
  return { graph: builder.graph, outputs }
}
