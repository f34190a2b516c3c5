/** One variant of a bundle, opened: its plan checked, its kernels compiled, its weights in place. */
import { gpuOf, requestAdapter } from './detect.js'
import { checkAbort, IntegrityError, OutOfMemoryError, UnsupportedError } from './errors.js'
import { buffersOf, type Executor } from './executor.js'
import { type FileInfo, GENERATING, type Manifest, type Plan, type Variant } from './format.js'
import { MAX_CODE_BYTES, parseJson } from './json.js'
import type { Context, LoadOptions } from './options.js'
import { allocate, readFile } from './source.js'
import { createWasm, type Threads } from './wasm.js'
import { defaultThreads, workerFactory } from './wasm-team.js'
import { createWebGPU } from './webgpu.js'

export interface Opened {
  plan: Plan
  executor: Executor
}

export async function open(context: Context, variant: Variant, signal: AbortSignal): Promise<Opened> {
  const { manifest, options, capabilities, lanes, expect, progress } = context
  const reader = { ...context.reader, signal }
  const read = async (name: string) => {
    const info = infoOf(manifest, name)
    expect(info.bytes)
    return readFile(reader, name, info)
  }
  const has = (feature: string) => variant.features.includes(feature)
  const device = variant.backend === 'webgpu' ? deviceFor(variant, options, signal) : undefined
  let executor: Executor | undefined
  try {
    const [planBytes, code, gpu] = await Promise.all([read(variant.plan), read(variant.code), device])
    const whole = context.checkPlan(parseJson(planBytes, variant.plan), manifest, variant)
    const plan = partOf(whole, manifest, options)
    executor = gpu
      ? await createWebGPU({
          device: gpu,
          plan,
          code: new TextDecoder().decode(code),
          nudge: capabilities.webgpu.nudge,
          wait: variant.wait,
          sendStep: await context.parts(context, variant, plan),
        })
      : await createWasm(plan, code, has('threads') ? threadsOf(options) : undefined, has('memory64'))
    const { place } = executor
    for (const shard of plan.shards) expect(shard.bytes)
    // First: it may grow the memory that places lie in.
    const ready = executor.prepare(programsOf(plan, options), (done, total) =>
      progress('compile', done, total),
    )
    await Promise.all([
      ready,
      lanes(
        plan.shards,
        (s) => s.bytes,
        capabilities.memory,
        allocate,
        async (s, stage) =>
          readFile(reader, s.file, manifest.files[s.file]!, place(s.buffer, s.offset, s.bytes, stage)),
      ),
    ])
    checkAbort(signal)
    return { plan, executor }
  } catch (e) {
    executor?.destroy()
    device?.then(
      (d) => d.destroy(),
      () => {},
    )
    throw e
  }
}

/** What the manifest says of a plan, code or tokenizer file: none is large. */
export function infoOf(manifest: Manifest, name: string): FileInfo {
  const info = manifest.files[name]!
  if (info.bytes > MAX_CODE_BYTES) throw new IntegrityError(`malformed bundle: ${name} is too large`)
  return info
}

/** The programs that generation needs, or all of them. */
function programsOf(plan: Plan, options: LoadOptions): readonly string[] {
  const all = Object.keys(plan.programs)
  const wanted = options.programs ?? GENERATING.filter((name) => all.includes(name))
  const missing = wanted.filter((name) => !all.includes(name))
  if (missing.length) throw new UnsupportedError(`the model has no program ${missing}; it has ${all}`)
  return wanted.length || options.programs ? wanted : all
}

const MOST_THREADS = 256

/** The workers to have; undefined: none. */
export function threadsOf({
  threads: count = defaultThreads(),
  worker: given,
}: LoadOptions): Threads | undefined {
  if (!(Number.isInteger(count) && count >= 0 && count <= MOST_THREADS))
    throw new RangeError(`threads must be a whole number from 0 to ${MOST_THREADS}`)
  const worker = workerFactory(given)
  return worker && count ? { count, worker } : undefined
}

/** A device with exactly what the variant needs: anything more would only make caches miss. */
async function deviceFor(variant: Variant, options: LoadOptions, signal: AbortSignal): Promise<GPUDevice> {
  const gpu = gpuOf(options)
  const adapter = gpu && (await requestAdapter(gpu, options))
  if (!adapter) throw new UnsupportedError('the adapter is gone')
  checkAbort(signal)
  try {
    return await adapter.requestDevice({
      requiredFeatures: [...variant.features, ...(options.profile ? ['timestamp-query'] : [])].filter((f) =>
        adapter.features.has(f),
      ) as GPUFeatureName[],
      requiredLimits: variant.limits,
    })
  } catch (e) {
    const message = `the device was refused: ${(e as Error).message}`
    throw (e as Error).name === 'OperationError' && /memory/i.test(message)
      ? new OutOfMemoryError(message, { cause: e })
      : new UnsupportedError(message, [], e)
  }
}

/** The plan with the programs and shards of the wanted components alone. */
function partOf(plan: Plan, { model }: Manifest, { components }: LoadOptions): Plan {
  if (!components) return plan
  const known = model.components ?? {}
  const missing = components.filter((name) => !Object.hasOwn(known, name))
  if (missing.length)
    throw new UnsupportedError(
      `the model has no component ${missing}; it has ${Object.keys(known).join(', ') || 'no components'}`,
    )
  const wanted = components.flatMap((name) => known[name]!)
  const programs = Object.fromEntries(Object.entries(plan.programs).filter(([name]) => wanted.includes(name)))
  const used = buffersOf({ ...plan, programs })
  return { ...plan, programs, shards: plan.shards.filter((s) => used.has(s.buffer)) }
}
