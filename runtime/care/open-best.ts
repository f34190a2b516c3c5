/** Of the variants that fit, the first that can be opened. */
import type { Variant } from '../format.js'
import type { Opened } from '../open.js'
import type { Context } from '../options.js'
import type { Selection } from '../select.js'

/**
 * The best variant; should the browser refuse its kernels or device after all, the next. Undefined when all were:
 * `reasons` then says why each was.
 */
export async function openBest(
  context: Context,
  { ranked, reasons }: Selection,
  open: (variant: Variant) => Promise<Opened>,
): Promise<(Opened & { variant: string }) | undefined> {
  for (const id of ranked) {
    try {
      const opened = await open(context.manifest.variants[id]!)
      const why = opened.executor.threads?.why
      if (why) reasons.find((r) => r.id === id)!.why = `taken, without its workers: ${why}`
      return { variant: id, ...opened }
    } catch (e) {
      // The classes of errors are the main file's: here they go by their names.
      const { name, message } = e as Error
      if (name !== 'UnsupportedError') throw e
      Object.assign(reasons.find((r) => r.id === id)!, { ok: false, why: message })
      context.options.onEvent?.({ kind: 'refused', variant: id, why: message })
    }
  }
  return undefined
}
