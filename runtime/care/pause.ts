/** Waits so many milliseconds, or until the signal fires. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (!ms || signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done)
  })
}
