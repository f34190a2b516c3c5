/**
 * Random templates as trees, with two readings of a tree that know nothing of each other: the template's
 * text, and what it should become at given parameters, found without any text.
 */
import fc from 'fast-check'
import type { Language, Value } from '../../compiler/specialize/index.js'

type Env = Record<string, Value>

export interface Condition {
  text: string
  holds(env: Env): boolean
}

export type Tree =
  | { kind: 'code'; form: number; use: number }
  | { kind: 'noise'; form: number }
  | { kind: 'if'; branches: { condition: Condition; body: Tree[] }[]; otherwise: Tree[] | undefined }
  | { kind: 'unroll'; bound: number; body: Tree[] }
  | { kind: 'loop'; body: Tree[] }
  | { kind: 'include'; path: string }
  | { kind: 'included'; body: Tree[] }

/** Parameters of every random template. */
export const DOMAIN = {
  B: fc.boolean(),
  E: fc.constantFrom('f32', 'f16'),
  N: fc.constantFrom(2, 1, 3, 5),
  Z: fc.integer({ min: 0, max: 3 }),
  Q: fc.constantFrom('a', 'b'),
}
export const DEFAULTS: Env = { B: false, E: 'f32', N: 2, Z: 1, Q: 'a' }

const DECLARED: Record<Language, string[]> = {
  wgsl: ['//#param N 2|1|3|5', 'const N: u32 = 2u;', '  //#param Z 0..3', '  const Z = 1u; // /*'],
  c: ['//#param N 2|1|3|5', '#define N 2', '//#param Z 0..3', 'enum { Z = 1 }; // "'],
}

const leaves: Condition[] = [
  { text: 'B', holds: (e) => e.B === true },
  { text: '!B', holds: (e) => e.B !== true },
  { text: 'E == f16', holds: (e) => e.E === 'f16' },
  { text: 'f16 != E', holds: (e) => e.E !== 'f16' },
  { text: 'N > 2', holds: (e) => (e.N as number) > 2 },
  { text: 'N % 2 == Z', holds: (e) => (e.N as number) % 2 === e.Z },
  { text: 'Z', holds: (e) => e.Z !== 0 },
  { text: 'true', holds: () => true },
  { text: 'Q == b', holds: (e) => e.Q === 'b' },
]

const condition: fc.Arbitrary<Condition> = fc
  .letrec<{ c: Condition }>((tie) => ({
    c: fc.oneof(
      { maxDepth: 2 },
      fc.constantFrom(...leaves),
      fc.tuple(tie('c'), tie('c')).map(([a, b]) => ({
        text: `(${a.text} && ${b.text})`,
        holds: (e: Env) => a.holds(e) && b.holds(e),
      })),
      fc.tuple(tie('c'), tie('c')).map(([a, b]) => ({
        text: `(${a.text} || !(${b.text}))`,
        holds: (e: Env) => a.holds(e) || !b.holds(e),
      })),
    ),
  }))
  .c.map((c) => (c.text.includes('||') ? { ...c, text: `(${c.text})` } : c))

export const trees: fc.Arbitrary<Tree[]> = fc.letrec<{ tree: Tree; body: Tree[] }>((tie) => ({
  body: fc.array(tie('tree'), { maxLength: 4 }),
  tree: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.record({ kind: fc.constant('code' as const), form: fc.nat(9), use: fc.nat(9) }),
    fc.record({ kind: fc.constant('noise' as const), form: fc.nat(9) }),
    fc.record({ kind: fc.constant('include' as const), path: fc.constantFrom('lib/$E', 'lib/x') }),
    fc.record({
      kind: fc.constant('if' as const),
      branches: fc.array(fc.record({ condition, body: tie('body') }), { minLength: 1, maxLength: 3 }),
      otherwise: fc.option(tie('body'), { nil: undefined }),
    }),
    fc.record({ kind: fc.constant('unroll' as const), bound: fc.nat(9), body: tie('body') }),
    fc.record({ kind: fc.constant('loop' as const), body: tie('body') }),
  ),
})).body

const pick = <T>(list: T[], n: number): T => list[n % list.length]!

/** A statement; `i` are the indices in scope, as names or as literals. */
function code(language: Language, form: number, use: number, i: string[]): string {
  const u = language === 'wgsl' ? 'u' : ''
  const index = i.length > 0 ? pick(i, use) : `7${u}`
  const forms = [
    `acc += ${index} * 3${u} + N;`,
    `p.i0 += ${index}; // i0 //#end`,
    `acc = acc + (${index} /* i0 //#if */ + p . i1);`,
    `if (acc > ${index}) { acc -= 1${u}; }`,
    `let1_i0 = ${index};`,
  ]
  const strings = [`text = "//#if \\" /* i0"; acc += '"' + ${index};`, `text = "\\\\"; text = "*/ //: x";`]
  return pick(language === 'c' ? [...forms, ...strings] : forms, form)
}

const NOISE: Record<Language, string[][]> = {
  wgsl: [
    ['// plain i0'],
    ['/* //#if A', '//#end', '/* nested', '//#unroll', '*/ //: x', '//! op', '*/'],
    ['acc++; //#if B'],
    ['// //#else', '//## heading', '/**/ //#end'],
    ['   /* //#include "nothing" */ /*', ' */'],
    [''],
  ],
  c: [
    ['// plain " i0'],
    ['/* //#if A', '//#end', '/* nested?', '//#unroll', '//! op', '*/ /* //: x', '*/'],
    ['acc++; //#if B'],
    [
      '#define MACRO(x) \\',
      '//#if x',
      'text = "\\',
      '//#end\\',
      '/*";',
      '// goes on \\',
      '//#unroll',
      '#undef MACRO',
    ],
    [`acc += '"'; // ' "`],
    [''],
  ],
}

/** Statements of the includes, as trees of their own. */
const INCLUDED: Record<string, Tree[]> = {
  'lib/f32': [{ kind: 'code', form: 0, use: 0 }],
  'lib/f16': [
    { kind: 'noise', form: 1 },
    { kind: 'code', form: 3, use: 0 },
  ],
  'lib/x': [
    {
      kind: 'if',
      branches: [{ condition: leaves[8]!, body: [{ kind: 'code', form: 0, use: 0 }] }],
      otherwise: [{ kind: 'unroll', bound: 1, body: [{ kind: 'code', form: 0, use: 0 }] }],
    },
    { kind: 'include', path: 'lib/$E' },
  ],
}

const BOUNDS = (i: string[], u: string) => [
  'N',
  'Z',
  `2${u}`,
  `N * 2${u} - Z`,
  ...i,
  ...i.map((n) => `${n} + 1${u}`),
]

/** The template's lines. `letter` starts the names of indices: includes have their own. */
function write(language: Language, body: Tree[], indices: string[], hidden: boolean, letter = 'i'): string[] {
  const u = language === 'wgsl' ? 'u' : ''
  const line = (text: string) => (hidden ? `  //: ${text}` : `  ${text}`)
  return body.flatMap((t): string[] => {
    switch (t.kind) {
      case 'code':
        return [line(code(language, t.form, t.use, indices))]
      case 'noise':
        return pick(NOISE[language], t.form).map((n) => (hidden ? `//: ${n}` : n))
      case 'include':
        return [`//#include "${t.path}"`]
      case 'loop':
        return [
          line(language === 'c' ? 'while (acc > 9) {' : 'loop {'),
          ...write(language, t.body, indices, hidden, letter),
          line('break;'),
          line('}'),
        ]
      case 'unroll': {
        const index = `${letter}${indices.length}`
        const bound = pick(BOUNDS(indices, u), t.bound)
        const type = language === 'c' ? 'int' : 'var'
        return [
          '    //#unroll',
          line(`for (${type} ${index} = 0${u}; ${index} < ${bound}; ${index}++) { // ${index}`),
          ...write(language, t.body, [...indices, index], hidden, letter),
          line('}'),
        ]
      }
      case 'if': {
        let done = false
        const out = t.branches.flatMap(({ condition, body }, n) => {
          const taken = !done && condition.holds(DEFAULTS)
          done ||= taken
          return [
            `//#${n ? 'elif' : 'if'} ${condition.text}`,
            ...write(language, body, indices, hidden || !taken, letter),
          ]
        })
        if (t.otherwise) out.push('//#else', ...write(language, t.otherwise, indices, hidden || done, letter))
        return [...out, '//#end']
      }
      default:
        return []
    }
  })
}

/** What each include stands for at these parameters: its statements where it comes first, else nothing. */
function resolve(body: Tree[], env: Env, seen: Set<string>): Tree[] {
  return body.flatMap((t): Tree[] => {
    switch (t.kind) {
      case 'include': {
        const path = t.path.replace('$E', String(env.E))
        if (seen.has(path)) return []
        seen.add(path)
        return [{ kind: 'included', body: resolve(INCLUDED[path]!, env, seen) }]
      }
      case 'if': {
        const branch = t.branches.find((b) => b.condition.holds(env))
        return resolve(branch?.body ?? t.otherwise ?? [], env, seen)
      }
      case 'unroll':
      case 'loop':
        return [{ ...t, body: resolve(t.body, env, seen) }]
      default:
        return [t]
    }
  })
}

/** What the template should become. */
function expect(language: Language, body: Tree[], env: Env, indices: number[], letter = 'i'): string[] {
  const u = language === 'wgsl' ? 'u' : ''
  return body.flatMap((t): string[] => {
    switch (t.kind) {
      case 'code':
        return [
          code(
            language,
            t.form,
            t.use,
            indices.map((v) => `${v}${u}`),
          ),
        ]
      case 'noise':
        return pick(NOISE[language], t.form)
      case 'loop': {
        const head = language === 'c' ? 'while (acc > 9) {' : 'loop {'
        return [head, ...expect(language, t.body, env, indices, letter), 'break;', '}']
      }
      case 'unroll': {
        const N = env.N as number
        const Z = env.Z as number
        const bound = pick([N, Z, 2, N * 2 - Z, ...indices, ...indices.map((n) => n + 1)], t.bound)
        return Array.from({ length: bound }, (_, i) => [
          `{ // ${letter}${indices.length}`,
          ...expect(language, t.body, env, [...indices, i], letter),
          '}',
        ]).flat()
      }
      case 'included':
        return expect(language, t.body, env, [], 'k')
      default:
        throw new Error(`${t.kind} is resolved before`)
    }
  })
}

const FRAME: Record<Language, { before: string[]; after: string[] }> = {
  wgsl: {
    before: [
      'struct P { i0: u32, i1: u32 }',
      'var<private> p: P;',
      'var<private> acc: u32;',
      '@compute @workgroup_size(1)',
      'fn main() {',
      '  var let1_i0 = 0u;',
    ],
    after: ['  _ = let1_i0 + acc + N + Z + p.i1;', '}'],
  },
  c: {
    before: ['static struct { int i0, i1; } p;', 'int f(int acc) {', '  const char *text; int let1_i0 = 0;'],
    after: ['  (void)text; (void)let1_i0;', '  return acc + p.i0;', '}'],
  },
}

const OPTIONS = ['//#option B false|true', '//#option E f32|f16', '//#option Q a|b']

/** The template's text and its includes. */
export function textOf(language: Language, body: Tree[]): { text: string; includes: Record<string, string> } {
  const { before, after } = FRAME[language]
  const lines = [...OPTIONS, ...DECLARED[language], ...before, ...write(language, body, [], false), ...after]
  const includes = Object.fromEntries(
    Object.entries(INCLUDED).map(([path, tree]) => [path, write(language, tree, [], false, 'k').join('\n')]),
  )
  return { text: lines.join('\n'), includes }
}

/** What it should become at `env`, without white space. */
export function expectedOf(language: Language, body: Tree[], env: Env): string {
  const { before, after } = FRAME[language]
  const declared =
    language === 'c'
      ? [`#define N ${env.N}`, `enum { Z = ${env.Z} }; // "`]
      : [`const N: u32 = ${env.N}u;`, `const Z = ${env.Z}u; // /*`]
  const lines = [
    ...declared,
    ...before,
    ...expect(language, resolve(body, env, new Set()), env, []),
    ...after,
  ]
  return bare(lines.join('\n'))
}

/** Without white space, which the engine may set as it likes. */
export const bare = (text: string) => text.replace(/\s+/g, '')
