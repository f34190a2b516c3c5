/**
 * The one expression language of templates and op rows: conditions (`E == f16 && K % 32 == 0`), sizes
 * (`ceil(N / ROWS)`) and loop bounds. Parsed once, evaluated often.
 */
import { fail, type Place } from '../errors.js'

export type Value = number | string | boolean
export type Env = Readonly<Record<string, Value>>

/** `place` is where the expression stands, for errors. */
export type Ast =
  | { kind: 'value'; value: number | boolean; place?: Place }
  | { kind: 'name'; name: string; place?: Place }
  | { kind: 'unary'; op: '-' | '!'; arg: Ast; place?: Place }
  | { kind: 'binary'; op: BinaryOp; left: Ast; right: Ast; place?: Place }
  | { kind: 'call'; fn: Fn; args: Ast[]; place?: Place }

const LEVELS = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '<': 4,
  '<=': 4,
  '>': 4,
  '>=': 4,
  '<<': 5,
  '>>': 5,
  '+': 6,
  '-': 6,
  '*': 7,
  '/': 7,
  '%': 7,
} as const
export type BinaryOp = keyof typeof LEVELS

/** Functions with their number of arguments; the last three are the kernel languages' casts. */
const FNS = { ceil: 1, floor: 1, min: 2, max: 2, u32: 1, i32: 1, int: 1 } as const
export type Fn = keyof typeof FNS

const LEXEME =
  /\s*(?:(0[xX][\da-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[uUiIlLfFhH]*(?!\w)|([A-Za-z_]\w*)|(\|\||&&|[=!<>]=|<<|>>|[-+*/%<>!(),]))/y

type Lexeme = { kind: 'number' | 'name' | 'op'; text: string }

function lex(text: string, place: Place | undefined): Lexeme[] {
  const out: Lexeme[] = []
  LEXEME.lastIndex = 0
  for (let at = 0; text.slice(at).trim() !== ''; at = LEXEME.lastIndex) {
    const m = LEXEME.exec(text)
    if (!m) fail('WGC305', [text, `unexpected "${text.slice(at).trim()[0]}"`], placed(place))
    if (m[1] !== undefined) out.push({ kind: 'number', text: m[1] })
    else if (m[2] !== undefined) out.push({ kind: 'name', text: m[2] })
    else out.push({ kind: 'op', text: m[3]! })
  }
  return out
}

export const placed = (place: Place | undefined) => (place ? { place } : {})

/** Parses a whole text; WGC305 when it is none. Suffixes of numbers (`4u`) are accepted and dropped. */
export function parseExpression(text: string, place?: Place): Ast {
  const tokens = lex(text, place)
  const p = placed(place)
  let i = 0
  const bad = (why: string): never => fail('WGC305', [text.trim(), why], p)
  const expected = (what: string): never => bad(`expected ${what}, found ${tokens[i]?.text ?? 'the end'}`)
  const accept = (op: string): boolean => {
    const found = tokens[i]?.kind === 'op' && tokens[i]!.text === op
    if (found) i++
    return found
  }

  const primary = (): Ast => {
    const t = tokens[i]
    if (accept('(')) {
      const inner = binary(1)
      if (!accept(')')) expected(')')
      return inner
    }
    if (accept('!')) return { kind: 'unary', op: '!', arg: primary(), ...p }
    if (accept('-')) return { kind: 'unary', op: '-', arg: primary(), ...p }
    if (!t || t.kind === 'op') return expected('a value')
    i++
    if (t.kind === 'number') return { kind: 'value', value: Number(t.text), ...p }
    if (t.text === 'true' || t.text === 'false') return { kind: 'value', value: t.text === 'true', ...p }
    if (!accept('(')) return { kind: 'name', name: t.text, ...p }
    if (!Object.hasOwn(FNS, t.text)) bad(`no function ${t.text}; there are ${Object.keys(FNS).join(' ')}`)
    const fn = t.text as Fn
    const args: Ast[] = []
    while (!accept(')')) {
      if (args.length > 0 && !accept(',')) expected(', or )')
      args.push(binary(1))
    }
    if (args.length !== FNS[fn]) bad(`${fn} takes ${FNS[fn]}`)
    return { kind: 'call', fn, args, ...p }
  }

  const binary = (level: number): Ast => {
    let left = primary()
    for (;;) {
      const t = tokens[i]
      if (t?.kind !== 'op' || !Object.hasOwn(LEVELS, t.text)) return left
      const op = t.text as BinaryOp
      if (LEVELS[op] < level) return left
      i++
      left = { kind: 'binary', op, left, right: binary(LEVELS[op] + 1), ...p }
    }
  }

  const ast = binary(1)
  if (i < tokens.length) expected('an operator')
  return ast
}

/** Names an expression mentions, right-hand sides such as `f16` in `E == f16` included. */
export function symbolsOf(ast: Ast, into: Set<string> = new Set()): Set<string> {
  if (ast.kind === 'name') into.add(ast.name)
  else if (ast.kind === 'unary') symbolsOf(ast.arg, into)
  else if (ast.kind === 'call') for (const a of ast.args) symbolsOf(a, into)
  else if (ast.kind === 'binary') {
    symbolsOf(ast.left, into)
    symbolsOf(ast.right, into)
  }
  return into
}

/** The expression as text, fully parenthesised where operators nest. */
export function printExpression(ast: Ast): string {
  const inner = (a: Ast) => (a.kind === 'binary' ? `(${printExpression(a)})` : printExpression(a))
  switch (ast.kind) {
    case 'value':
      return String(ast.value)
    case 'name':
      return ast.name
    case 'unary':
      return ast.op + inner(ast.arg)
    case 'call':
      return `${ast.fn}(${ast.args.map(printExpression).join(', ')})`
    case 'binary':
      return `${inner(ast.left)} ${ast.op} ${inner(ast.right)}`
  }
}

/** WGC307: what is wrong with a part of an expression. */
export const wrong = (ast: Ast, why: string): never =>
  fail('WGC307', [printExpression(ast), why], placed(ast.place))
/** WGC306. */
export const unknown = (name: string, ast: Ast): never => fail('WGC306', [name], placed(ast.place))

export const ARITHMETIC = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '<<': (a, b) => a * 2 ** b,
  '>>': (a, b) => Math.floor(a / 2 ** b),
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
} satisfies Record<Exclude<BinaryOp, '||' | '&&' | '==' | '!='>, (a: number, b: number) => Value>

export const CALLS: Record<Fn, (a: number, b: number) => number> = {
  ceil: Math.ceil,
  floor: Math.floor,
  min: Math.min,
  max: Math.max,
  u32: Math.trunc,
  i32: Math.trunc,
  int: Math.trunc,
}

/**
 * The value at `env`. A name that `env` lacks stands for itself beside `==` and `!=` and is an error
 * (WGC306) elsewhere. `/` is the exact quotient; with `integer` it truncates, as in kernel code.
 */
export function evaluateExpression(ast: Ast, env: Env, integer = false): Value {
  switch (ast.kind) {
    case 'value':
      return ast.value
    case 'name':
      return Object.hasOwn(env, ast.name) ? env[ast.name]! : unknown(ast.name, ast)
    case 'unary':
      if (ast.op === '!') return !truth(ast.arg, env, integer)
      return -num(ast.arg, env, integer)
    case 'call':
      return CALLS[ast.fn](
        num(ast.args[0]!, env, integer),
        ast.args.length > 1 ? num(ast.args[1]!, env, integer) : 0,
      )
    case 'binary': {
      const { op } = ast
      if (op === '&&') return truth(ast.left, env, integer) && truth(ast.right, env, integer)
      if (op === '||') return truth(ast.left, env, integer) || truth(ast.right, env, integer)
      if (op === '==' || op === '!=') {
        const same = side(ast.left, env, integer) === side(ast.right, env, integer)
        return same === (op === '==')
      }
      const a = num(ast.left, env, integer)
      const b = num(ast.right, env, integer)
      if ((op === '/' || op === '%') && b === 0) return wrong(ast, 'divides by zero')
      return op === '/' && integer ? Math.trunc(a / b) : ARITHMETIC[op](a, b)
    }
  }
}

function side(ast: Ast, env: Env, integer: boolean): Value {
  return ast.kind === 'name' && !Object.hasOwn(env, ast.name)
    ? ast.name
    : evaluateExpression(ast, env, integer)
}

function num(ast: Ast, env: Env, integer: boolean): number {
  const v = evaluateExpression(ast, env, integer)
  return typeof v === 'number' ? v : wrong(ast, `is ${JSON.stringify(v)}, not a number`)
}

function truth(ast: Ast, env: Env, integer: boolean): boolean {
  const v = evaluateExpression(ast, env, integer)
  return typeof v === 'string' ? wrong(ast, `is ${JSON.stringify(v)}, not true or false`) : Boolean(v)
}

/** Whether a condition holds: true, false, or a number that is not zero. */
export function isTrue(ast: Ast, env: Env): boolean {
  return truth(ast, env, false)
}

/**
 * Three-valued: what a condition is when only some parameters are known, or undefined when it depends on
 * the others. `open` says whether a name is a parameter still unknown.
 */
export function decide(ast: Ast, env: Env, open: (name: string) => boolean): boolean | undefined {
  if (ast.kind === 'unary' && ast.op === '!') {
    const v = decide(ast.arg, env, open)
    return v === undefined ? undefined : !v
  }
  if (ast.kind === 'binary' && (ast.op === '&&' || ast.op === '||')) {
    const stop = ast.op === '||'
    const a = decide(ast.left, env, open)
    const b = decide(ast.right, env, open)
    if (a === stop || b === stop) return stop
    return a === undefined || b === undefined ? undefined : !stop
  }
  for (const name of symbolsOf(ast)) if (!Object.hasOwn(env, name) && open(name)) return undefined
  return isTrue(ast, env)
}
