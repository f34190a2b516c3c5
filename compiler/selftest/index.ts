/**
 * The self-test of a plan: each of its kernels once, or a few times where it goes different ways, on operands that a seed
 * tells, a few workgroups of each, with some of the values and sums of all that it must make of them. What they must be
 * is the operator's float64 reference; weights are the model's own, of which a few rows are read.
 */
import type { SelfTest, SelfTests } from '../../runtime/format.js'
import { testSteps } from './steps.js'
import { type Context, cannot, type ProgramToTest, testOf, Untestable } from './test.js'

export type { Context, ProgramToTest } from './test.js'

/** A step's tests: of noise around 0, or, where that makes no numbers (logarithms, roots), above it. */
async function testsOf(context: Context, program: ProgramToTest, index: number): Promise<SelfTest[]> {
  const step = program.lowered.steps[index]!
  const steps = testSteps(step, program.spec)
  if (steps.length === 0) cannot('its sizes are not known')
  const above = Object.fromEntries(Object.keys(step.op.ports).map((port) => [port, { base: 1.5 }]))
  const made: SelfTest[] = []
  for (const at of steps) {
    try {
      made.push(await testOf(context, program, index, at))
    } catch (e) {
      if (!(e instanceof Untestable)) throw e
      made.push(await testOf(context, program, index, at, above))
    }
  }
  return made
}

/**
 * Tests of every kernel of every program of a plan: a page may load some of them. `untested` names a dispatch of each that
 * none could be made for, and why.
 */
export async function selfTestsOf(context: Context, programs: ProgramToTest[]): Promise<SelfTests> {
  const tests = new Map<string, SelfTest[]>()
  const failed = new Map<string, string>()
  for (const program of programs)
    for (const [i, { kernel, label }] of context.plan.programs[program.spec.name]!.dispatches.entries()) {
      const key = `${kernel} ${program.spec.name}`
      if (tests.has(key)) continue
      try {
        tests.set(key, await testsOf(context, program, i))
        failed.delete(key)
      } catch (e) {
        if (!(e instanceof Untestable)) throw e
        if (!failed.has(key)) failed.set(key, `${label}: ${e.message}`)
      }
    }
  return { tests: [...tests.values()].flat(), untested: [...failed.values()] }
}
