import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { packageRoot } from '../../compiler/root.js'
import {
  engineNamed,
  loadDeviceClasses,
  loadEngines,
  loadTargets,
  resolveTargets,
} from '../../compiler/targets.js'

const folder = join(packageRoot(), 'targets')
const json = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'))
const files = [...readdirSync(folder), ...readdirSync(join(folder, 'engines')).map((f) => `engines/${f}`)]
  .filter((f) => f.endsWith('.json') && f !== 'sources.json' && f !== 'watched.json')
  .sort()

const BROWSERS = [
  ...['chrome', 'chrome-android', 'edge', 'firefox', 'firefox-android'],
  ...['safari', 'safari-ios', 'samsung-internet'],
]

describe('data', () => {
  test('the browsers that wgc promises are there, and every file passes its checks', () => {
    expect([...loadTargets().keys()]).toEqual(expect.arrayContaining(BROWSERS))
    expect([...loadEngines().keys()]).toEqual(['chromium', 'gecko', 'webkit'])
    expect(engineNamed('gecko').name).toBe('gecko')
  })

  test.each(files)('%s: every source it names is listed', (file) => {
    const known = json('sources.json')
    const named = [...sourcesIn(json(file))]
    expect(named.length).toBeGreaterThan(0)
    expect(named.filter((s) => !(s in known))).toEqual([])
  })

  test('every listed source is used', () => {
    const named = new Set(files.flatMap((f) => [...sourcesIn(json(f))]))
    expect(Object.keys(json('sources.json')).filter((s) => !named.has(s))).toEqual([])
  })

  test.each([...loadTargets().values()])(
    '$name: facts have sources, sets end with what needs nothing',
    (t) => {
      const fields = ['minimum', 'webgpu.featureSets', 'webgpu.limits', 'wasm.featureSets', 'deviceClasses']
      if (t.memoryBudget) fields.push('memoryBudget')
      expect(Object.keys(t.sources).sort()).toEqual(fields.sort())
      const sets = t.webgpu.featureSets
      const { enable } = t.engine.wgsl
      expect(t.wasm.featureSets.at(-1)).toEqual(t.kind === 'former' ? [] : ['simd128'])
      // Empty where there is no WebGPU at all.
      if (sets.length > 0) expect(sets.at(-1)).toEqual([])
      for (const set of sets) for (const f of set) expect(grants(enable, f)).toBe(true)
    },
  )

  test('every refusal says one thing', () => {
    const kinds = ['calls', 'builtins', 'pointers', 'bitcast', 'vec3', 'spaces'] as const
    for (const engine of loadEngines().values())
      for (const r of engine.wgsl.refuse) expect(kinds.filter((k) => r[k] !== undefined)).toHaveLength(1)
  })

  test('tiers grow, and classes name tiers', () => {
    const { tiers, classes } = loadDeviceClasses()
    const { portable } = tiers
    expect(portable!.limits).toMatchObject({
      maxStorageBuffersPerShaderStage: 8,
      maxStorageBufferBindingSize: 128 * 2 ** 20,
      maxBufferSize: 256 * 2 ** 20,
      maxComputeWorkgroupStorageSize: 16384,
      maxComputeInvocationsPerWorkgroup: 256,
    })
    for (const { limits } of Object.values(tiers))
      for (const [name, value] of Object.entries(limits))
        if (name.startsWith('max')) expect(value).toBeGreaterThanOrEqual(portable!.limits[name]!)
    for (const c of Object.values(classes)) {
      expect(c.tiers.filter((t) => !(t in tiers))).toEqual([])
      expect(c.tiers.at(-1)).toBe('portable')
    }
  })
})

/** Keys under `source` and values under `sources`, at any depth. */
function* sourcesIn(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'source') yield* inner as string[]
    else if (key === 'sources') yield* Object.values(inner as Record<string, string[]>).flat()
    else yield* sourcesIn(inner)
  }
}

const grants = (enable: Record<string, { when: string; feature?: string | undefined }>, feature: string) =>
  Object.values(enable).some((a) => a.feature === feature && a.when !== 'never')

describe('resolveTargets', () => {
  const names = (list: string) => resolveTargets(list).map((t) => t.name)

  test('one, several, spaces and capitals, each once', () => {
    expect(names('chrome')).toEqual(['chrome'])
    expect(names('Safari, firefox,safari')).toEqual(['safari', 'firefox'])
  })

  test('all is every browser, no server', () => {
    expect(names('all')).toEqual(BROWSERS)
    expect(names('node,all')).toEqual(['node', ...BROWSERS])
  })

  test('the engine comes along', () => {
    expect(resolveTargets('edge')[0]?.engine).toMatchObject({
      name: 'chromium',
      wait: { strategy: 'promise' },
    })
    expect(resolveTargets('firefox')[0]?.engine.wait).toMatchObject({
      strategy: 'nudge',
      everyMs: 1,
    })
  })

  const unknown: [list: string, message: string, hint: RegExp][] = [
    [
      'chrmoe',
      'no target "chrmoe"',
      /did you mean chrome.*\? there are chrome, chrome-android, deno.*, and all/,
    ],
    ['firefox,opera12', 'no target "opera12"', /there are chrome/],
    ['', 'no target is named', /there are chrome/],
    ['chrome,', 'no target is named', /there are chrome/],
    ['__proto__', 'no target "__proto__"', /there are/],
  ]
  test.each(unknown)('%j is refused', (list, message, hint) => {
    try {
      resolveTargets(list)
      expect.unreachable()
    } catch (e) {
      expect(e).toMatchObject({ code: 'WGC410', message, hint: expect.stringMatching(hint), exitCode: 1 })
    }
  })
})

describe('a damaged data file is refused with file and field', () => {
  let copy: string
  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'wgc-targets-'))
    cpSync(folder, copy, { recursive: true })
  })
  afterEach(() => rmSync(copy, { recursive: true, force: true }))

  // biome-ignore lint/suspicious/noExplicitAny: parsed JSON that is about to be damaged
  type Data = Record<string, any>
  const damage: [file: string, how: (d: Data) => unknown, message: RegExp][] = [
    ['chrome.json', (d) => delete d.engine, /^engine is missing, it should be chromium or gecko or webkit/],
    ['chrome.json', (d) => (d.engine = 'presto'), /^engine is "presto"/],
    [
      'chrome.json',
      (d) => (d.webgpu.featureSets[1] = 'subgroups'),
      /^webgpu\.featureSets\[1\] is "subgroups".*a list/,
    ],
    [
      'chrome.json',
      (d) => (d.webgpu.limits = 'huge'),
      /^webgpu\.limits is "huge", it should be portable or 32k/,
    ],
    ['chrome.json', (d) => (d.wasm.featureSets = []), /^wasm\.featureSets is an empty list/],
    ['chrome.json', (d) => (d.minimun = '113'), /^minimun is "113", it should be one of name, title/],
    ['chrome.json', (d) => (d.name = 'chromium'), /^name is "chromium", it should be chrome/],
    ['chrome.json', (d) => (d.deviceClasses = ['voodoo']), /^deviceClasses\[0\] is "voodoo"/],
    [
      'safari-ios.json',
      (d) => (d.memoryBudget = '1 GB'),
      /^memoryBudget is "1 GB", it should be a positive integer/,
    ],
    [
      'engines/gecko.json',
      (d) => (d.wgsl.enable.f16.when = 'sometimes'),
      /^wgsl\.enable\.f16\.when is "sometimes"/,
    ],
    [
      'engines/gecko.json',
      (d) => (d.wgsl.refuse[0].source = []),
      /^wgsl\.refuse\[0\]\.source is an empty list/,
    ],
    ['engines/gecko.json', (d) => (d.quirks = null), /^quirks is null, it should be a list/],
    ['device-classes.json', (d) => (d.classes = []), /^classes is an empty list, it should be an object/],
  ]
  test.each(damage)('%s %s', (file, how, message) => {
    const data = JSON.parse(readFileSync(join(copy, file), 'utf8'))
    how(data)
    writeFileSync(join(copy, file), JSON.stringify(data))
    try {
      loadTargets(copy)
      expect.unreachable()
    } catch (e) {
      expect(e).toMatchObject({
        code: 'WGC411',
        message: expect.stringMatching(message),
        place: { file: join(copy, file) },
      })
    }
  })

  test('no JSON', () => {
    writeFileSync(join(copy, 'edge.json'), '{ "name": ')
    expect(() => loadTargets(copy)).toThrow(/the file is no JSON .* it should be JSON/)
  })

  test('a new browser is one file', () => {
    const data = { ...json('chrome.json'), name: 'opera', minimum: '100' }
    writeFileSync(join(copy, 'opera.json'), JSON.stringify(data))
    expect(resolveTargets('opera', loadTargets(copy))[0]?.minimum).toBe('100')
  })
})
