/** Reading goes on after the network broke off: from the byte where it did, a few times, with growing waits. */
import type { Source } from '../source.js'
import { pause } from './pause.js'

/** Milliseconds before each try in a row that brings nothing. */
export const RETRY_WAITS: readonly number[] = [200, 800, 2500, 6000]

/** An answer of the server stands; what never was one may be another time. */
const isNetwork = (e: unknown): boolean =>
  e instanceof TypeError ||
  ((e as Error).name === 'FetchError' && (e as { status?: number }).status === undefined)

/** `source`, should it be one that can read from a byte on (`Source.resumes`). Others are left as they are. */
export function steady(source: Source): Source {
  if (!source.resumes) return source
  return {
    async read(name, { signal }) {
      /** Bytes given out, and how many are still to come that were. */
      let at = 0
      let known = 0
      let failures = 0

      const begin = async () => {
        const body = await source.read(name, { signal, from: at }).catch((e) => {
          if (!at || e.status === undefined) throw e
          // The server doesn't read from there on: all of it comes again.
          known = at
          return source.read(name, { signal })
        })
        return (body instanceof Uint8Array ? new Blob([body as BlobPart]).stream() : body).getReader()
      }
      /** What `work` gives, in one of some tries. */
      const tried = async <T>(work: () => Promise<T>): Promise<T> => {
        for (;;)
          try {
            return await work()
          } catch (e) {
            const wait = RETRY_WAITS[failures++]
            if (signal?.aborted || wait === undefined || !isNetwork(e)) throw e
            known = 0
            reader = undefined
            await pause(wait, signal)
          }
      }

      let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
      reader = await tried(begin)
      return new ReadableStream<Uint8Array>(
        {
          pull: (controller) =>
            tried(async () => {
              reader ??= await begin()
              for (;;) {
                const { done, value } = await reader.read()
                if (done) return controller.close()
                const fresh = value.subarray(known)
                known -= value.length - fresh.length
                if (!fresh.length) continue
                at += fresh.length
                failures = 0
                return controller.enqueue(fresh)
              }
            }),
          cancel: (reason) => reader?.cancel(reason),
        },
        // Nothing is read ahead of what is asked for.
        { highWaterMark: 0 },
      )
    },
  }
}
