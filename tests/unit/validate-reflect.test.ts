import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js'
import { WgcError } from '../../compiler/errors.js'
import { reflect, reflectBindings } from '../../compiler/validate/reflect.js'
import { lineAt, tokenize } from '../../compiler/validate/tokens.js'

const body = '@compute @workgroup_size(1) fn main() {}'

const gemv = `
enable f16;
requires packed_4x8_integer_dot_product, pointer_composite_access;
struct Step { seq: u32, past: u32 }
@group(0) @binding(15) var<uniform> step: Step;
// @group(0) @binding(9) var<storage> ghost: array<f32>;
/* /* nested */ @group(0) @binding(8) var<storage> ghost: array<f32>; */
const WG: u32 = 64u; const ROWS = 4; const TOTAL: u32 = WG * (ROWS + 0x4u) / 2;
alias E = f16;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@binding(1) @group(0) var<storage, read> w: array<vec4<u32>>;
@group(0) @binding(0) var<storage> x: array<vec4f>;
struct Pair { a: f32, @align(16) b: vec3<E>, c: array<mat2x3f, 2>, }
var<workgroup> partial: array<f32, WG>;
var<workgroup> tile: array<array<vec4<E>, 8>, TOTAL>;
var<workgroup> pair: Pair;
var<private> mine: array<f32, 100>;
fn sum(v: f32) -> f32 { return v; }
@compute @workgroup_size(WG, ROWS >> 1,)
fn main(@builtin(workgroup_id) g: vec3<u32>) { let var_ = 1; for (var i = 0u; i < 4u; i++) { y[i] = f32(w[i].x); } }
`

describe('reflect', () => {
  test('reads bindings, sizes and directives', () => {
    expect(reflect(gemv)).toEqual({
      bindings: [
        { name: 'x', number: 0, kind: 'r' },
        { name: 'w', number: 1, kind: 'r' },
        { name: 'y', number: 3, kind: 'w' },
        { name: 'step', number: 15, kind: 'u' },
      ],
      workgroupSize: [64, 2, 1],
      workgroupBytes: 256 + 256 * 8 * 8 + 96,
      enables: ['f16'],
      requires: ['packed_4x8_integer_dot_product', 'pointer_composite_access'],
    })
  })

  test('agrees with wgsl_reflect', () => {
    const other = new WgslReflect(gemv.replaceAll('(WG, ROWS >> 1,)', '(64, 2)'))
    const theirs = [...other.storage, ...other.uniforms].map((v) => [v.name, v.binding])
    const ours = reflectBindings(gemv).map((b) => [b.name, b.number])
    expect(ours.sort()).toEqual(theirs.sort())
  })

  const sizes: [type: string, bytes: number][] = [
    ['f32', 16],
    ['vec3<f32>', 16],
    ['vec4h', 16],
    ['mat4x4<f32>', 64],
    ['mat3x2<f16>', 16],
    ['array<vec3f, 3>', 48],
    ['atomic<u32>', 16],
    ['array<array<f32, 4>, 4>', 64],
    ['array<vec4<f32>, (N + 1) * min(3, 5) - N % 3>', 16 * 25],
    ['array<f32, select(1, 2, true) << 4>', 128],
  ]
  test.each(sizes)('%s takes %i bytes of workgroup memory', (type, bytes) => {
    expect(reflect(`const N = 8; var<workgroup> s: ${type}; ${body}`).workgroupBytes).toBe(bytes)
  })

  const wrong: [text: string, message: RegExp][] = [
    ['fn other() {}', /no entry point main/],
    ['@fragment fn main() {}', /main is no compute entry point/],
    ['override N: u32; @compute @workgroup_size(N) fn main() {}', /workgroup size N is no constant/],
    ['const A = B; const B = A; @compute @workgroup_size(A) fn main() {}', /workgroup size A is no constant/],
    [`@group(1) @binding(0) var<storage> x: array<f32>; ${body}`, /x is not in @group\(0\)/],
    [`@group(0) @binding(0) var t: texture_2d<f32>; ${body}`, /t is no buffer/],
    [`override N: u32; var<workgroup> s: array<f32, N>; ${body}`, /size of array<f32,N> is no constant/],
    [
      `@group(0) @binding(2) var<storage> x: array<f32>; @group(0) @binding(2) var<storage> y: array<f32>; ${body}`,
      /x and y are both @binding\(2\)/,
    ],
  ]
  test.each(wrong)('refuses %s', (text, message) => {
    expect(() => reflect(text, 'gemv')).toThrow(message)
  })

  test('names kernel and line', () => {
    try {
      reflect(`const A = 1;\n@group(2) @binding(0) var<storage> x: array<f32>;\n${body}`, 'gemv')
      expect.unreachable()
    } catch (e) {
      expect(e).toMatchObject({
        code: 'WGC502',
        place: { file: 'gemv.wgsl', line: 2, text: '@group(2) @binding(0) var<storage> x: array<f32>;' },
      })
    }
  })
})

test('tokens keep their places; comments and exotic white space vanish', () => {
  expect(
    tokenize('a>>=1u// x\n\u00a0/* /**/ */b<c')
      .map((t) => t.text)
      .join(' '),
  ).toBe('a > > = 1u b < c')
  expect(lineAt('ab\ncd\nef', 4)).toEqual({ line: 2, text: 'cd' })
  expect(lineAt('ab', 0)).toEqual({ line: 1, text: 'ab' })
})

describe('whatever the text', () => {
  const pieces = [
    ...[
      '@group',
      '@binding',
      '(0)',
      '@compute',
      '@workgroup_size',
      '(',
      ')',
      '{',
      '}',
      '<',
      '>',
      '>>',
      ',',
      ';',
      '=',
    ],
    ...[
      'var',
      'var<workgroup>',
      'var<storage>',
      'const',
      'alias',
      'struct',
      'fn',
      'main',
      'enable',
      'f16',
      'A',
      'B',
    ],
    ...['array', 'vec3', 'f32', ':', '-', '*', '1u', '0x', '//x\n', '/*', '*/', '"', 'é', '\u2028', '[', ']'],
  ]
  const soup = fc.array(fc.constantFrom(...pieces)).map((list) => list.join(' '))

  test('reading ends, with a result or an error of its own', () => {
    fc.assert(
      fc.property(fc.oneof(soup, fc.string()), (text) => {
        try {
          reflect(text)
        } catch (e) {
          expect(e).toBeInstanceOf(WgcError)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('tokens are what stands at their places', () => {
    fc.assert(
      fc.property(fc.oneof(soup, fc.string()), (text) => {
        for (const t of tokenize(text)) expect(text.slice(t.at, t.at + t.text.length)).toBe(t.text)
      }),
    )
  })
})
