/** Tokenizer, streaming detokenisation and stop texts. */
import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stopAt, textStream } from '../../runtime/detokenize.js'
import { createTokenizer } from '../../runtime/tokenizer.js'

/** The first ships with the tests; the second is skipped where it is absent. */
const FOLDERS = ['tests/fixtures/stories260K', '../shared/models/books-14m']

function modelFiles(folder: string) {
  const json = (file: string) => JSON.parse(readFileSync(`${folder}/${file}`, 'utf8'))
  return {
    tokenizer: createTokenizer(json('tokenizer.json'), json('tokenizer_config.json')),
    reference: json('reference.json'),
  }
}

const stream = (decode: (ids: number[]) => string, context: number[], ids: number[]): string[] => {
  const text = textStream(decode, context)
  return [...ids.map((id) => text.push(id)), text.end()]
}

describe.each(FOLDERS.filter((folder) => existsSync(folder)))('the tokenizer of %s', (folder) => {
  const { tokenizer, reference } = modelFiles(folder)
  const cases = (reference.cases ?? reference.prompts).map((c: Record<string, unknown>) => ({
    prompt: c.prompt as string,
    ids: (c.prompt_ids ?? c.input_ids) as number[],
    greedy: c.greedy_ids as number[],
  }))

  it('encodes as the reference does', () => {
    for (const { prompt, ids } of cases) {
      // The reference puts an end-of-text before prompts for books-14m; its tokenizer by itself does not.
      const bos = folder.endsWith('books-14m') ? [0] : []
      expect([...bos, ...tokenizer.encode(prompt, { addSpecial: true })]).toEqual(ids)
    }
  })

  it('streams the text that decoding all at once gives', () => {
    for (const { prompt, ids, greedy } of cases) {
      const pieces = stream(tokenizer.decode, ids, greedy)
      expect(prompt + pieces.join('')).toBe(tokenizer.decode([...ids, ...greedy]))
      expect(pieces.filter((p) => p.endsWith('\ufffd'))).toEqual([])
      expect(stream(tokenizer.decode, [], greedy).join('')).toBe(tokenizer.decode(greedy))
    }
  })

  it('streams any text, characters of several tokens too', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
        const ids = tokenizer.encode(text, { addSpecial: false })
        const pieces = stream(tokenizer.decode, [], ids)
        expect(pieces.join('')).toBe(tokenizer.decode(ids))
      }),
      { numRuns: 300 },
    )
  })
})

it('gives out a broken character in the end', () => {
  const bytes = (ids: number[]) => new TextDecoder().decode(Uint8Array.from(ids))
  expect(stream(bytes, [], [0x61, 0xe2, 0x82, 0xac, 0xe2])).toEqual(['a', '', '', '€', '', '\ufffd'])
  expect(stream(bytes, [], [0xff, 0xff, 0xff, 0xff, 0xff, 0x61]).join('')).toBe(`${'\ufffd'.repeat(5)}a`)
  // U+FFFD itself, then a character whose first byte comes when patience ends.
  expect(stream(bytes, [], [0xef, 0xbf, 0xbd, 0xc2, 0xa1])).toEqual(['', '', '', '\ufffd', '¡', ''])
  expect(stream(bytes, [], [0xff, 0xff, 0xe2, 0x82, 0xac]).join('')).toBe('\ufffd\ufffd€')
})

describe('stop texts', () => {
  const run = (stops: string[], pieces: string[]) => {
    const guard = stopAt(stops)
    const out = pieces.map((p, i) => guard.push(p, i === pieces.length - 1))
    return { out, stopped: guard.stopped }
  }

  it('are found across pieces, and nothing of them is given out', () => {
    expect(run(['END'], ['a E', 'N', 'D b', ''])).toEqual({ out: ['a ', '', '', ''], stopped: true })
    expect(run(['END'], ['a E', 'N', 'C', ''])).toEqual({ out: ['a ', '', 'ENC', ''], stopped: false })
    expect(run(['END', 'x'], ['a ENx', ''])).toEqual({ out: ['a EN', ''], stopped: true })
    expect(run(['END'], ['a', 'EN'])).toEqual({ out: ['a', 'EN'], stopped: false })
    expect(run(['', 'aab'], ['aa', 'a', 'b'])).toEqual({ out: ['', 'a', ''], stopped: true })
  })

  it('cut any text where its first stop begins', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(fc.array(letters), fc.array(letters, { maxLength: 3 }), (pieces, stops) => {
        const text = pieces.join('')
        const found = stops.map((s) => text.indexOf(s)).filter((at) => at >= 0)
        const { out, stopped } = run(stops, [...pieces, ''])
        // A stop may be met before an earlier one is complete.
        if (stops.length < 2)
          expect(out.join('')).toBe(found.length ? text.slice(0, Math.min(...found)) : text)
        expect(stopped).toBe(found.length > 0)
        expect(stops.some((s) => out.join('').includes(s))).toBe(false)
      }),
    )
  })
})
