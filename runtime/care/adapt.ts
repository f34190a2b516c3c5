/** What a model does of its own accord: takes the variant that was faster, times its steps, keeps to the pace of power. */
import type { Executor } from '../executor.js'
import { explorer } from './explore.js'
import { reorder } from './history.js'
import { meterOf, type Run } from './meter.js'
import { type Pace, watchPower } from './power.js'
import { type Alive, type Recovery, keepAlive as stayAlive } from './recover.js'

/** As `keepAlive` of recover.ts, by what is known of this device; what comes of it is timed and paced. */
export async function keepAlive(recovery: Recovery): Promise<Alive | undefined> {
  const { context, selection } = recovery
  const { options } = context
  const meter = meterOf(context)
  if (options.adapt !== 'off') reorder(selection, await meter.timings())
  const tell = (tokensPerSecond: number | undefined, why: string) =>
    options.onEvent?.({ kind: 'paced', ...(tokensPerSecond && { tokensPerSecond }), why })
  const pace = watchPower(options.power, tell)
  try {
    const opened = await stayAlive(recovery)
    if (!opened) pace.stop()
    else {
      opened.executor = meter.timed(opened.executor, opened)
      const alive = options.adapt === 'explore' ? explorer(recovery, opened, meter) : opened
      const end = () => {
        pace.stop()
        meter.write()
      }
      alive.executor = paced(alive.executor, pace, end)
      alive.beside = {
        timings: meter.timings,
        get power() {
          return { ...pace.now }
        },
      }
      return alive
    }
  } catch (e) {
    pace.stop()
    throw e
  }
  return undefined
}

/** The executor, at the pace of power. A token's pace: what a prompt takes is no more than the page asks for. */
function paced(inner: Executor, pace: Pace, end: () => void): Executor {
  const after = async (turn: Promise<void>, run: Run) => {
    await turn
    const [, , , signal] = run
    if (signal?.aborted) throw signal.reason
    return inner.run(...run)
  }
  return Object.assign(Object.create(inner) as Executor, {
    run(...run: Run): Promise<Uint8Array[]> {
      const [, step, , signal] = run
      const turn = step.sample ? pace.turn(signal) : undefined
      return turn ? after(turn, run) : inner.run(...run)
    },
    destroy() {
      end()
      inner.destroy()
    },
  })
}
