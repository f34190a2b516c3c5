/** From a bundle's address to a model that is ready to run. */
import { checkManifest, checkPlan, MAX_CODE_BYTES, parseJson } from './check.js'
import { type Capabilities, type DetectOptions, detect, gpuOf, requestAdapter } from './detect.js'
import type { Tokenizer } from './detokenize.js'
import {
  abortReason,
  checkAbort,
  IntegrityError,
  OutOfMemoryError,
  orAbort,
  UnsupportedError,
} from './errors.js'
import { buffersOf, type Executor } from './executor.js'
import type { HostFunction } from './extras.js'
import { type FileInfo, GENERATING, type Manifest, type Plan, type Variant } from './format.js'
import { createModel, type Model } from './model.js'
import { type Selection, type SelectOptions, selectVariant } from './select.js'
import {
  type Integrity,
  inParallel,
  type Reader,
  readFile,
  readSmall,
  type Source,
  urlSource,
} from './source.js'
import { createWasm, type Threads } from './wasm.js'
import { defaultThreads, type WorkerFactory, workerFactory } from './wasm-team.js'
import { createWebGPU } from './webgpu.js'

/** download: bytes of files.  compile: kernels.  Both go on at the same time; `ready` comes last. */
export interface Progress {
  phase: 'download' | 'compile' | 'ready'
  loaded: number
  total: number
}

/** Makes a tokenizer of the parsed `tokenizer.json` and `tokenizer_config.json`. */
export type TokenizerFactory = (tokenizer: unknown, config: unknown) => Tokenizer | Promise<Tokenizer>

export interface LoadOptions extends SelectOptions, DetectOptions {
  /** What `detect` found; found anew unless given. */
  capabilities?: Capabilities | undefined
  /**
   * A tokenizer, or what makes one of the bundle's tokenizer files. Unless given, and if the bundle has
   * such files, `tokenizer.js` beside this file is imported. `false`: none, for token ids alone.
   */
  tokenizer?: Tokenizer | TokenizerFactory | false | undefined
  /**
   * Parts of the model to load (`ModelInfo.components`), with their weights alone: the text tower of CLIP. Default:
   * all. What needs another part throws UnsupportedError.
   */
  components?: readonly string[] | undefined
  /** Programs to make ready at once; others are when they are first run. Default: what generation needs. */
  programs?: readonly string[] | undefined
  onProgress?: ((p: Progress) => void) | undefined
  /**
   * Starts a worker from `wasm-worker.js`, which lies beside this file. Default: `new Worker(url, { type: 'module' })`,
   * where there is such a thing; Node has another.
   */
  worker?: WorkerFactory | undefined
  /** Gives the loading up. Not used after that. */
  signal?: AbortSignal | undefined
  /** Whether SHA-256 of every file is checked. Default auto: where `crypto.subtle` is (https, localhost). */
  integrity?: Integrity | undefined
}

const MAX_MANIFEST_BYTES = 1 << 24

interface Context {
  manifest: Manifest
  capabilities: Capabilities
  options: LoadOptions
  reader: Reader
  /** Told once the files of a variant are known. */
  expect(bytes: number): void
  progress(phase: Progress['phase'], loaded: number, total: number): void
}

/**
 * Loads a bundle: picks the variant for this browser, fetches its files, compiles its kernels meanwhile.
 *
 * `bundle` is the address of the folder, or something that reads its files (`{ read(name) }`).
 *
 * Throws UnsupportedError when no variant runs here, IntegrityError when a file is not what the manifest
 * says, FetchError when it can't be read, OutOfMemoryError, DeviceLostError, and the signal's reason.
 */
export async function load(bundle: string | URL | Source, options: LoadOptions = {}): Promise<Model> {
  const source = typeof bundle === 'object' && 'read' in bundle ? bundle : urlSource(bundle)
  return attempt(options.signal, (signal) => orAbort(loadFrom(source, options, signal), signal))
}

/** Whatever fails in `work` ends everything else that it has under way. */
async function attempt<T>(
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  checkAbort(outer)
  const controller = new AbortController()
  const give = () => controller.abort(abortReason(outer!))
  outer?.addEventListener('abort', give)
  try {
    return await work(controller.signal)
  } catch (e) {
    controller.abort(e)
    throw e
  } finally {
    outer?.removeEventListener('abort', give)
  }
}

async function loadFrom(source: Source, options: LoadOptions, signal: AbortSignal): Promise<Model> {
  const [bytes, capabilities] = await Promise.all([
    readSmall(source, 'manifest.json', MAX_MANIFEST_BYTES, signal),
    options.capabilities ?? detect(options),
  ])
  const manifest = checkManifest(parseJson(bytes, 'manifest.json'))
  const threads = threadsOf(options)
  const selection = selectVariant(manifest, capabilities, { ...options, threads: threads?.count ?? 0 })
  let loaded = 0
  let total = 0
  const progress: Context['progress'] = (phase, loaded, total) => {
    if (!signal.aborted) options.onProgress?.({ phase, loaded, total })
  }
  const onBytes = (count: number) => {
    loaded += count
    progress('download', loaded, Math.max(loaded, total))
  }
  const reader: Reader = { source, integrity: options.integrity ?? 'auto', signal, onBytes }
  const expect = (bytes: number) => {
    total += bytes
  }
  const context: Context = { manifest, capabilities, options, reader, expect, progress }
  const tokenizer = tokenizerOf(context)
  const preprocessor = preprocessorOf(context)
  // Awaited below; what else fails first is what counts.
  for (const p of [tokenizer, preprocessor]) p.catch(() => {})
  const opened = await openBest(context, selection)
  try {
    const model = createModel({
      ...{ ...opened, manifest, capabilities, selection, extras },
      ...{ tokenizer: await tokenizer, preprocessor: await preprocessor },
    })
    checkAbort(signal)
    progress('ready', 1, 1)
    return model
  } catch (e) {
    opened.executor.destroy()
    throw e
  }
}

/** The best variant; should the browser refuse its kernels or device after all, the next. */
async function openBest(context: Context, { ranked, reasons }: Selection) {
  for (const id of ranked) {
    try {
      const variant = context.manifest.variants[id]!
      const opened = await attempt(context.reader.signal, (signal) => open(context, variant, signal))
      const why = opened.executor.threads?.why
      if (why) reasons.find((r) => r.id === id)!.why = `taken, without its workers: ${why}`
      return { variant: id, ...opened }
    } catch (e) {
      if (!(e instanceof UnsupportedError)) throw e
      Object.assign(reasons.find((r) => r.id === id)!, { ok: false, why: e.message })
    }
  }
  throw new UnsupportedError('no variant of this bundle runs here:', reasons)
}

interface Opened {
  plan: Plan
  executor: Executor
}

async function open(context: Context, variant: Variant, signal: AbortSignal): Promise<Opened> {
  const { manifest, options, expect, progress } = context
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
    const whole = checkPlan(parseJson(planBytes, variant.plan), manifest, variant)
    const plan = partOf(whole, manifest, options)
    executor = gpu
      ? await createWebGPU({
          device: gpu,
          plan,
          code: new TextDecoder().decode(code),
          nudge: context.capabilities.webgpu.nudge,
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
      inParallel(
        plan.shards,
        (s) => s.bytes,
        async (s) => readFile(reader, s.file, manifest.files[s.file]!, place(s.buffer, s.offset, s.bytes)),
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
function infoOf(manifest: Manifest, name: string): FileInfo {
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
function threadsOf({ threads: count = defaultThreads(), worker: given }: LoadOptions): Threads | undefined {
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
      requiredFeatures: variant.features.filter((f) => adapter.features.has(f)) as GPUFeatureName[],
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

async function preprocessorOf({ manifest, reader, expect }: Context): Promise<unknown> {
  const { preprocessor: name } = manifest
  if (name === undefined) return undefined
  const info = infoOf(manifest, name)
  expect(info.bytes)
  return parseJson(await readFile(reader, name, info), name)
}

/** Beside the runtime, like the tokenizer. */
async function extras(): Promise<Readonly<Record<string, HostFunction>>> {
  try {
    return (await import('./extras.js')).functions
  } catch (e) {
    throw new UnsupportedError(`extras.js could not be loaded: ${(e as Error).message}`, [], e)
  }
}

async function tokenizerOf({ manifest, options, reader, expect }: Context): Promise<Tokenizer | undefined> {
  const { tokenizer } = options
  if (typeof tokenizer === 'object') return tokenizer
  const files = manifest.tokenizer
  if (tokenizer === false || !files) return undefined
  const json = async (name: string | undefined) => {
    if (name === undefined) return {}
    const info = infoOf(manifest, name)
    expect(info.bytes)
    return parseJson(await readFile(reader, name, info), name)
  }
  const parts = await Promise.all([json(files.tokenizer), json(files.config), tokenizer ?? besideThis()])
  const [data, config, make] = parts
  try {
    return await make(data, config)
  } catch (e) {
    throw new UnsupportedError(
      `no tokenizer could be made of ${files.tokenizer}: ${(e as Error).message}`,
      [],
      e,
    )
  }
}

/** In the package and in a bundle alike, the tokenizer lies beside the runtime, in a file of its own. */
async function besideThis(): Promise<TokenizerFactory> {
  try {
    return (await import('./tokenizer.js')).createTokenizer
  } catch (e) {
    const hint = 'give load() a tokenizer, or tokenizer: false for token ids alone'
    throw new UnsupportedError(`tokenizer.js could not be loaded (${(e as Error).message}); ${hint}`, [], e)
  }
}
