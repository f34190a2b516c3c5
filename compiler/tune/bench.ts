/** Measures candidates for one operator at its sizes on a device, and checks what each computes. */
import { hasPort } from '../ir/facts.js'
import { ops } from '../ops/index.js'
import type { Facts } from '../ops/types.js'
import { select } from '../select/select.js'
import type { Choice, KernelTarget } from '../select/types.js'
import { type Candidate, keyOf } from './candidates.js'
import { type Clock, turnsFor } from './clock.js'
import { makeOperands, type Operands, USAGE } from './operands.js'
import { makeRunnable, type Pipelines, type Runnable, record } from './runnable.js'
import type { Measure } from './search.js'

export interface Subject {
  op: string
  facts: Facts
  /** Tokens in the KV cache before the step. */
  past: number
  /** Inputs, and the types that whoever makes them writes for nothing: `x:i8x4`. Others are converted, which counts. */
  written?: readonly string[]
}

export interface Bench {
  measure: Measure
  /** Why candidates were left out, by key. */
  refused: Map<string, string>
  destroy(): void
}

/** Kernels made at a time: each takes its compiler a moment, on a core of its own. */
const AT_ONCE = 24

/** Runs that bring a device's clocks up again: some milliseconds each. */
const WARMING = 16

/** Floats of an output that are compared. */
const MOST_COMPARED = 1 << 22

/** A NaN that no kernel makes, in whatever is not written. */
const POISON = 0x7fc5a5a5
let poisoned = new Uint32Array()

/** So many words of it, the same array as long as it is large enough. */
function poison(words: number): Uint32Array<ArrayBuffer> {
  if (poisoned.length < words) poisoned = new Uint32Array(words).fill(POISON)
  return poisoned
}

async function outputOf(
  device: GPUDevice,
  runnable: Runnable,
  buffer: GPUBuffer,
): Promise<Float32Array<ArrayBuffer>> {
  const bytes = Math.min(buffer.size, 4 * MOST_COMPARED)
  device.queue.writeBuffer(buffer, 0, poison(bytes / 4), 0, bytes / 4)
  const staging = device.createBuffer({ size: bytes, usage: USAGE.mapRead | USAGE.copyDst })
  const encoder = device.createCommandEncoder()
  const pass = encoder.beginComputePass()
  record(pass, runnable, 1)
  pass.end()
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, bytes)
  device.queue.submit([encoder.finish()])
  await staging.mapAsync(1)
  const out = new Float32Array(staging.getMappedRange().slice(0))
  staging.destroy()
  return out
}

/** How far an output is from the reference's, as a part of the largest; Infinity where one holds no number. */
export function distance(found: Float32Array, wanted: Float32Array): number {
  let largest = 0
  let most = 0
  for (let i = 0; i < wanted.length; i++) {
    const want = wanted[i]!
    // What the reference leaves alone stays poisoned.
    if (Number.isNaN(want)) {
      if (!Number.isNaN(found[i]!)) return Number.POSITIVE_INFINITY
      continue
    }
    largest = Math.max(largest, Math.abs(want))
    const off = Math.abs(found[i]! - want)
    if (!(off <= Number.MAX_VALUE)) return Number.POSITIVE_INFINITY
    most = Math.max(most, off)
  }
  return most / Math.max(largest, 1e-30)
}

/** What a candidate may differ from the reference. */
function bound(opName: string, facts: Facts, choice: Choice): number {
  const op = ops[opName]!
  const bytes = choice.template.front.op.inputs.some((p) => p.type === 'i8x4')
  const own = op.tolerance({ ...facts, ...choice.params, ...(bytes && { X: 'i8' }) })
  const reference = op.tolerance(facts)
  return own.rel + own.abs + reference.rel + reference.abs
}

/**
 * Operands on the device, and a reference: the first kernel that needs no feature. `clock` times; candidates that
 * are refused, or whose results differ, measure as NaN.
 */
export async function benchOf(
  pipelines: Pipelines,
  clock: Clock,
  { op: opName, facts, past, written = [] }: Subject,
): Promise<Bench> {
  const { device, templates } = pipelines
  const op = ops[opName]!
  const operands: Operands = makeOperands(device, op, facts, past)
  const plain: KernelTarget = { language: 'wgsl', features: [], tuning: pipelines.target.tuning }
  const outputs = Object.entries(op.ports)
    .filter(([, spec]) => spec.role === 'out' && spec.kind === 'f32' && hasPort(spec, facts))
    .map(([name]) => operands.copies[0]![name]!)
  const reference = select(opName, opName, facts, templates.heads, plain)
  const ready = new Map<string, Promise<Runnable>>()
  const wanted: Float32Array[] = []
  const first = await makeRunnable(pipelines, opName, facts, reference, operands)
  for (const buffer of outputs) wanted.push(await outputOf(device, first, buffer))
  first.destroy()

  const refused = new Map<string, string>()
  const make = async (c: Candidate): Promise<Runnable> => {
    const runnable = await makeRunnable(pipelines, opName, facts, c.choice, operands, written)
    for (const [i, buffer] of outputs.entries()) {
      const off = distance(await outputOf(device, runnable, buffer), wanted[i]!)
      const most = bound(opName, facts, c.choice)
      if (!(off <= most))
        throw new Error(
          `differs from the reference by ${off.toExponential(2)}, ${most.toExponential(2)} is allowed`,
        )
    }
    return runnable
  }
  const prepare = async (c: Candidate): Promise<Runnable | undefined> => {
    const key = keyOf(c)
    if (!ready.has(key)) ready.set(key, make(c))
    return ready.get(key)!.catch((e: Error) => {
      refused.set(key, e.message.split('\n')[0]!)
      return undefined
    })
  }
  const turns = new Map<string, number>()
  return {
    refused,
    async measure(candidates) {
      const runnables: (Runnable | undefined)[] = []
      for (let i = 0; i < candidates.length; i += AT_ONCE)
        runnables.push(...(await Promise.all(candidates.slice(i, i + AT_ONCE).map(prepare))))
      const alive = candidates.flatMap((c, i) => (runnables[i] ? [{ key: keyOf(c), run: runnables[i] }] : []))
      const fresh = alive.filter(({ key }) => !turns.has(key))
      const counts = await turnsFor(
        clock,
        fresh.map((a) => a.run),
      )
      for (const [i, { key }] of fresh.entries()) turns.set(key, counts[i]!)
      const times = (some: typeof alive) =>
        clock.round(
          some.map((a) => a.run),
          some.map((a) => turns.get(a.key)!),
        )
      // While kernels were made the device had nothing to do, and lowered its clocks.
      if (fresh.length > 0) await times(alive.slice(0, WARMING))
      const ms = await times(alive)
      const found = new Map(alive.map(({ key }, i) => [key, ms[i]!]))
      return candidates.map((c) => found.get(keyOf(c)) ?? Number.NaN)
    },
    destroy() {
      operands.destroy()
      for (const runnable of ready.values())
        runnable.then(
          (r) => r.destroy(),
          () => {},
        )
    },
  }
}

/** Buffers that a measurement takes on top of a device's defaults. */
export const wantedLimits = (adapter: GPUAdapter): Record<string, number> =>
  Object.fromEntries(
    ['maxStorageBufferBindingSize', 'maxBufferSize', 'maxComputeWorkgroupStorageSize'].map((name) => [
      name,
      adapter.limits[name as keyof GPUSupportedLimits] as number,
    ]),
  )
