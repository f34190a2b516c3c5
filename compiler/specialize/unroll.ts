/**
 * `//#unroll`: a counted `for` becomes its turns, each in its own block with the index replaced by its
 * value. Works on tokens, so text in comments and strings and members called like the index stay.
 */
import { fail, type Place } from '../errors.js'
import { type Constants, constantsOf } from './constants.js'
import { placeOf, type TemplateFile } from './directives.js'
import { type Language, type Token, tokenize } from './lexer.js'
import { type Index, type Loop, parseLoop, turnsOf } from './loop.js'
import { checkBody, member } from './loopbody.js'

/** A line of text and the file and 0-based line it comes from. */
export interface OutLine {
  text: string
  file: TemplateFile
  line: number
}

/** The line that stands for the directive until it is carried out; no source can hold the control character. */
export const UNROLL_MARK = '//#unroll\u0001'

/** Bound on the tokens that unrolling may write. */
const MAX_TOKENS = 1_000_000

/** Carries out every mark. */
export function unrollLines(
  lines: OutLine[],
  language: Language,
  /** Constants that are none: see `specialize`. */
  moving: readonly string[] = [],
): OutLine[] {
  const tokens = tokenize(lines.map((l) => l.text).join('\n'), language)
  const place = (t: Token): Place => placeOf(lines[t.line]!.file, lines[t.line]!.line)
  const constants: Constants = constantsOf(tokens, language)
  for (const name of moving) constants.byName.delete(name)
  const out: OutLine[] = []
  let text = ''
  let from = lines[0]!
  let written = 0

  const write = (token: Token, as = token.text): void => {
    if (++written > MAX_TOKENS) fail('WGC335', [MAX_TOKENS, 'tokens'], { place: place(token) })
    if (text === '') from = lines[token.line]!
    if (token.kind === 'word' || token.kind === 'punct' || !as.includes('\n')) {
      text += as
      return
    }
    const parts = as.split('\n')
    for (let i = 0; i < parts.length; i++) {
      if (i > 0) {
        out.push({ text, file: from.file, line: from.line })
        text = ''
        from = lines[Math.min(token.line + i, lines.length - 1)]!
      }
      text += parts[i]
    }
  }

  const emit = (start: number, end: number, indices: ReadonlyMap<string, Index>): void => {
    for (let i = start; i < end; i++) {
      const t = tokens[i]!
      if (t.kind === 'comment' && t.text === UNROLL_MARK) i = unroll(i, end, indices)
      else {
        const index = t.kind === 'word' ? indices.get(t.text) : undefined
        write(t, index && !member(tokens, i) ? index.literal : t.text)
      }
    }
  }

  const loops = new Map<number, { loop: Loop; start: number }>()
  /** The loop below a mark, read and checked once however often an outer loop repeats it. */
  const loopAt = (mark: number, end: number): { loop: Loop; start: number } => {
    const known = loops.get(mark)
    if (known) return known
    let start = mark + 1
    while (start < end && (tokens[start]!.kind === 'space' || isPlainComment(tokens[start]!))) start++
    const loop =
      parseLoop(tokens, start, end, language) ?? fail('WGC330', [], { place: place(tokens[mark]!) })
    if ('wrong' in loop) fail('WGC331', [loop.wrong], { place: place(tokens[start]!) })
    checkBody(tokens, loop, language, place)
    const made = { loop, start }
    loops.set(mark, made)
    return made
  }

  /** Writes the turns of the loop below the mark; the index of its last token. */
  const unroll = (mark: number, end: number, indices: ReadonlyMap<string, Index>): number => {
    const { loop, start } = loopAt(mark, end)
    const turns = turnsOf(loop, indices, constants, language, place(tokens[start]!))
    // What stands between mark and loop stays, without the mark's own line break.
    for (let i = mark + 1; i < start; i++)
      write(tokens[i]!, i === mark + 1 ? tokens[i]!.text.replace(/^[^\n]*\n/, '') : tokens[i]!.text)
    const indent = /[^\n]*$/.exec(tokens[start - 1]!.text)![0]
    turns.forEach((index, turn) => {
      const open = tokens[loop.bodyStart]!
      if (turn > 0) write({ kind: 'space', text: `\n${indent}`, line: open.line })
      write(open)
      emit(loop.bodyStart + 1, loop.bodyEnd, new Map(indices).set(loop.index, index))
      write(tokens[loop.bodyEnd]!)
    })
    return loop.bodyEnd
  }

  const isPlainComment = (t: Token) => t.kind === 'comment' && t.text !== UNROLL_MARK
  emit(0, tokens.length, new Map())
  out.push({ text, file: from.file, line: from.line })
  return out
}
