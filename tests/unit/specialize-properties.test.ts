import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expandRaw, minifyWgsl, specialize } from '../../compiler/specialize/index.js'
import { endsInComment, type Language, scanLines, tokenize } from '../../compiler/specialize/lexer.js'
import { type CKernel, compileC } from '../../compiler/toolchain/index.js'
import { template } from './specialize-samples.js'
import { tintErrors } from './specialize-tint.js'
import { bare, DOMAIN, expectedOf, textOf, trees } from './specialize-trees.js'

const params = fc.record(DOMAIN)

describe('random templates', () => {
  test('WGSL becomes what it should, is valid at all parameters, and stays so when minified', async () => {
    await fc.assert(
      fc.asyncProperty(trees, params, async (body, env) => {
        const { text, includes } = textOf('wgsl', body)
        const t = template(text, includes)
        const made = specialize(t, env)
        expect(bare(made.text)).toBe(expectedOf('wgsl', body, env))
        expect(made.params).toEqual(env)
        expect(await tintErrors(made.text)).toEqual([])
        const small = minifyWgsl(made.text)
        expect(await tintErrors(small)).toEqual([])
        expect(minifyWgsl(small)).toBe(small)
        expect(shapeOf(small)).toEqual(shapeOf(made.text))
      }),
      { numRuns: 300 },
    )
  })

  test('WGSL is valid as it stands, and means the same at the defaults', async () => {
    await fc.assert(
      fc.asyncProperty(trees, async (body) => {
        const { text, includes } = textOf('wgsl', body)
        const t = template(text, includes)
        expect(await tintErrors(expandRaw(t))).toEqual([])
        expect(await tintErrors(specialize(t).text)).toEqual([])
      }),
      { numRuns: 200 },
    )
  })

  test('C becomes what it should', () => {
    fc.assert(
      fc.property(trees, params, (body, env) => {
        const { text, includes } = textOf('c', body)
        expect(bare(specialize(template(text, includes, 'c'), env).text)).toBe(expectedOf('c', body, env))
      }),
      { numRuns: 500 },
    )
  })
})

/** A text's tokens with every word replaced by when it came first, members apart from other words. */
function shapeOf(text: string): string[] {
  const seen = new Map<string, number>()
  const tokens = tokenize(text, 'wgsl').filter((t) => t.kind !== 'space' && t.kind !== 'comment')
  let struct = false
  return tokens.map((t, i) => {
    if (t.text === 'struct' || t.text === '}') struct = t.text === 'struct'
    if (t.kind !== 'word') return t.text
    const member = tokens[i - 1]?.text === '.' || (struct && tokens[i + 1]?.text === ':')
    const key = `${member ? '.' : ''}${t.text}`
    if (!seen.has(key)) seen.set(key, seen.size)
    return `#${seen.get(key)}`
  })
}

/** Whole-line comments and open block comments, found letter by letter. */
function naive(text: string, language: Language): { comments: number[]; open: boolean } {
  const comments: number[] = []
  let line = 0
  let depth = 0
  let blank = true
  let spliced = false
  const next = () => {
    line++
    blank = true
    spliced = false
  }
  for (let i = 0; i < text.length; i++) {
    const two = text.slice(i, i + 2)
    if (depth > 0) {
      if (two === '*/') {
        depth--
        i++
      } else if (two === '/*' && language === 'wgsl') {
        depth++
        i++
      } else if (text[i] === '\n') next()
      // What follows a comment in its last line does not start that line.
      blank = false
    } else if (two === '/*') {
      depth = 1
      i++
      blank = false
    } else if (two === '//') {
      if (blank && !spliced) comments.push(line)
      for (; i < text.length && text[i] !== '\n'; i++)
        if (language === 'c' && text[i] === '\\' && text[i + 1] === '\n') {
          i++
          line++
        }
      next()
    } else if (language === 'c' && (text[i] === '"' || text[i] === "'")) {
      const quote = text[i]
      blank = false
      for (i++; i < text.length && text[i] !== quote && text[i] !== '\n'; i++)
        if (text[i] === '\\') {
          i++
          if (text[i] === '\n') line++
        }
      if (text[i] === '\n') next()
    } else if (text[i] === '\n') {
      // After a backslash the next line belongs to this one.
      const splice = language === 'c' && /\\[ ]*$/.test(text.slice(0, i)) && !blank
      next()
      spliced = splice
    } else if (text[i] !== ' ') blank = false
  }
  return { comments, open: depth > 0 }
}

describe('the lexer', () => {
  const text = fc
    .array(
      fc.constantFrom('/', '*', '//', '/*', '*/', '\\', '"', "'", '\n', '\n', ' ', 'a', '#', '1.', '>', '='),
    )
    .map((parts) => parts.join(''))

  test.each(['wgsl', 'c'] as const)('%s: loses nothing, and counts lines', (language) => {
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ unit: 'binary' })), (s) => {
        const tokens = tokenize(s, language)
        expect(tokens.map((t) => t.text).join('')).toBe(s)
        let line = 0
        for (const t of tokens) {
          expect(t.line).toBe(line)
          line += t.text.split('\n').length - 1
        }
      }),
      { numRuns: 2000 },
    )
  })

  test.each(['wgsl', 'c'] as const)(
    '%s: finds whole-line comments as a reader of letters does',
    (language) => {
      fc.assert(
        fc.property(text, (s) => {
          const { comments, open } = naive(s, language)
          expect([...scanLines(s, language).comments]).toEqual(comments)
          expect(endsInComment(s, language)).toBe(open)
        }),
        { numRuns: 5000 },
      )
    },
  )
})

test('random C templates compile', async () => {
  const samples = fc.sample(fc.tuple(trees, params), { seed: 7, numRuns: 10 })
  const kernels = samples.map(([body, env], i): CKernel => {
    const { text, includes } = textOf('c', body)
    const made = specialize(template(text, includes, 'c'), env).text
    // Comments that look like directives are what these templates are about.
    const quiet = `#pragma clang diagnostic ignored "-Wcomment"\n${made}`
    return { name: `t${i}`, text: quiet, entry: 'f', export: `f${i}` }
  })
  expect((await compileC(kernels, { features: 'simd128' })).wasm.length).toBeGreaterThan(0)
})
