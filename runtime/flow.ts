/**
 * Named inputs to named outputs, by the calls that these outputs take: programs one after the other, some of them
 * once for each of a batch, and functions of the page between them.
 */
import { UnsupportedError } from './errors.js'
import type { Flow, FlowCall, Plan } from './format.js'
import { type TensorLike, valuesOf } from './inputs.js'
import { programNamed, runProgram } from './run.js'
import { type Session, take } from './session.js'
import { ARRAY, concat, product, type Tensor } from './tensor.js'

export interface RunOptions {
  /** Run this program alone, on its own ports. Default: what the inputs and the wanted outputs take. */
  program?: string | undefined
  /** Outputs to compute. Default: all that the inputs given allow. */
  outputs?: readonly string[] | undefined
  /** Gives the run up between two steps; it then throws the signal's reason. */
  signal?: AbortSignal | undefined
}

/** The flow of one program: a batch of its inputs gives a batch of its outputs. */
export function flowOf({ programs }: Plan, name: string): Flow {
  const { inputs, outputs } = programs[name]!
  const same = (ports: { name: string }[]) => Object.fromEntries(ports.map((p) => [p.name, p.name]))
  return {
    inputs: inputs.map(({ name, dtype, shape }) => ({ name, dtype, shape: ['batch', ...shape] })),
    calls: [{ program: name, inputs: same(inputs), outputs: same(outputs), each: inputs.map((p) => p.name) }],
    outputs: outputs.map((p) => p.name),
  }
}

/** See `Model.run`. */
export async function run(
  session: Session,
  given: Record<string, TensorLike>,
  options: RunOptions = {},
): Promise<Record<string, Tensor>> {
  const { program, signal } = options
  const name = program ?? (session.flow ? undefined : 'forward')
  if (name !== undefined) programNamed(session, name)
  const flow = name === undefined ? session.flow! : flowOf(session.plan, name)
  const { values, squeezed } = valuesOf(flow.inputs, given)
  const wanted = options.outputs ?? flow.outputs.filter((v) => reach(flow, values).has(v))
  for (const v of wanted) explain(flow, values, v)
  if (wanted.length === 0) explain(flow, values, flow.outputs[0] ?? '')
  const release = take(session)
  try {
    // What a conversation left in the KV cache is overwritten.
    session.length = 0
    const made = await runCalls(session, callsFor(flow, values, wanted), values, signal, name)
    return Object.fromEntries(
      wanted.map((v) => {
        const tensor = made.get(v)!
        return [v, squeezed && tensor.shape[0] === 1 ? { ...tensor, shape: tensor.shape.slice(1) } : tensor]
      }),
    )
  } finally {
    release()
  }
}

/**
 * Runs the calls that leave something in states, as far as the inputs allow, for a generation to find. The caller
 * holds the session.
 */
export async function prepareStates(
  session: Session,
  given: Record<string, TensorLike>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { flow } = session
  if (!flow) throw new TypeError('this model takes a prompt alone')
  const { values } = valuesOf(flow.inputs, given)
  const there = reach(flow, values)
  const giving = flow.calls.filter(
    (c) => c.gives?.length && Object.values(c.inputs).every((v) => there.has(v)),
  )
  const needs = flow.generate?.needs ?? []
  const left = new Set(giving.flatMap((c) => c.gives ?? []))
  const lacking = needs.find((n) => !left.has(n))
  if (lacking !== undefined) {
    const call = flow.calls.find((c) => c.gives?.includes(lacking))
    for (const v of Object.values(call?.inputs ?? {})) explain(flow, values, v)
  }
  const before = callsFor(
    flow,
    values,
    giving.flatMap((c) => Object.values(c.inputs)),
  )
  const calls = flow.calls.filter((c) => giving.includes(c) || before.includes(c))
  await runCalls(session, calls, values, signal, '')
}

/** Values that can be had from those given. */
function reach(flow: Flow, values: ReadonlyMap<string, Tensor>): Set<string> {
  const there = new Set(values.keys())
  const states = new Set<string>()
  for (const call of flow.calls) {
    if (!Object.values(call.inputs).every((v) => there.has(v))) continue
    if (!(call.needs ?? []).every((s) => states.has(s))) continue
    for (const v of Object.values(call.outputs)) there.add(v)
    for (const s of call.gives ?? []) states.add(s)
  }
  return there
}

/** Throws what lacks for a value. */
function explain(flow: Flow, values: ReadonlyMap<string, Tensor>, value: string): void {
  if (reach(flow, values).has(value)) return
  const takes = flow.inputs.map((p) => `${p.name}: ${p.dtype} [${p.shape}]`).join('; ')
  const lacking = flow.inputs.map((p) => p.name).filter((name) => !values.has(name))
  throw new TypeError(
    lacking.length
      ? `input ${lacking.join(' or ')} is missing; the model takes ${takes}`
      : `the model has no output ${value}; it has ${flow.outputs.join(', ')}`,
  )
}

/** The calls that make some values, with those that leave what they need in states. */
function callsFor(flow: Flow, values: ReadonlyMap<string, Tensor>, wanted: readonly string[]): FlowCall[] {
  const open = new Set(wanted.filter((v) => !values.has(v)))
  const states = new Set<string>()
  const calls: FlowCall[] = []
  const there = reach(flow, values)
  for (const call of [...flow.calls].reverse()) {
    if (!Object.values(call.inputs).every((v) => there.has(v))) continue
    const makes = Object.values(call.outputs).some((v) => open.has(v))
    if (!makes && !(call.gives ?? []).some((s) => states.has(s))) continue
    calls.unshift(call)
    for (const s of [...(call.needs ?? []), ...(call.uses ?? [])]) states.add(s)
    for (const v of Object.values(call.inputs)) if (!values.has(v)) open.add(v)
  }
  return calls
}

type Work = (on: Session, signal: AbortSignal | undefined) => ReturnType<typeof callAll>

/** `name`: see `Session.whole`. */
const runCalls = (
  session: Session,
  calls: readonly FlowCall[],
  given: ReadonlyMap<string, Tensor>,
  signal: AbortSignal | undefined,
  name: string | undefined,
): Promise<Map<string, Tensor>> => {
  const work: Work = (on, signal) => callAll(on, calls, given, signal)
  return session.whole?.(work, name, signal) ?? work(session, signal)
}

async function callAll(
  session: Session,
  calls: readonly FlowCall[],
  given: ReadonlyMap<string, Tensor>,
  signal: AbortSignal | undefined,
): Promise<Map<string, Tensor>> {
  const values = new Map(given)
  for (const call of calls) {
    const inputs = Object.fromEntries(Object.entries(call.inputs).map(([port, v]) => [port, values.get(v)!]))
    const counts = call.counts === undefined ? undefined : values.get(call.counts)?.data
    const outputs = call.program
      ? await runEach(session, call, inputs, counts, signal)
      : await runHost(session, call, inputs)
    for (const [port, v] of Object.entries(call.outputs)) {
      if (!outputs[port]) throw new UnsupportedError(`${call.program ?? call.host} gives no ${port}`)
      values.set(v, outputs[port])
    }
  }
  return values
}

async function runHost(session: Session, { host = '', args = {} }: FlowCall, inputs: Record<string, Tensor>) {
  const functions = await session.extras()
  const made = Object.hasOwn(functions, host) ? functions[host] : undefined
  if (!made) throw new UnsupportedError(`extras.js has no function ${host}: it is of another version`)
  return made(inputs, args)
}

/** Runs the first of some programs that takes inputs of these sizes. */
const runFirst = (
  session: Session,
  [name, ...more]: string[],
  inputs: Record<string, Tensor>,
  signal: AbortSignal | undefined,
): ReturnType<typeof runProgram> =>
  runProgram(session, name!, inputs, signal).catch((e) => {
    if (!more[0] || !(e instanceof RangeError)) throw e
    return runFirst(session, more, inputs, signal)
  })

/** Once, or once for each index of the leading axis of some inputs. */
async function runEach(
  session: Session,
  call: FlowCall,
  inputs: Record<string, Tensor>,
  counts: ArrayLike<number> | undefined,
  signal: AbortSignal | undefined,
): Promise<Record<string, Tensor>> {
  const { program = '', otherwise = [], each = [], advance = 0 } = call
  const programs = [program, ...otherwise]
  const keep = (sizes: Record<string, number>) => {
    for (const [name, of] of Object.entries(call.sizes ?? {})) session.sizes[name] = sizes[of]!
  }
  const cut = Object.keys(inputs).filter((port) => each.includes(call.inputs[port]!))
  if (cut.length === 0) {
    const { outputs, sizes } = await runFirst(session, programs, inputs, signal)
    keep(sizes)
    return outputs
  }
  const lengths = new Set(cut.map((port) => inputs[port]!.shape[0]!))
  if (lengths.size > 1 && !counts)
    throw new RangeError(`${cut.join(', ')} are batches of ${[...lengths].join(' and ')}`)
  const made: Record<string, Tensor>[] = []
  const count = counts?.length ?? [...lengths][0]!
  let row = 0
  for (let i = 0; i < count; i++, row += counts?.[i - 1] ?? 1) {
    if (advance) session.sizes.row = Math.floor(row * advance)
    const one = { ...inputs }
    for (const port of cut)
      one[port] = counts
        ? rowsOf(inputs[port]!, axisOf(session, program, port), row, counts[i]!)
        : slice(inputs[port]!, i)
    const { outputs, sizes } = await runFirst(session, programs, one, signal)
    keep(sizes)
    made.push(outputs)
  }
  return Object.fromEntries(
    Object.keys(made[0] ?? {}).map((port) => {
      const parts = made.map((o) => ({ ...o[port]!, shape: [1, ...o[port]!.shape] }))
      if (parts.some((p) => p.shape.join() !== parts[0]!.shape.join()))
        throw new RangeError(`outputs ${port} differ in shape: run them one by one`)
      return [port, concat(parts, 0)]
    }),
  )
}

/** The axis of a port along which its rows lie. */
const axisOf = (session: Session, program: string, port: string): number =>
  Math.max(
    0,
    programNamed(session, program)
      .inputs.find((p) => p.name === port)
      ?.shape.indexOf('seq') ?? 0,
  )

/** `count` rows from `from` on, along an axis. */
function rowsOf({ dtype, shape, data }: Tensor, axis: number, from: number, count: number): Tensor {
  const inner = product(shape.slice(axis + 1))
  const outer = product(shape.slice(0, axis))
  const length = shape[axis]! * inner
  if (from + count > shape[axis]!) throw new RangeError(`there are ${shape[axis]} rows, not ${from + count}`)
  const out = new ARRAY[dtype](outer * count * inner)
  for (let i = 0; i < outer; i++) {
    const start = i * length + from * inner
    out.set(data.subarray(start, start + count * inner), i * count * inner)
  }
  return { dtype, shape: shape.map((n, i) => (i === axis ? count : n)), data: out }
}

function slice({ dtype, shape, data }: Tensor, i: number): Tensor {
  const rest = shape.slice(1)
  const n = product(rest)
  return { dtype, shape: rest, data: data.subarray(i * n, (i + 1) * n) }
}
