/** The header of a loop that is to be unrolled, and the values of its index. */
import { fail, type Place, WgcError } from '../errors.js'
import type { Constants } from './constants.js'
import { evaluateExpression, parseExpression, symbolsOf } from './expression.js'
import type { Language, Token } from './lexer.js'

/** The index of an unrolled loop in one of its turns. */
export interface Index {
  value: number
  literal: string
}

export interface Loop {
  index: string
  /** `u32`, `int` …; undefined when WGSL infers it. */
  type: string | undefined
  first: string
  compare: string
  bound: string
  step: string
  by: string
  /** Indices of the tokens `{` and `}`. */
  bodyStart: number
  bodyEnd: number
}

const MAX_TURNS = 1024

const COMPARE: Record<string, (a: number, b: number) => boolean> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '!=': (a, b) => a !== b,
}
const STEP: Record<string, (a: number, b: number) => number> = {
  '+=': (a, b) => a + b,
  '-=': (a, b) => a - b,
  '*=': (a, b) => a * b,
  '/=': (a, b) => Math.trunc(a / b),
  '<<=': (a, b) => a * 2 ** b,
  '>>=': (a, b) => Math.floor(a / 2 ** b),
}

const significant = (t: Token) => t.kind !== 'space' && t.kind !== 'comment'

/** The token that closes the bracket at `open`, or -1. */
function closing(tokens: Token[], open: number, end: number): number {
  const pair = tokens[open]!.text === '(' ? '()' : '{}'
  let depth = 0
  for (let i = open; i < end; i++) {
    const { kind, text } = tokens[i]!
    if (kind !== 'punct') continue
    if (text === pair[0]) depth++
    if (text === pair[1] && --depth === 0) return i
  }
  return -1
}

/** Undefined when no `for` is at `start`; `wrong` says what of its form can't be unrolled. */
export function parseLoop(
  tokens: Token[],
  start: number,
  end: number,
  language: Language,
): Loop | { wrong: string } | undefined {
  if (tokens[start]?.text !== 'for' || start >= end) return undefined
  const next = (i: number) => {
    while (i < end && !significant(tokens[i]!)) i++
    return i
  }
  const open = next(start + 1)
  const close = tokens[open]?.text === '(' ? closing(tokens, open, end) : -1
  if (close < 0) return { wrong: 'its ( ) is not closed' }
  const parts: Token[][] = [[]]
  let depth = 0
  for (const t of tokens.slice(open + 1, close).filter(significant)) {
    if (t.text === '(' || t.text === '[') depth++
    if (t.text === ')' || t.text === ']') depth--
    if (t.text === ';' && depth === 0) parts.push([])
    else if (t.text === ',' && depth === 0) return { wrong: 'it has a comma' }
    else parts.at(-1)!.push(t)
  }
  const [init, condition, update] = parts.map((p) => p.map((t) => t.text)) as [string[], string[], string[]]
  if (parts.length !== 3) return { wrong: 'it has not three parts' }

  const equals = init.indexOf('=')
  const head = init.slice(0, Math.max(equals, 0))
  const wgsl = language === 'wgsl'
  const index = (wgsl ? head[1] : head.at(-1)) ?? ''
  const declares = wgsl
    ? head[0] === 'var' && (head.length === 2 || (head.length === 4 && head[2] === ':'))
    : head.length >= 2 && head.every((w) => /^\w+$/.test(w))
  if (!declares || !/^[A-Za-z_]\w*$/.test(index)) return { wrong: 'it does not declare its index' }

  const [left, compare] = condition
  if (left !== index || !Object.hasOwn(COMPARE, compare ?? '') || condition.length < 3)
    return { wrong: `its condition does not start with ${index} <, <=, >, >= or !=` }

  const step = readStep(update, index)
  if (!step) return { wrong: `it does not step ${index} by a constant` }
  const bodyStart = next(close + 1)
  const bodyEnd = tokens[bodyStart]?.text === '{' ? closing(tokens, bodyStart, end) : -1
  if (bodyEnd < 0) return { wrong: 'its body is not in { }' }
  return {
    index,
    type: wgsl ? head[3] : head.slice(0, -1).join(' '),
    first: init.slice(equals + 1).join(' '),
    compare: compare!,
    bound: condition.slice(2).join(' '),
    ...step,
    bodyStart,
    bodyEnd,
  }
}

/** `r++`, `--r`, `r += 2`, `r = r + 2`. */
function readStep(update: string[], index: string): { step: string; by: string } | undefined {
  const words = update.join(' ')
  if (words === `${index} ++` || words === `++ ${index}`) return { step: '+=', by: '1' }
  if (words === `${index} --` || words === `-- ${index}`) return { step: '-=', by: '1' }
  if (update[0] !== index) return undefined
  const [op, by] = update[1] === '=' && update[2] === index ? [`${update[3]}=`, 4] : [update[1] ?? '', 2]
  return Object.hasOwn(STEP, op) && update.length > by
    ? { step: op, by: update.slice(by).join(' ') }
    : undefined
}

/** The index's value in each turn. Bounds may use constants and the indices of unrolled loops around. */
export function turnsOf(
  loop: Loop,
  outer: ReadonlyMap<string, Index>,
  constants: Constants,
  language: Language,
  place: Place,
): Index[] {
  const env: Record<string, number> = {}
  for (const [name, index] of outer) env[name] = index.value

  const value = (text: string, within: string[] = []): number => {
    const why = (name: string, reason: string): never => fail('WGC332', [name, reason], { place })
    try {
      const ast = parseExpression(text, place)
      for (const name of symbolsOf(ast)) {
        if (outer.has(name) || Object.hasOwn(env, name)) continue
        const constant = constants.byName.get(name) ?? why(text, `${name} is no constant of the module`)
        if (constants.local.has(name)) why(text, `${name} is declared more than once`)
        if (within.includes(name)) why(text, `${name} needs itself`)
        env[name] = value(constant.text, [...within, name])
      }
      const v = evaluateExpression(ast, env, true)
      return typeof v === 'number' && Number.isInteger(v) ? v : why(text, `it is ${v}, no whole number`)
    } catch (cause) {
      if (cause instanceof WgcError && cause.code !== 'WGC332')
        fail('WGC332', [text, cause.message], { place, cause })
      throw cause
    }
  }

  const bound = value(loop.bound)
  const by = value(loop.by)
  const literal = literalOf(loop, outer, constants, language)
  const turns: Index[] = []
  const unsigned = literal(0).endsWith('u') || literal(0).endsWith('ul')
  for (let v = value(loop.first); COMPARE[loop.compare]!(v, bound); v = STEP[loop.step]!(v, by)) {
    if (turns.length === MAX_TURNS || !Number.isSafeInteger(v))
      fail('WGC335', [MAX_TURNS, 'turns'], { place })
    turns.push({ value: v, literal: literal(v) })
  }
  // An unsigned index would have wrapped instead.
  const next = STEP[loop.step]!(turns.at(-1)?.value ?? 0, by)
  if (unsigned && turns.length > 0 && next < 0)
    fail('WGC332', [loop.bound, `${loop.index} falls below 0`], { place })
  return turns
}

const C_SUFFIX: Record<string, string> = {
  int: '',
  int32_t: '',
  unsigned: 'u',
  'unsigned int': 'u',
  uint32_t: 'u',
  long: 'l',
  size_t: 'ul',
  'unsigned long': 'ul',
}

/** Writes a value as the index's own type, so that an expression means what it meant in the loop. */
function literalOf(
  loop: Loop,
  outer: ReadonlyMap<string, Index>,
  constants: Constants,
  language: Language,
): (value: number) => string {
  const sign = (text: string, value: number) => (value < 0 ? `(${text})` : text)
  if (language === 'wgsl') {
    const suffix = (loop.type ?? inferred(loop.first, outer, constants)) === 'u32' ? 'u' : 'i'
    return (v) => sign(`${v}${suffix}`, v)
  }
  const type = loop.type!.replace(/\b(const|register)\b\s*/g, '').trim()
  const suffix = Object.hasOwn(C_SUFFIX, type) ? C_SUFFIX[type] : undefined
  return suffix === undefined ? (v) => `((${type})${v})` : (v) => sign(`${v}${suffix}`, v)
}

/** What WGSL takes an initial value to be. */
function inferred(text: string, outer: ReadonlyMap<string, Index>, constants: Constants, deep = 0): string {
  if (/\bu32\s*\(|\b(0[xX][\da-fA-F]+|\d+)u\b/.test(text)) return 'u32'
  for (const [name] of text.matchAll(/[A-Za-z_]\w*/g)) {
    const index = outer.get(name)
    const constant = constants.byName.get(name)
    if (index?.literal.endsWith('u') || constant?.type === 'u32') return 'u32'
    if (
      constant &&
      !constant.type &&
      deep < 8 &&
      inferred(constant.text, outer, constants, deep + 1) === 'u32'
    )
      return 'u32'
  }
  return 'i32'
}
