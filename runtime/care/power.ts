/** The pace of a generation where the battery is low or the machine is hot: the page says how slow, this keeps to it. */
import { pause } from './pause.js'

export type Pressure = 'nominal' | 'fair' | 'serious' | 'critical'

/** What is known of the machine's power. Absent where the browser doesn't tell. */
export interface PowerNow {
  /** Level from 0 to 1. */
  battery?: { level: number; charging: boolean }
  /** Of the processor. */
  pressure?: Pressure
  /** Tokens a second that generation is held to; absent: it runs at full speed. */
  tokensPerSecond?: number
}

/** Tokens a second at most, in which state; of several that hold, the lowest counts. Or a function that says them. */
export type PowerPolicy =
  | {
      /** While the battery is discharged and its level, from 0 to 1, is below that. */
      battery?: { below: number; tokensPerSecond: number }
      /** At that pressure of the processor, or more. */
      pressure?: { at: Pressure; tokensPerSecond: number }
    }
  | ((now: PowerNow) => number | undefined)

export interface Pace {
  readonly now: PowerNow
  /** Waits for a token's turn, in the order of the calls; at full speed not at all. Ends early when the signal fires. */
  turn(signal: AbortSignal | undefined): Promise<void> | undefined
  stop(): void
}

const PRESSURES: readonly Pressure[] = ['nominal', 'fair', 'serious', 'critical']
/** Milliseconds between two looks at the pressure. */
const SAMPLE = 1000

interface Battery extends EventTarget {
  level: number
  charging: boolean
}

interface Observer {
  observe(source: string, options: { sampleInterval: number }): Promise<void>
  disconnect(): void
}

interface Platform {
  navigator?: { getBattery?(): Promise<Battery> }
  PressureObserver?: new (told: (records: { state: Pressure }[]) => void) => Observer
}

/** Throws RangeError for a policy that no rate follows from. */
function check(policy: PowerPolicy): void {
  if (typeof policy === 'function') return
  const { battery, pressure } = policy
  for (const rule of [battery, pressure])
    if (rule && !(rule.tokensPerSecond > 0)) throw new RangeError('power: tokensPerSecond must be above 0')
  if (battery && !(battery.below >= 0 && battery.below <= 1))
    throw new RangeError('power.battery.below must be from 0 to 1')
  if (pressure && !PRESSURES.includes(pressure.at))
    throw new RangeError(`power.pressure.at must be one of ${PRESSURES.join(', ')}`)
}

/** Tokens a second that a policy allows now, and why; Infinity: as fast as it goes. */
export function rateOf(policy: PowerPolicy, now: PowerNow): { rate: number; why: string } {
  if (typeof policy === 'function') {
    const rate = policy(now)
    return { rate: rate !== undefined && rate > 0 ? rate : Number.POSITIVE_INFINITY, why: 'the page says so' }
  }
  const { battery, pressure } = policy
  const rules: { rate: number; why: string }[] = [{ rate: Number.POSITIVE_INFINITY, why: 'there is power' }]
  if (battery && now.battery && !now.battery.charging && now.battery.level < battery.below)
    rules.push({
      rate: battery.tokensPerSecond,
      why: `the battery is at ${Math.round(now.battery.level * 100)} %`,
    })
  if (pressure && now.pressure && PRESSURES.indexOf(now.pressure) >= PRESSURES.indexOf(pressure.at))
    rules.push({ rate: pressure.tokensPerSecond, why: `the pressure is ${now.pressure}` })
  return rules.reduce((a, b) => (b.rate < a.rate ? b : a))
}

/**
 * Watches what the browser tells, and keeps the pace that the policy asks for. `tell` is told when that changes:
 * undefined for full speed. Without a policy nothing is watched.
 */
export function watchPower(
  policy: PowerPolicy | undefined,
  tell: (tokensPerSecond: number | undefined, why: string) => void,
): Pace {
  const now: PowerNow = {}
  if (!policy) return { now, turn: () => undefined, stop() {} }
  check(policy)
  const { navigator, PressureObserver } = globalThis as Platform
  const end = new AbortController()
  /** Fires when the pace changes: whoever waits for its turn looks again. */
  let changed = new AbortController()
  let rate = Number.POSITIVE_INFINITY
  /** When the next token may begin. */
  let next = 0
  let last: Promise<void> | undefined

  function update(): void {
    const found = rateOf(policy!, { ...now })
    if (end.signal.aborted || found.rate === rate) return
    rate = found.rate
    if (rate < Number.POSITIVE_INFINITY) now.tokensPerSecond = rate
    else delete now.tokensPerSecond
    next = Math.min(next, performance.now() + 1000 / rate)
    tell(now.tokensPerSecond, found.why)
    changed.abort()
    changed = new AbortController()
  }

  // A browser may have neither, or forbid them to this page: then there is nothing to keep to.
  Promise.resolve(navigator?.getBattery?.())
    .then((battery) => {
      const look = () => {
        if (battery) now.battery = { level: battery.level, charging: battery.charging }
        update()
      }
      if (!battery) return
      for (const event of ['levelchange', 'chargingchange']) {
        battery.addEventListener(event, look)
        end.signal.addEventListener('abort', () => battery.removeEventListener(event, look))
      }
      look()
    })
    .catch(() => {})
  if (PressureObserver) {
    const observer = new PressureObserver((records) => {
      const state = records.at(-1)?.state
      if (!state) return
      now.pressure = state
      update()
    })
    observer.observe('cpu', { sampleInterval: SAMPLE }).catch(() => {})
    end.signal.addEventListener('abort', () => observer.disconnect())
  }
  update()

  async function wait(before: Promise<void> | undefined, signal: AbortSignal | undefined): Promise<void> {
    await before
    for (;;) {
      const left = next - performance.now()
      if (!(left > 0) || rate === Number.POSITIVE_INFINITY || signal?.aborted || end.signal.aborted) break
      const wake = new AbortController()
      const ring = () => wake.abort()
      const bells = [changed.signal, end.signal, signal]
      for (const bell of bells) bell?.addEventListener('abort', ring)
      await pause(left, wake.signal)
      for (const bell of bells) bell?.removeEventListener('abort', ring)
    }
    next = Math.max(next, performance.now()) + 1000 / rate
  }

  return {
    now,
    turn(signal) {
      if (rate === Number.POSITIVE_INFINITY && !last) return undefined
      const mine = wait(last, signal).finally(() => {
        if (last === mine) last = undefined
      })
      last = mine
      return mine
    },
    stop: () => end.abort(),
  }
}
