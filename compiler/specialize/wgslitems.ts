/** A WGSL module cut into its declarations, and the words of each told apart: names, members, fixed words. */
import type { Token } from './lexer.js'
import { STAGES, WORD_ATTRIBUTES } from './wgslwords.js'

/** How a word may be treated: `name` and `member` are two name spaces, everything else stays. */
export type Role = 'name' | 'member' | 'fixed'

export interface Item {
  /** `fn`, `struct`, `const`, `var` …, or `enable` and the like. */
  keyword: string
  name: string
  /** With an attribute that makes it an entry point. */
  entry: boolean
  tokens: Token[]
  /** One for each token. */
  roles: Role[]
  /** What it declares: its own name, parameters and locals; members of a struct. */
  declares: { name: Set<string>; member: Set<string> }
}

const DIRECTIVES = new Set(['enable', 'requires', 'diagnostic'])
const DECLARES = new Set(['fn', 'struct', 'alias', 'const', 'let', 'var', 'override'])

/** Cuts at the `;` or `}` that ends each declaration. */
export function parseModule(tokens: Token[]): Item[] {
  const items: Item[] = []
  let start = 0
  let depth = 0
  let braces = false
  tokens.forEach((t, i) => {
    if (t.kind !== 'punct') return
    if ('([{'.includes(t.text)) {
      depth++
      braces ||= t.text === '{'
    }
    if (')]}'.includes(t.text)) depth--
    if (depth !== 0 || (t.text !== ';' && !(t.text === '}' && braces))) return
    const item = readItem(tokens.slice(start, i + 1))
    if (item) items.push(item)
    start = i + 1
    braces = false
  })
  const rest = readItem(tokens.slice(start))
  if (rest) items.push(rest)
  return items
}

/** One declaration and its words. Undefined for a lone `;`. */
function readItem(all: Token[]): Item | undefined {
  const solid = all.map((_, i) => i).filter((i) => all[i]!.kind !== 'space' && all[i]!.kind !== 'comment')
  const text = (s: number) => all[solid[s]!]?.text ?? ''
  if (solid.length === 0 || (solid.length === 1 && text(0) === ';')) return undefined
  const roles: Role[] = all.map(() => 'fixed')
  const item: Item = {
    keyword: '',
    name: '',
    entry: false,
    tokens: all,
    roles,
    declares: { name: new Set(), member: new Set() },
  }
  let parens = 0
  /** Within a function's parameter list: until its bracket closes. */
  let head = false

  for (let s = 0; s < solid.length; s++) {
    const i = solid[s]!
    const t = all[i]!
    if (t.text === '(') parens++
    if (t.text === ')' && --parens === 0) head = false
    if (t.text === '@') {
      s++
      if (STAGES.has(text(s))) item.entry = true
      if (WORD_ATTRIBUTES.has(text(s)) && text(s + 1) === '(')
        while (s + 1 < solid.length && text(s) !== ')') s++
      continue
    }
    if (t.kind !== 'word') continue
    if (item.keyword === '' && parens === 0) {
      item.keyword = t.text
      if (DIRECTIVES.has(t.text)) break
    }
    if (DECLARES.has(t.text)) {
      let n = s + 1
      if (t.text === 'var' && text(n) === '<') while (n < solid.length && text(n++) !== '>');
      item.declares.name.add(text(n))
      if (item.name === '') item.name = text(n)
      if (parens === 0) head ||= t.text === 'fn'
      continue
    }
    if (text(s - 1) === '.') roles[i] = 'member'
    else if (text(s + 1) === ':' && item.keyword === 'struct' && parens === 0) {
      roles[i] = 'member'
      item.declares.member.add(text(s))
    } else {
      roles[i] = 'name'
      if (text(s + 1) === ':' && head) item.declares.name.add(text(s))
    }
  }
  return item
}
