/** Which version of which engine, on which system: for workarounds, and for people who read a report. */
import type { Capabilities } from '../detect.js'
import type { Platform } from './platform.js'
import type { System, Version } from './report.js'

const SYSTEMS: readonly (readonly [RegExp, System])[] = [
  [/iP(hone|ad|od)/, 'ios'],
  [/Android/, 'android'],
  [/CrOS|Chrome ?OS/, 'chromeos'],
  [/Windows|win32/i, 'windows'],
  [/Mac|darwin/, 'mac'],
  [/Linux|X11/i, 'linux'],
]

export function systemOf({ navigator: n = {}, process }: Platform): System {
  const text = [n.userAgentData?.platform, n.userAgent, n.platform, process?.platform].join(' ')
  const found = SYSTEMS.find(([pattern]) => pattern.test(text))?.[1] ?? 'unknown'
  // An iPad says it is a Mac, with fingers.
  return found === 'mac' && (n.maxTouchPoints ?? 0) > 1 ? 'ios' : found
}

/** By engine: what stands before its version. On iOS the engine is of the system's version, whatever the browser. */
const MARKS: Record<string, readonly RegExp[]> = {
  chromium: [/Chrom(?:e|ium)\/(\d+)/],
  gecko: [/Firefox\/(\d+)/],
  webkit: [/Version\/(\d+(?:\.\d+)?)/, /OS (\d+_\d+) like Mac/],
}

export function versionOf(engine: Capabilities['engine'], platform: Platform): Version {
  const { navigator: n = {}, process, Deno } = platform
  const system = systemOf(platform)
  const host = Deno?.version?.deno ?? process?.versions?.node
  if (host) return { number: Number.parseInt(host, 10), from: 'host', system }
  const brand = n.userAgentData?.brands?.find((b) => b.brand === 'Chromium')
  if (engine === 'chromium' && brand) return { number: Number(brand.version), from: 'userAgentData', system }
  for (const mark of MARKS[engine] ?? []) {
    const found = mark.exec(n.userAgent ?? '')?.[1]
    if (found) return { number: Number(found.replace('_', '.')), from: 'userAgent', system }
  }
  return { from: 'none', system }
}
