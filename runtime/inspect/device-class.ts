/**
 * Which class of devices an adapter is of: by its names, or, where an engine masks them, by sets of limits that only
 * some devices have. The one place where that is told: pages do by `device-table.ts`, wgc by the file that was made of.
 */

/** What of `targets/device-classes.json` tells a class. */
export interface ClassTable {
  /** Sets of limits; each takes all that those before it take. */
  tiers: Readonly<Record<string, { limits: Readonly<Record<string, number>> }>>
  classes: Readonly<
    Record<string, { match: { vendors: readonly string[]; architectures?: readonly string[] | undefined } }>
  >
  masked: readonly {
    /** What it may be, the likeliest first. */
    classes: readonly string[]
    /** Least and largest value of each. */
    limits: Readonly<Record<string, readonly number[]>>
    /** No other devices have these. */
    sure?: boolean | undefined
  }[]
}

/** What a page finds out of its adapter. */
export interface AdapterReport {
  info: { vendor?: unknown; architecture?: unknown; subgroupMinSize?: unknown; subgroupMaxSize?: unknown }
  limits?: Readonly<Record<string, number>> | undefined
  /** It computes on the CPU. */
  software?: boolean | undefined
}

export interface Told {
  /** All that it may be, the likeliest first; `unknown` where nothing tells. */
  among: readonly string[]
  /** info: the adapter's name.  id: its PCI vendor.  limits: what an engine that masks names gives.  none: by nothing. */
  by: 'info' | 'id' | 'limits' | 'none'
  /** Whether no device of another class looks like that. */
  sure: boolean
}

const CPU = 'software'
const NONE = 'unknown'

const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined

/** Pure; `limits` are only looked at where there is no vendor. */
export function classOf({ info, limits = {}, software }: AdapterReport, table: ClassTable): Told {
  if (software) return { among: [CPU], by: 'info', sure: true }
  const { vendor, architecture } = info
  if (typeof vendor === 'string' && vendor !== '') {
    const found = Object.entries(table.classes).find(
      ([, { match }]) =>
        match.vendors.includes(vendor) && (match.architectures?.includes(String(architecture)) ?? true),
    )
    return { among: [found?.[0] ?? NONE], by: found && /^\d+$/.test(vendor) ? 'id' : 'info', sure: !!found }
  }
  const masked = table.masked.find((m) =>
    Object.entries(m.limits).every(([name, [least, most]]) => {
      const value = own(limits, name)
      return value !== undefined && value >= least! && value <= most!
    }),
  )
  return masked
    ? { among: masked.classes, by: 'limits', sure: !!masked.sure }
    : { among: [NONE], by: 'none', sure: false }
}

/** Whether limits are at least those of a tier. Alignments are better when they are smaller. */
export const meetsTier = (
  limits: Readonly<Record<string, number>>,
  { limits: wanted }: ClassTable['tiers'][string],
): boolean =>
  Object.entries(wanted).every(([name, need]) => {
    const value = own(limits, name)
    return value !== undefined && (name.startsWith('min') ? value <= need : value >= need)
  })
