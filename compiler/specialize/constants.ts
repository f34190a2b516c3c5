/** Module-scope constants of a text, for loop bounds: parameters and what is computed from them. */
import type { Language, Token } from './lexer.js'

export interface Constant {
  type: string | undefined
  /** Its value as an expression. */
  text: string
}

export interface Constants {
  byName: Map<string, Constant>
  /** Names that are also declared within functions, and so can't be trusted in a bound. */
  local: Set<string>
}

const WGSL_DECLARES = new Set(['let', 'var', 'const'])
const C_NOT_TYPES = new Set([
  'return',
  'else',
  'do',
  'case',
  'goto',
  'sizeof',
  'enum',
  'struct',
  'union',
  'define',
])
const AFTER_C_NAME = new Set(['=', ';', ',', ')', '['])

/** Reads the constants that stand outside functions. */
export function constantsOf(all: Token[], language: Language): Constants {
  const tokens = all.filter((t) => t.kind !== 'space' && t.kind !== 'comment')
  const found: Constants = { byName: new Map(), local: new Set() }
  const text = (i: number) => tokens[i]?.text ?? ''
  /** The tokens from i up to one of `ends` outside brackets. */
  const upTo = (i: number, ends: (t: Token, depth: number) => boolean): [string, number] => {
    const parts: string[] = []
    let depth = 0
    for (; i < tokens.length && !ends(tokens[i]!, depth); i++) {
      if (text(i) === '(') depth++
      if (text(i) === ')') depth--
      parts.push(text(i))
    }
    return [parts.join(' '), i]
  }
  const set = (name: string, type: string | undefined, value: string) => {
    // Two declarations (an #if left to the C preprocessor): neither is certain.
    if (found.byName.has(name)) found.local.add(name)
    found.byName.set(name, { type, text: value })
  }

  let braces = 0
  let parens = 0
  for (let i = 0; i < tokens.length; i++) {
    const t = tokens[i]!
    if (t.text === '{') braces++
    else if (t.text === '}') braces--
    else if (t.text === '(') parens++
    else if (t.text === ')') parens--
    else if (language === 'wgsl') {
      if (t.text === 'const' && braces === 0) {
        const type = text(i + 2) === ':' ? text(i + 3) : undefined
        const [value] = upTo(i + (type ? 5 : 3), (e, d) => e.text === ';' && d === 0)
        set(text(i + 1), type, value)
      } else if (WGSL_DECLARES.has(t.text) && braces > 0) found.local.add(declaredAt(tokens, i))
      else if (t.kind === 'word' && braces === 0 && parens > 0 && text(i + 1) === ':') found.local.add(t.text)
    } else if (t.text === '#' && text(i + 1) === 'define') {
      const { line } = t
      const [value, end] = upTo(i + 3, (e) => e.line !== line)
      set(text(i + 2), undefined, value)
      i = end - 1
    } else if (t.text === 'enum' && text(i + 1) === '{' && braces === 0) {
      for (i += 2; i < tokens.length && text(i) !== '}'; i++) {
        const name = text(i)
        if (text(i + 1) !== '=') continue
        const [value, end] = upTo(i + 2, (e, d) => d === 0 && (e.text === ',' || e.text === '}'))
        set(name, undefined, value)
        i = text(end) === ',' ? end : end - 1
      }
    } else if (t.kind === 'word' && AFTER_C_NAME.has(text(i + 1)) && tokens[i - 1]?.kind === 'word') {
      if (braces > 0 || parens > 0) {
        if (!C_NOT_TYPES.has(text(i - 1))) found.local.add(t.text)
      } else if (text(i + 1) === '=' && isConst(tokens, i)) {
        const [value] = upTo(i + 2, (e, d) => e.text === ';' && d === 0)
        set(t.text, undefined, value)
      }
    }
  }
  return found
}

/** The name after `var<function>`, `let` …  */
function declaredAt(tokens: Token[], i: number): string {
  let j = i + 1
  if (tokens[j]?.text === '<') while (j < tokens.length && tokens[j++]!.text !== '>');
  return tokens[j]?.text ?? ''
}

function isConst(tokens: Token[], name: number): boolean {
  for (let i = name - 1; i >= 0 && tokens[i]!.kind === 'word'; i--)
    if (tokens[i]!.text === 'const' || tokens[i]!.text === 'constexpr') return true
  return false
}
