/** What of the platform is looked at, and patience with it. Tests give one of their own. */

export interface Platform {
  navigator?: {
    userAgent?: string
    platform?: string
    maxTouchPoints?: number
    deviceMemory?: number
    hardwareConcurrency?: number
    userAgentData?: { brands?: { brand: string; version: string }[]; platform?: string }
    getBattery?(): Promise<{ level: number; charging: boolean }>
    connection?: { saveData?: boolean }
    storage?: { estimate?(): Promise<{ quota?: number; usage?: number }> }
    ml?: { createContext?(options: object): Promise<unknown> }
  }
  process?: { platform?: string; versions?: { node?: string }; availableMemory?(): number }
  Deno?: { version?: { deno?: string }; systemMemoryInfo?(): { available: number } }
  PressureObserver?: PressureWatcher
  isSecureContext?: boolean
  SharedArrayBuffer?: unknown
  Worker?: unknown
  WorkerGlobalScope?: unknown
}

type PressureWatcher = {
  new (
    callback: (records: { state: string }[]) => void,
  ): { observe(source: string, options: object): Promise<void>; disconnect(): void }
  knownSources?: readonly string[]
}

/** What `ask` answers within so many milliseconds; undefined where it does not, or fails. */
export async function soon<T>(ms: number, ask: () => Promise<T> | undefined): Promise<T | undefined> {
  let stop = () => {}
  const late = new Promise<undefined>((resolve) => {
    const timer = setTimeout(resolve, ms, undefined)
    stop = () => clearTimeout(timer)
  })
  try {
    return await Promise.race([ask(), late])
  } catch {
    return undefined
  } finally {
    stop()
  }
}
