/** One pass of a program: named tensors in, named tensors out. */
import { checkAbort, IntegrityError, UnsupportedError } from './errors.js'
import { programOf, stepOf } from './executor.js'
import { type Expr, evaluate, type SymValues } from './expr.js'
import type { Port, Program, Region } from './format.js'
import { checkIds, chunks, type Session } from './session.js'
import { ARRAY, concat, product, type Tensor } from './tensor.js'

/** A program of the session, by name. */
export function programNamed({ plan }: Session, name: string): Program {
  const program = programOf(plan, name)
  if (program) return program
  throw new UnsupportedError(
    `the model has no program ${name} here; it has ${Object.keys(plan.programs).join(', ')}`,
  )
}

/**
 * Runs a program on tensors of its ports' shapes. A program with a KV cache takes long inputs in steps, whose
 * outputs are put together. The caller holds the session.
 *
 * Throws TypeError for a missing input, RangeError for a wrong size.
 */
export async function runProgram(
  session: Session,
  name: string,
  inputs: Readonly<Record<string, Tensor>>,
  signal?: AbortSignal,
): Promise<{ outputs: Record<string, Tensor>; sizes: Record<string, number> }> {
  const program = programNamed(session, name)
  const { executor } = session
  const tensors = program.inputs.map((port) => checked(session, port, inputs))
  const sizes = sizesOf(program, tensors, session.sizes)
  const seq = sizes.seq!
  const most = program.context ?? program.maxSeq
  if (seq > most) throw new RangeError(`program ${name} takes up to ${most} positions, not ${seq}`)
  const steps = [...chunks(0, seq, program)].map(([from, n]) => ({ ...sizes, seq: n, past: from }))
  await executor.prepare([name])
  const parts: Uint8Array[][] = program.outputs.map(() => [])
  for (const step of steps) {
    checkAbort(signal)
    program.inputs.forEach((port, i) => {
      put(session, name, port, tensors[i]!.data, step)
    })
    const wanted = program.outputs.map((port) => regionOf(port, step))
    const read = await executor.run(name, stepOf(step.seq, step.past, sizes), wanted, signal)
    read.forEach((bytes, i) => {
      parts[i]!.push(bytes)
    })
  }
  const outputs = program.outputs.map((port, i) => [port.name, join(port, steps, parts[i]!)] as const)
  return { outputs: Object.fromEntries(outputs), sizes }
}

function checked({ plan, info }: Session, port: Port, inputs: Readonly<Record<string, Tensor>>): Tensor {
  const given = Object.hasOwn(inputs, port.name) ? inputs[port.name] : undefined
  if (!given)
    throw new TypeError(`input ${port.name} is missing; the program takes ${port.dtype} [${port.shape}]`)
  if (plan.buffers[port.region[0]]?.kind === 'tokens') checkIds(given.data, info.vocab)
  return given
}

const has = (e: Expr, symbol: string): boolean =>
  e === symbol || (typeof e === 'object' && (has(e[1], symbol) || has(e[2], symbol)))

/** The axis along which steps follow each other. */
const axisOf = (port: Port): number => port.shape.findIndex((e) => has(e, 'seq'))

const shapeOf = (port: Port, at: SymValues): number[] => port.shape.map((e) => evaluate(e, at))

/** The sizes of a step that takes these tensors: those that shapes tell, and `known` ones of earlier programs. */
function sizesOf(program: Program, tensors: Tensor[], known: SymValues): Record<string, number> {
  const sizes: Record<string, number> = { ...known, past: 0, seq: program.maxSeq }
  const told = new Set<string>()
  const wrong = ({ name, shape }: Port, t: Tensor, why = '') =>
    new RangeError(`input ${name} is [${t.shape.join(', ')}]; the program takes [${shape}]${why}`)
  program.inputs.forEach((port, i) => {
    const { shape } = tensors[i]!
    if (shape.length !== port.shape.length) throw wrong(port, tensors[i]!)
    port.shape.forEach((e, axis) => {
      const n = shape[axis]!
      if (typeof e !== 'string') return
      if (!(n >= 1) || (told.has(e) && sizes[e] !== n)) throw wrong(port, tensors[i]!)
      const most = program.limits && Object.hasOwn(program.limits, e) ? program.limits[e]! : Infinity
      if (n > most) throw wrong(port, tensors[i]!, `, ${e} up to ${most}`)
      sizes[e] = n
      told.add(e)
    })
  })
  program.inputs.forEach((port, i) => {
    const shape = shapeOf(port, sizes)
    if (shape.some((n, axis) => n !== tensors[i]!.shape[axis])) throw wrong(port, tensors[i]!)
  })
  return sizes
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
  const from = whole ? 0 : (count / at.seq!) * at.past!
  const [buffer, offset, bytes] = port.region
  // Token ids have a place for every position; everything else is a step's own.
  const ahead = plan.buffers[buffer]?.kind === 'tokens' ? at.past! * 4 : 0
  if (!(ahead + count * 4 <= bytes))
    throw new RangeError(`input ${port.name} is longer than its ${bytes} bytes`)
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
  const arrays = parts.map((bytes) => new ARRAY[port.dtype](bytes.buffer as ArrayBuffer))
  // Without such an axis every step gave the whole of it: the last counts.
  if (axis < 0) return { dtype: port.dtype, shape: [...shapes.at(-1)!], data: arrays.at(-1)! }
  return concat(
    arrays.map((data, i) => ({ dtype: port.dtype, shape: shapes[i]!, data })),
    axis,
  )
}
