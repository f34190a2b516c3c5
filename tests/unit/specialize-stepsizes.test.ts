/** Sizes that only a step brings: read from a uniform, in every template that could meet them. */
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { loadTemplates, specialize, type Template } from '../../compiler/specialize/index.js'
import { sizesFromUniform, sizesRead } from '../../compiler/specialize/stepsizes.js'
import { resolveTargets } from '../../compiler/targets.js'
import { validateWgsl } from '../../compiler/validate/index.js'
import { reflectBindings } from '../../compiler/validate/reflect.js'

const NAMES = [
  'IH',
  'IW',
  'OH',
  'OW',
  'M',
  'L',
  'S',
  'N',
  'K',
  'D',
  'D0',
  'D1',
  'D2',
  'B',
  'FRAMES',
  'SAMPLES',
]
let templates: Template[]
beforeAll(() => {
  templates = loadTemplates(join(import.meta.dirname, '../../kernel-templates')).filter(
    (t) => t.language === 'wgsl',
  )
})

test('constants become members of a uniform, and what is computed from them expressions', () => {
  const text = [
    'enable f16;',
    'const W: u32 = 8u;',
    'const H: i32 = 4;',
    'const AREA: u32 = W * u32(H);',
    'const TILE: u32 = 16u;',
    'fn f(a: S) -> u32 { return AREA / TILE + a.W + W; }',
  ].join('\n')
  const made = sizesFromUniform(text, ['W', 'H', 'NONE'])
  expect(made.replace(/\s+/g, ' ')).toBe(
    'enable f16; struct Sizes { W: u32, H: u32, } @group(0) @binding(14) var<uniform> sizes: Sizes; ' +
      'const TILE: u32 = 16u; fn f(a: S) -> u32 { return (sizes.W * u32(i32(sizes.H))) / TILE + a.W + sizes.W; }',
  )
  expect(sizesRead(made)).toEqual(['W', 'H'])
})

test('conditions on such a size do not hold, whatever its largest value', () => {
  const t = templates.find((x) => x.params.some((p) => p.name === 'S') && x.name === 'groupnorm')!
  const { text } = specialize(t, { S: 64 }, ['S'])
  expect(text).toContain('sizes.S')
  expect(text).not.toContain('vec4')
})

test('every template with such parameters is still a shader', async () => {
  const engine = resolveTargets('chrome')[0]!.engine
  // Rows of matrices are of known length; what needs a feature has its own tests.
  const others = /^(linear_gem[mv]_|norm_\w+_i8|quantize_rows)/
  const kernels = templates.flatMap((t) => {
    if (others.test(t.name)) return []
    const moving = t.params.map((p) => p.name).filter((n) => NAMES.includes(n))
    const text = moving.length > 0 ? specialize(t, {}, moving).text : ''
    if (sizesRead(text).length === 0) return []
    const bindings = reflectBindings(text, t.name)
    expect(bindings.map((b) => b.name)).toContain('sizes')
    return [{ name: t.name, text, engine, features: [], bindings }]
  })
  expect(kernels.length).toBeGreaterThan(20)
  await validateWgsl(kernels, undefined)
})
