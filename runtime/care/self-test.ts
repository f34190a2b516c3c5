/**
 * Whether a device computes what it should: each kernel once, on operands whose results are known, before anybody sees
 * one. A variant that is wrong is left out, and remembered, so that the next visit does not even fetch it.
 */
import type { Executor } from '../executor.js'
import type { Plan, SelfTest, Variant } from '../format.js'
import type { Context } from '../options.js'
import { checkTests } from './check-tests.js'
import { disagreement } from './compare.js'
import { runTests } from './probe.js'
import { lasts, recordOf } from './record.js'

/**
 * Throws an error named UnsupportedError for a variant that is not to be taken: without `opened`, for what is remembered;
 * with it, for what it computes, and then it is destroyed.
 */
export type Check = (
  id: string,
  variant: Variant,
  opened?: { plan: Plan; executor: Executor },
) => Promise<void>

const MOST_BYTES = 1 << 24

/** The class is the runtime's own, and not known here. */
const unsupported = (why: string) => Object.assign(new Error(why), { name: 'UnsupportedError' })

/** Too late for another variant: what to do where a program is wrong that was made ready after the load. */
const REMEMBERED = 'Load the model again: that is remembered, and another variant is taken'
const UNREMEMBERED =
  'Load the model again with another `variant` or `backend`: nothing remembers this here, without a `record`'

async function readTests(context: Context, { selfTest: name }: Variant): Promise<unknown> {
  if (name === undefined) return undefined
  const { reader, manifest, expect, readFile } = context
  const info = Object.hasOwn(manifest.files, name) ? manifest.files[name]! : undefined
  if (!info || info.bytes > MOST_BYTES)
    throw Object.assign(new Error(`malformed bundle: ${name} is no self-test`), { name: 'IntegrityError' })
  expect(info.bytes)
  return JSON.parse(new TextDecoder().decode(await readFile(reader, name, info)))
}

const nameOf = (plan: Plan, { program, run }: SelfTest): string => {
  const { kernel, label } = plan.programs[program]!.dispatches[run.at(-1)![0]]!
  return `${label} (${plan.kernels[kernel]!.name})`
}

/** Programs that can be run now. */
const readyOf = (plan: Plan, executor: Executor): string[] =>
  Object.keys(plan.programs).filter((name) => {
    const { pipelines, calls } = executor.inside?.(name) ?? {}
    return pipelines ?? calls
  })

/** Tests of these programs; of WebGPU's kernels, which differ by their sizes, each in one program. */
export function due(plan: Plan, tests: SelfTest[], programs: readonly string[]): SelfTest[] {
  const programOf = new Map<number, string>()
  return tests.filter(({ program, run }) => {
    if (!programs.includes(program)) return false
    const { kernel } = plan.programs[program]!.dispatches[run.at(-1)![0]]!
    const first = plan.kernels[kernel]!.bindings ? (programOf.get(kernel) ?? program) : program
    programOf.set(kernel, first)
    return first === program
  })
}

/** What was tested: variants may share a plan, or the code of its kernels, alone. */
const testedOf = ({ plan, code }: Variant): string => `${code} ${plan}/`

export function selfTester(context: Context): Check {
  const { options } = context
  if (options.selfTest === false) return async () => {}
  const always = options.selfTest === 'always'
  const record = recordOf(context)
  const files = new Map<string, Promise<unknown>>()
  const done = new Set<string>()
  const testsOf = (variant: Variant) => {
    const name = variant.selfTest ?? ''
    const file = files.get(name) ?? readTests(context, variant)
    files.set(name, file)
    return file
  }

  async function wrong(
    id: string,
    variant: Variant,
    plan: Plan,
    executor: Executor,
  ): Promise<string | undefined> {
    const { passed } = await record.reading
    const keyOf = (program: string) => testedOf(variant) + program
    const known = (program: string) =>
      done.has(keyOf(program)) || (!always && passed.includes(keyOf(program)))
    const programs = readyOf(plan, executor).filter((name) => !known(name))
    const file = programs.length > 0 && (await testsOf(variant))
    if (!file) return undefined
    const tests = due(plan, checkTests(file, plan), programs)
    let why: { kernel: string; why: string } | undefined
    try {
      const found = await runTests(plan, executor, tests)
      for (const [i, test] of tests.entries()) {
        const text = disagreement(test, found[i]!)
        if (text) why ??= { kernel: nameOf(plan, test), why: text }
      }
    } catch (e) {
      // What the device or the module can't do at all.
      if ((e as Error).name !== 'IntegrityError') throw e
      why = { kernel: '', why: (e as Error).message }
    }
    if (why) {
      const text = `computes wrongly here: ${why.kernel}: ${why.why}`
      await record.change((r) => {
        r.refused[id] = text
      })
      options.onEvent?.({ kind: 'disagreed', variant: id, ...why })
      return text
    }
    for (const program of programs) done.add(keyOf(program))
    await record.change((r) => {
      r.passed = [...new Set([...r.passed, ...programs.map(keyOf)])]
      // What was wrong may be a program that is not ready yet.
      if (Object.keys(plan.programs).every((name) => done.has(keyOf(name)))) delete r.refused[id]
    })
    return undefined
  }

  return async (id, variant, opened) => {
    if (!opened) {
      const { refused, passed } = await record.reading
      if (!always && Object.hasOwn(refused, id)) throw unsupported(`not taken again: ${refused[id]}`)
      // Fetched while the variant is opened, and awaited when it is.
      if (always || !passed.some((p) => p.startsWith(testedOf(variant)))) testsOf(variant).catch(() => {})
      return
    }
    const { plan, executor } = opened
    const test = async (advice = '') => {
      const why = await wrong(id, variant, plan, executor)
      if (why) throw unsupported(advice ? `${id} ${why}. ${advice}` : why)
    }
    const prepare = executor.prepare.bind(executor)
    try {
      await test()
      // What is made ready later is tested then.
      executor.prepare = async (names, onProgress) => {
        await prepare(names, onProgress)
        await test(lasts(options) ? REMEMBERED : UNREMEMBERED)
      }
    } catch (e) {
      executor.destroy()
      throw e
    }
  }
}
