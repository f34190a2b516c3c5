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
