/** From a bundle's address to a model that is ready to run. */
import { care, extras, preprocessorOf, tokenizerOf } from './beside.js'
import { detect } from './detect.js'
import { abortReason, checkAbort, destroyed, noneRuns, orAbort, ours } from './errors.js'
import { parseJson } from './json.js'
import { createModel, type Model } from './model.js'
import { open, threadsOf } from './open.js'
import type { Context, LoadOptions } from './options.js'
import { selectVariant } from './select.js'
import { type Reader, readFile, readSmall, type Source, urlSource } from './source.js'

const MAX_MANIFEST_BYTES = 1 << 24

/**
 * Loads a bundle: picks the variant for this browser, fetches its files, compiles its kernels meanwhile.
 *
 * `bundle` is the address of the folder, or something that reads its files (`{ read(name) }`).
 *
 * Throws UnsupportedError when no variant runs here, with the reason against each; IntegrityError when a file is not
 * what the manifest says, FetchError when it can't be read, OutOfMemoryError, DeviceLostError, and the signal's reason;
 * RangeError for options out of range or of names that nothing has.
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
    const error = ours(e)
    controller.abort(error)
    throw error
  } finally {
    outer?.removeEventListener('abort', give)
  }
}

async function loadFrom(source: Source, options: LoadOptions, signal: AbortSignal): Promise<Model> {
  const began = performance.now()
  const [bytes, capabilities, { keepAlive, lanes, parts, steady, checkManifest, checkPlan }] =
    await Promise.all([
      readSmall(source, 'manifest.json', MAX_MANIFEST_BYTES, signal),
      options.capabilities ?? detect(options),
      care(),
    ])
  const manifest = checkManifest(parseJson(bytes, 'manifest.json'))
  const threads = threadsOf(options)
  const selection = selectVariant(manifest, capabilities, { ...options, threads: threads?.count ?? 0 })
  let loaded = 0
  let total = 0
  const loading: Model['loading'] = {}
  const progress: Context['progress'] = (phase, loaded, total) => {
    // A model that is opened anew on another device keeps the times of its load.
    if (!loading.ready) loading[phase] = performance.now() - began
    if (!signal.aborted) options.onProgress?.({ phase, loaded, total })
  }
  const onBytes = (count: number) => {
    loaded += count
    progress('download', loaded, Math.max(loaded, total))
  }
  const reader: Reader = { source: steady(source), integrity: options.integrity ?? 'auto', signal, onBytes }
  const expect = (bytes: number) => {
    total += bytes
  }
  const context: Context = {
    manifest,
    capabilities,
    options,
    reader,
    readFile,
    checkPlan,
    lanes,
    parts,
    expect,
    progress,
  }
  const tokenizer = tokenizerOf(context)
  const preprocessor = preprocessorOf(context)
  // Awaited below; what else fails first is what counts.
  for (const p of [tokenizer, preprocessor]) p.catch(() => {})
  const opened = await keepAlive({
    ...{ context, selection, orAbort, destroyed },
    open: (context, variant) => attempt(context.reader.signal, (signal) => open(context, variant, signal)),
  })
  if (!opened) throw noneRuns(selection.reasons)
  try {
    const model = createModel({
      ...{ opened, manifest, capabilities, selection, extras, loading },
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
