/**
 * What explains how a model runs here, or why it does not: a file of its own beside the runtime, fetched when it is asked
 * for (`detect({ full: true })`).
 */
import { type Capabilities, type DetectOptions, engineOf, gpuOf, plain } from './detect.js'
import { deviceOf } from './inspect/device.js'
import { type Platform, soon } from './inspect/platform.js'
import type { Report } from './inspect/report.js'
import { budgetOf, compiles, powerOf, webnnOf, workersOf } from './inspect/surroundings.js'
import { versionOf } from './inspect/version.js'
import { workaroundsFor } from './inspect/workarounds.js'

export { type Advice, adviceFor } from './inspect/advice.js'
export type { DeviceClass } from './inspect/device-table.js'
export { type Explained, type Explanation, explain } from './inspect/explain.js'
export type { Budget, Device, Power, Report, Version, Workers } from './inspect/report.js'
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
  const [compatibility, budget, power, webnn, wasmCompiles] = await Promise.all([
    compatibilityOf(found, options),
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
    device: deviceOf(found, system, !!compatibility),
    ...(compatibility && { compatibility }),
    workers: workersOf(found, platform),
    ...{ budget, power, webnn, wasmCompiles },
    secure: platform.isSecureContext ?? version.from === 'host',
    workarounds: workaroundsFor(where),
  }
}

/** What an adapter of the compatibility mode would have, where there is none of core WebGPU. */
async function compatibilityOf(
  { webgpu }: Capabilities,
  options: DetectOptions,
): Promise<Report['compatibility']> {
  const gpu = gpuOf(options)
  const asked = {
    powerPreference: options.powerPreference ?? 'high-performance',
    featureLevel: 'compatibility',
  }
  const adapter = webgpu.available ? null : await soon(2000, () => gpu?.requestAdapter(asked))
  if (!adapter) return undefined
  const limits = plain(adapter.limits) as Record<string, number>
  return { features: [...adapter.features].sort(), limits, info: plain(adapter.info) }
}
