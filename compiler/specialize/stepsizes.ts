/**
 * Sizes that are known only when a step runs, in WGSL: a constant that is one becomes a member of a uniform, and
 * constants that are computed from it become expressions where they are used.
 */
import { type Token, tokenize } from './lexer.js'

/** Beside `step`, which is 15. */
export const SIZES_BINDING = 14
export const SIZES = 'sizes'

interface Const {
  /** Tokens of the declaration, `const` to `;`. */
  from: number
  to: number
  name: string
  type: string | undefined
  /** Tokens of its value. */
  value: [from: number, to: number]
}

const isBlank = ({ kind }: Token) => kind === 'space' || kind === 'comment'

/** The constants of the module's scope, by name. */
function constants(tokens: Token[]): Map<string, Const> {
  const found = new Map<string, Const>()
  const text = (i: number) => tokens[i]?.text
  const next = (i: number) => {
    let at = i + 1
    while (tokens[at] && isBlank(tokens[at]!)) at++
    return at
  }
  let depth = 0
  tokens.forEach((t, from) => {
    if (t.text === '{') depth++
    if (t.text === '}') depth--
    if (t.text !== 'const' || depth > 0) return
    const name = next(from)
    let at = next(name)
    const typed = text(at) === ':'
    const type = typed ? text(next(at)) : undefined
    while (text(at) !== '=') at++
    let to = at
    while (text(to) !== ';') to++
    found.set(text(name)!, { from, to, name: text(name)!, type, value: [at + 1, to] })
  })
  return found
}

/** `text` with the module's constants `names` read from a uniform, in the order of `names`. */
export function sizesFromUniform(text: string, names: readonly string[]): string {
  const tokens = tokenize(text, 'wgsl')
  const all = constants(tokens)
  const used = names.filter((name) => all.has(name))
  if (used.length === 0) return text
  /** What a name becomes; undefined: it stays. */
  const becomes = new Map<string, string | undefined>()
  const replaced = (name: string): string | undefined => {
    const c = all.get(name)
    if (!c) return undefined
    if (!becomes.has(name)) {
      const read =
        c.type === undefined || c.type === 'u32' ? `${SIZES}.${name}` : `${c.type}(${SIZES}.${name})`
      becomes.set(name, used.includes(name) ? read : computed(c))
    }
    return becomes.get(name)
  }
  const computed = ({ value: [from, to] }: Const): string | undefined => {
    const part = tokens.slice(from, to)
    const texts = part.map((t) => (t.kind === 'word' ? replaced(t.text) : undefined))
    if (texts.every((r) => r === undefined)) return undefined
    return `(${part
      .map((t, i) => texts[i] ?? t.text)
      .join('')
      .trim()})`
  }
  const dropped = new Set<number>()
  for (const c of all.values())
    if (replaced(c.name) !== undefined) for (let i = c.from; i <= c.to; i++) dropped.add(i)
  const rest = tokens.map((t, i) => {
    if (dropped.has(i)) return ''
    // What follows a dot is a member, not the constant of that name.
    const name = t.kind === 'word' && tokens[i - 1]?.text !== '.' ? replaced(t.text) : undefined
    return name ?? t.text
  })
  const members = used.map((name) => `  ${name}: u32,`).join('\n')
  const declaration = `\nstruct Sizes {\n${members}\n}\n@group(0) @binding(${SIZES_BINDING}) var<uniform> ${SIZES}: Sizes;\n`
  const at = afterDirectives(tokens)
  return rest.slice(0, at).join('') + declaration.slice(at === 0 ? 1 : 0) + rest.slice(at).join('')
}

/** The token behind the last directive: those stand before all declarations, with comments between. */
function afterDirectives(tokens: Token[]): number {
  let end = 0
  for (let i = 0; i < tokens.length; i++) {
    if (isBlank(tokens[i]!)) continue
    if (!['enable', 'requires', 'diagnostic'].includes(tokens[i]!.text)) return end
    while (tokens[i] && tokens[i]!.text !== ';') i++
    end = i + 1
  }
  return end
}

/** The names of `candidates` that a WGSL text reads from the uniform, in its order. */
export const sizesRead = (text: string): string[] => {
  const members = /struct Sizes\s*\{([^}]*)\}/.exec(text)?.[1] ?? ''
  return [...members.matchAll(/(\w+)\s*:/g)].map((m) => m[1]!)
}
