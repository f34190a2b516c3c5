/** How a command ends: what an error prints, and the exit code. */
import { CommanderError } from 'commander'
import { EXIT, formatError, WgcError, wgcError } from '../errors.js'
import { Interrupted } from './interrupt.js'
import { jsonText, tell } from './output.js'

/** Errors of the runtime, which knows no codes: name to code. */
const RUNTIME = {
  UnsupportedError: 'WGC630',
  IntegrityError: 'WGC631',
  FetchError: 'WGC632',
  OutOfMemoryError: 'WGC633',
  DeviceLostError: 'WGC634',
} as const

/** Any error as one of wgc's own; what isn't known is an internal fault. */
function asWgcError(e: unknown): WgcError {
  if (e instanceof WgcError) return e
  const message = e instanceof Error ? e.message : String(e)
  const code = e instanceof Error ? RUNTIME[e.name as keyof typeof RUNTIME] : undefined
  return wgcError(code ?? 'WGC901', [message], { cause: e })
}

/** Says what went wrong, and gives the exit code. Under `--json` stdout gets it too, as `{"error": …}`. */
export function report(e: unknown, options: { json: boolean; verbose: boolean }): number {
  if (e instanceof CommanderError) return e.exitCode === 0 ? EXIT.done : EXIT.usage
  if (e instanceof Interrupted) {
    tell('wgc: stopped')
    return e.exitCode
  }
  const error = asWgcError(e)
  if (options.json) {
    const { code, message, hint, place } = error
    process.stdout.write(jsonText({ error: { code, message, hint, place } }))
  }
  tell(formatError(error))
  if (options.verbose && error.exitCode === EXIT.internal) tell(stackOf(error))
  return error.exitCode
}

/** Where an error came from, and what caused it. */
function stackOf(e: Error): string {
  const { cause } = e
  return cause instanceof Error ? (cause.stack ?? cause.message) : (e.stack ?? e.message)
}
