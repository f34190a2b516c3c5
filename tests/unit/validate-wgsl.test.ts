import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openCache } from '../../compiler/cache.js'
import { formatError, type WgcError } from '../../compiler/errors.js'
import { engineNamed } from '../../compiler/targets.js'
import { reflectBindings, validateWgsl, type WgslItem } from '../../compiler/validate/index.js'

/** A kernel with declarations of its own and a body, otherwise sound. */
const kernel = ({ top = '', more = '', body = '', wg = '64' } = {}) =>
  `${top}
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
${more}
@compute @workgroup_size(${wg})
fn main(@builtin(local_invocation_index) l: u32) {
  var acc = x[l] + f32(w[l].x);
  ${body}
  y[l] = acc;
}`

type Name = 'chromium' | 'gecko' | 'webkit'

const item = (text: string, over: Partial<Omit<WgslItem, 'engine'>> & { engine?: Name } = {}): WgslItem => ({
  name: 'linear_gemv.12ab',
  text,
  features: [],
  bindings: over.bindings ?? reflectBindings(kernel()),
  ...over,
  engine: engineNamed(over.engine ?? 'chromium'),
})

async function refusal(...items: WgslItem[]): Promise<WgcError> {
  return validateWgsl(items).then(
    () => expect.unreachable('it was accepted'),
    (e) => e,
  )
}

const engines: Name[] = ['chromium', 'gecko', 'webkit']

describe('sound kernels pass', () => {
  const f16 = kernel({ top: 'enable f16;', body: 'let h = f16(acc); acc = f32(h * 2h);' })
  const subgroups = kernel({
    top: 'enable f16, subgroups;',
    body: 'acc = subgroupAdd(acc) + f32(subgroupMax(f16(acc)));',
  })
  const sound: [what: string, text: string, features: string[], engines: Name[]][] = [
    ['plain', kernel(), [], engines],
    ['f16', f16, ['shader-f16'], engines],
    [
      'subgroups',
      kernel({ top: 'enable subgroups;', body: 'acc = subgroupAdd(acc);' }),
      ['subgroups'],
      ['chromium', 'webkit'],
    ],
    ['f16 and subgroups', subgroups, ['shader-f16', 'subgroups'], ['chromium', 'webkit']],
    [
      '16 KiB and 256 invocations',
      kernel({ more: 'var<workgroup> s: array<f32, 4096>;', wg: '16, 16', body: 's[l] = acc;' }),
      [],
      engines,
    ],
    ['pack2x16float', kernel({ body: 'acc += unpack2x16float(pack2x16float(vec2f(acc))).x;' }), [], engines],
    [
      'a pointer to private memory',
      kernel({ more: 'fn f(p: ptr<function, f32>) { *p += 1f; }', body: 'f(&acc);' }),
      [],
      engines,
    ],
    ['bitcasts of f32', kernel({ body: 'acc += f32(bitcast<u32>(acc));' }), [], engines],
    ['vec3 outside buffers', kernel({ body: 'acc += dot(vec3f(acc), vec3f(1f));' }), [], engines],
    [
      'packed dot products where every version has them',
      kernel({ body: 'acc += f32(dot4I8Packed(w[0].x, w[0].y));' }),
      [],
      ['webkit'],
    ],
    [
      'a function of its own called as a builtin',
      kernel({ more: 'fn dot4I8Packed(a: f32) -> f32 { return a; }', body: 'acc = dot4I8Packed(acc);' }),
      [],
      engines,
    ],
    ['minified', kernel().replace(/\n\s*/g, ' '), [], engines],
  ]
  test.each(sound)('%s', async (_, text, features, engines) => {
    await validateWgsl(engines.map((engine) => item(text, { engine, features })))
  })

  test('names are not asked of minified kernels', async () => {
    const bindings = reflectBindings(kernel()).map(({ number, kind }) => ({ number, kind }))
    await validateWgsl([item(kernel().replaceAll('w[', 'a[').replace(' w:', ' a:'), { bindings })])
  })
})

describe('the rules of an engine', () => {
  const pointer = (space: string) =>
    kernel({
      top: `var<workgroup> s: array<f32, 64>;`,
      more: `alias P = ptr<${space}>;\nfn f(a: f32, p: P) -> f32 { return a; }`,
    })
  const cases: [
    what: string,
    engine: Name,
    text: string,
    features: string[],
    message: RegExp,
    line: string,
  ][] = [
    [
      'subgroups on gecko',
      'gecko',
      kernel({ top: 'enable subgroups;', body: 'acc = subgroupAdd(acc);' }),
      ['subgroups'],
      /rules: enable subgroups: gecko does not have it/,
      'enable subgroups;',
    ],
    [
      'f16 in a variant without',
      'webkit',
      kernel({ top: 'enable f16;' }),
      ['subgroups'],
      /rules: enable f16: the variant is made for \[subgroups\], without shader-f16/,
      'enable f16;',
    ],
    [
      'a directive nobody knows',
      'chromium',
      kernel({ top: 'enable magic;' }),
      [],
      /enable magic: chromium does not have it/,
      'enable magic;',
    ],
    [
      'a language feature not everywhere',
      'chromium',
      kernel({ top: 'requires subgroup_id;' }),
      [],
      /requires subgroup_id: the variant is made for \[\], without subgroup_id/,
      'requires subgroup_id;',
    ],
    [
      'a language feature never there',
      'gecko',
      kernel({ top: 'requires unrestricted_pointer_parameters;' }),
      [],
      /gecko does not have it/,
      'requires unrestricted_pointer_parameters;',
    ],
    [
      'a pointer to storage',
      'gecko',
      pointer('storage, array<f32>, read_write'),
      [],
      /f takes a pointer to storage memory: Naga refuses pointers/,
      'fn f(a: f32, p: P) -> f32 { return a; }',
    ],
    [
      'a pointer to workgroup memory',
      'gecko',
      pointer('workgroup, array<f32, 64>'),
      [],
      /pointer to workgroup memory/,
      'fn f(a: f32, p: P) -> f32 { return a; }',
    ],
    [
      'a pointer to workgroup memory in old versions',
      'chromium',
      pointer('workgroup, array<f32, 64>'),
      [],
      /refused before version 123/,
      'fn f(a: f32, p: P) -> f32 { return a; }',
    ],
    [
      'f16 bitcast to',
      'gecko',
      kernel({ top: 'enable f16; alias E = f16;', body: 'acc = f32(bitcast<vec2<E>>(w[0].x).x);' }),
      ['shader-f16'],
      /bitcast of f16: .*use pack2x16float/,
      'acc = f32(bitcast<vec2<E>>(w[0].x).x);',
    ],
    [
      'f16 bitcast from',
      'gecko',
      kernel({ top: 'enable f16;', body: 'acc = f32(bitcast<u32>(vec2h(1h)));' }),
      ['shader-f16'],
      /bitcast of f16/,
      'acc = f32(bitcast<u32>(vec2h(1h)));',
    ],
    [
      'packed dot products',
      'gecko',
      kernel({ body: 'acc += f32(dot4I8Packed(w[0].x, w[0].y));' }),
      [],
      /dot4I8Packed\(\): gecko does not have packed_4x8_integer_dot_product in every version/,
      'acc += f32(dot4I8Packed(w[0].x, w[0].y));',
    ],
    [
      'vec3 in a struct in a buffer',
      'webkit',
      kernel({ more: 'struct S { a: vec3f } alias T = array<S>;\n@group(0) @binding(3) var<storage> t: T;' }),
      [],
      /t is a buffer of vec3 in storage memory/,
      '@group(0) @binding(3) var<storage> t: T;',
    ],
    [
      'pack4x8unorm',
      'webkit',
      kernel({ body: 'acc += unpack4x8unorm(w[0].x).x;' }),
      [],
      /unpack4x8unorm\(\): they pass through volatile memory/,
      'acc += unpack4x8unorm(w[0].x).x;',
    ],
    [
      'subgroup_id',
      'chromium',
      kernel({ top: 'enable subgroups;' }).replace('main(', 'main(@builtin(subgroup_id) s: u32, '),
      ['subgroups'],
      /@builtin\(subgroup_id\): not every browser/,
      'fn main(@builtin(subgroup_id) s: u32, @builtin(local_invocation_index) l: u32) {',
    ],
    [
      'immediates',
      'chromium',
      kernel({ more: 'var<immediate> n: u32;' }),
      [],
      /n is in immediate memory/,
      'var<immediate> n: u32;',
    ],
  ]
  test.each(cases)('%s', async (_, engine, text, features, message, line) => {
    const bindings = reflectBindings(text)
    const e = await refusal(item(text, { engine, features, bindings }))
    expect(e.code).toBe('WGC501')
    expect(e.message).toMatch(/^linear_gemv\.12ab for (chromium|gecko|webkit) is refused by rules: /)
    expect(e.message).toMatch(message)
    expect(e.place).toMatchObject({ file: 'linear_gemv.12ab.wgsl', text: expect.stringContaining(line) })
  })
})

describe('the plan', () => {
  const nine = Array.from(
    { length: 6 },
    (_, i) => `@group(0) @binding(${i + 3}) var<storage> b${i}: array<u32>;`,
  )
  const cases: [
    what: string,
    change: (b: WgslItem['bindings']) => WgslItem['bindings'],
    text: string,
    message: RegExp,
  ][] = [
    [
      'a binding too few',
      (b) => b.slice(1),
      kernel(),
      /the shader declares x \(binding 0\), the plan does not bind it/,
    ],
    [
      'a binding too many',
      (b) => [...b, { name: 'r', number: 5, kind: 'r' }],
      kernel(),
      /the plan binds r \(binding 5\), the shader does not declare it/,
    ],
    [
      'another access',
      (b) => b.map((x) => ({ ...x, kind: 'w' as const })),
      kernel(),
      /w \(binding 1\) is read-only storage in the shader, read-write storage in the plan/,
    ],
    [
      'a uniform',
      (b) => b,
      kernel().replace('var<storage, read> w: array<vec4<u32>>', 'var<uniform> w: array<vec4<u32>, 64>'),
      /w \(binding 1\) is uniform in the shader, read-only storage in the plan/,
    ],
    [
      'names swapped',
      (b) => b.map((x) => ({ ...x, name: x.name === 'x' ? 'y' : 'x' })),
      kernel(),
      /binding 0 is x in the shader, y in the plan/,
    ],
    [
      'nine storage buffers',
      (b) => [...b, ...nine.map((_, i) => ({ number: i + 3, kind: 'r' as const }))],
      kernel({ more: nine.join('\n') }),
      /takes 9 storage buffers, maxStorageBuffersPerShaderStage is 8/,
    ],
    [
      '257 invocations',
      (b) => b,
      kernel({ wg: '257' }),
      /takes 257 invocations a workgroup, maxComputeInvocationsPerWorkgroup is 256/,
    ],
    [
      'workgroup memory',
      (b) => b,
      kernel({ more: 'var<workgroup> s: array<vec4f, 1025>;' }),
      /takes 16400 bytes of workgroup memory, maxComputeWorkgroupStorageSize is 16384/,
    ],
    ['no entry point', (b) => b, 'fn other() {}', /no entry point main/],
  ]
  test.each(cases)('%s', async (_, change, text, message) => {
    const e = await refusal(item(text, { bindings: change(reflectBindings(kernel())) }))
    expect(e).toMatchObject({ code: 'WGC501', message: expect.stringMatching(message) })
    expect(e.message).toContain('refused by plan')
  })

  test('a device class with more may take more', async () => {
    const text = kernel({ more: 'var<workgroup> s: array<vec4f, 2048>;', wg: '512', body: 's[l].x = acc;' })
    const limits = {
      maxComputeWorkgroupStorageSize: 32768,
      maxComputeInvocationsPerWorkgroup: 1024,
      maxComputeWorkgroupSizeX: 1024,
    }
    await validateWgsl([item(text, { limits })])
    expect((await refusal(item(text))).message).toContain('512 invocations a workgroup')
  })
})

describe('the tools', () => {
  const cases: [what: string, text: string, message: RegExp, line: string][] = [
    ['syntax', kernel({ body: 'vra q = 1;' }), /refused by Tint: expected '=' for assignment/, 'vra q = 1;'],
    ['types', kernel({ body: 'let q: f32 = 1u;' }), /refused by Tint: cannot initialize/, 'let q: f32 = 1u;'],
    [
      'uniformity',
      kernel({ body: 'if (l == 0u) { workgroupBarrier(); }' }),
      /refused by Tint: 'workgroupBarrier' must only be called from uniform control flow; control flow depends/,
      'workgroupBarrier',
    ],
    [
      'what only Tint knows',
      kernel({ body: 'var v = vec2f(); v.xy = vec2f(acc); acc = v.x;' }),
      /refused by Naga: invalid left-hand side of assignment; .*swizzle/,
      'v.xy = vec2f(acc)',
    ],
  ]
  test.each(cases)('%s', async (_, text, message, line) => {
    const e = await refusal(item(text))
    expect(e).toMatchObject({ code: 'WGC501', message: expect.stringMatching(message) })
    expect(e.place?.text).toContain(line)
  })

  test('a minified kernel shows the place, not its whole line', async () => {
    const text = kernel({ body: `${'acc *= 2f; '.repeat(50)} let q: f32 = 1u;` }).replace(/\n\s*/g, ' ')
    const { place } = await refusal(item(text))
    expect(place?.text).toContain('let q: f32 = 1u;')
    expect(place!.text!.length).toBeLessThan(130)
  })
})

test('the same error across kernels and engines is said once, others follow, the sound are not named', async () => {
  const bad = (n: number) => kernel({ body: `let q: f32 = 1u; acc += ${n}f;` })
  const e = await refusal(
    ...engines.flatMap((engine) => [1, 2, 3].map((n) => item(bad(n), { engine, name: `gemm.${n}` }))),
    item(kernel({ body: 'oops' }), { name: 'rope.1' }),
    item(kernel(), { name: 'sound.1' }),
  )
  const [first, second, ...rest] = formatError(e).split('\n')
  expect(first).toMatch(
    /^gemm\.1\.wgsl:9: error WGC501: gemm\.1 for chromium, gecko, webkit is refused by Tint: cannot initialize .* \(so are 2 more: gemm\.2, gemm\.3\)$/,
  )
  expect(second).toMatch(/^rope\.1\.wgsl:10?: rope\.1 for chromium is refused by Tint: /)
  expect(rest.join('\n')).not.toContain('sound')
  expect(e.message.split('\n')).toHaveLength(2)
})

describe('with a cache', () => {
  let dir: string
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'wgc-validate-'))
  })
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  test('what passed is not checked again; what changed is', async () => {
    const cache = openCache({ dir })
    const steps: number[] = []
    const run = (text: string, engine: Name) =>
      validateWgsl([item(text, { engine })], cache, (done, total) => steps.push(done, total))
    await run(kernel(), 'chromium')
    expect(steps.splice(0)).toEqual([0, 1, 0, 1, 1, 1])
    await run(kernel(), 'chromium')
    expect(steps).toEqual([])
    await run(kernel(), 'gecko')
    expect(steps.splice(0)).not.toEqual([])
    await expect(run(kernel({ body: 'oops' }), 'chromium')).rejects.toThrow('Tint')
    await expect(run(kernel({ body: 'oops' }), 'chromium')).rejects.toThrow('Tint')
  })
})
