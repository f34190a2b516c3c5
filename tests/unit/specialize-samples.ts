/** The text tables of the template engine's tests: cases start with `===`, their parts with `---`. */
import { readFileSync } from 'node:fs'
import { WgcError } from '../../compiler/errors.js'
import { type Language, parseTemplate, type Template, type Value } from '../../compiler/specialize/index.js'

export interface Sample {
  name: string
  language: Language
  text: string
  includes: Record<string, string>
  /** After `--- gives` or `--- given`. */
  params: Record<string, Value>
  gives: string
}

/** Reads the cases of a file beside this one. */
export function readSamples(file: string): Sample[] {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8')
  return text
    .slice(text.indexOf('=== ') + 4)
    .split(/\n*\n=== /)
    .map((block) => {
      const [first, ...parts] = block.replace(/\n$/, '').split(/\n--- /)
      const { head, body } = cut(first!)
      const sample: Sample = {
        name: head.replace(/ \(c\)$/, ''),
        language: head.endsWith(' (c)') ? 'c' : 'wgsl',
        text: body,
        includes: {},
        params: {},
        gives: '',
      }
      for (const part of parts) {
        const { head, body } = cut(part)
        const [, word, rest] = /^(\w+) ?(.*)$/.exec(head)!
        if (word === 'include') sample.includes[rest!] = body
        else if (rest) sample.params = JSON.parse(rest)
        if (word === 'gives') sample.gives = body
      }
      return sample
    })
}

function cut(text: string): { head: string; body: string } {
  const end = text.indexOf('\n')
  return end < 0 ? { head: text, body: '' } : { head: text.slice(0, end), body: text.slice(end + 1) }
}

const FRONT = '//! op f(x: f32[M]) -> y: f32[M]\n//! grid M\n'
/** What `template` puts before a text. */
export const FRONTS: Record<Language, string> = { wgsl: FRONT, c: `${FRONT}//! args x y step M\n` }

/** A template t/k.wgsl or t/k.c from its text without front matter. */
export function template(
  text: string,
  includes: Record<string, string> = {},
  language: Language = 'wgsl',
): Template {
  return parseTemplate(`t/k.${language}`, FRONTS[language] + text, (path) => {
    const found = includes[path]
    if (found === undefined) throw new Error(`no ${path}`)
    return found
  })
}

/** The error that a function throws. */
export function thrown(f: () => unknown): WgcError {
  try {
    f()
  } catch (e) {
    if (e instanceof WgcError) return e
    throw e
  }
  throw new Error('nothing was thrown')
}
