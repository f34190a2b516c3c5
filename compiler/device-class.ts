/** Which class of devices an adapter is of, as pages tell it, with what the class's own data say of it. */
import { type AdapterReport, classOf, meetsTier } from '../runtime/inspect/device-class.js'
import type { DeviceClasses } from './targets.js'

export type { AdapterReport } from '../runtime/inspect/device-class.js'

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

export function deviceClass(report: AdapterReport, data: DeviceClasses): Classified {
  const { among, by } = classOf(report, data)
  const named = by === 'info' || by === 'id'
  const name = among[0]!
  const { tiers, architectures, subgroupSizes } = data.classes[name]!
  const { architecture, subgroupMinSize: least, subgroupMaxSize: most } = report.info
  const own = Object.hasOwn(architectures, String(architecture))
  const known = own ? architectures[String(architecture)]! : subgroupSizes
  // Where names are masked, these are placeholders.
  const real = named && typeof least === 'number' && typeof most === 'number' && most > 0
  const sizes = real ? known.filter((n) => n >= least && n <= most) : known
  return {
    ...{ name, named, among: [...among] },
    tier: report.limits && tiers.find((tier) => meetsTier(report.limits!, data.tiers[tier]!)),
    subgroupSizes: sizes.length > 0 ? sizes : known,
  }
}
