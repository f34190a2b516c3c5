/** The table of what browsers support: fresh, read rightly from the packages, and not contradicted by the targets. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { supportFile } from '../../compiler/generate/support.js'
import { packageRoot } from '../../compiler/root.js'
import { cellOf, mirrored, type Statement } from '../../compiler/support/cells.js'
import { contradictions, whenIn } from '../../compiler/support/contradictions.js'
import { cellIn, loadSupport } from '../../compiler/support/read.js'
import { type CompatData, supportTable } from '../../compiler/support/table.js'
import type { Cell, Override } from '../../compiler/support/types.js'
import { compareVersions, isVersion } from '../../compiler/support/versions.js'
import { engineNamed, loadEngines, loadTargets, type Target } from '../../compiler/targets.js'

const table = loadSupport()
const targets = [...loadTargets().values()]

test('targets/support.json is what `npm run support` writes', () => {
  expect(readFileSync(join(packageRoot(), 'targets', 'support.json'), 'utf8') === supportFile()).toBe(true)
})

test('it has the versions of the packages that are installed, a cell for every target, versions that are such', () => {
  const { devDependencies } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'))
  for (const [name, version] of Object.entries(table.packages)) expect(devDependencies[name]).toBe(version)
  const names = targets.map((t) => t.name)
  for (const { support } of table.things) {
    expect(Object.keys(support)).toEqual(names)
    for (const { since, full } of Object.values(support))
      for (const v of [since, full]) if (v !== undefined) expect(isVersion(v)).toBe(true)
  }
})

// Read by hand from browser-compat-data 8.1.9, and where it is overridden from the sources that are named there.
const known: [target: string, thing: string, cell: Partial<Cell>][] = [
  ['chrome', 'webgpu', { state: 'yes', since: '113', full: '144' }],
  ['firefox', 'webgpu', { state: 'partial', since: '141' }],
  ['firefox', 'shader-f16', { state: 'yes', since: '≤151', instead: 'no' }],
  ['firefox-android', 'webgpu', { state: 'no' }],
  ['firefox-android', 'webgpu-workers', { state: 'no', instead: 'partial 141' }],
  ['safari', 'subgroups', { state: 'preview', since: '27.3' }],
  ['safari', 'packed_4x8_integer_dot_product', { state: 'yes', since: '26', source: ['webkit'] }],
  ['safari-ios', 'relaxed-simd', { state: 'preview', since: '27.3' }],
  ['samsung-internet', 'webgpu', { state: 'yes', since: '25.0' }],
  ['chrome-android', 'compute-pressure', { state: 'no' }],
  ['edge', 'webnn', { state: 'flag', since: '112', flag: '#web-machine-learning-neural-network' }],
  ['node', 'relaxed-simd', { state: 'yes', since: '21.0.0', mirror: 'chrome' }],
  ['deno', 'webgpu', { state: 'flag', flag: '--unstable-webgpu' }],
]
test.each(known)('%s: %s', (target, thing, cell) => {
  expect(cellIn(table, target, thing)).toMatchObject(cell)
})

const removed = (from: string, to: string, more = {}): Statement => ({
  ...{ version_added: from, version_removed: to, ...more },
})
const statements: [what: string, Statement | Statement[] | undefined, Cell | undefined][] = [
  ['nothing', undefined, undefined],
  ['no', { version_added: false }, { state: 'no' }],
  ['unknown', { version_added: null }, { state: 'unknown' }],
  ['yes', { version_added: '9' }, { state: 'yes', since: '9' }],
  [
    'part of it first',
    [{ version_added: '9' }, removed('7', '9', { partial_implementation: true })],
    { state: 'yes', since: '7', full: '9' },
  ],
  ['missing in between', [{ version_added: '9' }, removed('5', '7')], { state: 'yes', since: '9' }],
  ['gone', removed('5', '7'), { state: 'no' }],
  ['another name', { version_added: '5', alternative_name: 'moz' }, { state: 'no' }],
  [
    'behind a flag',
    { version_added: '5', flags: [{ name: '#x' }] },
    { state: 'flag', since: '5', flag: '#x' },
  ],
  [
    'a flag, then by default',
    [{ version_added: '8' }, removed('5', '8', { flags: [{ name: '#x' }] })],
    { state: 'yes', since: '8' },
  ],
  ['in a beta', { version_added: '10' }, { state: 'preview', since: '10' }],
  ['in some preview', { version_added: 'preview' }, { state: 'preview' }],
  [
    'notes without markup, each once',
    { version_added: '9', notes: ['See <a href="x">bug 1</a>.', 'See bug 1.'] },
    { state: 'yes', since: '9', notes: ['See bug 1.'] },
  ],
]
test.each(statements)('a statement: %s', (_, given, cell) => {
  expect(cellOf(given, { 9: { status: 'current' }, 10: { status: 'beta' } })).toEqual(cell)
})

test('a runtime with the same engine has what the engine had by then', () => {
  const releases = {
    '20.0.0': { status: 'retired', engine: 'V8', engine_version: '11.3' },
    '21.0.0': { status: 'retired', engine: 'V8', engine_version: '11.8' },
    '9.0.0': { status: 'retired', engine: 'V8', engine_version: '6.2' },
  }
  expect(mirrored({ state: 'yes', since: '114' }, releases, 'chrome')).toMatchObject({
    state: 'yes',
    since: '21.0.0',
  })
  expect(mirrored({ state: 'yes', since: '62' }, releases, 'chrome')).toMatchObject({ since: '9.0.0' })
  expect(mirrored({ state: 'yes', since: '150' }, releases, 'chrome').state).toBe('no')
  expect(mirrored({ state: 'flag', since: '62' }, releases, 'chrome').state).toBe('no')
})

test.each([
  ['9', '10', -1],
  ['26', '26.0', 0],
  ['≤151', '150', 1],
  ['27.3', '27.10', -1],
])('version %s against %s', (a, b, sign) => {
  expect(Math.sign(compareVersions(a, b))).toBe(sign)
})

describe('an override', () => {
  const data: CompatData = {
    __meta: { version: '1' },
    browsers: { chrome: { releases: { 9: { status: 'current' } } } },
    api: { X: { __compat: { support: { chrome: { version_added: '9' } } } } },
  }
  const [chrome] = targets.filter((t) => t.name === 'chrome') as [Target]
  const made = (cell: Override['cell'], thing = 'x') =>
    supportTable(
      [chrome],
      {
        mirror: { from: 'chrome', engine: 'V8' },
        families: [],
        things: [{ id: 'x', kind: 'api', title: 'X', bcd: 'api.X' }],
      },
      {
        overrides: [{ things: [thing], targets: ['chrome'], cell, why: 'a test', source: ['spec'] }],
        systems: {},
      },
      data,
      { features: {} },
      {},
    ).things[0]!.support.chrome

  test('stands, and says what it stands instead of', () => {
    expect(made({ state: 'no' })).toEqual({ state: 'no', source: ['spec'], instead: 'yes 9' })
  })
  test('that the package agrees with, or that no thing has, is refused', () => {
    expect(() => made({ state: 'yes', since: '9' })).toThrow(/x for chrome changes nothing/)
    expect(() => made({ state: 'no' }, 'y')).toThrow(/y for chrome changes nothing/)
  })
})

describe('promises', () => {
  const found = (name?: string, change?: (t: Target) => void) => {
    const changed = targets.map((t) => {
      if (t.name !== name) return t
      const copy = structuredClone(t)
      change?.(copy)
      return copy
    })
    const engines = changed.map((t) => t.engine).concat(...loadEngines().values())
    return contradictions(changed, new Map(engines.map((e) => [JSON.stringify(e), e])).values(), table)
  }

  test('no target or engine promises what the table contradicts', () => {
    expect(found()).toEqual([])
  })

  const broken: [target: string, change: (t: Target) => void, wanted: RegExp][] = [
    ['chrome', (t) => (t.minimum = '112'), /^chrome: minimum is 112, webgpu is yes since 113/],
    ['safari-ios-15', (t) => (t.minimum = '15'), /object-has-own is yes since 15.4/],
    ['firefox', (t) => t.webgpu.featureSets.unshift(['subgroups']), /has subgroups, which is no/],
    ['safari', (t) => t.wasm.featureSets.unshift(['battery']), /has battery, which is no/],
    ['firefox-android', (t) => t.webgpu.featureSets.push([]), /minimum is 114, webgpu is no/],
    ['safari', (t) => (t.webgpu.featureSets = []), /featureSets is empty, webgpu is yes since 26/],
    [
      'chrome',
      (t) => (t.engine.wgsl.requires.subgroup_id!.since = '143'),
      /chromium: wgsl.requires.subgroup_id is since 143, the table says 144/,
    ],
    [
      'firefox',
      (t) => (t.engine.wgsl.requires.subgroup_id!.when = 'probe'),
      /gecko: wgsl.requires.subgroup_id is to be found by a probe, and no browser has it/,
    ],
    [
      'safari',
      (t) => (t.engine.wgsl.enable.subgroups!.when = 'always'),
      /webkit: wgsl.enable.subgroups is always, in safari from 26 on it is preview since 27.3/,
    ],
  ]
  test.each(broken)('%s: %s', (name, change, wanted) => {
    expect(found(name, change).join('\n')).toMatch(new RegExp(wanted.source, 'm'))
  })

  test('a directive need not be asked for where every version that is meant has it', () => {
    const rule = engineNamed('chromium').wgsl.requires.packed_4x8_integer_dot_product!
    const at = (name: string, minimum: string) => {
      const target = targets.find((t) => t.name === name)!
      return whenIn(rule, { ...target, minimum }, table)
    }
    expect(at('chrome', '122')).toBe('probe')
    expect(at('chrome', '123')).toBe('always')
    // By the engine's version, which that browser's own number is not.
    expect(at('samsung-internet', '26.0')).toBe('probe')
    expect(at('samsung-internet', '27.0')).toBe('always')
  })
})
