/** Errors a user can act on, and how they are shown. What they say stands in `messages.ts`. */
import { messages } from './messages.js'

/** Exit codes of the command line. */
export const EXIT = { done: 0, input: 1, usage: 2, internal: 3 } as const

export interface Place {
  file: string
  line?: number
  /** The text of that line. */
  text?: string
}

/** An error a user can act on: what, where, and what to do. */
export class WgcError extends Error {
  override name = 'WgcError'
  readonly code: string
  readonly hint: string | undefined
  readonly place: Place | undefined

  constructor(
    code: string,
    message: string,
    options: { hint?: string; place?: Place; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
    this.place = options.place
  }

  /** 2 for a wrong command line, 3 for a fault of wgc's own, else 1. */
  get exitCode(): number {
    if (this.code.startsWith('WGC1')) return EXIT.usage
    return this.code.startsWith('WGC9') ? EXIT.internal : EXIT.input
  }
}

/** `file:line: error WGC301: reason`, the line's text, and a hint, as a compiler prints them. */
export function formatError(e: WgcError): string {
  const where = e.place ? `${e.place.file}${e.place.line ? `:${e.place.line}` : ''}: ` : 'wgc: '
  const text = e.place?.text === undefined ? '' : `\n    ${e.place.text.trim()}`
  return `${where}error ${e.code}: ${e.message}${text}${e.hint ? `\n  hint: ${e.hint}` : ''}`
}

type Messages = typeof messages

/** The error of that code. */
export function wgcError<C extends keyof Messages>(
  code: C,
  args: Parameters<Messages[C]>,
  where: { place?: Place; cause?: unknown } = {},
): WgcError {
  const { message, hint } = (messages[code] as (...a: unknown[]) => { message: string; hint?: string })(
    ...args,
  )
  return new WgcError(code, message, { ...where, ...(hint === undefined ? {} : { hint }) })
}

/** Throws the error of that code. */
export function fail<C extends keyof Messages>(
  code: C,
  args: Parameters<Messages[C]>,
  where: { place?: Place; cause?: unknown } = {},
): never {
  throw wgcError(code, args, where)
}
