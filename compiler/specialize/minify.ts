/** Smaller WGSL of the same meaning: no comments, no white space, short names, nothing that isn't used. */
import { type Token, tokenize } from './lexer.js'
import { type Item, parseModule } from './wgslitems.js'
import { RESULT_MEMBERS, TAKEN } from './wgslwords.js'

/** Operators, and comment marks, that two neighbours could be read as when nothing stands between. */
const JOINED = ['->', '++', '--', '&&', '||', '<<', '>>', '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=']
  .concat(['<=', '>=', '==', '!=', '<<=', '>>='])
  .concat(['//', '/*', '*/'])

/** Whether white space between two tokens matters. */
function apart(a: Token, b: Token): boolean {
  const wordy = (t: Token) => t.kind === 'word' || t.kind === 'number'
  if (wordy(a) && wordy(b)) return true
  if (a.kind !== 'punct' || b.kind !== 'punct')
    return a.kind === 'number' ? b.text === '.' : b.kind === 'number' && a.text === '.'
  const both = a.text + b.text
  return JOINED.some((op) => op.length > a.text.length && both.startsWith(op))
}

/** The tokens as one text, with the white space that matters and no comments. */
function print(tokens: Token[], nameOf: (i: number) => string): string {
  let text = ''
  let last: Token | undefined
  let spaced = false
  tokens.forEach((t, i) => {
    if (t.kind === 'space' || t.kind === 'comment') {
      spaced = true
      return
    }
    if (last && spaced && apart(last, t)) text += ' '
    text += nameOf(i)
    last = t
    spaced = false
  })
  return text
}

/** What the entry points use, directly or not, and what can be seen from outside. In the module's order. */
function reachable(items: Item[], keep: ReadonlySet<string>): Item[] {
  const isRoot = (i: Item) => i.entry || i.name === 'main' || keep.has(i.name)
  if (!items.some(isRoot)) return items
  const byName = new Map<string, Item[]>()
  for (const i of items) if (i.name) byName.set(i.name, [...(byName.get(i.name) ?? []), i])
  // Directives and assertions have no name; an override can be set from outside.
  const open = items.filter((i) => isRoot(i) || i.name === '' || i.keyword === 'override')
  const used = new Set(open)
  for (let item = open.pop(); item; item = open.pop())
    item.tokens.forEach((t, i) => {
      if (item!.roles[i] !== 'name') return
      for (const next of byName.get(t.text) ?? []) {
        if (used.has(next)) continue
        used.add(next)
        open.push(next)
      }
    })
  return items.filter((i) => used.has(i))
}

const FIRST = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
const REST = `${FIRST}0123456789_`

/** a, b … Z, aa, ab … */
function shortName(n: number): string {
  if (n < FIRST.length) return FIRST[n]!
  n -= FIRST.length
  return shortName(Math.floor(n / REST.length)) + REST[n % REST.length]
}

/** Could also select parts of a vector. */
const SWIZZLE = /^([xyzw]{1,4}|[rgba]{1,4})$/

/**
 * Short names for the words of one role, the most frequent the shortest. The same new name for the same
 * old one everywhere, so what shadowed what before does so after; no new name is a word that stays.
 */
function shorten(
  items: Item[],
  role: 'name' | 'member',
  fixed: (name: string) => boolean,
): Map<string, string> {
  const declared = new Set(items.flatMap((i) => [...i.declares[role]]))
  const counts = new Map<string, number>()
  const stays = new Set<string>()
  for (const { tokens, roles } of items)
    tokens.forEach((t, i) => {
      if (t.kind !== 'word') return
      if (roles[i] === role && declared.has(t.text) && !fixed(t.text))
        counts.set(t.text, (counts.get(t.text) ?? 0) + 1)
      else if ((roles[i] === 'member') === (role === 'member')) stays.add(t.text)
    })
  const names = new Map<string, string>()
  let n = 0
  for (const [name] of [...counts].sort((a, b) => b[1] - a[1])) {
    let short = shortName(n++)
    while (TAKEN.has(short) || stays.has(short) || fixed(short)) short = shortName(n++)
    names.set(name, short)
  }
  return names
}

/**
 * Minifies a WGSL module. Entry points, overrides and the names in `keep` stay as they are called, and what
 * none of them uses is dropped; a module without any is kept whole. The same text gives the same bytes, and
 * minified text stays as it is.
 */
export function minifyWgsl(text: string, keep: Iterable<string> = []): string {
  const kept = new Set(keep)
  const items = reachable(parseModule(tokenize(text, 'wgsl')), kept)
  for (const i of items) if (i.entry || i.keyword === 'override' || i.name === 'main') kept.add(i.name)
  const names = shorten(items, 'name', (n) => kept.has(n) || TAKEN.has(n))
  const members = shorten(items, 'member', (n) => SWIZZLE.test(n) || RESULT_MEMBERS.has(n) || kept.has(n))
  return items
    .map(({ tokens, roles }) =>
      print(tokens, (i) => {
        const { text } = tokens[i]!
        return (roles[i] === 'fixed' ? undefined : (roles[i] === 'name' ? names : members).get(text)) ?? text
      }),
    )
    .join('')
}
