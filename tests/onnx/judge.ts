/** One case: what wgc makes of it, what keeps it out of reach, and whether its results are right. */
import { WgcError } from '../../compiler/errors.js'
import { tensorValues, typeName, types } from '../../compiler/import/onnx/tensors.js'
import { type Translation, translate } from '../../compiler/import/onnx/translate.js'
import { sizeOf } from '../../compiler/import/onnx/values.js'
import type { NodeCase } from './cases.js'
import type { Program } from './execute.js'

export interface Planned {
  name: string
  program: Program
  outputs: { expected: Float64Array; shape: number[]; type: number; at: Translation['outputs'][number] }[]
  /** Inputs whose values the translation was given. */
  constants: string[]
  /** Nodes that run on the device. */
  nodes: number
  /** Something in it is infinite or not a number, on which WGSL promises nothing. */
  odd: boolean
}

/** Why a case can't be tried. */
export interface OutOfReach {
  name: string
  reason: string
}

export const isOut = (r: Planned | OutOfReach): r is OutOfReach => 'reason' in r

/** Integers that f32, in which wgc holds every activation, holds exactly. */
const EXACT = 2 ** 24

const isFloat = (type: number) => types[type]?.kind === 'float'

/** Values that f32 can't stand for. */
function unholdable(values: Float64Array, type: number): string | undefined {
  const limit = isFloat(type) ? 3.4e38 : EXACT
  const i = values.findIndex((v) => Number.isFinite(v) && Math.abs(v) > limit)
  return i < 0 ? undefined : `${typeName(type)} ${values[i]} is not held by f32`
}

interface Given {
  values: Float64Array
  type: number
  shape: number[]
}

/** Translates with ever more inputs as constants, as operators ask for their values. */
function translated(c: NodeCase, inputs: Map<string, Given>): { result: Translation; constants: string[] } {
  const shapes = new Map([...inputs].map(([name, { shape }]) => [name, shape]))
  const attempt = (always: (given: Given) => boolean) => {
    const constants = new Set<string>()
    const result = translate(
      c.model,
      c.name,
      shapes,
      (name) => {
        constants.add(name)
        return inputs.get(name)?.values
      },
      new Set([...inputs].filter(([, given]) => always(given)).map(([name]) => name)),
    )
    return { result, constants: [...constants] }
  }
  const whole = ({ type }: Given) => !isFloat(type)
  const attempts = [() => false, whole, (given: Given) => whole(given) || given.values.length === 1]
  for (const [i, always] of attempts.entries())
    try {
      const made = attempt(always)
      // Ids are unsigned on the device: negative ones are resolved while translating.
      const negative = [...made.result.graph.tensors.values()].some(
        (t) => t.kind === 'input' && t.dtype === 'u32' && inputs.get(t.alias!)!.values.some((v) => v < 0),
      )
      if (!negative) return made
    } catch (e) {
      const lacks = e instanceof WgcError && /WGC23[35]/.test(e.code)
      if (!lacks || i === attempts.length - 1) throw e
    }
  throw new Error(`${c.name}: negative ids`)
}

export function plan(c: NodeCase): Planned | OutOfReach {
  const out = (reason: string): OutOfReach => ({ name: c.name, reason })
  const initial = new Set(c.model.graph.initializers.map((t) => t.name))
  const given = c.model.graph.inputs.filter((v) => !initial.has(v.name))
  const lacking = [...c.inputs, ...c.outputs].some((t) => t === undefined)
  if (lacking) return out('an input or output is no tensor')
  const bad = [...c.inputs, ...c.outputs].find((t) => !types[t!.type])
  if (bad) return out(`type ${typeName(bad.type)}`)
  const inputs = new Map<string, Given>()
  c.inputs.forEach((t, i) => {
    inputs.set(given[i]!.name, { values: tensorValues(t!, c.name), type: t!.type, shape: t!.dims })
  })
  let made: ReturnType<typeof translated>
  try {
    made = translated(c, inputs)
  } catch (e) {
    // A fault that is a mapping's own has a cause, or is an internal one.
    if (e instanceof WgcError && /WGC23[0-5]/.test(e.code) && !e.cause) return out(e.message)
    throw e
  }
  const { graph } = made.result
  const bound = [...graph.tensors.values()].flatMap((t) =>
    t.alias === undefined ? [] : [inputs.get(t.alias)!],
  )
  const outputs = c.outputs.map((t, i) => ({
    expected: tensorValues(t!, c.name),
    shape: t!.dims,
    type: t!.type,
    at: made.result.outputs[i]!,
  }))
  const onDevice = outputs.filter((o) => o.at.value.tensor !== undefined)
  const wide = [
    ...bound.map((g) => unholdable(g.values, g.type)),
    ...onDevice.map((o) => unholdable(o.expected, o.type)),
  ].find((w) => w !== undefined)
  if (wide) return out(wide)
  const all: (Float64Array | Float32Array)[] = [
    ...[...inputs.values()].map((g) => g.values),
    ...outputs.map((o) => o.expected),
    ...[...graph.tensors.values()].flatMap((t) => (t.data && t.dtype === 'f32' ? [t.data] : [])),
  ]
  return {
    name: c.name,
    program: {
      graph,
      inputs: new Map([...inputs].map(([name, g]) => [name, g.values])),
      outputs: [...new Set(onDevice.map((o) => o.at.value.tensor!))],
    },
    outputs,
    constants: made.constants,
    nodes: graph.nodes.length,
    odd: all.some((values) => values.some((v) => !Number.isFinite(v))),
  }
}

/**
 * ONNX's own runner allows 1e-3 relative and 1e-7 absolute. GPUs promise sin, exp and their kind to an absolute
 * error only, so 1e-5 here. Halves are computed in f32 here and rounded at every step there, hence their bounds.
 */
function bounds(type: number): { abs: number; rel: number } {
  if (!isFloat(type)) return { abs: 0, rel: 0 }
  return types[type]!.bits < 32 ? { abs: 2e-3, rel: 1e-2 } : { abs: 1e-5, rel: 1e-3 }
}

/** What is wrong with a case's results, if anything. */
export function wrong(planned: Planned, found: Map<string, Float64Array>): string | undefined {
  for (const { expected, shape, type, at } of planned.outputs) {
    const { value, name } = at
    const got =
      value.data ?? (value.tensor ? found.get(value.tensor) : planned.program.inputs.get(value.source ?? ''))
    if (!got) return `${name} is not there`
    if (value.shape.join() !== shape.join()) return `${name} is [${value.shape}], expected [${shape}]`
    if (got.length !== sizeOf(shape)) return `${name} has ${got.length} elements for [${shape}]`
    const { abs, rel } = bounds(type)
    for (let i = 0; i < expected.length; i++) {
      const [want, have] = [expected[i]!, got[i]!]
      if (want === have || (Number.isNaN(want) && Number.isNaN(have))) continue
      if (!(Math.abs(want - have) <= abs + rel * Math.abs(want)))
        return `${name}[${i}] is ${have}, expected ${want}`
    }
  }
  return undefined
}
