/**
 * Runs tests on an executor: puts what operands hold, runs a few workgroups of the dispatches, reads what they made, and
 * puts back what was in a state, so that a test may be run between two steps.
 */
import {
  type Executor,
  fixedSizes,
  type Inside,
  packStep,
  type Step,
  stepOf,
  at as valueAt,
} from '../executor.js'
import { type Area, type Fill, type Plan, type Region, type SelfTest, STEP_BYTES } from '../format.js'
import { noiseBytes, rowBytesOf } from './pattern.js'

/** Bytes at a place of a buffer. */
interface Piece {
  buffer: number
  offset: number
  bytes: number
}

const rowsOf = ({ dims }: Area): number => dims.reduce((n, [count]) => n * count, 1)

/** The rows of an area, those that follow each other as one. */
function piecesOf(area: Area, [buffer, base]: Region): Piece[] {
  const bytes = rowBytesOf(area.type, area.size)
  const out: Piece[] = []
  const walk = (axis: number, offset: number): void => {
    if (axis === area.dims.length) {
      const last = out.at(-1)
      if (last && last.offset + last.bytes === offset) last.bytes += bytes
      else out.push({ buffer, offset, bytes })
      return
    }
    const [count, stride] = area.dims[axis]!
    for (let i = 0; i < count; i++) walk(axis + 1, offset + i * stride)
  }
  walk(0, base + area.offset)
  return out
}

const sizeOf = (pieces: readonly Piece[]): number => pieces.reduce((n, p) => n + p.bytes, 0)

function contentOf(fill: Fill): Uint8Array {
  const { type, size, values, stream = 0, scale = 1, base = 0 } = fill
  if (!values) return noiseBytes(type, size, rowsOf(fill), { stream, scale, base })
  const count = rowsOf(fill) * size
  const repeated = Array.from({ length: count }, (_, i) => values[i % values.length]!)
  return new Uint8Array((type === 'f32' ? Float32Array : Uint32Array).from(repeated).buffer)
}

/** A test with its places. */
interface Job {
  test: SelfTest
  step: Step
  /** What is put where, the step's uniforms among it. */
  puts: { pieces: Piece[]; bytes: Uint8Array }[]
  takes: Piece[][]
  /** Places that last, and so get back what they held. */
  keeps: Piece[]
}

function jobOf(plan: Plan, test: SelfTest): Job {
  const program = plan.programs[test.program]!
  const { seq = 1, past = 0, ...others } = test.step
  const step: Step = { ...stepOf(seq, past, test.sizes), ...others }
  const regionOf = ({ of: [run, operand] }: Area) => program.dispatches[test.run[run]![0]]!.bind[operand]!
  const puts = test.fill.map((fill) => ({ pieces: piecesOf(fill, regionOf(fill)), bytes: contentOf(fill) }))
  const takes = test.expect.map((e) => piecesOf(e, regionOf(e)))
  const lasting = (p: Piece) => ['state', 'tokens'].includes(plan.buffers[p.buffer]!.kind)
  const keeps = [...puts.flatMap((p) => p.pieces), ...takes.flat()].filter(lasting)
  const uniform = (buffer: number, offset: number, bytes: Uint8Array) => {
    puts.push({ pieces: [{ buffer, offset, bytes: bytes.length }], bytes })
  }
  const packed = new Uint8Array(STEP_BYTES)
  packStep(new DataView(packed.buffer), 0, step)
  const kind = (wanted: string) => plan.buffers.findIndex((b) => b.kind === wanted)
  if (kind('step') >= 0) uniform(kind('step'), 0, packed)
  for (const { offset, values } of program.sizes ?? [])
    uniform(kind('sizes'), offset, new Uint8Array(Uint32Array.from(values, (e) => valueAt(e, step)).buffer))
  return { test, step, puts, takes, keeps }
}

/** Bytes that are on their way at a time. */
const BATCH = 1 << 25

async function onGpu(jobs: Job[], inside: (program: string) => Inside): Promise<Uint8Array[][]> {
  const { device, wait } = inside(jobs[0]!.test.program)
  const made: GPUBuffer[] = []
  const create = (size: number, usage: number, mappedAtCreation = false) => {
    const buffer = device!.createBuffer({ size: Math.max(4, size), usage, mappedAtCreation })
    made.push(buffer)
    return buffer
  }
  try {
    // Flags by value: Node has no GPUBufferUsage. Sources, what is read back, and what is put aside meanwhile.
    const from = create(
      jobs.reduce((n, j) => n + j.puts.reduce((n, p) => n + sizeOf(p.pieces), 0), 0),
      4,
      true,
    )
    const back = create(
      jobs.reduce((n, j) => n + j.takes.reduce((n, t) => n + sizeOf(t), 0), 0),
      1 | 8,
    )
    const aside = create(Math.max(...jobs.map((j) => sizeOf(j.keeps))), 4 | 8)
    const source = new Uint8Array(from.getMappedRange())
    const encoder = device!.createCommandEncoder()
    let [put, taken] = [0, 0]
    for (const { test, puts, takes, keeps } of jobs) {
      const { buffers, pipelines, groups } = inside(test.program)
      const copy = (pieces: Piece[], other: GPUBuffer, at: number, toOther: boolean): number => {
        for (const { buffer, offset, bytes } of pieces) {
          const own = buffers![buffer]!
          if (toOther) encoder.copyBufferToBuffer(own, offset, other, at, bytes)
          else encoder.copyBufferToBuffer(other, at, own, offset, bytes)
          at += bytes
        }
        return at
      }
      copy(keeps, aside, 0, true)
      for (const { pieces, bytes } of puts) {
        source.set(bytes, put)
        put = copy(pieces, from, put, false)
      }
      const pass = encoder.beginComputePass()
      for (const [at, x = 1, y = 1, z = 1] of test.run) {
        pass.setPipeline(pipelines![at]!)
        pass.setBindGroup(0, groups![at]!)
        pass.dispatchWorkgroups(x, y, z)
      }
      pass.end()
      for (const pieces of takes) taken = copy(pieces, back, taken, true)
      copy(keeps, aside, 0, false)
    }
    from.unmap()
    device!.queue.submit([encoder.finish()])
    await wait!(back.mapAsync(1))
    const found = new Uint8Array(back.getMappedRange())
    let at = 0
    return jobs.map(({ takes }) =>
      takes.map((pieces) => {
        const bytes = sizeOf(pieces)
        at += bytes
        return found.slice(at - bytes, at)
      }),
    )
  } finally {
    for (const buffer of made) buffer.destroy()
  }
}

function onCpu(
  { test, step, puts, takes, keeps }: Job,
  plan: Plan,
  { calls, bytesAt }: Inside,
): Uint8Array[] {
  const at = (p: Piece) => bytesAt!(p.buffer, p.offset, p.bytes)
  const kept = keeps.map((p) => at(p).slice())
  for (const { pieces, bytes } of puts) {
    let from = 0
    for (const piece of pieces) {
      at(piece).set(bytes.subarray(from, from + piece.bytes))
      from += piece.bytes
    }
  }
  const fixed = { ...step, ...fixedSizes(plan.programs[test.program]!) }
  for (const [index, items = 1] of test.run) {
    const { kernel, args, moving } = calls![index]!
    const own = args.slice()
    for (const [i, e] of moving) own[i] = valueAt(e, fixed)
    own.splice(-2, 2, 0, items)
    try {
      kernel(...own)
    } catch (e) {
      throw Object.assign(new Error(`the module failed: ${(e as Error).message}`), { name: 'IntegrityError' })
    }
  }
  const found = takes.map((pieces) => {
    const out = new Uint8Array(sizeOf(pieces))
    let to = 0
    for (const piece of pieces) {
      out.set(at(piece), to)
      to += piece.bytes
    }
    return out
  })
  keeps.forEach((p, i) => {
    at(p).set(kept[i]!)
  })
  return found
}

/** Runs tests of prepared programs. By test and expectation, the bytes that were made, without what lies between them. */
export async function runTests(
  plan: Plan,
  executor: Executor,
  tests: readonly SelfTest[],
): Promise<Uint8Array[][]> {
  const inside = (program: string) => executor.inside!(program)
  const found: Uint8Array[][] = []
  let batch: Job[] = []
  let bytes = 0
  const flush = async () => {
    if (batch.length > 0) found.push(...(await onGpu(batch, inside)))
    batch = []
    bytes = 0
  }
  for (const test of tests) {
    const job = jobOf(plan, test)
    if (inside(test.program).calls) {
      found.push(onCpu(job, plan, inside(test.program)))
      continue
    }
    batch.push(job)
    bytes += job.puts.reduce((n, p) => n + p.bytes.length, 0)
    if (bytes > BATCH) await flush()
  }
  await flush()
  return found
}
