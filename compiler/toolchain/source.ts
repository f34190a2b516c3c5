/** A kernel's text as the compiler sees it, and the compiler's answer as the user sees it. */
import { fail } from '../errors.js'
import type { CKernel } from './types.js'

/** The text with its entry renamed to the export. `#line` keeps line numbers those of the text. */
export const translationUnit = ({ name, text, entry, export: as }: CKernel): string =>
  `${entry === as ? '' : `#define ${entry} ${as}\n`}#line 1 "${name}"\n${text}`

const DIAGNOSTIC = /^(.+?):(\d+):\d+: (?:fatal )?error: (.*)$/

/** Throws WGC520 for the first error that `output` tells of, or WGC523 when it tells of none. */
export function failDiagnosed(kernel: CKernel, output: string): never {
  const found = output.split('\n').flatMap((line) => {
    const m = DIAGNOSTIC.exec(line)
    return m ? [{ file: m[1]!, line: Number(m[2]), message: m[3]! }] : []
  })
  const first = found[0]
  if (!first) fail('WGC523', [output.trim()], { place: { file: kernel.name } })
  const text = first.file === kernel.name ? kernel.text.split('\n')[first.line - 1] : undefined
  const place = { file: first.file, line: first.line, ...(text === undefined ? {} : { text }) }
  fail('WGC520', [first.message, found.length - 1], { place })
}
