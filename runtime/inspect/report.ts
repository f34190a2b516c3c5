/** The whole report: what `detect` finds for every load, and what else explains how a model runs here. */
import type { Capabilities, WebGPUCapabilities } from '../detect.js'
import type { DeviceClass, Tier } from './device-table.js'

/** Plain data: survives `postMessage` and JSON as it is. */
export interface Report extends Capabilities {
  /** Of this report's form. */
  format: 1
  /** The engine's version, read for workarounds alone. */
  version: Version
  device: Device
  /** Where there is no adapter of core WebGPU, but one of its compatibility mode: kernels are not made for those. */
  compatibility?: Pick<WebGPUCapabilities, 'features' | 'limits' | 'info'>
  workers: Workers
  budget: Budget
  power: Power
  webnn: { present: boolean; works: boolean; why?: string }
  /** Whether a module can be compiled: a page's policy may forbid it. */
  wasmCompiles: boolean
  /** Pages without it have no WebGPU. */
  secure: boolean
  /** What is done otherwise for this engine: ids of `WORKAROUNDS`. */
  workarounds: string[]
}

export type System = 'windows' | 'mac' | 'linux' | 'chromeos' | 'android' | 'ios' | 'unknown'

export interface Version {
  /** Of the engine or the host: 156, 27.2, 20.11. */
  number?: number
  from: 'userAgentData' | 'userAgent' | 'host' | 'none'
  system: System
}

export interface Device {
  class: DeviceClass
  /** info: the adapter's name.  id: its PCI vendor.  limits: the set that an engine that masks names gives.  none: by nothing. */
  by: 'info' | 'id' | 'limits' | 'none'
  /** Whether no other kind of GPU looks like that. */
  sure: boolean
  /** Where several classes look the same. */
  oneOf?: DeviceClass[]
  /** Largest set of limits of `targets/device-classes.json` that the adapter has. */
  tier: Tier | 'less' | 'none'
  level: 'core' | 'compatibility' | 'none'
  /** Sizes of subgroups, where they are told and are no placeholders. */
  subgroups?: { min: number; max: number }
}

export interface Workers {
  /** Whether WebAssembly can be computed by several threads. */
  possible: boolean
  /** `navigator.hardwareConcurrency`: engines may tell less than there is. */
  cores?: number
  /** What stands in the way, all of it. */
  why: string[]
}

export interface Budget {
  /** Bytes that selection takes for the page's; absent: no bound is known. */
  bytes?: number
  /** What is known of memory, and from where. */
  figures: { what: string; bytes: number; from: string }[]
  /** Of the origin's storage, on disk. */
  storage?: { quota: number; usage: number }
}

export interface Power {
  battery?: { level: number; charging: boolean }
  /** Of the processor, where it can be watched: nominal, fair, serious, critical. */
  pressure?: { available: boolean; state?: string }
  saveData?: boolean
}
