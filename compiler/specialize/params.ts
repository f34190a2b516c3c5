/** Parameters: `//#param NAME default|other|…`, their domains, and the declarations that they rewrite. */
import { fail, type Place } from '../errors.js'
import type { Value } from './expression.js'
import type { Language } from './lexer.js'

/** Numbers from..to inclusive; whole ones unless an end was written with a point or exponent. */
export interface Range {
  from: number
  to: number
  integer: boolean
}

export interface Param {
  name: string
  domain: (Value | Range)[]
  default: Value
  /** `//#param`, with a declaration in the text; false for `//#option`. */
  declared: boolean
  place: Place
}

/** A declaration's line, cut around its value; `write` gives the value in the form it has there. */
export interface Declaration {
  before: string
  after: string
  write(value: Value): string
}

const NUMBER = /^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const RANGE =
  /^(-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)\.\.(-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)?$/

function parseEntry(text: string): Value | Range | undefined {
  if (text === 'true' || text === 'false') return text === 'true'
  if (/^[A-Za-z_]\w*$/.test(text)) return text
  if (NUMBER.test(text)) return Number(text)
  const m = RANGE.exec(text)
  if (!m) return undefined
  const to = m[2] === undefined ? Number.POSITIVE_INFINITY : Number(m[2])
  const range = { from: Number(m[1]), to, integer: !/[.eE]/.test(text.replace('..', '')) }
  return range.from <= range.to ? range : undefined
}

const isRange = (e: Value | Range): e is Range => typeof e === 'object'

/** Whether a domain holds a value. */
export function inDomain(domain: Param['domain'], value: Value): boolean {
  return domain.some((e) =>
    isRange(e)
      ? typeof value === 'number' &&
        value >= e.from &&
        value <= e.to &&
        (!e.integer || Number.isInteger(value))
      : e === value,
  )
}

/** A domain as it is written. */
export function printDomain(domain: Param['domain']): string {
  const end = (n: number, integer: boolean) =>
    n === Number.POSITIVE_INFINITY ? '' : integer || !Number.isInteger(n) ? String(n) : n.toFixed(1)
  return domain
    .map((e) => (isRange(e) ? `${end(e.from, e.integer)}..${end(e.to, e.integer)}` : String(e)))
    .join('|')
}

// The name stands for NAME; groups: before, value, after.
const VALUE = String.raw`(-?(?:0[xX][\da-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[uUiIlLfFhH]*|\(-[\w.]+\)|\w+)`
const FORMS: Record<Language, string[]> = {
  wgsl: [
    String.raw`^(\s*const\s+NAME\s*(?::\s*\w+\s*)?=\s*)${VALUE}(\s*;.*)$`,
    String.raw`^(\s*alias\s+NAME\s*=\s*)(\w+)(\s*;.*)$`,
  ],
  c: [
    String.raw`^(\s*#\s*define\s+NAME\s+)${VALUE}(\s*(?://.*|/\*.*\*/\s*)?)$`,
    String.raw`^(\s*enum\s*\{\s*NAME\s*=\s*)${VALUE}(\s*,?\s*\}\s*;.*)$`,
    String.raw`^(\s*(?:static\s+)?const(?:expr)?\s+[\w\s]*\w\s+NAME\s*=\s*)${VALUE}(\s*;.*)$`,
    String.raw`^(\s*typedef\s+)(\w[\w\s]*?)(\s+NAME\s*;.*)$`,
  ],
}

interface Declared extends Declaration {
  value: string
}

function parseDeclaration(name: string, line: string, language: Language): Declared | undefined {
  for (const form of FORMS[language]) {
    const m = new RegExp(form.replace('NAME', name)).exec(line)
    if (!m) continue
    const [, before, value, after] = m as unknown as [string, string, string, string]
    return { before, value, after, write: writerLike(value, /^\s*#/.test(before)) }
  }
  return undefined
}

/** Keeps what the declared value shows: its suffix, whether it is a float, 0/1 for false/true in C. */
function writerLike(declared: string, macro: boolean): (value: Value) => string {
  const number = /^\(?-?(0[xX][\da-fA-F]+|[\d.]+(?:[eE][+-]?\d+)?)([a-zA-Z]*)\)?$/.exec(declared)
  if (!number || !/\d/.test(number[1]!)) return String
  const suffix = number[2]!
  const float = !/^0[xX]/.test(number[1]!) && (/[.eE]/.test(number[1]!) || /^[fFhH]/.test(suffix))
  return (value) => {
    if (typeof value !== 'number') return typeof value === 'boolean' ? String(Number(value)) : value
    let text = String(value)
    if (float && !/[.e]/.test(text)) text += '.0'
    text += suffix
    // An operator's text in a macro needs its own brackets.
    return macro && value < 0 ? `(${text})` : text
  }
}

function declaredValue(text: string, domain: Param['domain']): Value {
  const bare = text.replace(/^\((.*)\)$/, '$1')
  if (!/^-?[.\d]/.test(bare)) return bare === 'true' || bare === 'false' ? bare === 'true' : text.trim()
  const hex = /^-?0[xX]/.test(bare)
  const value = Number(hex ? bare.replace(/[uUiIlL]+$/, '') : bare.replace(/[a-zA-Z]+$/, ''))
  return typeof domain[0] === 'boolean' && (value === 0 || value === 1) ? value === 1 : value
}

/**
 * Reads what follows `//#param` (`next` is the line below) or `//#option` (no `next`).
 */
export function parseParam(
  text: string,
  next: string | undefined,
  language: Language,
  place: Place,
): { param: Param; declaration: Declaration | undefined } {
  const m = /^([A-Za-z_]\w*)\s+(\S.*)$/.exec(text)
  if (!m) fail('WGC309', ['expected NAME default|other|…'], { place })
  const [, name, list] = m as unknown as [string, string, string]
  const domain = list.split('|').map((t) => {
    return parseEntry(t.trim()) ?? fail('WGC309', [`"${t.trim()}" is no number, name or range`], { place })
  })
  const first = domain[0]!
  if (next === undefined) {
    if (isRange(first)) fail('WGC309', ['an option has no declaration to take its default from'], { place })
    return { param: { name, domain, default: first, declared: false, place }, declaration: undefined }
  }
  const declaration =
    parseDeclaration(name, next, language) ?? fail('WGC310', [name, next, language], { place })
  const value = declaredValue(declaration.value, domain)
  if (isRange(first) ? !inDomain([first], value) : value !== first)
    fail('WGC311', [name, declaration.value, isRange(first) ? printDomain(domain) : String(first)], { place })
  const numeric = /^[-(.\d]/.test(declaration.value)
  for (const e of domain)
    if ((typeof e === 'string') === numeric && typeof e !== 'boolean')
      fail(
        'WGC309',
        [`"${isRange(e) ? printDomain([e]) : e}" can't stand where "${declaration.value}" does`],
        { place },
      )
  return { param: { name, domain, default: value, declared: true, place }, declaration }
}
