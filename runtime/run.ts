/** One pass of a program: named tensors in, named tensors out. */
import { checkAbort, IntegrityError, UnsupportedError } from './errors.js'
import { programOf, stepOf } from './executor.js'
import { type Expr, evaluate, type SymValues } from './expr.js'
import type { Port, Program, Region } from './format.js'
import { checkIds, chunks, type Session, take } from './generate.js'

export interface Tensor {
  dtype: 'f32' | 'u32'
  shape: number[]
  /** Row-major. */
  data: Float32Array | Uint32Array
}

/** Values in row-major order, or a tensor. Integers may be bigints. */
export type TensorLike = ArrayLike<number> | BigInt64Array | BigUint64Array | { data: TensorLike }

export interface RunOptions {
  /** Default: `forward`. */
  program?: string | undefined
  signal?: AbortSignal | undefined
}

const ARRAY = { f32: Float32Array, u32: Uint32Array } as const

/** See `Model.run`. */
export async function run(
  session: Session,
  inputs: Record<string, TensorLike>,
  options: RunOptions = {},
): Promise<Record<string, Tensor>> {
  const { plan, executor } = session
  const { program: name = 'forward', signal } = options
  const program = programOf(plan, name)
  if (!program) {
    throw new UnsupportedError(
      `the model has no program ${name}; it has ${Object.keys(plan.programs).join(', ')}`,
    )
  }
  checkAbort(signal)
  const data = program.inputs.map((port) => valuesOf(session, port, inputs))
  const seq = sequence(program, data)
  const steps = stepsOf(session, program, name, seq)
  const release = take(session)
  try {
    // What a conversation left in the KV cache is overwritten.
    session.length = 0
    await executor.prepare([name])
    const parts: Uint8Array[][] = program.outputs.map(() => [])
    for (const step of steps) {
      checkAbort(signal)
      program.inputs.forEach((port, i) => {
        put(session, name, port, data[i]!, step)
      })
      const wanted = program.outputs.map((port) => regionOf(port, step))
      const read = await executor.run(name, { ...stepOf(step.seq, step.past) }, wanted, signal)
      read.forEach((bytes, i) => {
        parts[i]!.push(bytes)
      })
    }
    return Object.fromEntries(program.outputs.map((port, i) => [port.name, join(port, steps, parts[i]!)]))
  } finally {
    release()
  }
}

function valuesOf({ plan, info }: Session, port: Port, inputs: Record<string, TensorLike>) {
  let given: TensorLike | undefined = Object.hasOwn(inputs, port.name) ? inputs[port.name] : undefined
  while (given && 'data' in given) given = given.data
  if (!given)
    throw new TypeError(`input ${port.name} is missing; the program takes ${port.dtype} [${port.shape}]`)
  const Values = ARRAY[port.dtype]
  if (plan.buffers[port.region[0]]?.kind === 'tokens') {
    checkIds(Array.from(given as ArrayLike<number>, Number), info.vocab)
  }
  return given instanceof Values ? given : new Values(Array.from(given as ArrayLike<number>, Number))
}

const has = (e: Expr, symbol: string): boolean =>
  e === symbol || (typeof e === 'object' && (has(e[1], symbol) || has(e[2], symbol)))

/** The axis along which steps follow each other. */
const axisOf = (port: Port): number => port.shape.findIndex((e) => has(e, 'seq'))

const shapeOf = (port: Port, at: SymValues): number[] => port.shape.map((e) => evaluate(e, at))

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

/** `seq` of all the data, from the inputs that have it as an axis. */
function sequence(program: Program, data: ArrayLike<number>[]): number {
  let seq: number | undefined
  program.inputs.forEach((port, i) => {
    if (!port.shape.includes('seq')) return
    const others = product(shapeOf(port, { seq: 1, past: 0 }))
    const n = data[i]!.length / others
    if (!Number.isInteger(n) || n < 1 || (seq ?? n) !== n) {
      throw new RangeError(`input ${port.name} has ${data[i]!.length} values; its shape is [${port.shape}]`)
    }
    seq = n
  })
  return seq ?? 1
}

/** The steps that `seq` positions take. Only a state carries what one step found to the next. */
function stepsOf({ plan, info }: Session, program: Program, name: string, seq: number): SymValues[] {
  const stateful = plan.buffers.some((b) => b.kind === 'state')
  const most = stateful ? info.context : program.maxSeq
  if (seq > most) throw new RangeError(`program ${name} takes up to ${most} positions, not ${seq}`)
  return [...chunks(0, seq, program)].map(([past, n]) => ({ seq: n, past }))
}

/** Writes the part of an input that a step reads. */
function put(
  { plan, executor }: Session,
  program: string,
  port: Port,
  data: Float32Array | Uint32Array,
  at: SymValues,
) {
  const shape = shapeOf(port, at)
  const axis = axisOf(port)
  const count = product(shape)
  const whole = axis < 0 || count === data.length
  if (axis > 0 && !whole && product(shape.slice(0, axis)) > 1) {
    throw new UnsupportedError(`input ${port.name} cannot be cut into steps along axis ${axis}`)
  }
  const from = whole ? 0 : (count / at.seq) * at.past
  if (from + count > data.length || (whole && count !== data.length)) {
    throw new RangeError(`input ${port.name} has ${data.length} values; its shape is [${shape}]`)
  }
  const [buffer, offset, bytes] = port.region
  // Token ids have a place for every position; everything else is a step's own.
  const ahead = plan.buffers[buffer]?.kind === 'tokens' ? at.past * 4 : 0
  if (ahead + count * 4 > bytes) throw new RangeError(`input ${port.name} is longer than its ${bytes} bytes`)
  const part = data.subarray(from, from + count)
  executor.write(
    program,
    buffer,
    offset + ahead,
    new Uint8Array(part.buffer, part.byteOffset, part.byteLength),
  )
}

function regionOf(port: Port, at: SymValues): Region {
  const [buffer, offset, room] = port.region
  const bytes = product(shapeOf(port, at)) * 4
  if (!(bytes > 0 && bytes <= room)) throw new IntegrityError(`output ${port.name} is longer than its place`)
  return [buffer, offset, bytes]
}

/** Puts the steps' outputs together along their axis. */
function join(port: Port, steps: SymValues[], parts: Uint8Array[]): Tensor {
  const axis = axisOf(port)
  const shapes = steps.map((at) => shapeOf(port, at))
  const shape = [...(shapes[axis < 0 ? shapes.length - 1 : 0] as number[])]
  const arrays = parts.map((bytes) => new ARRAY[port.dtype](bytes.buffer as ArrayBuffer))
  // Without such an axis every step gave the whole of it: the last counts.
  if (axis < 0) return { dtype: port.dtype, shape, data: arrays.at(-1)! }
  shape[axis] = shapes.reduce((n, s) => n + s[axis]!, 0)
  const data = new ARRAY[port.dtype](product(shape))
  const outer = product(shape.slice(0, axis))
  const row = data.length / outer
  let from = 0
  arrays.forEach((array) => {
    const width = array.length / outer
    for (let i = 0; i < outer; i++) data.set(array.subarray(i * width, (i + 1) * width), i * row + from)
    from += width
  })
  return { dtype: port.dtype, shape, data }
}
