/** What may not stand in a loop that is unrolled: leaving it, and touching its index. */
import { fail, type Place } from '../errors.js'
import type { Language, Token } from './lexer.js'
import type { Loop } from './loop.js'

const ASSIGNS = new Set(['=', '++', '--', '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=', '<<=', '>>='])
const LOOPS = new Set(['for', 'while', 'loop', 'do'])
const C_NOT_TYPES = new Set(['return', 'else', 'do', 'case', 'goto', 'sizeof'])

const beside = (tokens: Token[], i: number, step: 1 | -1): number => {
  for (i += step; i >= 0 && i < tokens.length; i += step)
    if (tokens[i]!.kind !== 'space' && tokens[i]!.kind !== 'comment') return i
  return -1
}
const textAt = (tokens: Token[], i: number) => tokens[i]?.text ?? ''

/** Whether the word at `i` is a member: after `.` or C's `->`. */
export function member(tokens: Token[], i: number): boolean {
  const before = textAt(tokens, beside(tokens, i, -1))
  return before === '.' || before === '->'
}

/** Whether the word at `i`, called as the index, declares something of its own. */
function declares(tokens: Token[], i: number, language: Language): boolean {
  const p = beside(tokens, i, -1)
  const before = tokens[p]
  if (!before) return false
  if (language === 'wgsl') {
    if (before.text === 'let' || before.text === 'var' || before.text === 'const') return true
    if (before.text !== '>') return false
    let open = p
    while (open >= 0 && textAt(tokens, open) !== '<' && textAt(tokens, open) !== ';')
      open = beside(tokens, open, -1)
    return textAt(tokens, beside(tokens, open, -1)) === 'var'
  }
  if (before.kind === 'word') return !C_NOT_TYPES.has(before.text)
  const type = beside(tokens, p, -1)
  return (
    before.text === '*' &&
    tokens[type]?.kind === 'word' &&
    ';{}'.includes(textAt(tokens, beside(tokens, type, -1)))
  )
}

/** Fails when the body leaves the loop by itself, assigns its index or declares another of that name. */
export function checkBody(tokens: Token[], loop: Loop, language: Language, place: (t: Token) => Place): void {
  // What each open brace belongs to, and the construct whose brace or statement is yet to come.
  const scopes: string[] = []
  let pending = ''
  let parens = 0
  for (let i = loop.bodyStart + 1; i < loop.bodyEnd; i++) {
    const t = tokens[i]!
    if (t.kind === 'punct') {
      if (t.text === '(') parens++
      else if (t.text === ')') parens--
      else if (t.text === '{' && parens === 0) {
        scopes.push(pending)
        pending = ''
      } else if (t.text === '}' && parens === 0) scopes.pop()
      else if (t.text === ';' && parens === 0) pending = ''
    }
    if (t.kind !== 'word' || member(tokens, i)) continue
    if (LOOPS.has(t.text) || t.text === 'switch') pending = t.text
    const around = [...scopes, pending]
    if (t.text === 'break' && !around.some((s) => s !== '')) fail('WGC333', ['break'], { place: place(t) })
    if (t.text === 'continue' && !around.some((s) => LOOPS.has(s)))
      fail('WGC333', ['continue'], { place: place(t) })
    if (t.text !== loop.index) continue
    if (declares(tokens, i, language)) fail('WGC336', [loop.index], { place: place(t) })
    const after = textAt(tokens, beside(tokens, i, 1))
    const before = textAt(tokens, beside(tokens, i, -1))
    if (ASSIGNS.has(after) || before === '++' || before === '--')
      fail('WGC334', [loop.index], { place: place(t) })
  }
}
