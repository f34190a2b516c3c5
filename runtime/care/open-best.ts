/** Of the variants that fit, the first that can be opened; with less memory, where there is no room for it as it was built. */
import type { Size } from '../events.js'
import type { Manifest, ModelInfo, Variant } from '../format.js'
import type { Opened } from '../open.js'
import type { Context } from '../options.js'
import type { Selection } from '../select.js'
import { selfTester } from './self-test.js'

/** A variant, at one of its sizes: 0 as it was built. */
interface Way {
  id: string
  down: number
  variant: Variant
}

export interface OpenedBest extends Opened {
  variant: string
  /** With the context that there is. */
  info: ModelInfo
}

/**
 * The best variant; should the browser refuse its kernels or device after all, the next. Where there is no room, all
 * that take as much on this backend are left out: first come other variants of the same size, then smaller ones, then
 * the next backend. Undefined when all were refused: `reasons` then says why each was.
 *
 * Throws OutOfMemoryError where nothing has room.
 */
export async function openBest(
  context: Context,
  { ranked, down, reasons }: Selection,
  open: (variant: Variant) => Promise<Opened>,
): Promise<OpenedBest | undefined> {
  const { manifest, options } = context
  let ways = waysOf(manifest, ranked, down)
  const test = selfTester(context)
  let full: Error | undefined
  const note = (id: string, ok: boolean, why: string) =>
    Object.assign(reasons.find((r) => r.id === id) ?? {}, { ok, why })
  for (let way = ways.shift(); way; way = ways.shift()) {
    const { id, variant } = way
    try {
      await test(id, variant)
      const opened = await open(variant)
      await test(id, variant, opened)
      const why = opened.executor.threads?.why
      if (why) note(id, true, `taken, without its workers: ${why}`)
      const found = (context = manifest.model.context) => ({
        ...{ ...opened, variant: id, info: { ...manifest.model, context } },
      })
      // Where it is opened again, a lost device's memory is no larger.
      down[id] = way.down
      if (!way.down) return found()
      const [from, to] = [sizeOf(manifest, manifest.variants[id]!), sizeOf(manifest, variant)]
      const lack = full?.message ?? `it takes ${mib(from)}`
      note(
        id,
        true,
        `taken, made smaller: ${to.context} tokens of context, KV cache ${to.kv}, ${mib(to)}: ${lack}`,
      )
      options.onEvent?.({ kind: 'shrunk', variant: id, why: lack, from, to })
      return found(to.context)
    } catch (e) {
      // The classes of errors are the main file's: here they go by their names.
      const { name, message } = e as Error
      if (name === 'OutOfMemoryError') {
        full ??= e as Error
        ways = ways.filter((w) => w.variant.backend !== variant.backend || w.variant.memory < variant.memory)
      } else if (name === 'UnsupportedError') ways = ways.filter((w) => w.id !== id)
      else throw e
      if (ways.some((w) => w.id === id)) continue
      note(id, false, message)
      options.onEvent?.({ kind: 'refused', variant: id, why: message })
    }
  }
  if (full) throw full
  return undefined
}

/** In the order in which they are tried: backend by backend, as built, then a step smaller, then two … */
function waysOf({ variants }: Manifest, ranked: readonly string[], down: Selection['down']): Way[] {
  const ways = ranked.flatMap((id) => {
    const { smaller, ...whole } = variants[id]!
    const all = [whole, ...(smaller ?? []).map((less) => ({ ...whole, ...less }))]
    return all.map((variant, i): Way => ({ id, down: i, variant })).slice(down[id] ?? 0)
  })
  const backends = [...new Set(ways.map((w) => w.variant.backend))]
  const place = (w: Way) => backends.indexOf(w.variant.backend)
  // Stable: the order of the variants stands within a step.
  return ways.sort((a, b) => place(a) - place(b) || a.down - b.down)
}

const mib = ({ memory }: { memory: number }): string => `${Math.ceil(memory / 2 ** 20)} MiB`

const sizeOf = ({ model }: Manifest, variant: Variant & { context?: number }): Size => ({
  memory: variant.memory,
  context: variant.context ?? model.context,
  kv: variant.kv ?? '',
  chunk: variant.chunk ?? 0,
})
