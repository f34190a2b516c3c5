/** A bundle's self-tests, run variant by variant without the rest of a load. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkTests } from '../../runtime/care/check-tests.js'
import { disagreement } from '../../runtime/care/compare.js'
import { runTests } from '../../runtime/care/probe.js'
import { due } from '../../runtime/care/self-test.js'
import type { Executor } from '../../runtime/executor.js'
import type { Manifest, Plan, SelfTests, Variant } from '../../runtime/format.js'
import { createWasm } from '../../runtime/wasm.js'
import { createWebGPU } from '../../runtime/webgpu.js'

export const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))

export interface Bench {
  variant: Variant
  plan: Plan
  file: SelfTests
  code: Uint8Array
}

export function benchOf(folder: string, variant: Variant): Bench {
  const read = (name: string) => readFileSync(join(folder, name))
  return {
    variant,
    plan: JSON.parse(read(variant.plan).toString()),
    file: JSON.parse(read(variant.selfTest!).toString()),
    code: new Uint8Array(read(variant.code)),
  }
}

/** The variant with weights in place and all programs ready; `code` in the place of its own. */
export async function openBench(
  folder: string,
  { plan, code: own, variant }: Bench,
  device: GPUDevice | undefined,
  code: Uint8Array = own,
): Promise<Executor> {
  const executor =
    variant.backend === 'webgpu'
      ? await createWebGPU({ device: device!, plan, code: new TextDecoder().decode(code), nudge: false })
      : await createWasm(plan, code)
  await executor.prepare(Object.keys(plan.programs))
  for (const { file, buffer, offset, bytes } of plan.shards) {
    const place = executor.place(buffer, offset, bytes, (n) => new Uint8Array(n))
    place.bytes.set(readFileSync(join(folder, file)))
    place.arrived?.(bytes)
    await place.settled?.()
  }
  return executor
}

/** What is wrong, by test; and how long it took. `programs`: those whose tests to run, as a load does; default all. */
export async function judge(
  { plan, file }: Bench,
  executor: Executor,
  programs?: readonly string[],
): Promise<{ wrong: string[]; ms: number; count: number }> {
  const all = checkTests(file, plan)
  const tests = programs ? due(plan, all, programs) : all
  const start = performance.now()
  const found = await runTests(plan, executor, tests)
  const wrong = tests.flatMap((test, i) => {
    const why = disagreement(test, found[i]!)
    const { label } = plan.programs[test.program]!.dispatches[test.run.at(-1)![0]]!
    return why ? [`${test.program} ${label} at ${JSON.stringify(test.step)}: ${why}`] : []
  })
  return { wrong, ms: performance.now() - start, count: tests.length }
}
