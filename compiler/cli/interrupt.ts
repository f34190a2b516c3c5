/** Ctrl-C: the first one stops the work in order, so that nothing half-written stays; a second one at once. */

/** The user stopped the command. `signal` is what the process was sent. */
export class Interrupted extends Error {
  override name = 'Interrupted'
  readonly signal: NodeJS.Signals

  constructor(signal: NodeJS.Signals) {
    super('stopped')
    this.signal = signal
  }

  /** By convention 128 and the signal's number. */
  get exitCode(): number {
    return this.signal === 'SIGTERM' ? 143 : 130
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Runs `work` with a signal that Ctrl-C fires; then it throws Interrupted, whatever the work made of it. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const stop = (signal: NodeJS.Signals) => {
    const reason = new Interrupted(signal)
    if (controller.signal.aborted) process.exit(reason.exitCode)
    controller.abort(reason)
  }
  for (const s of SIGNALS) process.on(s, stop)
  try {
    return await work(controller.signal)
  } catch (e) {
    controller.signal.throwIfAborted()
    throw e
  } finally {
    for (const s of SIGNALS) process.off(s, stop)
  }
}
