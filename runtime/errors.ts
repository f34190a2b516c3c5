/** The errors a page can tell apart. `name` is set by hand: minifying renames classes. */

/** Nothing in the bundle runs here. `candidates` says why, one entry a variant. */
export class UnsupportedError extends Error {
  override name = 'UnsupportedError'
  readonly candidates: readonly Candidate[]

  constructor(message: string, candidates: readonly Candidate[] = [], cause?: unknown) {
    super([message, ...candidates.map((c) => `  ${c.id}: ${c.why}`)].join('\n'), { cause })
    this.candidates = candidates
  }
}

/** One variant of the bundle and what spoke for or against it. */
export interface Candidate {
  id: string
  ok: boolean
  why: string
  /** Of what fits, where it was asked for: the sum of `parts`. */
  score?: number
  parts?: Score
}

/** What to throw when every variant has a reason against it. */
export const noneRuns = (candidates: readonly Candidate[]): UnsupportedError =>
  new UnsupportedError('no variant of this bundle runs here:', candidates)

/** What speaks for a variant, by name, in points. */
export type Score = Record<string, number>

/** The GPU, or the address space of WebAssembly, has no room for the model. */
export class OutOfMemoryError extends Error {
  override name = 'OutOfMemoryError'
}

/** The GPU device is gone (driver reset, sleep, too long a step), and was not to be made anew or could not be. */
export class DeviceLostError extends Error {
  override name = 'DeviceLostError'
}

/** A file of the bundle is damaged, malformed, or not what the manifest says. */
export class IntegrityError extends Error {
  override name = 'IntegrityError'
}

/** The error as this file knows it: what another file of the runtime threw has classes of its own. */
export const ours = (e: unknown): unknown =>
  (e as Error).name === 'IntegrityError' && !(e instanceof IntegrityError)
    ? new IntegrityError((e as Error).message, { cause: e })
    : e

/** A file of the bundle could not be read. `status` is the HTTP status, if there was an answer. */
export class FetchError extends Error {
  override name = 'FetchError'
  readonly status: number | undefined

  constructor(message: string, status?: number, cause?: unknown) {
    super(message, { cause })
    this.status = status
  }
}

/** The call was given up: its signal fired, or the model was destroyed. */
export class AbortError extends Error {
  override name = 'AbortError'
}

/** What calls on a destroyed model throw. */
export const destroyed = (): AbortError => new AbortError('the model was destroyed')

/** Throws what an aborted signal asks for: its reason when that is an error, as the platform does. */
export function checkAbort(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortReason(signal)
}

export function abortReason(signal: AbortSignal): Error {
  const { reason } = signal
  return reason instanceof Error ? reason : new AbortError(reason ? String(reason) : 'aborted')
}

/** `promise`, unless `signal` fires first. The promise itself goes on; its outcome is then ignored. */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const stop = () => reject(abortReason(signal))
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop)
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
