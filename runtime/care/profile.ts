/** How long each operator of a step takes. */
import type { Executor, Inside } from '../executor.js'
import type { Plan } from '../format.js'

// Flags by value: Node has no GPUBufferUsage.
const MAP_READ = 1
const COPY_SRC = 4
const COPY_DST = 8
const QUERY_RESOLVE = 512
/** Timestamps of a query set, at most: two a dispatch. */
const MOST_QUERIES = 4096

type Told = (program: string, operator: string, ms: number) => void

/**
 * Runs a step and tells what each operator took of it, in milliseconds. The step must give the same when it is done
 * twice, as one that generates a token does: on the GPU it is, the second time with a pass and two timestamps for each
 * dispatch. A profile that fails costs nothing but itself.
 */
export function profiled<T>(
  executor: Executor,
  plan: Plan,
  name: string,
  run: () => Promise<T>,
  told: Told,
): Promise<T> {
  const inside = executor.inside?.(name) ?? {}
  const operators = (plan.programs[name]?.dispatches ?? []).map(({ label }) => label.split(' ')[0]!)
  const tell = (ms: ArrayLike<number>) => {
    const sums = new Map<string, number>()
    operators.forEach((operator, i) => {
      if (i < ms.length) sums.set(operator, (sums.get(operator) ?? 0) + ms[i]!)
    })
    for (const [operator, sum] of sums) told(name, operator, sum)
  }
  if (inside.calls) return timeCalls(inside.calls, run, tell)
  const done = run()
  // Submitted behind the step, before the next one's sizes are written.
  if (inside.device?.features.has('timestamp-query') && inside.pipelines)
    timePasses(inside as Required<Inside>, tell).catch(() => {})
  return done
}

/** Times the calls by the clock; those that workers make are not seen. */
async function timeCalls<T>(
  calls: NonNullable<Inside['calls']>,
  run: () => Promise<T>,
  tell: (ms: number[]) => void,
): Promise<T> {
  const ms: number[] = []
  const kernels = calls.map((call) => call.kernel)
  calls.forEach((call, i) => {
    call.kernel = (...args) => {
      const start = performance.now()
      kernels[i]!(...args)
      ms[i] = performance.now() - start
    }
  })
  try {
    const made = await run()
    if (ms.length) tell(Array.from(calls, (_, i) => ms[i] ?? 0))
    return made
  } finally {
    calls.forEach((call, i) => {
      call.kernel = kernels[i]!
    })
  }
}

async function timePasses(
  { device, wait, pipelines, groups, grid }: Required<Inside>,
  tell: (ms: number[]) => void,
): Promise<void> {
  const count = Math.min(pipelines.length, MOST_QUERIES / 2)
  const querySet = device.createQuerySet({ type: 'timestamp', count: count * 2 })
  const bytes = count * 16
  const resolved = device.createBuffer({ size: bytes, usage: QUERY_RESOLVE | COPY_SRC })
  const read = device.createBuffer({ size: bytes, usage: MAP_READ | COPY_DST })
  try {
    const encoder = device.createCommandEncoder()
    for (let i = 0; i < count; i++) {
      const timestampWrites = {
        ...{ querySet, beginningOfPassWriteIndex: i * 2, endOfPassWriteIndex: i * 2 + 1 },
      }
      const pass = encoder.beginComputePass({ timestampWrites })
      const [x, y, z] = grid.subarray(i * 3, i * 3 + 3) as unknown as [number, number, number]
      if (x > 0 && y > 0 && z > 0) {
        pass.setPipeline(pipelines[i]!)
        pass.setBindGroup(0, groups[i]!)
        pass.dispatchWorkgroups(x, y, z)
      }
      pass.end()
    }
    encoder.resolveQuerySet(querySet, 0, count * 2, resolved, 0)
    encoder.copyBufferToBuffer(resolved, 0, read, 0, bytes)
    device.queue.submit([encoder.finish()])
    await wait(read.mapAsync(MAP_READ))
    const at = new BigInt64Array(read.getMappedRange().slice(0))
    // A clock that was set back in between says nothing.
    const took = Array.from({ length: count }, (_, i) => Number(at[i * 2 + 1]! - at[i * 2]!) / 1e6)
    if (took.every((ms) => ms >= 0)) tell(took)
  } finally {
    for (const made of [querySet, resolved, read]) made.destroy()
  }
}
