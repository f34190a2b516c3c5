/** One lossless tokenizer for WGSL and C: the texts of its tokens, joined, are the input. */

export type Language = 'wgsl' | 'c'
export type TokenKind = 'space' | 'comment' | 'word' | 'number' | 'string' | 'punct'

export interface Token {
  kind: TokenKind
  text: string
  /** 0-based line on which it starts. */
  line: number
}

/** What each kind of token looks like from its first letter on; which one to try is told by that letter. */
const SPACE = /[\s\u200e\u200f]+/y
const NUMBER =
  /0[xX][\da-fA-F.]+(?:[pP][+-]?\d+)?[iufhlUL]*|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[iufhlULFH]*/y
const STRING = /"(?:[^"\\\n]|\\[\s\S])*"?|'(?:[^'\\\n]|\\[\s\S])*'?/y
const PUNCTUATION = /<<=|>>=|->|\+\+|--|&&|\|\||<<|>>|[-+*/%&|^=!<>]=/y
const LINE_COMMENT: Record<Language, RegExp> = {
  // Ends at any of WGSL's line breaks.
  wgsl: /\/\/[^\n\v\f\r\u0085\u2028\u2029]*/y,
  c: /\/\/(?:\\\n|[^\n])*/y,
}
const ASCII_WORD = /[A-Za-z_]\w*/y
const WORD = /[\p{XID_Start}_]\p{XID_Continue}*/uy

/** The end of `pattern`'s match at `at`, or `at` where it doesn't match. */
function match(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : at
}

const isDigit = (c: number) => c >= 48 && c <= 57

/** Where the block comment that starts at `at` ends; WGSL's nest. -1 when it doesn't. */
function blockEnd(text: string, at: number, language: Language): number {
  if (language === 'c') {
    const end = text.indexOf('*/', at + 2)
    return end < 0 ? -1 : end + 2
  }
  const edge = /\/\*|\*\//g
  edge.lastIndex = at
  let depth = 0
  for (let m = edge.exec(text); m; m = edge.exec(text)) {
    depth += m[0] === '/*' ? 1 : -1
    if (depth === 0) return edge.lastIndex
  }
  return -1
}

/** Kind and end of the token at `at`. */
function next(text: string, at: number, language: Language): [TokenKind, number] {
  const c = text.charCodeAt(at)
  const lower = c | 32
  if ((lower >= 97 && lower <= 122) || c === 95) {
    const end = match(ASCII_WORD, text, at)
    // Beyond ASCII the whole word is read again.
    return ['word', language === 'wgsl' && text.charCodeAt(end) > 127 ? match(WORD, text, at) : end]
  }
  if (c === 32 || c === 10) return ['space', match(SPACE, text, at)]
  if (isDigit(c) || (c === 46 && isDigit(text.charCodeAt(at + 1)))) return ['number', match(NUMBER, text, at)]
  if (c === 47 && text[at + 1] === '/') return ['comment', match(LINE_COMMENT[language], text, at)]
  if (c === 47 && text[at + 1] === '*') {
    const end = blockEnd(text, at, language)
    return ['comment', end < 0 ? text.length : end]
  }
  if (language === 'c' && (c === 34 || c === 39)) return ['string', match(STRING, text, at)]
  if (c < 32 || c > 126) {
    const space = match(SPACE, text, at)
    if (space > at) return ['space', space]
    const word = language === 'wgsl' ? match(WORD, text, at) : at
    return word > at ? ['word', word] : ['punct', at + 1]
  }
  return ['punct', Math.max(at + 1, match(PUNCTUATION, text, at))]
}

/** Never fails: an unknown character is punctuation, what is left open ends with the text. */
export function tokenize(text: string, language: Language): Token[] {
  const tokens: Token[] = []
  let line = 0
  for (let at = 0; at < text.length; ) {
    const [kind, end] = next(text, at, language)
    const lexeme = text.slice(at, end)
    tokens.push({ kind, text: lexeme, line })
    if (kind === 'space' || kind === 'comment' || kind === 'string')
      for (let i = lexeme.indexOf('\n'); i >= 0; i = lexeme.indexOf('\n', i + 1)) line++
    at = end
  }
  return tokens
}

/** Whether a text ends inside a block comment. */
export function endsInComment(text: string, language: Language): boolean {
  const last = tokenize(text, language).at(-1)
  return !!last?.text.startsWith('/*') && blockEnd(last.text, 0, language) < 0
}

/**
 * The 0-based lines that are nothing but a line comment, the only ones that can be directives (lines within
 * block comments, strings and continued lines are not among them), and the lines that hold code.
 */
export function scanLines(text: string, language: Language): { comments: Set<number>; code: Set<number> } {
  const comments = new Set<number>()
  const code = new Set<number>()
  let used = -1
  let last: Token | undefined
  for (const t of tokenize(text, language)) {
    if (t.kind === 'space') continue
    const breaks = t.text.split('\n').length - 1
    // In C a line that follows a backslash belongs to the line before it.
    const continued = language === 'c' && last?.text === '\\' && last.line === t.line - 1
    if (t.kind !== 'comment') for (let i = 0; i <= breaks; i++) code.add(t.line + i)
    else if (t.text.startsWith('//') && t.line > used && !continued) {
      comments.add(t.line)
      // Code kept behind `//:` may continue over lines, each with its own `//:`.
      if (t.text.startsWith('//:')) for (let i = 1; i <= breaks; i++) comments.add(t.line + i)
    }
    used = t.line + breaks
    last = t
  }
  return { comments, code }
}
