/**
 * Which class of devices an adapter is of, by what a browser tells: names where there are any, else limits that only
 * some devices have. Pure and without imports but types, so that a page can do the same with the same data.
 */
import type { DeviceClasses } from './targets.js'

/** What a page finds out of its adapter; the runtime's `WebGPUCapabilities` are one. */
export interface AdapterReport {
  info: { vendor?: unknown; architecture?: unknown; subgroupMinSize?: unknown; subgroupMaxSize?: unknown }
  limits?: Record<string, number> | undefined
  /** It computes on the CPU. */
  software?: boolean | undefined
}

export interface Classified {
  /** In `device-classes.json`; `unknown` where nothing tells. */
  name: string
  /** All that it may be, the likeliest first. */
  among: string[]
  /** Told by names, not guessed by limits. */
  named: boolean
  /** The largest tier whose limits the adapter has, of those that the class has at best. */
  tier: string | undefined
  subgroupSizes: number[]
}

const CPU = 'software'
const NONE = 'unknown'

const own = <T>(record: Record<string, T>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined

function classesOf({ info, limits = {}, software }: AdapterReport, data: DeviceClasses): [string[], boolean] {
  if (software) return [[CPU], true]
  const { vendor, architecture } = info
  if (typeof vendor === 'string' && vendor !== '') {
    const found = Object.entries(data.classes).find(
      ([, { match }]) =>
        match.vendors.includes(vendor) && (match.architectures?.includes(String(architecture)) ?? true),
    )
    return [[found?.[0] ?? NONE], true]
  }
  const masked = data.masked.find((m) =>
    Object.entries(m.limits).every(([name, [least, most]]) => {
      const value = own(limits, name)
      return value !== undefined && value >= least! && value <= most!
    }),
  )
  return [masked?.classes ?? [NONE], false]
}

/** Alignments are better when they are smaller. */
const meets = (limits: Record<string, number>, wanted: Record<string, number>): boolean =>
  Object.entries(wanted).every(([name, need]) => {
    const value = own(limits, name)
    return value !== undefined && (name.startsWith('min') ? value <= need : value >= need)
  })

export function deviceClass(report: AdapterReport, data: DeviceClasses): Classified {
  const [among, named] = classesOf(report, data)
  const name = among[0]!
  const { tiers, architectures, subgroupSizes } = data.classes[name]!
  const { architecture, subgroupMinSize: least, subgroupMaxSize: most } = report.info
  const known = own(architectures, String(architecture)) ?? subgroupSizes
  // Where names are masked, these are placeholders.
  const real = named && typeof least === 'number' && typeof most === 'number' && most > 0
  const sizes = real ? known.filter((n) => n >= least && n <= most) : known
  return {
    ...{ name, among, named },
    tier: report.limits && tiers.find((tier) => meets(report.limits!, data.tiers[tier]!.limits)),
    subgroupSizes: sizes.length > 0 ? sizes : known,
  }
}
