/** An ONNX graph → wgc's graph, a node at a time, by the table in `ops/`. */
import { fail, WgcError } from '../../errors.js'
import { type Builder, build } from '../../ir/builder.js'
import type { Graph } from '../../ir/graph.js'
import { nearest } from '../nearest.js'
import { control } from './control.js'
import { described, operatorName } from './describe.js'
import { emitter, type Stored } from './emitter.js'
import { payloadOf } from './late.js'
import { mappings } from './ops/index.js'
import type { GraphProto, ModelProto, NodeProto } from './protos.js'
import { type At, at, type Emitter, type Fixed, type Value } from './values.js'

export interface Translation {
  graph: Graph
  /** The model's outputs, in its order. */
  outputs: { name: string; value: Value }[]
  /** What the graph's weights hold, and constants too large for it, by tensor. */
  stored: ReadonlyMap<string, Stored>
  builder: Builder
  /** The tensor that holds a value, made if there is none yet. */
  tensorOf(v: Value): string
}

interface Scope {
  file: string
  opsets: ReadonlyMap<string, number>
  emitter: Emitter
  /** What can't be translated; what follows from it is left out, so that all of it is found at once. */
  failed: WgcError[]
}

type Names = Map<string, Value>

/** Stands for what a failed node would have made. */
const LOST: Value = { shape: [], type: 0 }

/** What a node within says by which its own graph is lost. */
const lost = new Error('an operand is lost')

/** Nodes of `graph` and of graphs within it; a name means the nearest value of that name. */
function run(graph: GraphProto, names: Names, scope: Scope): (Value | undefined)[] {
  if (graph.sparse > 0) fail('WGC230', ['it has sparse tensors'], { place: { file: scope.file } })
  for (const t of graph.initializers)
    names.set(t.name, { shape: t.dims, type: t.type, ...payloadOf(t, scope.file) })
  for (const node of graph.nodes) {
    const outputs = attempted(node, names, scope)
    node.outputs.forEach((name, i) => {
      if (name !== '') names.set(name, outputs?.[i] ?? LOST)
    })
  }
  return graph.outputs.map((o) => names.get(o.name))
}

/** Outputs of a node; none where it can't be translated, which is noted. */
function attempted(node: NodeProto, names: Names, scope: Scope): (Value | undefined)[] | undefined {
  try {
    const outputs = nodeOutputs(node, names, scope)
    const missing = node.outputs.find((name, i) => name !== '' && !outputs[i])
    if (missing !== undefined) fail('WGC232', [described(node), `output ${missing} is not computed`])
    return outputs
  } catch (e) {
    if (e !== lost && !(e instanceof WgcError && /^WGC23[1-4]$/.test(e.code))) throw e
    if (e !== lost) scope.failed.push(e as WgcError)
    return undefined
  }
}

function nodeOutputs(node: NodeProto, names: Names, scope: Scope): (Value | undefined)[] {
  const inputs = node.inputs.map((input) => {
    if (input === '') return undefined
    const value = names.get(input) ?? fail('WGC232', [described(node), `its input ${input} is never made`])
    if (value === LOST && isThere(operatorName(node))) throw lost
    return value
  })
  const here = at(node, scope.opsets.get(node.domain) ?? 0, inputs, scope.emitter)
  return checked(node, () => mapped(node, here, names, scope))
}

const isThere = (name: string): boolean => Object.hasOwn(control, name) || Object.hasOwn(mappings, name)

/** What a mapping stumbles over without saying so is a node that contradicts itself. */
function checked<T>(node: NodeProto, run: () => T): T {
  try {
    return run()
  } catch (cause) {
    if (cause instanceof WgcError || cause === lost) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    const text = `its inputs and attributes contradict each other (${why})`
    return fail('WGC232', [described(node), text], { cause })
  }
}

function mapped(node: NodeProto, here: At, names: Names, scope: Scope): (Value | undefined)[] {
  const name = operatorName(node)
  const flow = Object.hasOwn(control, name) ? control[name] : undefined
  if (flow) return flow(here, (body, given) => inner(body, given, names, scope))
  const mapping = Object.hasOwn(mappings, name) ? mappings[name] : undefined
  if (!mapping) return fail('WGC234', [name, described(node), nearest(name, Object.keys(mappings))])
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
  const made = run(body, names, scope)
  if (made.includes(LOST)) throw lost
  return made
}

/** One failure as it is; several together. */
function report(failed: WgcError[]): void {
  const texts = [...new Set(failed.map((e) => e.message))]
  if (texts.length === 1) throw failed[0]
  if (texts.length > 1) fail('WGC235', [texts])
}

/**
 * Translates a model whose sizes are known.
 * @param shapes of the model's inputs, by name
 * @param fixed values of inputs that the caller promises, asked for where an operator needs them
 * @param always inputs whose promised values are taken from the start, so that what follows from them is known too
 * @param strict for a bundle: see `Emitter.isApart`
 * @throws WGC232 what wgc can't do, WGC233 a value that must be known, WGC234 an unknown operator, WGC235 several such
 */
export function translate(
  model: ModelProto,
  file: string,
  shapes: ReadonlyMap<string, readonly number[]>,
  fixed: Fixed = () => undefined,
  always: ReadonlySet<string> = new Set(),
  strict = false,
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
  const emitting = emitter(builder, fixed, strict)
  const scope = { file, opsets: model.opsets, emitter: emitting, failed: [] as WgcError[] }
  const values = run(model.graph, names, scope)
  report(scope.failed)
  const outputs = model.graph.outputs.map(({ name }, i) => ({
    name,
    value: values[i] ?? fail('WGC232', [`output ${name}`, 'it is never made']),
  }))
  const { stored, tensorOf } = emitting
  return { graph: builder.graph, outputs, stored, builder, tensorOf }
}
