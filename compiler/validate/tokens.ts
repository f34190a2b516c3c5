/**
 * WGSL as a flat list of tokens: all that reflection and the engines' rules need. Whether the text is WGSL
 * at all is Tint's and Naga's business, so nothing is refused here.
 */

export interface Token {
  kind: 'word' | 'number' | 'mark'
  text: string
  /** Offset in the text. `lineAt` makes a line number of it. */
  at: number
}

const [SPACE, WORD, DIGIT, MARK, OTHER] = [0, 1, 2, 3, 4]

/** Class of each ASCII character. Scanned by hand because every build reads every kernel once. */
const CLASS = Uint8Array.from({ length: 128 }, (_, code) => {
  const c = String.fromCharCode(code)
  if (code <= 32) return SPACE
  if (/[A-Za-z_]/.test(c)) return WORD
  return /[0-9]/.test(c) ? DIGIT : MARK
})

const classAt = (text: string, at: number) => CLASS[text.charCodeAt(at)] ?? OTHER

const NUMBER =
  /0[xX][0-9a-fA-F]*\.?[0-9a-fA-F]*(?:[pP][+-]?\d+)?[iufh]?|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[iufh]?/y
const IDENTIFIER = /[\p{XID_Start}_][\p{XID_Continue}]*/uy

/** Marks of several characters. `>` is always alone: `array<vec4<f32>>` closes two lists. */
const LONG_MARKS = new Set([
  '<<',
  '->',
  '&&',
  '||',
  '++',
  '--',
  '==',
  '!=',
  '<=',
  '+=',
  '-=',
  '*=',
  '/=',
  '%=',
  '&=',
  '|=',
  '^=',
])

const match = (pattern: RegExp, text: string, at: number) => {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

/** Tokens of WGSL text, comments (nested block comments too) left out. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < text.length; ) {
    const kind = classAt(text, at)
    if (kind === SPACE) {
      at++
      continue
    }
    if (text[at] === '/' && (text[at + 1] === '/' || text[at + 1] === '*')) {
      at = text[at + 1] === '*' ? endOfComment(text, at) : endOfLine(text, at)
      continue
    }
    const token = tokenAt(text, at, kind)
    if (token) tokens.push(token)
    at += token?.text.length ?? 1 // exotic white space makes none
  }
  return tokens
}

function tokenAt(text: string, at: number, kind: number): Token | undefined {
  if (kind === WORD) {
    let end = at + 1
    for (let c = classAt(text, end); c === WORD || c === DIGIT; c = classAt(text, end)) end++
    // Beyond ASCII the name goes on by Unicode's rules.
    const word = classAt(text, end) === OTHER ? match(IDENTIFIER, text, at)! : text.slice(at, end)
    return { kind: 'word', text: word, at }
  }
  if (kind === DIGIT || (text[at] === '.' && classAt(text, at + 1) === DIGIT))
    return { kind: 'number', text: match(NUMBER, text, at)!, at }
  if (kind === MARK) {
    const two = text.slice(at, at + 2)
    return { kind: 'mark', text: LONG_MARKS.has(two) ? two : text[at]!, at }
  }
  const word = match(IDENTIFIER, text, at)
  return word === undefined ? undefined : { kind: 'word', text: word, at }
}

const endOfLine = (text: string, at: number) => {
  const end = text.indexOf('\n', at)
  return end === -1 ? text.length : end
}

function endOfComment(text: string, start: number): number {
  const edge = /\/\*|\*\//g
  edge.lastIndex = start
  let depth = 0
  for (let m = edge.exec(text); m; m = edge.exec(text)) {
    depth += m[0] === '/*' ? 1 : -1
    if (depth === 0) return edge.lastIndex
  }
  return text.length
}

/** Line number, from 1, and the text of the line that holds an offset. */
export function lineAt(text: string, at: number): { line: number; text: string } {
  const start = text.lastIndexOf('\n', at - 1) + 1
  const end = text.indexOf('\n', at)
  let line = 1
  for (let i = text.indexOf('\n'); i !== -1 && i < at; i = text.indexOf('\n', i + 1)) line++
  return { line, text: text.slice(start, end === -1 ? text.length : end) }
}

const CLOSE: Record<string, string> = { '(': ')', '{': '}', '[': ']', '<': '>' }

/** Index of the mark that closes the one at `open`, or the last index. */
export function closing(tokens: Token[], open: number): number {
  const [from, to] = [tokens[open]!.text, CLOSE[tokens[open]!.text]]
  let depth = 0
  for (let i = open; i < tokens.length; i++) {
    if (tokens[i]!.text === from) depth++
    else if (tokens[i]!.text === to && --depth === 0) return i
  }
  return tokens.length - 1
}

/** Parts between the commas that stand in no bracket. A trailing comma makes no part. */
export function split(tokens: Token[]): Token[][] {
  const parts: Token[][] = [[]]
  const open: (string | undefined)[] = []
  for (const t of tokens) {
    if (t.text in CLOSE) open.push(CLOSE[t.text])
    else if (t.text === open.at(-1)) open.pop() // a `>` that closes nothing is half of a shift
    if (t.text === ',' && open.length === 0) parts.push([])
    else parts.at(-1)!.push(t)
  }
  return parts.filter((p) => p.length > 0)
}
