/**
 * Loops of a module, and which of them an engine adds a counter to so that none is endless (`shape.loops` of its
 * file). A counter costs a comparison a turn, or memory where it is volatile: a reason to unroll.
 */
import type { Engine } from '../targets.js'
import { evaluate } from './consts.js'
import type { Module } from './module.js'
import { closing, type Token } from './tokens.js'

export interface Loop {
  /** Offset in the text. */
  at: number
  /** Its index is declared in the for, steps by one, and is first compared with a constant. */
  counted: boolean
  /** How often it turns, where start, bound and step are constants. */
  turns?: number
}

/** Parts of a for's head: what stands between its semicolons. */
function parts(head: Token[]): Token[][] {
  const ends = head.flatMap((t, i) => (t.text === ';' ? [i] : []))
  return [head.slice(0, ends[0]), head.slice(ends[0]! + 1, ends[1]), head.slice(ends[1]! + 1)]
}

/** What a step adds to the index: `i++`, `i += 2u`. */
function stepOf(step: Token[], m: Module): number | undefined {
  const [, by, ...rest] = step
  if (by?.text === '++' || by?.text === '--') return by.text === '++' ? 1 : -1
  const value = evaluate(rest, m.consts)
  if (by?.text === '+=') return value
  return by?.text === '-=' && value !== undefined ? -value : undefined
}

function forLoop(m: Module, head: Token[], at: number): Loop {
  const [init = [], test = [], step = []] = parts(head)
  const name = init[1]?.text
  const start = evaluate(init.slice(init.findIndex((t) => t.text === '=') + 1), m.consts)
  const by = stepOf(step, m)
  const own = init[0]?.text === 'var' && test[0]?.text === name && step[0]?.text === name
  const also = test.findIndex((t) => t.text === '&&')
  // `<=` is one mark, `>=` two.
  const orEqual = test[1]?.text === '<=' || test[2]?.text === '='
  const bound = evaluate(test.slice(test[2]?.text === '=' ? 3 : 2, also < 0 ? undefined : also), m.consts)
  if (!own || by === undefined || bound === undefined) return { at, counted: false }
  const counted = Math.abs(by) === 1
  if (start === undefined || also >= 0) return { at, counted }
  const turns = Math.ceil((bound - start + (orEqual ? Math.sign(by) : 0)) / by)
  return { at, counted, turns: Math.max(turns, 0) }
}

export function loopsOf(m: Module): Loop[] {
  return m.tokens.flatMap((t, i): Loop[] => {
    if (t.kind !== 'word') return []
    if (t.text === 'while' || t.text === 'loop') return [{ at: t.at, counted: false }]
    if (t.text !== 'for' || m.tokens[i + 1]?.text !== '(') return []
    return [forLoop(m, m.tokens.slice(i + 2, closing(m.tokens, i + 1)), t.at)]
  })
}

/** Those that an engine guards. */
export const guardedLoops = (loops: readonly Loop[], { shape }: Pick<Engine, 'shape'>): Loop[] =>
  loops.filter((loop) => shape.loops === 'guarded-always' || !loop.counted)

/** Turns up to which an engine's loops are better written out, by how far its file says that templates unroll. */
const SHORT: Record<Engine['shape']['unroll'], number> = { small: 2, full: 4 }

/** Those that should have been unrolled for an engine. */
export const shortLoops = (loops: readonly Loop[], { shape }: Pick<Engine, 'shape'>): Loop[] =>
  loops.filter((loop) => loop.turns !== undefined && loop.turns > 1 && loop.turns <= SHORT[shape.unroll])
