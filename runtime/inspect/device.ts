/** What kind of GPU it is, and how that was told. */
import type { Capabilities } from '../detect.js'
import { classOf, meetsTier } from './device-class.js'
import { type DeviceClass, TABLE, type Tier } from './device-table.js'
import type { Device, System } from './report.js'

/** The largest set of limits that is there. */
export const tierOf = (limits: Readonly<Record<string, number>>): Tier | 'less' =>
  (Object.keys(TABLE.tiers) as Tier[]).reverse().find((name) => meetsTier(limits, TABLE.tiers[name])) ??
  'less'

/** Of the whole adapter. `compatibility`: there is none but of that mode. */
export function deviceOf(c: Capabilities, system: System, compatibility = false): Device {
  const { webgpu } = c
  if (!webgpu.available) {
    const level = compatibility ? 'compatibility' : 'none'
    return { class: 'unknown', by: 'none', sure: false, tier: 'none', level }
  }
  return { ...told(c, system), tier: tierOf(webgpu.limits), level: 'core', ...subgroupsOf(c) }
}

function told(c: Capabilities, system: System): Pick<Device, 'class' | 'by' | 'sure' | 'oneOf'> {
  // Engines that tell names leave limits as they are: what they have in common with others says nothing.
  const { among, by, sure } = classOf({ ...c.webgpu, ...(c.engine !== 'gecko' && { limits: {} }) }, TABLE)
  const [first, ...more] = among as DeviceClass[]
  if (more.length > 0) return { class: 'unknown', by, sure, oneOf: [first!, ...more] }
  // One engine calls every GPU Apple's, those of older Macs too.
  const anyName = c.engine === 'webkit' && system !== 'ios' && by === 'info' && !c.webgpu.software
  return { class: first!, by, sure: sure && !anyName }
}

/** An engine that masks names gives 4 and 128 for every adapter: more than any has, so nothing is known. */
function subgroupsOf({ engine, webgpu: { info } }: Capabilities): Pick<Device, 'subgroups'> {
  const { subgroupMinSize: min, subgroupMaxSize: max } = info as Record<string, number>
  const placeholders = engine === 'gecko' && !info.vendor && min === 4 && max === 128
  return min && max && !placeholders ? { subgroups: { min, max } } : {}
}
