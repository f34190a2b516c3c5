import { expect, it } from 'vitest'
import type { Manifest, Variant } from '../../runtime/format.js'
import {
  type Capabilities,
  type SelectOptions,
  selectVariant,
  UnsupportedError,
} from '../../runtime/index.js'
import { machine } from '../helpers/capabilities.js'

const variant = (backend: Variant['backend'], more: Partial<Variant> = {}): Variant => ({
  ...{ backend, features: [], limits: {}, plan: 'p.json', code: 'c', memory: 1000, ...more },
})

const variants: Record<string, Variant> = {
  'chromium-fast': variant('webgpu', { engine: 'chromium', features: ['shader-f16', 'subgroups'] }),
  'chromium-plain': variant('webgpu', { engine: 'chromium' }),
  'gecko-f16': variant('webgpu', { engine: 'gecko', features: ['shader-f16'] }),
  'gecko-plain': variant('webgpu', { engine: 'gecko' }),
  'webkit-plain': variant('webgpu', { engine: 'webkit', limits: { maxBufferSize: 2 ** 31 } }),
  'wasm-relaxed': variant('wasm', { features: ['simd128', 'relaxed-simd'] }),
  wasm: variant('wasm', { features: ['simd128'] }),
  'wasm-base': variant('wasm'),
}

const manifest: Manifest = {
  ...{ format: 1, wgc: '0', files: {}, variants },
  model: { family: 'f', name: 'n', parameters: 1, vocab: 1, context: 1, eos: [], weights: '' },
  targets: {
    'safari-ios-15': ['wasm-base'],
    chrome: ['chromium-fast', 'chromium-plain', 'wasm-relaxed', 'wasm'],
    firefox: ['gecko-f16', 'gecko-plain', 'wasm-relaxed', 'wasm'],
    safari: ['webkit-plain', 'wasm'],
  },
}

const bare = { features: [] }
const none = { available: false, features: [], reason: 'there is no navigator.gpu' }

const table: [string, Capabilities, SelectOptions, string[]][] = [
  [
    'its own shape, best first',
    machine(),
    {},
    ['chromium-fast', 'chromium-plain', 'gecko-f16', 'gecko-plain', 'wasm-relaxed', 'wasm', 'wasm-base'],
  ],
  [
    'without features',
    machine('chromium', bare),
    {},
    ['chromium-plain', 'gecko-plain', 'wasm-relaxed', 'wasm', 'wasm-base'],
  ],
  [
    'another engine',
    machine('gecko', { features: ['shader-f16'] }),
    {},
    ['gecko-f16', 'gecko-plain', 'chromium-plain', 'wasm-relaxed', 'wasm', 'wasm-base'],
  ],
  [
    'limits unmet by the own shape',
    machine('webkit', bare),
    {},
    ['chromium-plain', 'gecko-plain', 'wasm-relaxed', 'wasm', 'wasm-base'],
  ],
  [
    'limits met',
    machine('webkit', { ...bare, limits: { maxBufferSize: 2 ** 31 } }),
    {},
    ['webkit-plain', 'chromium-plain', 'gecko-plain', 'wasm-relaxed', 'wasm', 'wasm-base'],
  ],
  [
    'an unknown engine',
    machine('unknown', bare),
    {},
    ['chromium-plain', 'gecko-plain', 'wasm-relaxed', 'wasm', 'wasm-base'],
  ],
  ['no WebGPU', machine('webkit', none), {}, ['wasm-relaxed', 'wasm', 'wasm-base']],
  [
    'no relaxed SIMD',
    machine('webkit', none, { wasm: { ...machine().wasm, 'relaxed-simd': false } }),
    {},
    ['wasm', 'wasm-base'],
  ],
  [
    'no SIMD',
    machine('webkit', none, { wasm: { ...machine().wasm, simd128: false, 'relaxed-simd': false } }),
    {},
    ['wasm-base'],
  ],
  [
    'a GPU in software',
    machine('chromium', { ...bare, software: true }),
    {},
    ['wasm-relaxed', 'wasm', 'wasm-base', 'chromium-plain', 'gecko-plain'],
  ],
  [
    'a GPU in software, asked for',
    machine('chromium', { ...bare, software: true }),
    { backend: 'webgpu' },
    ['chromium-plain', 'gecko-plain'],
  ],
  ['wasm asked for', machine(), { backend: 'wasm' }, ['wasm-relaxed', 'wasm', 'wasm-base']],
  [
    'a target asked for',
    machine(),
    { target: 'firefox' },
    ['gecko-f16', 'gecko-plain', 'wasm-relaxed', 'wasm'],
  ],
  ['a variant asked for', machine(), { variant: 'gecko-plain' }, ['gecko-plain']],
]

it.each(table)('ranks: %s', (_, capabilities, options, ranked) => {
  const selection = selectVariant(manifest, capabilities, options)
  expect(selection.ranked).toEqual(ranked)
  expect(selection.variant).toBe(ranked[0])
  expect(selection.reasons.map((r) => r.id).sort()).toEqual(Object.keys(variants).sort())
  expect(
    selection.reasons
      .filter((r) => r.ok)
      .map((r) => r.id)
      .sort(),
  ).toEqual([...ranked].sort())
  expect(selection.reasons.find((r) => r.id === ranked[0])?.why).toBe('taken')
})

const refused: [string, Capabilities, SelectOptions, RegExp[]][] = [
  [
    'no wasm features',
    machine('webkit', none, { wasm: { ...machine().wasm, simd128: false, 'relaxed-simd': false } }),
    { target: 'chrome' },
    [/chromium-fast: no WebGPU: there is no navigator.gpu/, /wasm-relaxed: needs simd128, relaxed-simd/],
  ],
  [
    'too little memory',
    machine('chromium', {}, { memory: 999 }),
    {},
    [/wasm: needs 1 MiB, here a page has 1 MiB/],
  ],
  [
    'no such target',
    machine(),
    { target: 'opera' },
    [/the bundle has no target opera; it has safari-ios-15, chrome, firefox, safari/],
  ],
  ['no such variant', machine(), { variant: 'constructor' }, [/variant constructor was asked for/]],
  [
    'a limit',
    machine('webkit'),
    { target: 'safari', backend: 'webgpu' },
    [
      /webkit-plain: needs maxBufferSize 2147483648, here it is 1073741824/,
      /chromium-fast: not in target safari/,
      /wasm: backend webgpu was asked for/,
    ],
  ],
]

it.each(refused)('refuses, with every reason: %s', (_, capabilities, options, reasons) => {
  let error: unknown
  try {
    selectVariant(manifest, capabilities, options)
  } catch (e) {
    error = e
  }
  expect(error).toBeInstanceOf(UnsupportedError)
  expect((error as UnsupportedError).candidates).toHaveLength(Object.keys(variants).length)
  for (const reason of reasons) expect((error as Error).message).toMatch(reason)
})

it('takes what is tuned for this device, and leaves alone what is tuned for another', () => {
  const tuned: Manifest = {
    ...manifest,
    variants: { ...variants, tuned: variant('webgpu', { engine: 'chromium', vendors: ['nvidia'] }) },
    targets: { chrome: ['tuned', ...manifest.targets.chrome!] },
  }
  const on = (info: Record<string, string>) => selectVariant(tuned, machine('chromium', { ...bare, info }))
  expect(on({ vendor: 'nvidia' }).variant).toBe('tuned')
  for (const info of [{ vendor: 'amd' }, {}] as Record<string, string>[]) {
    const { variant, reasons } = on(info)
    expect(variant).toBe('chromium-plain')
    expect(reasons.find((r) => r.id === 'tuned')?.why).toBe('tuned for nvidia')
    const asked = selectVariant(tuned, machine('chromium', { ...bare, info }), { variant: 'tuned' })
    expect(asked.variant).toBe('tuned')
  }
})

const switches: [string, Capabilities, SelectOptions, string][] = [
  ['a GPU feature', machine(), { features: { 'shader-f16': false } }, 'chromium-plain'],
  [
    'one that is not there anyway',
    machine('chromium', bare),
    { features: { subgroups: false } },
    'chromium-plain',
  ],
  ['true is as found', machine('chromium', bare), { features: { 'shader-f16': true } }, 'chromium-plain'],
  ['WebGPU', machine(), { features: { webgpu: false } }, 'wasm-relaxed'],
  ['a wasm feature', machine(), { features: { webgpu: false, 'relaxed-simd': false } }, 'wasm'],
  ['all of SIMD', machine(), { backend: 'wasm', features: { simd128: false } }, 'wasm-base'],
  [
    'a limit, capped',
    machine('webkit', { ...bare, limits: { maxBufferSize: 2 ** 31 } }),
    { limits: { maxBufferSize: 2 ** 30 } },
    'chromium-plain',
  ],
  [
    'a cap above what there is',
    machine('webkit', { ...bare, limits: { maxBufferSize: 2 ** 30 } }),
    { limits: { maxBufferSize: 2 ** 31 } },
    'chromium-plain',
  ],
]

it.each(switches)('takes what runs without: %s', (_, capabilities, options, expected) => {
  expect(selectVariant(manifest, capabilities, options).variant).toBe(expected)
})

it('raises an alignment to a cap, and lowers none', () => {
  const aligned: Manifest = {
    ...{ ...manifest, targets: {} },
    variants: {
      fine: variant('webgpu', { limits: { minStorageBufferOffsetAlignment: 64 } }),
      wasm: variant('wasm'),
    },
  }
  const here = machine('chromium', { limits: { minStorageBufferOffsetAlignment: 32 } })
  const at = (limit: number) =>
    selectVariant(aligned, here, { limits: { minStorageBufferOffsetAlignment: limit } }).variant
  expect([at(16), at(64), at(256)]).toEqual(['fine', 'fine', 'wasm'])
})

it('says which names there are to switch', () => {
  // @ts-expect-error: the compiler says so first.
  const wrong: SelectOptions = { features: { f16: false } }
  expect(() => selectVariant(manifest, machine(), wrong)).toThrow(RangeError)
  expect(() => selectVariant(manifest, machine(), wrong)).toThrow(
    /^no f16; there is webgpu,shader-f16,subgroups/,
  )
  const limit = { limits: { maxBuffers: 1 } } as SelectOptions
  expect(() => selectVariant(manifest, machine(), limit)).toThrow(/^no maxBuffers; there is maxBufferSize,/)
  // Without an adapter nobody knows the names, and nothing depends on them.
  expect(selectVariant(manifest, machine('webkit', { ...none, limits: {} }), limit).variant).toBe(
    'wasm-relaxed',
  )
})

it('explains by points, whose sum is the order', () => {
  const { ranked, reasons } = selectVariant(manifest, machine(), { explain: true })
  const scores = ranked.map((id) => reasons.find((r) => r.id === id)!)
  for (const { score, parts } of scores) expect(Object.values(parts!).reduce((a, b) => a + b)).toBe(score)
  const order = scores.map((r) => r.score!)
  expect([...order].sort((a, b) => b - a)).toEqual(order)
  expect(scores[0]!.parts).toEqual({
    backend: 1000,
    engine: 100,
    tuned: 0,
    features: 2,
    threads: 0,
    memory: 0,
  })
  // What does not fit has no points, and nothing has any unless they were asked for.
  expect(reasons.find((r) => r.id === 'webkit-plain')).not.toHaveProperty('score')
  expect(selectVariant(manifest, machine()).reasons[0]).not.toHaveProperty('parts')
})

const GiB = 2 ** 30
const m1 = { maxStorageBufferBindingSize: GiB, maxStorageBuffersPerShaderStage: 9 }

it.each<[string, Capabilities['engine'], Record<string, number>, boolean]>([
  ['the bucket of Apple', 'gecko', m1, true],
  ['its first version', 'gecko', { ...m1, maxStorageBuffersPerShaderStage: 8 }, true],
  ['the bucket of AMD', 'gecko', { ...m1, maxStorageBuffersPerShaderStage: 16 }, false],
  ['the defaults', 'gecko', { ...m1, maxStorageBufferBindingSize: 2 ** 27 }, false],
  ['another engine of such limits', 'chromium', m1, false],
])('knows a masked adapter by its limits: %s', (_, engine, limits, expected) => {
  const tuned: Manifest = {
    ...{ ...manifest, targets: {} },
    variants: {
      tuned: variant('webgpu', { engine, vendors: ['apple'] } as Variant),
      plain: variant('webgpu', { engine } as Variant),
    },
  }
  const here = machine(engine, { ...bare, limits, info: { vendor: '' } })
  expect(selectVariant(tuned, here).variant).toBe(expected ? 'tuned' : 'plain')
})

const size = { plan: 'p', code: 'c', context: 1, kv: 'f16', chunk: 1 }
const sizes = {
  memory: 4000,
  limits: { maxBufferSize: 2 ** 31 },
  smaller: [
    { ...size, memory: 3000, limits: { maxBufferSize: 2 ** 30 } },
    { ...size, memory: 2000, limits: {} },
  ],
}
const laddered: Manifest = {
  ...{ ...manifest, targets: {} },
  variants: { gpu: variant('webgpu', sizes), wasm: variant('wasm', { ...sizes, smaller: [] }) },
}

it.each<[string, Partial<Capabilities>, number, number, number]>([
  ['all fits', {}, 2 ** 31, 0, 0],
  ['a limit of the second size', {}, 2 ** 30, 1, 0],
  ['a limit of the last', {}, 2 ** 29, 2, 0],
  ['memory for the second', { memory: 3999 }, 2 ** 31, 1, -1],
  ['memory for the last', { memory: 2000 }, 2 ** 31, 2, -1],
  ['memory for the second, a limit of the last', { memory: 3000 }, 2 ** 29, 2, -1],
])('begins at the largest size that fits: %s', (_, more, maxBufferSize, gpu, wasm) => {
  const { down, reasons, ranked } = selectVariant(
    laddered,
    machine('chromium', { limits: { maxBufferSize } }, more),
  )
  expect(down).toEqual({ gpu, wasm })
  expect(ranked).toEqual(wasm < 0 ? ['gpu'] : ['gpu', 'wasm'])
  if (wasm < 0) expect(reasons.find((r) => r.id === 'wasm')!.why).toBe('needs 1 MiB, here a page has 1 MiB')
})
