/** A WGSL module taken apart at its top level; bodies of functions stay tokens. */
import type { Scope } from './consts.js'
import type { Structs } from './layout.js'
import { closing, split, type Token, tokenize } from './tokens.js'

export interface Module {
  text: string
  tokens: Token[]
  /** Names in `enable` and `requires` directives. */
  enables: Token[]
  requires: Token[]
  /** Offset just after the last directive, all of which stand at the top. */
  start: number
  consts: Scope
  aliases: Map<string, Token[]>
  structs: Structs
  variables: Variable[]
  functions: Func[]
}

export interface Variable {
  name: string
  at: number
  attributes: Attributes
  /** `storage`, `uniform`, `workgroup`, `private`; empty for textures and samplers. */
  space: string
  /** As written, or the default. */
  access: string
  type: Token[]
}

export interface Func {
  name: string
  at: number
  attributes: Attributes
  /** Each parameter: its attributes, name and type, as tokens. */
  params: Token[][]
  /** Offsets just after `{` and of its `}`. */
  body: [from: number, to: number]
}

/** Attribute name to its arguments. */
export type Attributes = Map<string, Token[][]>

const DIRECTIVES = ['enable', 'requires', 'diagnostic']

export function readModule(text: string): Module {
  const tokens = tokenize(text)
  const m: Module = {
    text,
    tokens,
    enables: [],
    requires: [],
    start: 0,
    consts: new Map(),
    aliases: new Map(),
    structs: new Map(),
    variables: [],
    functions: [],
  }
  for (const { attributes, head, block, end } of declarations(tokens)) {
    const [keyword, name] = head
    if (!keyword) continue
    if (DIRECTIVES.includes(keyword.text)) m.start = end
    const words = head.slice(1).filter((t) => t.kind === 'word')
    if (keyword.text === 'enable') m.enables.push(...words)
    else if (keyword.text === 'requires') m.requires.push(...words)
    else if (keyword.text === 'var') m.variables.push({ ...variable(head), attributes })
    else if (!name) continue
    else if (keyword.text === 'const') m.consts.set(name.text, after(head, '='))
    else if (keyword.text === 'alias') m.aliases.set(name.text, after(head, '='))
    else if (keyword.text === 'struct') m.structs.set(name.text, block.slice(1, -1))
    else if (keyword.text === 'fn') {
      const open = head.findIndex((t) => t.text === '(')
      const params = open === -1 ? [] : split(head.slice(open + 1, closing(head, open)))
      const body: Func['body'] = [(block[0]?.at ?? keyword.at) + 1, block.at(-1)?.at ?? text.length]
      m.functions.push({ name: name.text, at: keyword.at, attributes, params, body })
    }
  }
  return m
}

const after = (tokens: Token[], mark: string) => tokens.slice(tokens.findIndex((t) => t.text === mark) + 1)

interface Declaration {
  attributes: Attributes
  /** From the keyword to `;` or the block, both left out. */
  head: Token[]
  /** With its braces; empty when there is none. */
  block: Token[]
  /** Offset just after it. */
  end: number
}

function* declarations(tokens: Token[]): Generator<Declaration> {
  for (let i = 0; i < tokens.length; ) {
    const attributes: Attributes = new Map()
    while (tokens[i]?.text === '@') {
      const name = tokens[i + 1]?.text ?? ''
      i += 2
      const end = tokens[i]?.text === '(' ? closing(tokens, i) : i
      attributes.set(name, split(tokens.slice(i + 1, end)))
      if (end > i) i = end + 1
    }
    const start = i
    while (i < tokens.length && tokens[i]!.text !== ';' && tokens[i]!.text !== '{') i++
    const end = tokens[i]?.text === '{' ? closing(tokens, i) + 1 : i
    const block = tokens.slice(i, end)
    yield { attributes, head: tokens.slice(start, i), block, end: ((block.at(-1) ?? tokens[i])?.at ?? 0) + 1 }
    i = end === i ? i + 1 : end
  }
}

/** `var<storage, read_write> x: array<f32>` taken apart. */
function variable(head: Token[]): Omit<Variable, 'attributes'> {
  const listed = head[1]?.text === '<'
  const end = listed ? closing(head, 1) : 0
  const [space = '', access = 'read'] = listed ? head.slice(2, end).flatMap(wordOf) : []
  const name = head[end + 1]
  const is = head.findIndex((t) => t.text === '=')
  return {
    name: name?.text ?? '',
    at: head[0]!.at,
    space,
    access,
    type: head.slice(end + 3, is === -1 ? head.length : is),
  }
}

const wordOf = (t: Token) => (t.kind === 'word' ? [t.text] : [])

/**
 * Whether a type, its aliases, elements and the fields of its structs replaced by what they stand for, holds
 * the name of a type that passes.
 */
export function holdsType(type: Token[], m: Module, passes: (name: string) => boolean): boolean {
  const seen = new Set<string>()
  const holds = (tokens: Token[]): boolean =>
    tokens.some((t) => {
      if (t.kind !== 'word' || seen.has(t.text)) return false
      if (passes(t.text)) return true
      seen.add(t.text)
      return (
        holds(m.aliases.get(t.text) ?? []) ||
        split(m.structs.get(t.text) ?? []).some((f) => holds(fieldType(f)))
      )
    })
  return holds(type)
}

/** The type of `@align(16) name: type`. */
const fieldType = (field: Token[]) => after(field, ':')
