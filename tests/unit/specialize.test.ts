import { describe, expect, test } from 'vitest'
import { expandRaw, parseTemplate, specialize } from '../../compiler/specialize/index.js'
import { FRONTS, readSamples, template } from './specialize-samples.js'

describe('specialize', () => {
  test.each(readSamples('specialize-golden.txt'))('$name', ({ text, includes, language, params, gives }) => {
    const t = template(text, includes, language)
    const made = specialize(t, params)
    expect(made.text).toBe(gives)
    expect(made.lines).toHaveLength(gives === '' ? 0 : gives.split('\n').length)
    expect(specialize(t, params)).toEqual(made)
  })

  test('Windows line ends', () => {
    const t = template('//#option A false|true\r\n//#if A\r\n//: x\r\n//#end\r\ny\r\n')
    expect(specialize(t, { A: true }).text).toBe('x\ny\n')
  })

  test('complete parameters, and where each line comes from', () => {
    const t = template('//#param N 1|2\nconst N = 1;\n//#include "a"\nx', { a: '// a\n//#option O p|q\ny' })
    const { params, lines } = specialize(t, { O: 'q' })
    expect(params).toEqual({ N: 1, O: 'q' })
    expect(lines).toEqual([
      { file: 't/k.wgsl', line: 4 },
      { file: 't/a', line: 1 },
      { file: 't/a', line: 3 },
      { file: 't/k.wgsl', line: 6 },
    ])
    expect(t.params.map(({ name, domain, default: d, declared }) => [name, domain, d, declared])).toEqual([
      ['N', [1, 2], 1, true],
      ['O', ['p', 'q'], 'p', false],
    ])
  })

  test('lines of unrolled code', () => {
    const { lines } = specialize(template('//#unroll\nfor (var r = 0; r < 2; r++) {\n  r\n}\nx'))
    expect(lines.map((l) => l.line)).toEqual([4, 5, 6, 4, 5, 6, 7])
  })

  test('expandRaw pastes includes in and leaves the rest', () => {
    const t = template(
      '//#param N 1|2\nconst N = 1;\n//#if N == 2\n//#include "b"\n//#end\n//#include "a"\nx',
      {
        a: '//#param N 1|2\nconst N = 1;\na',
        b: 'b',
      },
    )
    expect(expandRaw(t)).toBe(
      `${FRONTS.wgsl}//#param N 1|2\nconst N = 1;\n//#if N == 2\n//#include "b"\n//#end\n//#param N 1|2\n\na\nx`,
    )
  })

  test('front matter', () => {
    const t = parseTemplate(
      'c/attention_decode.c',
      `//! Attention for one query.
//!
//! Two lines of it.
//! op attention(q: f32[M,H*HD], k: KV[KVH,C,HD],
//!   r?: f32[M, LDY], n: u32) -> y: f32[M,H*HD], k: KV[KVH,C,HD]
//! grid ceil(H / 2)
//! needs HD % 4 == 0
//! needs M == 1
//! layout k: cols
//! args q, k, y, step M H
//! entry attention
void attention() {}`,
      () => '',
    )
    expect(t).toMatchObject({ language: 'c', name: 'attention_decode', params: [] })
    const { front } = t
    expect(front).toMatchObject({
      doc: 'Attention for one query.\n\nTwo lines of it.',
      layouts: { k: 'cols' },
      args: ['q', 'k', 'y', 'step', 'M', 'H'],
      entry: 'attention',
    })
    expect([front.op.name, front.grid.length, front.needs.length]).toEqual(['attention', 1, 2])
    const ports = (list: typeof front.op.inputs) =>
      list.map((p) => [p.name, p.type, p.shape.length, p.optional])
    expect(ports(front.op.inputs)).toEqual([
      ['q', 'f32', 2, false],
      ['k', 'KV', 3, false],
      ['r', 'f32', 2, true],
      ['n', 'u32', 0, false],
    ])
    expect(ports(front.op.outputs)).toEqual([
      ['y', 'f32', 2, false],
      ['k', 'KV', 3, false],
    ])
  })

  test('a template of 200 lines takes less than a millisecond', () => {
    const lines = Array.from({ length: 180 }, (_, i) => `  let v${i} = a[${i}u] * b.x + f(${i}u, c);`)
    const t = template(
      `//#param R 4|8\nconst R = 4u;\nfn f() {\n//#unroll\nfor (var r = 0u; r < R; r++) { g(r); }\n${lines.join('\n')}\n}`,
    )
    // The best of many: others may use this machine.
    const times = Array.from({ length: 300 }, () => {
      const start = performance.now()
      specialize(t, { R: 8 })
      return performance.now() - start
    })
    expect(Math.min(...times)).toBeLessThan(1)
  })
})
