/**
 * Machines in the wild, put together from what is known of browsers, and which variant of a bundle for every target each
 * of them gets. A row's `because` says by which fact; `src` where that stands (targets/sources.json, ../shared/facts).
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build } from '../../compiler/index.js'
import type { Manifest, Report, SelectOptions } from '../../runtime/index.js'
import { deviceOf } from '../../runtime/inspect/device.js'
import type { System } from '../../runtime/inspect/report.js'
import { explain } from '../../runtime/inspect.js'
import { capabilitiesOf, type Machine } from '../helpers/capability-parts.js'
import { STORIES } from '../helpers/models.js'

interface Row extends Machine {
  title: string
  system: System
  options?: SelectOptions
  /** Absent: nothing runs. */
  expected?: string
  /** The next best. */
  next?: string
  class?: string
  tier?: string
  because: string
  src: string
}

const RELAXED = 'wasm-simd128-relaxed-simd'
const SIMD = 'wasm-simd128'
const FULL = 'webgpu-chromium-shader-f16-subgroups'

const chromium = (
  title: string,
  system: System,
  row: Omit<Row, 'title' | 'system' | 'engine' | 'wasm'> & { wasm?: string },
): Row => ({
  ...{ title, system, engine: 'chromium', wasm: 'srtm' },
  ...row,
})
const gecko: typeof chromium = (title, system, row) => ({ ...chromium(title, system, row), engine: 'gecko' })
const webkit: typeof chromium = (title, system, row) => ({
  ...chromium(title, system, { wasm: 'st', ...row }),
  engine: 'webkit',
})

const ROWS: Row[] = [
  // Chromium on Windows
  chromium('Chrome 157, Windows, RTX 40', 'windows', {
    adapter: { limits: 'd3d12', vendor: 'nvidia', architecture: 'lovelace', has: 'fsp' },
    expected: 'webgpu-chromium-nvidia-int8',
    next: FULL,
    class: 'nvidia',
    tier: 'large',
    because: 'a table is tuned for its vendor, and needs no experiment',
    src: 'dawn-gpu-info',
  }),
  chromium('Chrome 157, Windows, GTX 10', 'windows', {
    adapter: { limits: 'd3d12', vendor: 'nvidia', architecture: 'pascal', has: 'sp' },
    expected: 'webgpu-chromium-nvidia-int8',
    next: 'webgpu-chromium-subgroups',
    class: 'nvidia',
    because: 'no f16 before Turing; the table needs none',
    src: 'dawn-d3d12',
  }),
  chromium('Edge 157, Windows, Radeon RX 7000', 'windows', {
    adapter: { limits: 'd3d12', vendor: 'amd', architecture: 'rdna-3', has: 'fsp' },
    expected: FULL,
    next: 'webgpu-chromium-subgroups',
    class: 'amd',
    tier: 'large',
    because: 'f16 and subgroups; no table for it',
    src: 'bcd',
  }),
  chromium('Chrome 157, Windows, Vega', 'windows', {
    adapter: { limits: 'd3d12', vendor: 'amd', architecture: 'gcn-5', has: 'fsp', subgroups: [64, 64] },
    expected: FULL,
    class: 'amd',
    because: 'f16 and subgroups',
    src: 'bcd',
  }),
  chromium('Edge 157, Windows, Intel Xe', 'windows', {
    adapter: { limits: 'd3d12', vendor: 'intel', architecture: 'xe-lpg', has: 'fsp' },
    expected: FULL,
    class: 'intel',
    tier: 'large',
    because: 'f16 and subgroups',
    src: 'bcd',
  }),
  chromium('Chrome 157, Windows, Intel UHD 630', 'windows', {
    adapter: { limits: 'd3d12', vendor: 'intel', architecture: 'gen-9', has: 'fp' },
    expected: 'webgpu-chromium-shader-f16',
    next: 'webgpu-chromium-base',
    class: 'intel',
    because: 'subgroups are off on Gen9',
    src: 'dawn-vk',
  }),
  chromium('Chrome 130, Windows, RTX 30', 'windows', {
    adapter: { limits: 'd3d12', vendor: 'nvidia', architecture: 'ampere', has: 'fp' },
    expected: 'webgpu-chromium-shader-f16',
    class: 'nvidia',
    because: 'subgroups came with 134, and the table needs them',
    src: 'bcd',
  }),
  chromium('Chrome 121, Windows, RTX 30', 'windows', {
    wasm: 'srt',
    adapter: { limits: 'd3d12', has: 'f' },
    expected: 'webgpu-chromium-shader-f16',
    class: 'unknown',
    because: 'f16 from 120; names of adapters from 127',
    src: 'bcd',
  }),
  chromium('Chrome 113, Windows', 'windows', {
    wasm: 'st',
    adapter: { limits: 'd3d12' },
    expected: 'webgpu-chromium-base',
    next: 'webgpu-gecko-base',
    class: 'unknown',
    because: 'f16 came with 120',
    src: 'bcd',
  }),
  chromium('Chrome 157, Windows on Arm', 'windows', {
    adapter: 'requestAdapter found no adapter',
    expected: RELAXED,
    because: 'no WebGPU by default on Windows on Arm',
    src: 'chromium-blocklist',
  }),
  chromium('Chrome 157, Windows on Arm, by flag', 'windows', {
    adapter: { limits: 'phone', vendor: 'qualcomm', architecture: 'adreno-8xx', has: 'fsp' },
    expected: FULL,
    class: 'adreno',
    because: 'by a flag it is there',
    src: 'chromium-blocklist',
  }),
  chromium('Chrome 157, Windows, WARP', 'windows', {
    adapter: { limits: 'd3d12', vendor: 'microsoft', architecture: 'warp', has: 'f', software: true },
    expected: RELAXED,
    next: SIMD,
    class: 'software',
    because: 'an adapter on the processor comes after WebAssembly',
    src: 'dawn-gpu-info',
  }),
  chromium('Chrome 157, Windows, isolated, no GPU', 'windows', {
    isolated: true,
    adapter: 'requestAdapter found no adapter',
    expected: `${RELAXED}-threads`,
    next: `${SIMD}-threads`,
    because: 'isolated pages share memory',
    src: 'bcd',
  }),
  chromium('Edge, Windows, isolated, with a GPU', 'windows', {
    isolated: true,
    adapter: { limits: 'd3d12', vendor: 'amd', has: 'fsp' },
    expected: FULL,
    because: 'a GPU comes before threads',
    src: 'bcd',
  }),
  // Chromium on macOS
  chromium('Chrome 157, macOS, M3', 'mac', {
    adapter: { limits: 'metal', vendor: 'apple', architecture: 'metal-3', has: 'fsp', subgroups: [32, 32] },
    expected: FULL,
    class: 'apple',
    tier: 'large',
    because: 'f16 and subgroups',
    src: 'dawn-metal',
  }),
  chromium('Edge 157, macOS, M1', 'mac', {
    adapter: { limits: 'metal', vendor: 'apple', architecture: 'common-3', has: 'fsp' },
    expected: FULL,
    class: 'apple',
    because: 'f16 and subgroups',
    src: 'dawn-metal',
  }),
  chromium('Chrome 157, Intel Mac, Radeon', 'mac', {
    adapter: { limits: 'metal', vendor: 'amd', architecture: 'rdna-1', has: 'fsp', subgroups: [4, 64] },
    expected: FULL,
    class: 'amd',
    because: 'its name is told',
    src: 'dawn-metal',
  }),
  chromium('Chrome 128, macOS, M1', 'mac', {
    adapter: { limits: 'metal', vendor: 'apple', has: 'fp' },
    expected: 'webgpu-chromium-shader-f16',
    class: 'apple',
    because: 'subgroups came with 134',
    src: 'bcd',
  }),
  // Chromium on Linux and ChromeOS
  chromium('Chrome 157, Linux, RTX', 'linux', {
    adapter: { limits: 'vulkan', vendor: 'nvidia', architecture: 'ampere', has: 'sp' },
    expected: 'webgpu-chromium-nvidia-int8',
    next: 'webgpu-chromium-subgroups',
    class: 'nvidia',
    tier: 'large',
    because: 'no f16 on Vulkan with NVIDIA',
    src: 'dawn-vk',
  }),
  chromium('Chrome 157, Linux, RTX, every experiment on', 'linux', {
    adapter: { limits: 'vulkan', vendor: 'nvidia', architecture: 'ampere', has: 'fspm' },
    expected: 'webgpu-chromium-nvidia-matrix',
    next: 'webgpu-chromium-nvidia-int8',
    class: 'nvidia',
    because: 'subgroup matrices stand behind a flag',
    src: 'dawn-features',
  }),
  chromium('the same, without matrices', 'linux', {
    options: { features: { 'chromium-experimental-subgroup-matrix': false } },
    adapter: { limits: 'vulkan', vendor: 'nvidia', has: 'fspm' },
    expected: 'webgpu-chromium-nvidia-int8',
    because: 'switched off is as if absent',
    src: 'dawn-features',
  }),
  chromium('the same, without packed dot products', 'linux', {
    options: { features: { packed_4x8_integer_dot_product: false } },
    adapter: { limits: 'vulkan', vendor: 'nvidia', has: 'fspm' },
    expected: FULL,
    because: 'both tables need them',
    src: 'dawn-features',
  }),
  chromium('Chrome 157, Linux, Intel Gen12', 'linux', {
    adapter: { limits: 'vulkan', vendor: 'intel', architecture: 'gen-12-lp', has: 'fsp' },
    expected: FULL,
    class: 'intel',
    because: 'on by default from 144',
    src: 'chrome-147-148',
  }),
  chromium('Chrome 157, Linux, UHD 620, by flag', 'linux', {
    adapter: { limits: 'uhd', vendor: 'intel', architecture: 'gen-9', has: 'fp' },
    expected: 'webgpu-chromium-shader-f16',
    class: 'intel',
    tier: 'portable',
    because: '256 invocations are enough',
    src: 'wllama-229',
  }),
  chromium('Chrome 157, Linux, Radeon', 'linux', {
    adapter: 'requestAdapter found no adapter',
    expected: RELAXED,
    because: 'AMD by flag only',
    src: 'chrome-147-148',
  }),
  chromium('Chrome 143, Linux', 'linux', {
    adapter: 'requestAdapter found no adapter',
    isolated: true,
    expected: `${RELAXED}-threads`,
    because: 'on by default from 144',
    src: 'bcd',
  }),
  chromium('Chrome 157, ChromeOS, Mali', 'chromeos', {
    adapter: { limits: 'phone', vendor: 'arm', architecture: 'valhall', has: 'fsp' },
    expected: FULL,
    class: 'mali',
    tier: 'portable',
    because: 'Vulkan since 113',
    src: 'bcd',
  }),
  // Chromium on Android
  chromium('Chrome 157, Android, Adreno 7xx', 'android', {
    adapter: {
      limits: 'phone',
      vendor: 'qualcomm',
      architecture: 'adreno-7xx',
      has: 'fsp',
      subgroups: [64, 128],
    },
    expected: FULL,
    class: 'adreno',
    tier: 'portable',
    because: 'f16 and subgroups',
    src: 'bcd',
  }),
  chromium('Chrome 157, Android, Mali Valhall', 'android', {
    adapter: { limits: 'core', vendor: 'arm', architecture: 'valhall', has: 'fsp', subgroups: [16, 16] },
    expected: FULL,
    class: 'mali',
    tier: 'portable',
    because: 'bindings of 128 MiB are enough',
    src: 'dawn-vk',
  }),
  chromium('Chrome 157, Android, older Mali', 'android', {
    adapter: { limits: 'core', vendor: 'arm', architecture: 'bifrost', has: 'p' },
    expected: 'webgpu-chromium-base',
    class: 'mali',
    because: 'features are the hardware’s',
    src: 'dawn-vk',
  }),
  chromium('Chrome 157, Android, Maleoon', 'android', {
    adapter: { limits: 'core', vendor: 'huawei', architecture: 'maleoon', has: 'sp' },
    expected: 'webgpu-chromium-subgroups',
    class: 'unknown',
    because: 'no f16 there',
    src: 'dawn-toggles',
  }),
  chromium('Chrome 157, Android 16, PowerVR', 'android', {
    adapter: { limits: 'core', vendor: 'img-tec', architecture: 'd-series', has: 'fp' },
    expected: 'webgpu-chromium-shader-f16',
    class: 'unknown',
    because: 'allowed from Android 16',
    src: 'chromium-blocklist',
  }),
  chromium('Chrome 157, Android 10, OpenGL ES', 'android', {
    adapter: 'requestAdapter found no adapter',
    expected: RELAXED,
    because: 'only the compatibility mode',
    src: 'bcd',
  }),
  chromium('Chrome 118, Android', 'android', {
    wasm: 'srt',
    expected: RELAXED,
    because: 'WebGPU came with 121, relaxed SIMD with 114',
    src: 'bcd',
  }),
  chromium('Samsung 30, Adreno', 'android', {
    adapter: { limits: 'phone', vendor: 'qualcomm', architecture: 'adreno-8xx', has: 'fsp' },
    expected: FULL,
    class: 'adreno',
    because: 'Chromium 143',
    src: 'bcd',
  }),
  chromium('Samsung 28, Adreno', 'android', {
    wasm: 'srt',
    adapter: { limits: 'phone', vendor: 'qualcomm', has: 'fp' },
    expected: 'webgpu-chromium-shader-f16',
    class: 'adreno',
    because: 'Chromium 130: no subgroups yet',
    src: 'bcd',
  }),
  chromium('Samsung 30, Xclipse', 'android', {
    adapter: 'requestAdapter found no adapter',
    expected: RELAXED,
    because: 'Xclipse is blocked',
    src: 'chromium-blocklist',
  }),
  chromium('Samsung 22', 'android', {
    wasm: 'st',
    expected: SIMD,
    because: 'relaxed SIMD came with 23',
    src: 'bcd',
  }),
  // Firefox
  gecko('Firefox 160, Windows, Intel or NVIDIA', 'windows', {
    adapter: { limits: 'i1', has: 'fp' },
    expected: 'webgpu-gecko-shader-f16',
    next: 'webgpu-gecko-base',
    class: 'unknown',
    tier: 'large',
    because: 'the set of limits is shared by both',
    src: 'wgpu-buckets',
  }),
  gecko('Firefox 160, Windows, Radeon', 'windows', {
    adapter: { limits: 'a1', has: 'fp' },
    expected: 'webgpu-gecko-shader-f16',
    class: 'amd',
    tier: 'large',
    because: 'the set of AMD',
    src: 'wgpu-buckets',
  }),
  gecko('Firefox 160, Windows, GTX 10', 'windows', {
    adapter: { limits: 'core', has: 'p' },
    expected: 'webgpu-gecko-base',
    class: 'unknown',
    tier: 'portable',
    because: 'no f16: no set of its own on Direct3D',
    src: 'wgpu-buckets',
  }),
  gecko('Firefox 160, macOS, M2', 'mac', {
    adapter: { limits: 'm1', has: 'fp' },
    expected: 'webgpu-gecko-shader-f16',
    class: 'apple',
    tier: 'large',
    because: '9 storage buffers are Apple’s',
    src: 'wgpu-buckets',
  }),
  gecko('Firefox 151, macOS, M2', 'mac', {
    adapter: { limits: 'm1first', has: 'fp' },
    expected: 'webgpu-gecko-shader-f16',
    class: 'apple',
    because: '8 in the first version',
    src: 'wgpu-buckets',
  }),
  gecko('Firefox 160, Intel Mac', 'mac', {
    expected: RELAXED,
    because: 'no WebGPU on Intel Macs',
    src: 'bcd',
  }),
  gecko('Firefox 160, Linux', 'linux', { expected: RELAXED, because: 'by preference only', src: 'bcd' }),
  gecko('Firefox 160, Linux, isolated', 'linux', {
    isolated: true,
    expected: `${RELAXED}-threads`,
    because: 'threads',
    src: 'bcd',
  }),
  gecko('Firefox, Linux by preference, Vega', 'linux', {
    adapter: { limits: 'a2', has: 'fp' },
    expected: 'webgpu-gecko-shader-f16',
    class: 'amd',
    because: '64 KiB are Vega’s alone',
    src: 'wgpu-buckets',
  }),
  gecko('Firefox, Linux by preference, GTX 1050', 'linux', {
    adapter: { limits: 'nof16', has: 'p' },
    expected: 'webgpu-gecko-base',
    class: 'unknown',
    because: 'no f16',
    src: 'wgpu-buckets',
  }),
  gecko('Firefox, fingerprints resisted', 'windows', {
    adapter: { limits: 'core' },
    expected: 'webgpu-gecko-base',
    class: 'unknown',
    tier: 'portable',
    because: 'the defaults for everybody',
    src: 'wgpu-buckets',
  }),
  gecko('Firefox, Linux by preference, lavapipe', 'linux', {
    isolated: true,
    adapter: { limits: 'core', has: 'fp', software: true },
    expected: `${RELAXED}-threads`,
    class: 'software',
    because: 'a fallback adapter',
    src: 'tests-browsers',
  }),
  gecko('Firefox 145, before relaxed SIMD', 'linux', {
    wasm: 'st',
    isolated: true,
    expected: `${SIMD}-threads`,
    because: 'relaxed SIMD came with 146',
    src: 'bcd',
  }),
  gecko('Firefox 140 ESR', 'windows', {
    wasm: 'st',
    expected: SIMD,
    because: 'WebGPU came with 141',
    src: 'bcd',
  }),
  gecko('Firefox 160, Android', 'android', {
    expected: RELAXED,
    because: 'no WebGPU on Android',
    src: 'caniuse',
  }),
  gecko('Firefox 160, Android, isolated', 'android', {
    isolated: true,
    expected: `${RELAXED}-threads`,
    because: 'no WebGPU, but threads',
    src: 'caniuse',
  }),
  // Safari
  webkit('Safari 26, macOS, M1', 'mac', {
    adapter: { limits: 'safari', vendor: 'apple', architecture: 'apple', has: 'fp' },
    expected: 'webgpu-webkit-shader-f16',
    next: 'webgpu-webkit-base',
    class: 'apple',
    tier: 'large',
    because: 'no subgroups before 27.3',
    src: 'webkit',
  }),
  webkit('Safari 27.3 beta, macOS, M1', 'mac', {
    wasm: 'srtm',
    adapter: { limits: 'safari', vendor: 'apple', has: 'fsp' },
    expected: 'webgpu-webkit-shader-f16-subgroups',
    class: 'apple',
    because: 'subgroups from 27.3',
    src: 'webkit-68713',
  }),
  webkit('Safari 18, macOS', 'mac', { expected: SIMD, because: 'WebGPU from 26', src: 'bcd' }),
  webkit('Safari 18, macOS, isolated', 'mac', {
    isolated: true,
    expected: `${SIMD}-threads`,
    because: 'threads since 15.2',
    src: 'bcd',
  }),
  webkit('Safari 27.3 beta, macOS, without WebGPU', 'mac', {
    wasm: 'srtm',
    options: { features: { webgpu: false } },
    adapter: { limits: 'safari', vendor: 'apple', has: 'fsp' },
    expected: RELAXED,
    because: 'relaxed SIMD from 27.3',
    src: 'bcd',
  }),
  webkit('iOS 26, A15', 'ios', {
    memory: 2 ** 30,
    adapter: { limits: 'iphone', vendor: 'apple', has: 'fp' },
    expected: 'webgpu-webkit-shader-f16',
    class: 'apple',
    tier: '32k',
    because: 'bindings of 256 MiB',
    src: 'webkit-49472',
  }),
  webkit('iOS 26, A12', 'ios', {
    memory: 2 ** 30,
    adapter: { limits: 'core', vendor: 'apple', has: 'fp' },
    expected: 'webgpu-webkit-shader-f16',
    class: 'apple',
    tier: 'portable',
    because: 'the defaults before A13',
    src: 'webkit',
  }),
  webkit('Chrome on iOS 26', 'ios', {
    memory: 2 ** 30,
    adapter: { limits: 'iphone', vendor: 'apple', has: 'fp' },
    expected: 'webgpu-webkit-shader-f16',
    class: 'apple',
    because: 'every browser on iOS is WebKit',
    src: 'bcd',
  }),
  webkit('iOS 18', 'ios', { memory: 2 ** 30, expected: SIMD, because: 'WebGPU from 26', src: 'bcd' }),
  webkit('iOS 18, isolated', 'ios', {
    memory: 2 ** 30,
    isolated: true,
    expected: `${SIMD}-threads`,
    because: 'threads since 15.2',
    src: 'bcd',
  }),
  webkit('iOS 16.3', 'ios', {
    wasm: 't',
    memory: 2 ** 30,
    expected: 'wasm-base',
    because: 'SIMD came with 16.4',
    src: 'bcd',
  }),
  webkit('iOS 15.4', 'ios', {
    wasm: 't',
    memory: 2 ** 30,
    isolated: true,
    expected: 'wasm-base',
    because: 'no threads without SIMD',
    src: 'bcd',
  }),
  webkit('iOS 26, Lockdown Mode', 'ios', {
    ...{ wasm: undefined as never },
    memory: 2 ** 30,
    because: 'neither WebGPU nor WebAssembly',
    src: 'webkit',
  }),
  // Hosts, and what is unlike any of them
  chromium('Node 20, no driver', 'linux', {
    wasm: 'st',
    isolated: true,
    expected: `${SIMD}-threads`,
    because: 'relaxed SIMD is wrong or off',
    src: 'v8-flags',
  }),
  chromium('Node 24, no driver', 'linux', {
    isolated: true,
    expected: `${RELAXED}-threads`,
    because: 'relaxed SIMD is on',
    src: 'v8-flags',
  }),
  chromium('Node, Dawn, H200, measuring', 'linux', {
    wasm: 'st',
    isolated: true,
    adapter: { limits: 'vulkan', vendor: 'nvidia', architecture: 'hopper', has: 'fspm' },
    expected: 'webgpu-chromium-nvidia-matrix',
    class: 'nvidia',
    because: 'unsafe features on',
    src: 'dawn-node',
  }),
  gecko('Deno, NVIDIA', 'linux', {
    isolated: true,
    adapter: { limits: 'vulkan', vendor: '4318', has: 'fp' },
    expected: 'webgpu-gecko-nvidia-int8',
    next: 'webgpu-gecko-shader-f16',
    class: 'nvidia',
    because: 'vendors are numbers there, and a table has that one',
    src: 'deno-node',
  }),
  chromium('an unknown engine with f16', 'linux', {
    adapter: { limits: 'core', has: 'f' },
    expected: 'webgpu-chromium-shader-f16',
    next: 'webgpu-gecko-shader-f16',
    because: 'made for no engine: by features, then in order',
    src: 'spec',
  }),
  chromium('an unknown engine without SIMD', 'linux', {
    wasm: '',
    expected: 'wasm-base',
    because: 'the least there is',
    src: 'spec',
  }),
]
for (const row of ROWS) if (row.title.startsWith('an unknown')) row.engine = 'unknown'

let folder: string
let manifest: Manifest
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wgc-matrix-'))
  await build({ model: STORIES, targets: ['all', 'safari-ios-15'], out: join(folder, 'bundle'), bits: 8 })
  manifest = JSON.parse(readFileSync(join(folder, 'bundle/manifest.json'), 'utf8'))
})
afterAll(() => rmSync(folder, { recursive: true }))

test('they are many, and each its own', () => {
  expect(ROWS.length).toBeGreaterThanOrEqual(60)
  expect(new Set(ROWS.map((r) => r.title)).size).toBe(ROWS.length)
})

const known = JSON.parse(readFileSync('targets/sources.json', 'utf8')) as Record<string, string>

test.each(ROWS.map((row) => [row.title, row] as const))('%s', (_, row) => {
  const { expected, next, system, options } = row
  const capabilities = capabilitiesOf(row)
  const { variant, variants } = explain(manifest, capabilities, options)
  expect([variant, row.because]).toEqual([expected, row.because])
  if (next) expect(variants[1]!.id).toBe(next)
  const device = deviceOf(capabilities, system)
  if (row.class) expect(device.class).toBe(row.class)
  if (row.tier) expect(device.tier).toBe(row.tier)
  // What has no reason to fit has a sentence that says why.
  for (const v of variants) expect(v.sentence.length).toBeGreaterThan(v.id.length + 10)
  expect(Object.keys({ ...known, caniuse: 1, 'chrome-147-148': 1 })).toContain(row.src)
})

const RECORDED = 'tests/fixtures/capabilities'

interface Recorded {
  title: string
  options: SelectOptions
  variant: string
  report: Report
}

describe('recorded from real engines (tests/browsers/switches.test.ts)', () => {
  const files = readdirSync(RECORDED).filter((f) => f.endsWith('.json'))
  test.each(files)('%s', (file) => {
    const { options, variant, report } = JSON.parse(readFileSync(join(RECORDED, file), 'utf8')) as Recorded
    expect(explain(manifest, report, options).variant).toBe(variant)
    // What was told of the device then follows from its capabilities now.
    expect(deviceOf(report, report.version.system)).toEqual(report.device)
  })
})

test('a model beyond what a tab on iOS has is refused there, and taken on a Mac', () => {
  const variants = Object.fromEntries(
    Object.entries(manifest.variants).map(([id, v]) => [id, { ...v, memory: 1.2 * 2 ** 30 }]),
  )
  const of = (title: string) =>
    explain({ ...manifest, variants }, capabilitiesOf(ROWS.find((r) => r.title === title)!))
  expect(of('iOS 26, A15').variant).toBeUndefined()
  expect(
    of('iOS 26, A15')
      .variants.map((v) => v.sentence)
      .join('\n'),
  ).toMatch(/needs 1229 MiB, here a page has 1024 MiB/)
  expect(of('Safari 26, macOS, M1').variant).toBe('webgpu-webkit-shader-f16')
})
