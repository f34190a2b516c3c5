/** The `//!` lines at the top of a template: purpose, op signature, grid, conditions, layouts. */
import { fail, type Place } from '../errors.js'
import { placeOf, type TemplateFile } from './directives.js'
import { type Ast, parseExpression } from './expression.js'
import type { Language } from './lexer.js'

/** One port of a signature: `r?: f32[M,LDY]`. */
export interface PortSig {
  name: string
  /** As written: `f32`, `u32`, or a fact such as `W`. */
  type: string
  shape: Ast[]
  optional: boolean
}

/** `linear(x: f32[M,K], w: W[N,K]) -> y: f32[M,N]`. A port that is read and written stands on both sides. */
export interface OpSignature {
  name: string
  inputs: PortSig[]
  outputs: PortSig[]
}

export interface FrontMatter {
  doc: string
  op: OpSignature
  /** WGSL: workgroups in x, y, z. C: number of work items. */
  grid: Ast[]
  /** All must hold. */
  needs: Ast[]
  /** Weight port to the layout that the kernel reads, where that isn't `rows`. */
  layouts: Record<string, string>
  /** C: arguments in order, without `begin` and `end`. */
  args: string[]
  /** C: the exported function. */
  entry?: string
}

const KEYS = ['op', 'grid', 'needs', 'layout', 'args', 'entry']

/** Splits at commas that no bracket holds. */
function splitList(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let part = ''
  for (const c of text) {
    if ('([{'.includes(c)) depth++
    if (')]}'.includes(c)) depth--
    if (c === ',' && depth === 0) {
      parts.push(part)
      part = ''
    } else part += c
  }
  return [...parts, part].map((part) => part.trim()).filter((part, _, all) => part !== '' || all.length > 1)
}

function parsePort(text: string, place: Place): PortSig {
  const m = /^([A-Za-z_]\w*)(\?)?\s*:\s*([A-Za-z_]\w*)\s*(?:\[(.*)\])?$/.exec(text)
  if (!m) fail('WGC342', [`"${text}" is no port; expected name: type[size, …]`], { place })
  const shape = m[4] === undefined ? [] : splitList(m[4]).map((e) => parseExpression(e, place))
  return { name: m[1]!, type: m[3]!, shape, optional: m[2] === '?' }
}

/** Reads an op signature. */
export function parseSignature(text: string, place: Place): OpSignature {
  const m = /^([A-Za-z_]\w*)\s*\((.*)\)\s*->\s*(\S.*)$/.exec(text.trim())
  if (!m) fail('WGC342', ['expected name(port: type[size, …], …) -> port: type[…]'], { place })
  const side = (list: string) => {
    const ports = splitList(list).map((p) => parsePort(p, place))
    for (const [i, p] of ports.entries())
      if (ports.findIndex((q) => q.name === p.name) < i)
        fail('WGC342', [`port ${p.name} stands twice`], { place })
    return ports
  }
  const outs = m[3]!
  return {
    name: m[1]!,
    inputs: side(m[2]!),
    outputs: side(/^\(.*\)$/.test(outs) ? outs.slice(1, -1) : outs),
  }
}

const opensMore = (text: string) => text.split('(').length > text.split(')').length

/** Reads the front matter of a template; an include's is only a comment. */
export function parseFrontMatter(file: TemplateFile, language: Language): FrontMatter {
  const doc: string[] = []
  const front: Partial<FrontMatter> & Pick<FrontMatter, 'needs' | 'layouts'> = { needs: [], layouts: {} }
  for (let i = 0; i < file.front.length; i++) {
    const { text, line } = file.front[i]!
    const place = placeOf(file, line)
    const m = /^\s*(\w+)(?:\s+(.*?))?\s*$/.exec(text)
    const key = m?.[1]
    if (!m || !key || !KEYS.includes(key)) {
      doc.push(text.trim())
      continue
    }
    let rest = m[2] ?? ''
    // A long signature may go on in the next line.
    if (key === 'op')
      while ((opensMore(rest) || rest.endsWith('->')) && i + 1 < file.front.length)
        rest += ` ${file.front[++i]!.text.trim()}`
    if (rest === '') fail('WGC341', [key, 'nothing follows it'], { place })
    const once = (given: unknown) =>
      given !== undefined && fail('WGC341', [key, 'it stands twice'], { place })
    const list = splitList(rest)
    if (key === 'op') {
      once(front.op)
      front.op = parseSignature(rest, place)
    } else if (key === 'grid') {
      once(front.grid)
      if (list.length > (language === 'c' ? 1 : 3)) fail('WGC341', [key, `${list.length} sizes`], { place })
      front.grid = list.map((e) => parseExpression(e, place))
    } else if (key === 'needs') front.needs.push(parseExpression(rest, place))
    else if (key === 'layout') {
      const l = /^([A-Za-z_]\w*)\s*:\s*(\S+)$/.exec(rest)
      if (!l) fail('WGC341', [key, 'expected PORT: NAME'], { place })
      if (Object.hasOwn(front.layouts, l[1]!)) fail('WGC341', [key, `${l[1]} stands twice`], { place })
      front.layouts[l[1]!] = l[2]!
    } else {
      if (language !== 'c') fail('WGC341', [key, 'it is for C'], { place })
      const names = key === 'args' ? list : [rest]
      // Arguments may be separated by blanks as well as by commas.
      const words = key === 'args' ? names.flatMap((n) => n.split(/\s+/)) : names
      for (const n of words)
        if (!/^[A-Za-z_]\w*$/.test(n)) fail('WGC341', [key, `"${n}" is no name`], { place })
      if (key === 'args') {
        once(front.args)
        front.args = words
      } else {
        once(front.entry)
        front.entry = words[0]!
      }
    }
  }
  const missing = (key: string) => fail('WGC343', [key], { place: placeOf(file, 0) })
  return {
    ...front,
    doc: doc.join('\n').trim(),
    op: front.op ?? missing('op'),
    grid: front.grid ?? missing('grid'),
    args: front.args ?? (language === 'c' ? missing('args') : []),
  }
}
