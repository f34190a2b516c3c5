/** What is awkward about a GPU device, in one place: its loss, its error scopes, its slow clocks. */
import { AbortError, DeviceLostError, destroyed, IntegrityError, OutOfMemoryError } from './errors.js'

export interface Guard {
  /** Why nothing works any more, once nothing does. */
  readonly over: Error | undefined
  readonly lost: Promise<DeviceLostError>
  /** Throws if nothing works any more. */
  check(): void
  /** Makes GPU objects; a failure of any of them is thrown. */
  make<T>(create: () => T): Promise<T>
  /** Waits for the GPU. */
  wait<T>(p: Promise<T>): Promise<T>
  /** Waits for the loss of the device to be told, after an error that it may be the reason of. */
  told(): Promise<unknown>
  destroy(): void
}

/** Milliseconds in which a loss is told. Operations fail a little before. */
const PATIENCE = 250

/** `nudge`: see `Capabilities`. `everyMs`: see `Wait`. */
export function guard(device: GPUDevice, nudge: boolean, everyMs?: number): Guard {
  let over: Error | undefined
  const lost = new Promise<DeviceLostError>((resolve) => {
    device.lost.then((info) => {
      // An engine may keep a device for as long as the page while anybody listens to it.
      device.onuncapturederror = null
      if (over instanceof AbortError) return
      const error = new DeviceLostError(`the GPU device was lost: ${info.message || info.reason}`)
      over = error
      resolve(error)
    })
  })
  const told = () => Promise.race([device.lost, new Promise((resolve) => setTimeout(resolve, PATIENCE))])
  /** An error whose reason is not known yet. */
  let doubt: Promise<void> | undefined
  device.onuncapturederror = ({ error }) => {
    doubt ??= told().then(() => {
      over ??= typed(error)
    })
  }
  const poke = nudge ? nudger(device, everyMs) : <T>(p: Promise<T>) => p
  const check = () => {
    if (over) throw over
  }

  return {
    get over() {
      return over
    },
    lost,
    check,
    told,

    async make(create) {
      check()
      device.pushErrorScope('validation')
      device.pushErrorScope('out-of-memory')
      const made = create()
      const errors = await Promise.all([device.popErrorScope(), device.popErrorScope()])
      const error = errors.find((e) => e)
      await (error ? told() : doubt)
      check()
      if (error) throw typed(error)
      return made
    },

    async wait(p) {
      try {
        return await poke(p)
      } catch (e) {
        await told()
        throw over ?? e
      } finally {
        if (doubt) await doubt
        check()
      }
    },

    destroy() {
      over ??= destroyed()
      device.destroy()
    },
  }
}

function typed(e: GPUError): Error {
  const Type = e.constructor.name === 'GPUOutOfMemoryError' ? OutOfMemoryError : IntegrityError
  return new Type(`the GPU refused the plan: ${e.message}`)
}

/**
 * Engines that look at pending maps on a slow clock look at them after every submit too. So while one is
 * pending, something empty is submitted about every `everyMs`. The message between two timers keeps
 * browsers from slowing nested timers down to 4 ms.
 */
function nudger({ queue, lost }: GPUDevice, everyMs = 1): <T>(p: Promise<T>) => Promise<T> {
  let pending = 0
  let running = false
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => setTimeout(tick, everyMs)
  lost.then(() => port1.close())
  function tick() {
    running = pending > 0
    if (!running) return
    queue.submit([])
    port2.postMessage(0)
  }
  return (p) => {
    pending++
    if (!running) {
      running = true
      port2.postMessage(0)
    }
    return p.finally(() => pending--)
  }
}
