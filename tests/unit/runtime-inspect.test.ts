/** The full report, on platforms made up for it. */
import { readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { type Capabilities, detect, memoryOf, vendorOf } from '../../runtime/detect.js'
import { deviceOf, tierOf } from '../../runtime/inspect/device.js'
import type { Platform } from '../../runtime/inspect/platform.js'
import { versionOf } from '../../runtime/inspect/version.js'
import { workaroundsFor } from '../../runtime/inspect/workarounds.js'
import { adviceFor, explain, inspect, WORKAROUNDS } from '../../runtime/inspect.js'
import { machine } from '../helpers/capabilities.js'

interface Classes {
  tiers: Record<string, { limits: Record<string, number> }>
  classes: Record<string, { match: { vendors: string[] } }>
  masked: { id: string; classes: string[]; limits: Record<string, number[]>; sure?: boolean }[]
}
const data = JSON.parse(readFileSync('targets/device-classes.json', 'utf8')) as Classes

describe('classes of devices are those of targets/device-classes.json', () => {
  test.each(Object.entries(data.tiers))('tier %s', (name, { limits }) => {
    expect(tierOf(limits)).toBe(name)
    // Any limit less, and it is a lesser tier.
    for (const [limit, value] of Object.entries(limits))
      if (limit.startsWith('max')) expect(tierOf({ ...limits, [limit]: value - 1 })).not.toBe(name)
  })
  const vendors = Object.entries(data.classes).flatMap(([name, { match }]) =>
    match.vendors.map((vendor) => [vendor, name] as const),
  )
  test.each(vendors.filter(([, name]) => name !== 'software'))('vendor %s is %s', (vendor, name) => {
    const at = machine('chromium', { info: { vendor } })
    expect(deviceOf(at, 'windows')).toMatchObject({
      ...{ class: name, sure: true },
      by: /^\d+$/.test(vendor) ? 'id' : 'info',
    })
  })
  // Selection knows those alone that no other devices look like, and in code: the main file has no room for the table.
  test.each(data.masked.map((m) => [m.id, m] as const))('the set %s', (_, { classes, limits, sure }) => {
    for (const end of [0, 1]) {
      const here = Object.fromEntries(Object.entries(limits).map(([name, range]) => [name, range[end]!]))
      const at = machine('gecko', { info: masked, limits: here })
      expect(deviceOf(at, 'windows')).toMatchObject(
        classes.length > 1
          ? { class: 'unknown', oneOf: classes, sure: false }
          : { class: classes[0], by: 'limits', sure: !!sure },
      )
      const vendor = vendorOf(at)
      expect(data.classes[classes[0]!]!.match.vendors.includes(vendor!)).toBe(!!sure)
      // Names are there elsewhere: limits tell nothing.
      expect(deviceOf({ ...at, engine: 'chromium' }, 'windows')).toMatchObject({ class: 'unknown' })
    }
  })
})

const GiB = 2 ** 30
const bucket = (storageBuffers: number, binding: number, shared: number) => ({
  maxStorageBuffersPerShaderStage: storageBuffers,
  maxStorageBufferBindingSize: binding,
  maxComputeWorkgroupStorageSize: shared,
})
const masked = { vendor: '', architecture: '', subgroupMinSize: 4, subgroupMaxSize: 128 }

test.each<[string, Capabilities, object]>([
  [
    'Apple by limits',
    machine('gecko', { info: masked, limits: bucket(9, GiB, 32768) }),
    { class: 'apple', by: 'limits', sure: true },
  ],
  [
    'AMD, not sure',
    machine('gecko', { info: masked, limits: bucket(16, GiB, 32768) }),
    { class: 'amd', by: 'limits', sure: false },
  ],
  [
    'AMD with 64 KiB',
    machine('gecko', { info: masked, limits: bucket(16, GiB, 65536) }),
    { class: 'amd', by: 'limits', sure: true },
  ],
  [
    'one of two',
    machine('gecko', { info: masked, limits: bucket(16, GiB / 2, 32768) }),
    { class: 'unknown', oneOf: ['intel', 'nvidia'] },
  ],
  [
    'the defaults',
    machine('gecko', { info: masked, limits: bucket(8, GiB / 8, 16384) }),
    { class: 'unknown', by: 'none' },
  ],
  ['a PCI vendor', machine('gecko', { info: { vendor: '4318' } }), { class: 'nvidia', by: 'id', sure: true }],
  [
    'a software adapter',
    machine('gecko', { software: true, info: masked }),
    { class: 'software', sure: true },
  ],
  [
    'a name of no class',
    machine('chromium', { info: { vendor: 'img-tec' } }),
    { class: 'unknown', by: 'info' },
  ],
  [
    'a name of Object',
    machine('chromium', { info: { vendor: 'constructor' } }),
    { class: 'unknown', by: 'info' },
  ],
  [
    'an engine that calls all Apple',
    machine('webkit', { info: { vendor: 'apple' } }),
    { class: 'apple', sure: false },
  ],
  ['no adapter', machine('webkit', { available: false }), { class: 'unknown', tier: 'none', level: 'none' }],
])('class: %s', (_, capabilities, expected) => {
  expect(deviceOf(capabilities, 'mac')).toMatchObject(expected)
})

test('placeholders are no subgroup sizes', () => {
  expect(deviceOf(machine('gecko', { info: masked }), 'linux')).not.toHaveProperty('subgroups')
  const real = machine('chromium', { info: { vendor: 'amd', subgroupMinSize: 32, subgroupMaxSize: 64 } })
  expect(deviceOf(real, 'linux').subgroups).toEqual({ min: 32, max: 64 })
})

const chrome =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36'
const brands = [
  { brand: 'Not:A-Brand', version: '8' },
  { brand: 'Chromium', version: '157' },
]

test.each<[string, Capabilities['engine'], Platform, object]>([
  [
    'hints before the user agent',
    'chromium',
    { navigator: { userAgent: chrome, userAgentData: { brands, platform: 'Windows' } } },
    { number: 157, from: 'userAgentData', system: 'windows' },
  ],
  [
    'Chromium',
    'chromium',
    { navigator: { userAgent: chrome } },
    { number: 156, from: 'userAgent', system: 'linux' },
  ],
  [
    'Firefox',
    'gecko',
    { navigator: { userAgent: 'Mozilla/5.0 (Android 16; Mobile; rv:160.0) Gecko/160.0 Firefox/160.0' } },
    { number: 160, system: 'android' },
  ],
  [
    'Safari',
    'webkit',
    {
      navigator: {
        userAgent:
          'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/27.2 Safari/605.1.15',
      },
    },
    { number: 27.2, system: 'mac' },
  ],
  [
    'an iPad',
    'webkit',
    {
      navigator: {
        maxTouchPoints: 5,
        userAgent: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/27.2',
      },
    },
    { number: 27.2, system: 'ios' },
  ],
  [
    'another browser on iOS',
    'webkit',
    {
      navigator: {
        userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 CriOS/157',
      },
    },
    { number: 26.1, system: 'ios' },
  ],
  [
    'Node',
    'chromium',
    { process: { platform: 'darwin', versions: { node: '24.10.0' } } },
    { number: 24, from: 'host', system: 'mac' },
  ],
  ['nothing', 'unknown', {}, { from: 'none', system: 'unknown' }],
])('version of %s', (_, engine, platform, expected) => {
  expect(versionOf(engine, platform)).toMatchObject(expected)
})

describe('workarounds', () => {
  const browser = { system: 'linux', inWorker: false, inBrowser: true } as const
  test.each<[string, Parameters<typeof workaroundsFor>[0], string[]]>([
    ['Firefox', { ...browser, engine: 'gecko', version: 153 }, ['poll-nudge', 'masked-adapter']],
    ['before it masked', { ...browser, engine: 'gecko', version: 145 }, ['poll-nudge']],
    ['of unknown version', { ...browser, engine: 'gecko' }, ['poll-nudge', 'masked-adapter']],
    [
      'in a worker',
      { ...browser, engine: 'gecko', version: 153, inWorker: true },
      ['poll-nudge', 'no-threads-in-workers', 'masked-adapter'],
    ],
    ['Deno', { ...browser, engine: 'gecko', version: 2, inBrowser: false }, []],
    ['iOS', { ...browser, engine: 'webkit', system: 'ios' }, ['ios-tab-memory']],
    ['a Mac', { ...browser, engine: 'webkit', system: 'mac' }, []],
    ['Chromium', { ...browser, engine: 'chromium', version: 156 }, []],
  ])('%s', (_, where, expected) => {
    expect(workaroundsFor(where)).toEqual(expected)
  })
  test('each says what, why and where', () => {
    for (const { what, does, link } of Object.values(WORKAROUNDS))
      for (const text of [what, does, link]) expect(text.length).toBeGreaterThan(10)
  })
  test('the ceiling is what selection goes by', () => {
    expect(memoryOf({ userAgent: 'iPhone' })).toBe(GiB)
  })
})

const never = () => new Promise<never>(() => {})

describe('the report', () => {
  it('is data, and tells where each figure is from', async () => {
    const report = await inspect(
      machine(),
      { gpu: null },
      {
        isSecureContext: true,
        SharedArrayBuffer,
        Worker: class {},
        navigator: {
          ...{ userAgent: chrome, deviceMemory: 4, hardwareConcurrency: 8, connection: { saveData: true } },
          getBattery: async () => ({ level: 0.4, charging: false }),
          storage: { estimate: async () => ({ quota: 1000, usage: 10 }) },
          ml: { createContext: () => Promise.reject(new Error('no backend')) },
        },
        PressureObserver: class {
          constructor(readonly callback: (records: { state: string }[]) => void) {}
          async observe() {
            this.callback([{ state: 'serious' }])
          }
          disconnect() {}
        },
      },
    )
    expect(structuredClone(report)).toEqual(report)
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
    expect(report).toMatchObject({
      power: {
        battery: { level: 0.4, charging: false },
        pressure: { available: true, state: 'serious' },
        saveData: true,
      },
      webnn: { present: true, works: false, why: 'no backend' },
      workers: { possible: false, cores: 8, why: ['the page is not cross-origin isolated'] },
      wasmCompiles: true,
    })
    expect(report.budget.storage).toEqual({ quota: 1000, usage: 10 })
    expect(report.budget.figures).toContainEqual({
      ...{ what: 'memory of the machine, rounded and capped', bytes: 4 * GiB },
      from: 'navigator.deviceMemory',
    })
  })

  it('waits for nothing that does not answer', async () => {
    const gpu = { requestAdapter: never } as unknown as GPU
    const start = performance.now()
    const report = await inspect(
      machine(),
      { gpu },
      {
        navigator: {
          userAgent: chrome,
          getBattery: never,
          storage: { estimate: never },
          ml: { createContext: never },
        },
        PressureObserver: class {
          observe = never
          disconnect() {}
        },
      },
    )
    expect(performance.now() - start).toBeLessThan(4000)
    expect(report.webnn).toEqual({ present: true, works: false, why: 'no answer' })
    expect(report.power).toEqual({ pressure: { available: true } })
  })

  it('comes from detect when it is asked for', async () => {
    const report = await detect({ gpu: null, full: true })
    expect(report).toMatchObject({ format: 1, version: { from: 'host' }, secure: true, workarounds: [] })
    expect(await detect({ gpu: null })).not.toHaveProperty('format')
  })
})

test('advice follows from the report', async () => {
  const platform: Platform = {
    navigator: { userAgent: chrome },
    isSecureContext: true,
    SharedArrayBuffer,
    Worker: class {},
  }
  const gains = async (c: Capabilities, p: Platform = platform) =>
    adviceFor(await inspect(c, { gpu: null }, p)).map((a) => a.how)
  const core = { features: ['core-features-and-limits'] }
  const isolated = { crossOriginIsolated: true, wasm: { ...machine().wasm, threads: true } }
  expect(await gains(machine('chromium', core, isolated))).toEqual([])
  expect((await gains(machine('chromium', core))).join()).toMatch(/Cross-Origin-Opener-Policy/)
  expect((await gains(machine('gecko', { available: false }, isolated))).join()).toMatch(
    /dom\.webgpu\.enabled/,
  )
  expect(
    (await gains(machine('chromium', core, isolated), { ...platform, isSecureContext: false })).join(),
  ).toMatch(/https/)
  expect((await gains(machine('webkit', { available: false }, { ...isolated, wasm: {} }))).join()).toMatch(
    /Lockdown/,
  )
})

test('an explanation is sentences', () => {
  const variant = (id: string) => ({
    backend: id.startsWith('w') ? ('wasm' as const) : ('webgpu' as const),
    limits: {},
    plan: 'p',
    code: 'c',
    memory: 1,
  })
  const manifest = {
    ...{
      format: 1 as const,
      wgc: '0',
      files: {},
      targets: { any: ['f16', 'plain', 'other', 'wasm', 'wasm-threads'] },
    },
    model: { family: 'f', name: 'n', parameters: 1, vocab: 1, context: 1, eos: [], weights: '' },
    variants: {
      f16: { ...variant('f16'), engine: 'chromium' as const, features: ['shader-f16', 'subgroups'] },
      plain: { ...variant('plain'), engine: 'chromium' as const, features: [] },
      other: { ...variant('other'), engine: 'gecko' as const, features: [] },
      wasm: { ...variant('wasm'), features: ['simd128'] },
      'wasm-threads': { ...variant('wasm'), features: ['simd128', 'threads'] },
    },
  }
  expect(explain(manifest, machine()).variants.map((v) => v.sentence)).toEqual([
    'f16: taken: runs on the GPU, made for this engine, uses shader-f16 and subgroups; 3 others fit',
    'plain: fits, but f16 comes first: it uses shader-f16 and subgroups as well',
    'other: fits, but f16 comes first: it is made for this engine',
    'wasm: fits, but f16 comes first: it runs on the GPU',
    'wasm-threads: needs threads: the page is not cross-origin isolated',
  ])
  const without = explain(manifest, machine(), { features: { subgroups: false } })
  expect(without.variant).toBe('plain')
  expect(without.variants.find((v) => v.id === 'f16')?.sentence).toBe(
    'f16: needs subgroups; switched off: subgroups',
  )
  const none = explain(manifest, machine('webkit', { available: false, reason: 'no GPU' }, { wasm: {} }))
  expect(none.variant).toBeUndefined()
  expect(none.variants.map((v) => v.sentence)).toContain('wasm: no WebAssembly')
})
