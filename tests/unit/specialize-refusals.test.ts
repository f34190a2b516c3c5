import { describe, expect, test } from 'vitest'
import { formatError } from '../../compiler/errors.js'
import { parseTemplate, specialize } from '../../compiler/specialize/index.js'
import { FRONTS, readSamples, template, thrown } from './specialize-samples.js'

describe('refusals', () => {
  // Names of samples: "WGC301 line 1: message", the line within the text, 0 for the file as such.
  test.each(readSamples('specialize-refusals.txt'))('$name', ({ name, text, includes, language, params }) => {
    const [, code, at, says] = /^(WGC\d+) line (\d+): (.*)$/.exec(name)!
    const e = thrown(() => specialize(template(text, includes, language), params))
    expect([e.code, e.message]).toEqual([code, expect.stringMatching(new RegExp(says!))])
    const file = `t/k.${language}`
    const line = FRONTS[language].split('\n').length - 1 + Number(at)
    const place = at === '0' ? { file } : { file, line, text: text.split('\n')[Number(at) - 1] ?? '' }
    expect(e.place).toEqual(place)
    expect(formatError(e).split('\n')[0]).toBe(
      `${file}${at === '0' ? '' : `:${line}`}: error ${code}: ${e.message}`,
    )
  })

  const front: [code: string, line: number, text: string, says: RegExp][] = [
    ['WGC343', 1, '//! grid M', /no "op" line/],
    ['WGC343', 1, '//! op f(x: f32[M]) -> y: f32[M]', /no "grid" line/],
    ['WGC342', 1, '//! op f(x: f32[M])\n//! grid M', /expected name\(/],
    ['WGC342', 1, '//! op f(x f32[M]) -> y: f32[M]\n//! grid M', /"x f32\[M\]" is no port/],
    ['WGC342', 1, '//! op f(x: f32, x: u32) -> y: f32\n//! grid M', /port x stands twice/],
    ['WGC305', 2, '//! op f(x: f32) -> y: f32\n//! grid M,', /expected a value/],
    ['WGC341', 2, '//! op f(x: f32) -> y: f32\n//! grid 1, 2, 3, 4', /4 sizes/],
  ]
  test.each(front)('%s in line %i: %s', (code, line, text, says) => {
    const e = thrown(() => parseTemplate('k.wgsl', text, () => ''))
    expect([e.code, e.place?.line, e.message]).toEqual([code, line, expect.stringMatching(says)])
  })

  test('C needs its arguments', () => {
    expect(thrown(() => parseTemplate('k.c', FRONTS.wgsl, () => '')).message).toMatch(/no "args" line/)
  })

  test('errors in includes name the include', () => {
    const e = thrown(() => template('//#include "lib/a.wgsl"', { 'lib/a.wgsl': 'x\n//#if A\n//#end' }))
    expect(e).toMatchObject({ code: 'WGC306', place: { file: 't/lib/a.wgsl', line: 2, text: '//#if A' } })
  })

  test('includes that go round', () => {
    const e = thrown(() => template('//#include "a"', { a: '//#include "b"', b: '\n//#include "a"' }))
    expect(e).toMatchObject({ code: 'WGC313', place: { file: 't/b', line: 2, text: '//#include "a"' } })
    expect(e.message).toBe('includes go round in a circle: k > a > b > a')
  })

  test('a parameter that includer and include declare differently', () => {
    const e = thrown(() => template('//#option A 1|2\n//#include "a"', { a: '//#option A 2|1' }))
    expect(e).toMatchObject({ code: 'WGC315', place: { file: 't/a', line: 1 } })
  })
})
