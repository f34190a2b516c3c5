/**
 * What explains how a model runs here, or why it does not: a file of its own beside the runtime, fetched when it is asked
 * for (`detect({ full: true })`).
 */
import { type Capabilities, type DetectOptions, engineOf, gpuOf } from './detect.js'
import { deviceOf } from './inspect/device.js'
import { type Platform, soon } from './inspect/platform.js'
import type { Device, Report } from './inspect/report.js'
import { budgetOf, compiles, powerOf, webnnOf, workersOf } from './inspect/surroundings.js'
import { versionOf } from './inspect/version.js'
import { workaroundsFor } from './inspect/workarounds.js'

export { type Advice, adviceFor } from './inspect/advice.js'
export { type Explained, type Explanation, explain } from './inspect/explain.js'
export type { Budget, Device, DeviceClass, Power, Report, Version, Workers } from './inspect/report.js'
export { WORKAROUNDS, type Workaround } from './inspect/workarounds.js'
export { FEATURES } from './switches.js'

/** The whole report, of what `detect` found. Takes up to two seconds; nothing in it can hang. */
export async function inspect(
  found: Capabilities,
  options: DetectOptions = {},
  platform: Platform = globalThis as unknown as Platform,
): Promise<Report> {
  const version = versionOf(found.engine, platform)
  const { system } = version
  const [level, budget, power, webnn, wasmCompiles] = await Promise.all([
    levelOf(found, options),
    budgetOf(found, platform, system),
    powerOf(platform),
    webnnOf(platform),
    compiles(),
  ])
  const where = {
    ...{ engine: found.engine, version: version.number, system },
    inWorker: !!platform.WorkerGlobalScope,
    inBrowser: version.from !== 'host' && engineOf(platform.navigator ?? {}) !== 'unknown',
  }
  return {
    ...found,
    format: 1,
    version,
    device: deviceOf(found, system, level),
    workers: workersOf(found, platform),
    ...{ budget, power, webnn, wasmCompiles },
    secure: platform.isSecureContext ?? version.from === 'host',
    workarounds: workaroundsFor(where),
  }
}

/** An adapter that only the second question brought (see `requestAdapter`) is one of the compatibility mode. */
async function levelOf({ webgpu }: Capabilities, options: DetectOptions): Promise<Device['level']> {
  const gpu = gpuOf(options)
  if (!webgpu.available || !gpu) return 'none'
  if (webgpu.features.includes('core-features-and-limits')) return 'core'
  const { powerPreference = 'high-performance' } = options
  return (await soon(2000, () => gpu.requestAdapter({ powerPreference }))) ? 'core' : 'compatibility'
}
