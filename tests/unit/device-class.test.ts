/** Classes of devices, by the reports of adapters that `../shared/facts` collects. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type AdapterReport, deviceClass } from '../../compiler/device-class.js'
import { loadDeviceClasses } from '../../compiler/targets.js'

const FACTS = '../shared/facts'
const absent = !existsSync(FACTS)
if (absent) console.warn(`SKIPPED: ${FACTS} is not there; no collected report is classified`)
const facts = (file: string) => (absent ? {} : JSON.parse(readFileSync(join(FACTS, file), 'utf8')))

const data = loadDeviceClasses()
const portable = data.tiers.portable!.limits
const of = (report: AdapterReport) => deviceClass(report, data)

/** Vendors to classes; the others, which have none of their own, to unknown. */
const VENDORS: Record<string, string> = {
  ...{ amd: 'amd', apple: 'apple', arm: 'mali', intel: 'intel', nvidia: 'nvidia', qualcomm: 'adreno' },
  ...{ google: 'software', mesa: 'software', microsoft: 'software' },
}

describe.skipIf(absent)('names', () => {
  const { _src, ...architectures } = facts('adapter_detection.json').chrome_architectures ?? {}
  const adapters = Object.entries(architectures as Record<string, string[]>).flatMap(([vendor, list]) =>
    list.map((architecture) => [vendor, architecture]),
  )
  test.each(adapters)('%s %s', (vendor, architecture) => {
    const found = of({ info: { vendor, architecture } })
    expect(found).toMatchObject({ name: VENDORS[vendor!] ?? 'unknown', named: true })
    // Every architecture of a class is listed, with its subgroups.
    const { architectures: known } = data.classes[found.name]!
    if (found.name !== 'unknown') expect(known[architecture!]).toEqual(found.subgroupSizes)
  })
})

describe.skipIf(absent)('limits alone, where the names are masked', () => {
  interface Typical {
    bucket?: string
    os: string
    ref?: string
    [limit: string]: unknown
  }
  const { typical_adapter_limits: typical = [], ...refs } = facts('limits.json')
  const CLASSES: [bucket: RegExp, classes: string[], tier: string][] = [
    [/^m1/, ['apple'], 'large'],
    [/^i1/, ['intel', 'nvidia'], 'large'],
    [/^a[12]/, ['amd'], 'large'],
    [/^no-f16/, ['nvidia', 'amd'], 'large'],
    [/^default/, ['unknown'], 'portable'],
  ]
  const reports = (typical as Typical[]).filter((r) => r.bucket !== undefined)
  test.each(reports.map((r) => [`${r.bucket}, ${r.os}`, r] as const))('%s', (_, report) => {
    const limits = { ...(refs[report.ref ?? ''] ?? {}), ...report } as Record<string, number>
    const [, classes, tier] = CLASSES.find(([bucket]) => bucket.test(report.bucket!))!
    const info = { vendor: '', architecture: '', subgroupMinSize: 4, subgroupMaxSize: 128 }
    expect(of({ info, limits })).toMatchObject({ name: classes[0], among: classes, named: false, tier })
  })
})

const more = { ...portable, maxComputeWorkgroupStorageSize: 32768, maxStorageBufferBindingSize: 2 ** 28 }
const rows: [what: string, report: AdapterReport, wanted: object][] = [
  ['nothing known', { info: {} }, { name: 'unknown', named: false, tier: undefined, subgroupSizes: [] }],
  ['an adapter on the CPU', { info: { vendor: 'nvidia' }, software: true }, { name: 'software' }],
  ['names masked as one word', { info: { vendor: 'apple', architecture: 'apple' } }, { name: 'apple' }],
  [
    'a vendor of another kind of device',
    { info: { vendor: 'google', architecture: 'x' } },
    { name: 'unknown' },
  ],
  ['no class: a name of every object', { info: { vendor: 'constructor' } }, { name: 'unknown' }],
  ['every device', { info: { vendor: 'arm' }, limits: portable }, { name: 'mali', tier: 'portable' }],
  ['32 KiB, but no more lanes', { info: { vendor: 'arm' }, limits: more }, { tier: 'portable' }],
  ['32 KiB and 1024 lanes', { info: { vendor: 'arm' }, limits: data.tiers['32k']!.limits }, { tier: '32k' }],
  // A phone of a class that is not expected to have more.
  ['a class at its best', { info: { vendor: 'arm' }, limits: data.tiers.large!.limits }, { tier: '32k' }],
  [
    'subgroups of one size',
    { info: { vendor: 'amd', architecture: 'rdna-3', subgroupMinSize: 32, subgroupMaxSize: 32 } },
    { subgroupSizes: [32] },
  ],
  [
    'subgroups that no table knows',
    { info: { vendor: 'nvidia', architecture: 'rubin', subgroupMinSize: 4, subgroupMaxSize: 8 } },
    { name: 'nvidia', subgroupSizes: [32] },
  ],
]
test.each(rows)('%s', (_, report, wanted) => {
  expect(of(report)).toMatchObject(wanted)
})

test('what limits tell names classes, and classes hold what they say', () => {
  const names = Object.keys(data.classes)
  expect(names).toEqual(['apple', 'nvidia', 'amd', 'intel', 'adreno', 'mali', 'software', 'unknown'])
  for (const { classes, limits } of data.masked) {
    expect(classes.filter((c) => !names.includes(c))).toEqual([])
    for (const range of Object.values(limits)) expect(range).toHaveLength(2)
  }
  for (const c of Object.values(data.classes))
    for (const sizes of Object.values(c.architectures))
      expect(sizes.filter((n) => !c.subgroupSizes.includes(n))).toEqual([])
})
