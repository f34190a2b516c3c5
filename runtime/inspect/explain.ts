/** A choice in sentences: what was taken and why, and what each of the others lacks. */
import type { Capabilities } from '../detect.js'
import { type Candidate, type Score, UnsupportedError } from '../errors.js'
import type { Manifest, Variant } from '../format.js'
import { type SelectOptions, selectVariant } from '../select.js'

export interface Explained extends Candidate {
  backend: Variant['backend']
  /** One sentence that begins with the id. */
  sentence: string
}

export interface Explanation {
  /** Absent where nothing runs. */
  variant?: string
  /** Best first, then what does not fit. */
  variants: Explained[]
}

/** Why each variant of a bundle is taken here or not. Throws RangeError for switches of unknown names alone. */
export function explain(
  manifest: Manifest,
  capabilities: Capabilities,
  options: SelectOptions = {},
): Explanation {
  const { ranked, reasons } = select(manifest, capabilities, options)
  const [best] = ranked
  const at = (id: string) => reasons.find((r) => r.id === id)!
  const order = [...ranked.map(at), ...reasons.filter((r) => !r.ok)]
  const variants = order.map((r) => {
    const variant = manifest.variants[r.id]!
    const why =
      r.id === best
        ? taken(variant, capabilities, ranked.length - 1)
        : r.ok
          ? beaten(r, at(best!), manifest, capabilities)
          : refused(r.why, variant, capabilities, options)
    return { ...r, backend: variant.backend, sentence: `${r.id}: ${why}` }
  })
  return { ...(best !== undefined && { variant: best }), variants }
}

function select(manifest: Manifest, capabilities: Capabilities, options: SelectOptions) {
  try {
    return selectVariant(manifest, capabilities, { ...options, explain: true })
  } catch (e) {
    if (!(e instanceof UnsupportedError)) throw e
    return { ranked: [] as string[], reasons: e.candidates }
  }
}

const listed = (names: readonly string[]): string =>
  names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : `${names}`

function taken(v: Variant, c: Capabilities, others: number): string {
  const says = [
    v.backend === 'webgpu' ? 'runs on the GPU' : 'runs on the processor',
    ...(v.engine === undefined
      ? []
      : [v.engine === c.engine ? 'made for this engine' : `made for ${v.engine}`]),
    ...(v.vendors ? [`tuned for ${listed(v.vendors)}`] : []),
    v.features.length ? `uses ${listed(v.features)}` : 'needs no feature',
  ]
  return `taken: ${says.join(', ')}; ${others === 0 ? 'nothing else fits' : `${others} other${others > 1 ? 's fit' : ' fits'}`}`
}

/** By name of a part: what the better one has of it. */
const BETTER: Readonly<Record<string, (best: Variant, other: Variant, c: Capabilities) => string>> = {
  backend: (best, _, c) =>
    best.backend === 'webgpu'
      ? 'it runs on the GPU'
      : c.webgpu.software
        ? 'it runs on the processor, and so does WebGPU here, but slower'
        : 'it runs on the processor',
  engine: () => 'it is made for this engine',
  tuned: (best) => `it is tuned for ${listed(best.vendors ?? [])}`,
  features: (best, other) =>
    `it uses ${listed(best.features.filter((f) => !other.features.includes(f)))} as well`,
  threads: () => 'it uses threads',
  memory: () => 'it leaves more memory free',
}

function beaten(r: Candidate, best: Candidate, manifest: Manifest, c: Capabilities): string {
  const differs = Object.keys(best.parts ?? {}).find((part) => points(best, part) > points(r, part))
  const better = differs ? BETTER[differs] : undefined
  const why = better?.(manifest.variants[best.id]!, manifest.variants[r.id]!, c)
  return `fits, but ${best.id} comes first: ${why ?? 'the bundle lists it before'}`
}

const points = ({ parts }: Candidate, part: string): number => (parts as Score)[part] ?? 0

function refused(why: string, v: Variant, c: Capabilities, options: SelectOptions): string {
  const off = v.features.filter((f) => options.features?.[f as never] === false)
  if (why.startsWith('needs ') && off.length) return `${why}; switched off: ${listed(off)}`
  if (v.features.includes('threads') && !c.wasm.threads && !c.crossOriginIsolated && /threads/.test(why))
    return `${why}: the page is not cross-origin isolated`
  return why
}
