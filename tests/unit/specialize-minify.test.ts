import { describe, expect, test } from 'vitest'
import { minifyWgsl } from '../../compiler/specialize/index.js'
import { tintErrors } from './specialize-tint.js'

/** What goes in, what comes out, why it is here. */
const golden: [what: string, text: string, minified: string][] = [
  [
    'white space and comments go',
    'fn main ( ) { /* a /* nested */ b */ let x = 1u ; // c\n _ = x; }',
    'fn main(){let a=1u;_=a;}',
  ],
  [
    'operators stay apart',
    'fn main() { var i = 1; i = i - -i; i = i - - - i; let b = 1 > 0; }',
    'fn main(){var a=1;a=a- -a;a=a- - -a;let b=1>0;}',
  ],
  [
    'template lists and their closing brackets',
    'var<private> v: array<vec4<f32>, 4> = array<vec4<f32>, 4>();\nfn main() { v[0] = vec4<f32>(1.); }',
    'var<private>a:array<vec4<f32>,4> =array<vec4<f32>,4>();fn main(){a[0]=vec4<f32>(1.);}',
  ],
  [
    'compound shifts',
    'fn main() { var shift = 8u; shift >>= 1u; shift <<= 2u; }',
    'fn main(){var a=8u;a>>=1u;a<<=2u;}',
  ],
  [
    'swizzles are no members',
    'struct S { x: f32, value: vec4f }\nvar<private> s: S;\nfn main() { s.x = s.value.x + s.value.xy.y; }',
    'struct b{x:f32,c:vec4f}var<private>a:b;fn main(){a.x=a.c.x+a.c.xy.y;}',
  ],
  [
    'members and variables have names of their own',
    'struct S { total: u32, count: u32 }\nfn main() { var total = S(1u, 2u); var count = total.count; count += total.total; }',
    'struct b{c:u32,d:u32}fn main(){var a=b(1u,2u);var c=a.d;c+=a.c;}',
  ],
  [
    'what is not reached is dropped',
    'const USED = 2u; const UNUSED = 3u; alias T = f32; struct S { a: u32 }\nfn never() { twice(1u); }\nfn twice(v: u32) -> u32 { return v * USED; }\nfn main() { _ = twice(1u); }',
    'const a=2u;fn b(c:u32)->u32{return c*a;}fn main(){_=b(1u);}',
  ],
  [
    'directives stay',
    'enable f16;\nrequires packed_4x8_integer_dot_product;\ndiagnostic(off, derivative_uniformity);\nfn main() { let half = 1h; }',
    'enable f16;requires packed_4x8_integer_dot_product;diagnostic(off,derivative_uniformity);fn main(){let a=1h;}',
  ],
  [
    'words in attributes stay',
    '@compute @workgroup_size(SIZE, 1)\nfn main(@builtin(local_invocation_index) local_invocation_index: u32) { _ = local_invocation_index; }\nconst SIZE = 8;',
    '@compute@workgroup_size(a,1)fn main(@builtin(local_invocation_index)b:u32){_=b;}const a=8;',
  ],
  [
    'overrides and assertions stay',
    'override scale: f32 = 1.0; const N = 4; const_assert N > 2; fn main() { _ = scale; }',
    'override scale:f32=1.0;const a=4;const_assert a>2;fn main(){_=scale;}',
  ],
  [
    'a built-in that is shadowed keeps its name',
    'fn main() { let max = max(1, 2); _ = max; }',
    'fn main(){let max=max(1,2);_=max;}',
  ],
  [
    'members of built-in results stay',
    'struct S { fract: f32, whole: f32, other: f32 }\nfn main() { let s = S(1, 2, modf(1.5).whole); _ = s.fract + s.other; }',
    'struct b{fract:f32,whole:f32,c:f32}fn main(){let a=b(1,2,modf(1.5).whole);_=a.fract+a.c;}',
  ],
  [
    'shadowing stays',
    'const v = 1; fn f(v: i32) -> i32 { var w = v; { let v = 2; w += v; } return w; }\nfn main() { _ = f(v); }',
    'const a=1;fn c(a:i32)->i32{var b=a;{let a=2;b+=a;}return b;}fn main(){_=c(a);}',
  ],
  [
    'switch cases are no declarations',
    'const A = 1;\nfn main() { switch 2 { case A: { } case 2, 3: { } default: { } } }',
    'const a=1;fn main(){switch 2{case a:{}case 2,3:{}default:{}}}',
  ],
  ['without an entry point everything stays', 'const A = 1; fn f() { }', 'const a=1;fn b(){}'],
  [
    'names beyond ASCII',
    'fn main() { let größe = 1; let 数 = größe; _ = 数; }',
    'fn main(){let a=1;let b=a;_=b;}',
  ],
]

describe('minifyWgsl', () => {
  test.each(golden)('%s', async (_, text, minified) => {
    expect(await tintErrors(text)).toEqual([])
    expect(minifyWgsl(text)).toBe(minified)
    expect(minifyWgsl(minified)).toBe(minified)
    expect(await tintErrors(minified)).toEqual([])
  })

  test('names to keep', () => {
    expect(minifyWgsl('var<private> state: u32; fn helper() { state = 1u; } fn main() { }', ['helper'])).toBe(
      'var<private>a:u32;fn helper(){a=1u;}fn main(){}',
    )
  })

  test('many names: none is a keyword, none twice', async () => {
    const lines = Array.from({ length: 4000 }, (_, i) => `let name_${i} = ${i}u;`)
    const small = minifyWgsl(`fn main() { ${lines.join('\n')} }`)
    expect(await tintErrors(small)).toEqual([])
    const names = [...small.matchAll(/let (\w+)=/g)].map((m) => m[1])
    expect(new Set(names).size).toBe(4000)
  })
})
