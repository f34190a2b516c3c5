/**
 * One template file, read into a tree: plain lines, parameters, branches, includes and unroll marks. Only
 * whole-line comments are directives; what block comments and strings hold never is.
 */
import { fail, type Place } from '../errors.js'
import { type Ast, parseExpression } from './expression.js'
import { endsInComment, type Language, scanLines } from './lexer.js'
import { type Declaration, type Param, parseParam } from './params.js'

/** Every node knows its 0-based line in the file. */
export type Node =
  | { kind: 'line'; line: number; text: string; hidden: boolean; code: boolean }
  | { kind: 'param'; line: number; text: string; hidden: boolean; param: Param; declaration: Declaration }
  | { kind: 'if'; line: number; branches: Branch[] }
  | { kind: 'include'; line: number; path: string }
  | { kind: 'unroll'; line: number }

export interface Branch {
  /** Undefined for `//#else`. */
  condition: Ast | undefined
  line: number
  body: Node[]
}

export interface TemplateFile {
  /** As errors show it. */
  file: string
  /** What `//#include` calls it; the template's own name for the template. */
  path: string
  lines: string[]
  /** `//!` lines at the top, without the mark. */
  front: { text: string; line: number }[]
  params: Param[]
  nodes: Node[]
}

/** The place of a 0-based line of a file. */
export function placeOf(file: { file: string; lines: string[] }, line: number): Place {
  return { file: file.file, line: line + 1, text: file.lines[line] ?? '' }
}

const DIRECTIVES = ['param', 'option', 'if', 'elif', 'else', 'end', 'unroll', 'include']
const uncomment = (line: string) => line.replace(/^(\s*)\/\/: ?/, '$1')

/** Reads one file; includes are not followed. */
export function parseFile(file: string, path: string, source: string, language: Language): TemplateFile {
  const lines = source.replace(/\r\n?/g, '\n').split('\n')
  const out: TemplateFile = { file, path, lines, front: [], params: [], nodes: [] }
  const { comments, code } = scanLines(lines.join('\n'), language)
  const at = (line: number) => ({ place: placeOf(out, line) })
  const open: { node: Extract<Node, { kind: 'if' }>; ended: boolean }[] = []
  let body = out.nodes
  let front = true

  const directive = (line: number, text: string): number => {
    const m = /^\/\/#\s*(\w+)\s*(.*)$/.exec(text)!
    const [, word, rest] = m as unknown as [string, string, string]
    if (!DIRECTIVES.includes(word) || text[3] !== word[0]) fail('WGC301', [text, DIRECTIVES], at(line))
    const needless = () => rest && fail('WGC301', [text, DIRECTIVES], at(line))
    switch (word) {
      case 'if': {
        const node: Node = { kind: 'if', line, branches: [] }
        body.push(node)
        open.push({ node, ended: false })
        body = branch(node, line, rest)
        return line
      }
      case 'elif':
      case 'else': {
        const top = open.at(-1) ?? fail('WGC303', [word], at(line))
        if (top.ended) fail('WGC304', [word, top.node.line + 1], at(line))
        if (word === 'else') needless()
        top.ended = word === 'else'
        body = branch(top.node, line, word === 'else' ? undefined : rest)
        return line
      }
      case 'end': {
        open.pop() ?? fail('WGC303', [word], at(line))
        needless()
        const outer = open.at(-1)
        body = outer ? outer.node.branches.at(-1)!.body : out.nodes
        return line
      }
      case 'unroll':
        needless()
        body.push({ kind: 'unroll', line })
        return line
      case 'include': {
        const path = /^"([^"]+)"$/.exec(rest)?.[1] ?? fail('WGC314', [rest], at(line))
        body.push({ kind: 'include', line, path })
        return line
      }
      case 'option':
        out.params.push(parseParam(rest, undefined, language, placeOf(out, line)).param)
        return line
      default: {
        const raw = lines[line + 1] ?? ''
        const hidden = comments.has(line + 1) && /^\s*\/\/:/.test(raw)
        const shown = hidden ? uncomment(raw) : raw
        const { param, declaration } = parseParam(rest, shown, language, placeOf(out, line))
        out.params.push(param)
        body.push({ kind: 'param', line: line + 1, text: shown, hidden, param, declaration: declaration! })
        return line + 1
      }
    }
  }

  const branch = (node: Extract<Node, { kind: 'if' }>, line: number, condition: string | undefined) => {
    const made: Branch = {
      condition: condition === undefined ? undefined : parseExpression(condition, placeOf(out, line)),
      line,
      body: [],
    }
    node.branches.push(made)
    return made.body
  }

  for (let line = 0; line < lines.length; line++) {
    const raw = lines[line]!
    const text = comments.has(line) ? raw.trim() : ''
    if (/^\/\/#\s*[A-Za-z_]/.test(text)) {
      front = false
      line = directive(line, text)
    } else if (text.startsWith('//!')) {
      if (!front) fail('WGC340', [], at(line))
      out.front.push({ text: text.slice(3), line })
    } else if (text.startsWith('//:')) {
      front = false
      if (open.length === 0) fail('WGC317', [], at(line))
      body.push({ kind: 'line', line, text: uncomment(raw), hidden: true, code: true })
    } else {
      if (raw.trim() !== '' && !comments.has(line)) front = false
      body.push({ kind: 'line', line, text: raw, hidden: false, code: code.has(line) })
    }
  }
  const left = open.at(-1)
  if (left) fail('WGC302', [], at(left.node.line))
  checkHidden(out, comments, language)
  return out
}

/** Runs of `//:` lines must be whole: no directive inside, no block comment left open at their end. */
function checkHidden(file: TemplateFile, comments: Set<number>, language: Language): void {
  const hidden = (line: number) => comments.has(line) && /^\s*\/\/:/.test(file.lines[line] ?? '')
  for (let line = 0; line < file.lines.length; line++) {
    if (!hidden(line)) continue
    const start = line
    while (hidden(line)) line++
    const run = file.lines.slice(start, line).map(uncomment)
    if (run.some((l) => l.includes('/*')) && endsInComment(run.join('\n'), language))
      fail('WGC319', [], { place: placeOf(file, line - 1) })
    if (!run.some((l) => /^\s*\/\/[#!:]/.test(l))) continue
    const inner = scanLines(run.join('\n'), language).comments
    run.forEach((l, i) => {
      if (inner.has(i) && /^\s*\/\/(#\s*[A-Za-z_]|[!:])/.test(l))
        fail('WGC318', [], { place: placeOf(file, start + i) })
    })
  }
}
