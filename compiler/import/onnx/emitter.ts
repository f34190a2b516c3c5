/** Puts operators of wgc's table into a graph, or computes them where all of their operands are known. */
import { fail } from '../../errors.js'
import { addNode, type Builder } from '../../ir/builder.js'
import { expression, hasPort } from '../../ir/facts.js'
import type { Attr, Node } from '../../ir/graph.js'
import { ops } from '../../ops/index.js'
import type { PortSpec } from '../../ops/types.js'
import { evaluateExpression } from '../../specialize/index.js'
import { folded } from './fold.js'
import { derived, LATE_FROM, type Late } from './late.js'
import { type Emitter, type Fixed, isKnown, MAX_KNOWN, sizeOf, type Value } from './values.js'

/** How an element of a port is stored. */
const storage = (spec: PortSpec): 'f32' | 'u32' => (spec.kind === 'u32' ? 'u32' : 'f32')

/** Bytes to which rows of weights are padded, in elements of f32. */
const ROW = 4

/** A weight of the graph, or a constant too large for it: where its values come from. */
export type Stored = { data: Float64Array } | { late: Late }

export interface Emitting extends Emitter {
  /** By the name of its tensor. */
  stored: ReadonlyMap<string, Stored>
  /** The tensor that holds a value, made if there is none yet. */
  tensorOf(v: Value): string
}

/** What `fill` makes of a key, made once. */
function once<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

/** JSON has one word for all that is no number. */
const distinct = (_: string, v: unknown) => (typeof v === 'number' && !Number.isFinite(v) ? String(v) : v)

/** Numbers objects, so that they can be part of a key. */
function numbering(): (object: object) => number {
  const numbers = new WeakMap<object, number>()
  let count = 0
  return (object) => {
    const known = numbers.get(object)
    if (known !== undefined) return known
    numbers.set(object, count)
    return count++
  }
}

/** @param strict what is computed must not be bound where kernels only read */
export function emitter(builder: Builder, fixed: Fixed, strict = false): Emitting {
  let count = 0
  const { graph } = builder
  const stored = new Map<string, Stored>()
  const names = new Map<string, string>()
  const numberOf = numbering()
  /** What was computed, or is, of the same operands in the same way. */
  const made = new Map<string, Record<string, Value>>()

  const payload = (v: Value): Stored => (v.data ? { data: v.data } : { late: v.late! })
  const identity = (v: Value): string => {
    if (isKnown(v)) return `#${numberOf(v.data ?? v.late!)}`
    return v.tensor ?? `input ${v.source}`
  }

  /** A name for what is stored: as the model's own tensor where it is free. */
  const nameOf = (v: Value, otherwise: string): string => {
    const origin = v.late?.origin
    if (origin && !graph.tensors.has(origin)) return origin
    return `${origin || otherwise}.${count++}`
  }

  /** A constant small enough for the graph, or one that stays where it is. */
  const constant = (v: Value, dtype: 'f32' | 'u32'): string =>
    once(names, `${identity(v)} ${dtype}`, () => {
      if (v.late && dtype === 'f32') {
        const name = builder.weight(nameOf(v, 'const'), [v.late.size])
        const t = graph.tensors.get(name)!
        graph.tensors.set(name, { ...t, weight: { ...t.weight!, format: 'f32' } })
        stored.set(name, payload(v))
        return name
      }
      const name = `const.${count++}`
      const data = v.data ?? v.late!.make()
      const bits = dtype === 'f32' ? Float32Array.from(data) : new Float32Array(Uint32Array.from(data).buffer)
      builder.constant(name, [data.length], bits)
      if (dtype === 'u32') graph.tensors.set(name, { ...graph.tensors.get(name)!, dtype })
      return name
    })

  const operand = (v: Value, dtype: 'f32' | 'u32'): string => {
    if (isKnown(v)) return constant(v, dtype)
    if (v.source !== undefined) {
      const name = dtype === 'f32' ? v.source : `${v.source}.u32`
      return once(names, `input ${name}`, () => builder.input(name, dtype, [sizeOf(v.shape)], v.source))
    }
    if (v.stored === dtype) return v.tensor!
    const op = dtype === 'u32' ? 'to_ids' : 'from_ids'
    return emit(op, { x: v }, dtype === 'u32' ? { WRAP: 0 } : {}, { N: sizeOf(v.shape) }).y!.tensor!
  }

  /** A matrix for a port of weights. It is stored in f32 here: formats are the precision pass's business. */
  const weight = (v: Value, [rows, columns]: [number, number]): string => {
    if (!isKnown(v) && v.source === undefined) {
      const missing = -columns & (ROW - 1)
      if (missing === 0) return operand(v, 'f32')
      const sizes = { D0: 1, D1: 1, D2: rows, D3: columns }
      return operand(emit('pad', { x: v }, { Q3: missing, MODE: 'constant', VALUE: 0 }, sizes).y!, 'f32')
    }
    return once(names, `${identity(v)} weight ${rows} ${columns}`, () => {
      const name = builder.weight(nameOf(v, 'weight'), [rows, columns])
      const t = graph.tensors.get(name)!
      graph.tensors.set(name, {
        ...t,
        weight: { ...t.weight!, rows: [0, rows], format: 'f32', group: 32 },
        ...(v.data && { data: Float32Array.from(v.data) }),
        ...(v.source !== undefined && { alias: v.source }),
      })
      if (isKnown(v)) stored.set(name, payload(v))
      return name
    })
  }

  /** The results of an operator whose operands are all known: at once where they are few, else when wanted. */
  const fold = (
    name: string,
    given: Record<string, Value>,
    facts: Record<string, Attr>,
  ): Record<string, Value> => {
    const op = ops[name]!
    const sizes: Record<string, number> = {}
    const most = Object.values(given).reduce((n, v) => Math.max(n, v.late?.size ?? 0), MAX_KNOWN)
    for (const [port, spec] of Object.entries(op.ports)) {
      if (spec.role === 'in' || !hasPort(spec, facts)) continue
      const n = sizeOf(spec.shape.map((text) => Number(evaluateExpression(expression(text), facts))))
      if (!(n <= most)) fail('WGC232', [name, `it makes a constant of ${n} elements`])
      sizes[port] = n
    }
    const run = () => {
      const values = Object.entries(given).map(([port, v]) => [port, v.data ?? v.late!.make()] as const)
      return folded(op, Object.fromEntries(values), facts, sizes)
    }
    const many = Object.values(sizes).some((n) => n >= LATE_FROM)
    const now = many ? undefined : run()
    const from = Object.values(given).flatMap((v) => v.late ?? [])
    return Object.fromEntries(
      Object.entries(sizes).map(([port, n]): [string, Value] => [
        port,
        {
          shape: [n],
          type: 1,
          ...(now ? { data: now[port]! } : { late: derived(n, from, () => run()[port]!) }),
        },
      ]),
    )
  }

  const emit: Emitter['emit'] = (name, given, attrs, sizes) => {
    const op = ops[name] ?? fail('WGC901', [`no operator ${name}`])
    const here = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined)) as Record<
      string,
      Value
    >
    const operands = Object.entries(here).map(([port, v]) => `${port} ${identity(v)}`)
    const key = JSON.stringify([name, operands, attrs, sizes], distinct)
    return once(made, key, () => {
      const facts = { W: 'f32', G: 32, ...op.attrs, ...attrs, ...sizes } as Record<string, Attr>
      if (Object.values(here).every(isKnown)) return fold(name, here, facts)
      return put(name, here, attrs, sizes, facts)
    })
  }

  /** A node of the graph. */
  const put = (
    name: string,
    given: Record<string, Value>,
    attrs: Record<string, Attr>,
    sizes: Record<string, number>,
    facts: Record<string, Attr>,
  ): Record<string, Value> => {
    const op = ops[name]!
    const node: Node = { op: name, name: `${name}.${count++}`, inputs: {}, outputs: {}, attrs, sizes }
    if (Object.values(op.ports).some((p) => p.kind === 'weight')) node.attrs = { W: 'f32', G: 32, ...attrs }
    for (const [port, v] of Object.entries(given)) {
      const spec = op.ports[port] ?? fail('WGC901', [`${name} has no port ${port}`])
      if (spec.kind === 'weight') {
        const [rows, columns] = spec.shape.map((text) => Number(evaluateExpression(expression(text), facts)))
        node.inputs[port] = weight(v, [rows!, columns!])
      } else node.inputs[port] = operand(v, storage(spec))
    }
    addNode(graph, node)
    return Object.fromEntries(
      Object.entries(node.outputs).map(([port, tensor]): [string, Value] => {
        const t = graph.tensors.get(tensor)!
        const dtype = storage(op.ports[port]!)
        if (t.dtype !== dtype) graph.tensors.set(tensor, { ...t, dtype })
        return [port, { shape: [sizeOf(t.shape as number[])], type: 1, tensor, stored: dtype }]
      }),
    )
  }

  return {
    stored,
    tensorOf: (v) => operand(v, v.stored === 'u32' ? 'u32' : 'f32'),
    isApart: (v) => isKnown(v) || !strict,
    later(operands, size, compute) {
      if (!operands.every(isKnown) || size > MAX_KNOWN) return undefined
      const make = () => compute(operands.map((v) => v.data ?? v.late!.make()))
      const from = operands.flatMap((v) => v.late ?? [])
      return { shape: [size], type: 1, late: derived(size, from, make) }
    },
    valuesOf(v) {
      if (v.data === undefined && v.late) v.data = v.late.make()
      if (v.data === undefined && v.source !== undefined) {
        const data = fixed(v.source)
        if (data) v.data = data
      }
      return v.data
    },
    emit,
  }
}
