/** What surrounds a model: workers, memory, power, other accelerators. Nothing here is waited for long. */
import type { Capabilities } from '../detect.js'
import { type Platform, soon } from './platform.js'
import type { Budget, Power, Report, System, Workers } from './report.js'

const GiB = 2 ** 30

export function workersOf(c: Capabilities, platform: Platform): Workers {
  const cores = platform.navigator?.hardwareConcurrency
  const server = platform.Deno || platform.process?.versions?.node
  const worker = !!platform.WorkerGlobalScope
  const stands: [boolean, string][] = [
    [c.wasm.simd128 === undefined, 'there is no WebAssembly'],
    [!c.crossOriginIsolated, 'the page is not cross-origin isolated'],
    [typeof platform.SharedArrayBuffer !== 'function', 'there is no SharedArrayBuffer'],
    [typeof platform.Worker !== 'function' && !server, 'there is no Worker'],
    [c.engine === 'gecko' && worker, 'workers of workers may hang in this engine'],
  ]
  const why = stands.filter(([stands]) => stands).map(([, text]) => text)
  if (!c.wasm.threads && why.length === 0) why.push('the engine takes no module with shared memory')
  return { possible: why.length === 0, ...(cores && { cores }), why }
}

export async function budgetOf(c: Capabilities, platform: Platform, system: System): Promise<Budget> {
  const { deviceMemory, storage } = platform.navigator ?? {}
  const free = platform.process?.availableMemory?.() ?? platform.Deno?.systemMemoryInfo?.().available
  const figures: Budget['figures'] = []
  const tell = (what: string, bytes: number | undefined, from: string) => {
    if (bytes) figures.push({ what, bytes, from })
  }
  tell(
    'memory of the machine, rounded and capped',
    deviceMemory && deviceMemory * GiB,
    'navigator.deviceMemory',
  )
  tell('memory that is free', free, platform.process ? 'process.availableMemory' : 'Deno.systemMemoryInfo')
  tell(
    'ceiling of a tab on iOS, with room to spare',
    system === 'ios' ? GiB : 0,
    'the system: tabs end near 1.5 GB',
  )
  tell('largest GPU buffer', c.webgpu.limits.maxBufferSize, 'adapter.limits.maxBufferSize')
  const disk = await soon(1000, () => storage?.estimate?.())
  return {
    ...(c.memory !== undefined && { bytes: c.memory }),
    figures,
    ...(disk && { storage: { quota: disk.quota ?? 0, usage: disk.usage ?? 0 } }),
  }
}

/** Browsers answer with the state of the last second, some only once it changes. */
const PRESSURE_MS = 1200

export async function powerOf({ navigator: n = {}, PressureObserver: Observer }: Platform): Promise<Power> {
  const [battery, pressure] = await Promise.all([
    soon(500, () => n.getBattery?.()),
    soon(PRESSURE_MS, () => Observer && pressureOf(Observer)),
  ])
  const saveData = n.connection?.saveData
  return {
    ...(battery && { battery: { level: battery.level, charging: battery.charging } }),
    ...(Observer && { pressure: { available: true, ...(pressure && { state: pressure }) } }),
    ...(saveData !== undefined && { saveData }),
  }
}

async function pressureOf(Observer: NonNullable<Platform['PressureObserver']>): Promise<string | undefined> {
  let observer: InstanceType<typeof Observer> | undefined
  try {
    return await soon(
      PRESSURE_MS - 100,
      () =>
        new Promise<string>((resolve, reject) => {
          observer = new Observer(([last]) => last && resolve(last.state))
          observer.observe('cpu', { sampleInterval: 500 }).catch(reject)
        }),
    )
  } finally {
    observer?.disconnect()
  }
}

export async function webnnOf({ navigator: n = {} }: Platform): Promise<Report['webnn']> {
  const { ml } = n
  if (!ml?.createContext) return { present: false, works: false }
  let why = 'no answer'
  const context = await soon(1500, async () => {
    try {
      return await ml.createContext?.({ deviceType: 'cpu' })
    } catch (e) {
      why = (e as Error).message
      return undefined
    }
  })
  return context ? { present: true, works: true } : { present: true, works: false, why }
}

/** The least module there is. */
const EMPTY = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])

export const compiles = async (): Promise<boolean> =>
  !!globalThis.WebAssembly && !!(await soon(1000, () => WebAssembly.compile(EMPTY)))
