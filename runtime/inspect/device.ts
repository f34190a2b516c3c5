/** What kind of GPU it is, and how that was told. Data as in `targets/device-classes.json`, which a test compares. */
import { type Capabilities, vendorOf } from '../detect.js'
import type { Device, DeviceClass, System, Tier } from './report.js'

/** `adapter.info.vendor`. Names that are not here are of no class. */
const VENDORS: Readonly<Record<string, DeviceClass>> = {
  apple: 'apple',
  nvidia: 'nvidia',
  amd: 'amd',
  intel: 'intel',
  qualcomm: 'adreno',
  arm: 'mali',
}

/** PCI vendors in decimal, as wgpu's hosts tell them. */
const IDS: Readonly<Record<string, DeviceClass>> = {
  4318: 'nvidia',
  4098: 'amd',
  32902: 'intel',
  4203: 'apple',
  20803: 'adreno',
  5045: 'mali',
}

/** What a tier has beyond the one after it. */
export const TIERS: readonly (readonly [Tier, Readonly<Record<string, number>>])[] = [
  ['large', { maxStorageBufferBindingSize: 2 ** 29, maxBufferSize: 2 ** 30 }],
  [
    '32k',
    {
      maxStorageBufferBindingSize: 2 ** 28,
      maxComputeWorkgroupStorageSize: 32768,
      maxComputeInvocationsPerWorkgroup: 1024,
      maxComputeWorkgroupSizeX: 1024,
      maxComputeWorkgroupSizeY: 1024,
    },
  ],
  [
    'portable',
    {
      maxStorageBuffersPerShaderStage: 8,
      maxStorageBufferBindingSize: 2 ** 27,
      maxBufferSize: 2 ** 28,
      maxComputeWorkgroupStorageSize: 16384,
      maxComputeInvocationsPerWorkgroup: 256,
      maxComputeWorkgroupSizeX: 256,
      maxComputeWorkgroupSizeY: 256,
      maxComputeWorkgroupSizeZ: 64,
      maxComputeWorkgroupsPerDimension: 65535,
      maxUniformBufferBindingSize: 65536,
    },
  ],
]

export function tierOf(limits: Readonly<Record<string, number>>): Device['tier'] {
  // From the least: each tier takes all before it.
  let tier: Device['tier'] = 'less'
  for (const [name, needs] of [...TIERS].reverse()) {
    if (Object.entries(needs).some(([limit, least]) => (limits[limit] ?? 0) < least)) break
    tier = name
  }
  return tier
}

type Told = Pick<Device, 'class' | 'by' | 'sure' | 'oneOf'>

/**
 * Sets of limits that an engine which masks names gives, beside those that are certain (`vendorOf`): by the largest
 * binding and KiB of workgroup memory, what may be behind it.
 */
const SETS: Readonly<Record<string, readonly DeviceClass[]>> = {
  [`${2 ** 30} 32`]: ['amd'],
  [`${2 ** 29} 32`]: ['intel', 'nvidia'],
  [`${2 ** 30} 48`]: ['nvidia', 'amd'],
}

function byLimits({ webgpu: { limits } }: Capabilities): Told {
  const { maxStorageBufferBindingSize: binding, maxComputeWorkgroupStorageSize: shared = 0 } = limits
  const [first, ...more] = SETS[`${binding} ${shared / 1024}`] ?? []
  if (!first) return { class: 'unknown', by: 'none', sure: false }
  return more.length
    ? { class: 'unknown', by: 'limits', sure: false, oneOf: [first, ...more] }
    : { class: first, by: 'limits', sure: false }
}

/** Of the whole adapter. `compatibility`: there is none but of that mode. */
export function deviceOf(c: Capabilities, system: System, compatibility = false): Device {
  const { webgpu } = c
  if (!webgpu.available) {
    const level = compatibility ? 'compatibility' : 'none'
    return { class: 'unknown', by: 'none', sure: false, tier: 'none', level }
  }
  return { ...told(c, system), tier: tierOf(webgpu.limits), level: 'core', ...subgroupsOf(c) }
}

function told(c: Capabilities, system: System): Told {
  const { info, software } = c.webgpu
  const name = `${info.vendor ?? ''}`
  if (software) return { class: 'software', by: 'info', sure: true }
  if (Object.hasOwn(IDS, name)) return { class: IDS[name]!, by: 'id', sure: true }
  // One engine calls every GPU Apple's, those of older Macs too.
  if (Object.hasOwn(VENDORS, name))
    return { class: VENDORS[name]!, by: 'info', sure: c.engine !== 'webkit' || system === 'ios' }
  if (name) return { class: 'unknown', by: 'info', sure: false }
  const certain = vendorOf(c)
  if (certain) return { class: VENDORS[certain]!, by: 'limits', sure: true }
  return c.engine === 'gecko' ? byLimits(c) : { class: 'unknown', by: 'none', sure: false }
}

/** An engine that masks names gives 4 and 128 for every adapter: more than any has, so nothing is known. */
function subgroupsOf({ engine, webgpu: { info } }: Capabilities): Pick<Device, 'subgroups'> {
  const { subgroupMinSize: min, subgroupMaxSize: max } = info as Record<string, number>
  const placeholders = engine === 'gecko' && !info.vendor && min === 4 && max === 128
  return min && max && !placeholders ? { subgroups: { min, max } } : {}
}
