/** How a script travels into a page and its result back, the same for every browser. */
import type { RunOptions, Script } from './browsers.js'

export const DEFAULT_TIMEOUT = 110_000

export interface Outcome {
  value?: string
  error?: string
  /** console.warn and console.error of the page, and errors that nobody caught. */
  console: string[]
}

/**
 * The body of a function that runs in the page and resolves with an `Outcome`. The script goes into a module element, so that
 * `import()` resolves against the page rather than against the debugger's context.
 */
export function pageBody<A, R>(script: Script<A, R>, args: A): string {
  const module = `
    const page = { url: location.origin + '/', import: (path) => import(path) }
    const text = (e) => (e instanceof Error ? e.name + ': ' + e.message + '\\n' + e.stack : String(e))
    try {
      const value = await (${script.toString()})(${JSON.stringify(args) ?? 'undefined'}, page)
      globalThis.__wgcDone({ value: JSON.stringify(value ?? null) })
    } catch (e) {
      globalThis.__wgcDone({ error: text(e) })
    }`
  return `return new Promise((resolve) => {
    const console = []
    globalThis.__wgcDone = (outcome) => resolve({ ...outcome, console })
    for (const level of ['warn', 'error']) {
      const plain = globalThis.console[level].bind(globalThis.console)
      globalThis.console[level] = (...parts) => {
        console.push(level + ': ' + parts.join(' '))
        plain(...parts)
      }
    }
    addEventListener('unhandledrejection', (e) => console.push('unhandled rejection: ' + e.reason))
    addEventListener('error', (e) => {
      console.push('error: ' + e.message)
      if (e.error instanceof SyntaxError) globalThis.__wgcDone({ error: 'SyntaxError: ' + e.message })
    })
    const element = document.createElement('script')
    element.type = 'module'
    element.textContent = ${JSON.stringify(module)}
    document.head.append(element)
  })`
}

export function timeoutOf(options: RunOptions | undefined): number {
  return options?.timeout ?? DEFAULT_TIMEOUT
}

/** The script's result, or an error that says what the page said. */
export function unwrap<R>(engine: string, outcome: Outcome, heard: string[] = []): R {
  if (outcome.value !== undefined) return JSON.parse(outcome.value) as R
  const notes = [...new Set([...outcome.console, ...heard])]
  throw new Error(
    [`${engine}: ${outcome.error}`, ...(notes.length ? ['console:', ...notes] : [])].join('\n  '),
  )
}
