/**
 * How long candidates take. Timestamps of the device where it has them, else the host's clock; runs of the candidates
 * take turns, so that what else the machine does meets them alike.
 */
import { USAGE } from './operands.js'
import { type Runnable, record } from './runnable.js'

export interface Clock {
  /** Milliseconds of one run of each, in one round. */
  round(runnables: Runnable[], turns: number[]): Promise<number[]>
  /** What it reads. */
  kind: 'timestamps' | 'host'
}

/** Passes of a round that share a set of queries. */
const QUERIES = 64

function timestamps(device: GPUDevice): Clock {
  const set = device.createQuerySet({ type: 'timestamp', count: 2 * QUERIES })
  const bytes = 16 * QUERIES
  const resolved = device.createBuffer({ size: bytes, usage: USAGE.query | USAGE.copySrc })
  const staging = device.createBuffer({ size: bytes, usage: USAGE.mapRead | USAGE.copyDst })
  return {
    kind: 'timestamps',
    async round(runnables, turns) {
      const out: number[] = []
      for (let first = 0; first < runnables.length; first += QUERIES) {
        const part = runnables.slice(first, first + QUERIES)
        part.forEach((runnable, i) => {
          // A submit each: a device that is watched over ends long ones.
          const encoder = device.createCommandEncoder()
          const timestampWrites = {
            ...{ querySet: set, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 },
          }
          const pass = encoder.beginComputePass({ timestampWrites })
          record(pass, runnable, turns[first + i]!)
          pass.end()
          device.queue.submit([encoder.finish()])
        })
        const encoder = device.createCommandEncoder()
        encoder.resolveQuerySet(set, 0, 2 * part.length, resolved, 0)
        encoder.copyBufferToBuffer(resolved, 0, staging, 0, 16 * part.length)
        device.queue.submit([encoder.finish()])
        await staging.mapAsync(1, 0, 16 * part.length)
        const ns = new BigUint64Array(staging.getMappedRange(0, 16 * part.length))
        part.forEach((_, i) => {
          out.push(Number(ns[2 * i + 1]! - ns[2 * i]!) / 1e6 / turns[first + i]!)
        })
        staging.unmap()
      }
      return out
    },
  }
}

/** Milliseconds from the call of `submit` until the device has done what it submits. */
export type Timed = (device: GPUDevice, submit: () => void) => Promise<number>

const timedHere: Timed = async (device, submit) => {
  const began = performance.now()
  submit()
  await device.queue.onSubmittedWorkDone()
  return performance.now() - began
}

/** By the host's clock, each run of turns in a submission of its own. */
export function hostClock(device: GPUDevice, timed = timedHere): Clock {
  return {
    kind: 'host',
    async round(runnables, turns) {
      const out: number[] = []
      for (const [i, runnable] of runnables.entries()) {
        const encoder = device.createCommandEncoder()
        const pass = encoder.beginComputePass()
        record(pass, runnable, turns[i]!)
        pass.end()
        const commands = encoder.finish()
        out.push((await timed(device, () => device.queue.submit([commands]))) / turns[i]!)
      }
      return out
    },
  }
}

export const clockOf = (device: GPUDevice, timed?: Timed): Clock =>
  device.features.has('timestamp-query') ? timestamps(device) : hostClock(device, timed)

/** Milliseconds that a measured run of dispatches should last, and most dispatches of it. */
const RUN_MS = 4
const MOST_TURNS = 400

/** Runs of each that make a measurable time; also warms up. */
export async function turnsFor(clock: Clock, runnables: Runnable[]): Promise<number[]> {
  const few = await clock.round(
    runnables,
    runnables.map(() => 2),
  )
  return few.map((ms) => Math.min(Math.max(Math.round(RUN_MS / Math.max(ms, 1e-4)), 2), MOST_TURNS))
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
