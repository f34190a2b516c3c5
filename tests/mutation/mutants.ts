/**
 * Small faults for WGSL templates: an operator, a number, a component or a bound flipped, one a mutant. What a good
 * test table must notice.
 */
import { tokenize } from '../../compiler/specialize/lexer.js'

export interface Mutant {
  /** Below `kernel-templates/wgsl`. */
  file: string
  /** 1-based. */
  line: number
  column: number
  from: string
  to: string
}

/** Binary operators, by what each becomes. */
const OPERATORS: Record<string, string> = {
  ...{ '+': '-', '-': '+', '*': '+', '/': '*', '%': '/' },
  ...{ '<': '<=', '<=': '<', '>': '>=', '>=': '>', '==': '!=', '!=': '==' },
  ...{ '&&': '||', '||': '&&', '&': '|', '|': '&', '^': '|', '<<': '>>', '>>': '<<' },
  ...{ '+=': '-=', '-=': '+=', '*=': '+=', '/=': '*=' },
}
const WORDS: Record<string, string> = { min: 'max', max: 'min', x: 'y', y: 'x', z: 'w', w: 'z' }

/** `7u` becomes `8u`, `0.5` 1.5; a hexadecimal number loses its lowest bit or gets it. */
function otherNumber(text: string): string | undefined {
  if (/^0x[\da-f]+u?$/i.test(text)) {
    const suffix = text.endsWith('u') ? 'u' : ''
    return `0x${(Number.parseInt(text, 16) ^ 1).toString(16)}${suffix}`
  }
  const whole = /^(\d+)([ui]?)$/.exec(text)
  if (whole) return `${Number(whole[1]) + 1}${whole[2]}`
  const float = /^(\d+\.\d*)([fh]?)$/.exec(text)
  return float
    ? `${Number(float[1]) + 1}${Number.isInteger(Number(float[1])) ? '.0' : ''}${float[2]}`
    : undefined
}

/** Code of a line, and where it begins: what stands behind `//: ` is code, other comments aren't. */
function codeOf(line: string): [code: string, at: number] {
  const off = /^\/\/: ?/.exec(line)
  if (off) return [line.slice(off[0].length), off[0].length]
  return line.trimStart().startsWith('//') ? ['', 0] : [line, 0]
}

function mutantsOfLine(file: string, line: number, text: string): Mutant[] {
  const [code, at] = codeOf(text)
  // Attributes say where things are bound, not what is computed.
  if (/^\s*@|^\s*(enable|alias|var<)/.test(code)) return []
  const found: Mutant[] = []
  const tokens = tokenize(code, 'wgsl')
  let column = at
  tokens.forEach((token, i) => {
    const put = (to: string | undefined) => {
      if (to !== undefined) found.push({ file, line, column, from: token.text, to })
    }
    const [before, after] = [tokens[i - 1], tokens[i + 1]]
    if (token.kind === 'number') put(otherNumber(token.text))
    else if (token.kind === 'punct') {
      // Binary operators stand between spaces; brackets of types do not.
      if (before?.kind === 'space' && after?.kind === 'space') put(OPERATORS[token.text])
    } else if (token.kind === 'word') {
      const member = before?.text === '.' && token.text.length === 1
      const call = after?.text === '(' && token.text.length === 3
      if (member || call) put(WORDS[token.text])
    }
    column += token.text.length
  })
  return found
}

/** Every mutant of a file. The line below a `//#param` is left out: specialisation writes it. */
export function mutantsOf(file: string, source: string): Mutant[] {
  const lines = source.split('\n')
  return lines.flatMap((text, i) =>
    lines[i - 1]?.startsWith('//#param') ? [] : mutantsOfLine(file, i + 1, text),
  )
}

export function apply(source: string, { line, column, from, to }: Mutant): string {
  const lines = source.split('\n')
  const text = lines[line - 1]!
  if (text.slice(column, column + from.length) !== from) throw new Error(`no ${from} at ${line}:${column}`)
  lines[line - 1] = text.slice(0, column) + to + text.slice(column + from.length)
  return lines.join('\n')
}

/** `count` of them, spread by `seed` (a linear congruential shuffle); the same for the same templates. */
export function choose(all: readonly Mutant[], count: number, seed: number): Mutant[] {
  const list = [...all]
  let state = seed >>> 0
  for (let i = list.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const j = Math.floor((state / 2 ** 32) * (i + 1))
    ;[list[i], list[j]] = [list[j]!, list[i]!]
  }
  return list.slice(0, count)
}
