/** Reading of small files, with errors that name them. */
import { access, readdir, readFile } from 'node:fs/promises'
import { getSystemErrorMap } from 'node:util'
import { fail, type Place } from '../errors.js'
import { isObject, shown } from './config.js'

/** What the system says of a failed file operation, without path and stack: "permission denied". */
export function ioReason(e: unknown): string {
  const errno = (e as NodeJS.ErrnoException).errno
  return (
    (errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1]) ??
    (e instanceof Error ? e.message : String(e))
  )
}

export const isMissing = (e: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((e as NodeJS.ErrnoException).code ?? '')

/** Throws WGC203 (with `hint`) for a file that isn't there, WGC205 for one that can't be read. */
export function failIo(path: string, e: unknown, hint: string): never {
  const place = { place: { file: path }, cause: e }
  if (isMissing(e)) return fail('WGC203', [hint], place)
  return fail('WGC205', [ioReason(e)], place)
}

/** Characters that V8 shows on either side of the one it stopped at. */
const SHOWN = 10

/** Where a JSON parser stopped, from its message: a position, or the text around it, as V8 gives one or the other. */
function positionIn(text: string, message: string): number | undefined {
  const position = /at position (\d+)/.exec(message)?.[1]
  if (position !== undefined) return Number(position)
  if (message.includes('end of JSON input')) return text.length
  const around = /(\.\.\.)?"(.*)"(\.\.\.)? is not valid JSON$/s.exec(message)
  if (!around || (!around[1] && !around[3])) return undefined
  const start = text.indexOf(around[2]!)
  if (start < 0) return undefined
  return around[1] ? start + SHOWN : start + around[2]!.length - SHOWN
}

/** Line and text at which a JSON parser stopped, as far as it says. */
function placeOf(file: string, text: string, e: Error): Place {
  const position = positionIn(text, e.message)
  if (position === undefined) return { file }
  const line = text.slice(0, Math.min(position, text.trimEnd().length)).split('\n').length
  return { file, line, text: text.split('\n')[line - 1]!.slice(0, 120) }
}

/** The JSON object in a file. `hint` says what to do when there is no such file. */
export async function readJsonObject(path: string, hint: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((e: unknown) => failIo(path, e, hint))
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (e) {
    const reason = (e as Error).message.replace(
      /( in JSON at position|, (\.\.\.)?".*not valid JSON$).*$/s,
      '',
    )
    return fail('WGC206', [reason], { place: placeOf(path, text, e as Error), cause: e })
  }
  if (!isObject(value)) fail('WGC206', [`it holds ${shown(value)}, not an object`], { place: { file: path } })
  return value
}

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** Names in a folder, sorted. */
export async function listFolder(path: string): Promise<string[]> {
  return (await readdir(path).catch((e: unknown) => failIo(path, e, ''))).sort()
}
