/** Keeps Node from hanging at its end. */
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'

const TURN_MS = 3
const IDLE_US = 300
const LONGEST_MS = 1000

const busyMicroseconds = (): number => {
  const { user, system } = process.cpuUsage()
  return user + system
}

/**
 * Waits until V8 compiles nothing in the background any more, some 6 ms as a rule.
 *
 * Node 20 deadlocks (later ones are reported to) where its event loop ends while an optimising thread waits for the
 * main thread to collect garbage (https://github.com/nodejs/node/issues/54918): about one short command in 150 did,
 * on two busy cores. While the loop lives the collection happens, so it is kept alive until the process uses no processor time.
 */
export async function settle(): Promise<void> {
  setFlagsFromString('--no-opt')
  const end = performance.now() + LONGEST_MS
  let before = busyMicroseconds()
  for (let idle = 0; idle < 2 && performance.now() < end; ) {
    await sleep(TURN_MS)
    const now = busyMicroseconds()
    idle = now - before < IDLE_US ? idle + 1 : 0
    before = now
  }
}
