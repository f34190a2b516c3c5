/** `runtime/inspect/device-table.ts`: what of `targets/device-classes.json` tells a class, for pages. */
import type { ClassTable } from '../../runtime/inspect/device-class.js'
import { loadDeviceClasses } from '../targets.js'

/** From the package's root. */
export const DEVICE_TABLE = 'runtime/inspect/device-table.ts'

const mapped = <T, U>(record: Record<string, T>, f: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]))

export function deviceTable(data = loadDeviceClasses()): string {
  const table: ClassTable = {
    tiers: mapped(data.tiers, ({ limits }) => ({ limits })),
    classes: mapped(data.classes, ({ match }) => ({ match })),
    masked: data.masked.map(({ classes, limits, sure }) => ({ classes, limits, ...(sure && { sure }) })),
  }
  const union = (record: object) =>
    Object.keys(record)
      .map((name) => `'${name}'`)
      .join(' | ')
  return `// biome-ignore-all format: written by a program
/** Made of targets/device-classes.json by \`npm run generate\`. */
import type { ClassTable } from './device-class.js'

export type DeviceClass = ${union(data.classes)}

export type Tier = ${union(data.tiers)}

export const TABLE: ClassTable & { tiers: Record<Tier, ClassTable['tiers'][string]> } = ${JSON.stringify(table, null, 1)}
`
}
