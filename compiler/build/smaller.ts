/**
 * Smaller ways to run a variant, for devices without room: shorter steps of a prompt and a KV cache of the next lower
 * precision, then shorter contexts. They share the variant's code file and its weights.
 */
import type { Plan } from '../../runtime/format.js'
import { WgcError } from '../errors.js'
import { kvBytes } from '../formats/kv.js'
import type { Graph, KvType } from '../ir/graph.js'
import type { Model } from '../models/types.js'
import { memoryOf } from './limits.js'
import type { ProgramGraph } from './programs.js'

/** How a text-generating model is held. */
export interface Rung {
  /** Tokens that the KV cache holds. */
  context: number
  kv: KvType
  /** Tokens of a prompt that a step takes, at most. */
  chunk: number
}

/** One step less precise. Below 4 bits the text suffers. */
const LOWER: Partial<Record<KvType, KvType>> = { f32: 'f16', f16: 'q8', q8: 'q4' }

/** A shorter context is of little use, */
const LEAST_CONTEXT = 64
/** and a shorter step of a prompt saves nothing any more. */
const LEAST_CHUNK = 32
/** A rung takes at most this much of the one before, or is left out. */
const WORTHWHILE = 0.95

const USUAL_RUNGS = 3
/** Every device has room for so many bytes. */
const SMALL = 64 * 2 ** 20

/** Rungs of a variant that takes so many bytes, unless it is said. */
const usualRungs = (bytes: number): number => (bytes > SMALL ? USUAL_RUNGS : 0)

/** Bytes of the vectors that the caches of type `kv` hold, if they were stored as `type`. */
function cacheBytes(graphs: readonly Graph[], kv: KvType, type: KvType): number {
  const caches = new Map(graphs.flatMap((g) => [...g.tensors.values()].map((t) => [t.name, t] as const)))
  return [...caches.values()]
    .filter((t) => t.kind === 'state' && t.dtype === kv)
    .reduce((sum, t) => sum + kvBytes(type, Number(t.shape.at(-1))), 0)
}

/** The next lower KV type, unless short vectors, padded to groups, would take more than before; and what it takes. */
export function lowerKv(graphs: readonly Graph[], kv: KvType): { kv: KvType; ratio: number } {
  const lower = LOWER[kv] ?? kv
  const ratio = cacheBytes(graphs, kv, lower) / cacheBytes(graphs, kv, kv)
  return ratio < 1 ? { kv: lower, ratio } : { kv, ratio: 1 }
}

/** At most `count` rungs below `whole`, largest first: a quarter of the step and `kv`, then half the context, a quarter … */
export function rungsOf(whole: Rung, kv: KvType, count: number): Rung[] {
  const chunk = Math.max(Math.min(LEAST_CHUNK, whole.chunk), Math.floor(whole.chunk / 4))
  // After so many halves nothing is left of any context.
  const contexts = Array.from({ length: Math.min(count, 32) }, (_, i) => Math.floor(whole.context / 2 ** i))
  return contexts
    .filter((context, i) => i === 0 || context >= LEAST_CONTEXT)
    .map((context) => ({ context, kv, chunk: Math.min(chunk, context) }))
}

/** The same model with a shorter context; undefined where it can't be had, or is another way of running the programs. */
export function shorterModels(
  model: Model,
  describe: (context: number) => Model,
): (context: number) => Model | undefined {
  const known = new Map<number, Model | undefined>([[model.context, model]])
  const make = (context: number): Model | undefined => {
    try {
      const made = describe(context)
      return JSON.stringify(made.flow) === JSON.stringify(model.flow) ? made : undefined
    } catch (error) {
      // What an image takes of a context may be more than that.
      if (error instanceof WgcError) return undefined
      throw error
    }
  }
  return (context) => {
    if (!known.has(context)) known.set(context, make(context))
    return known.get(context)
  }
}

/**
 * A variant whose graphs and plan are these, and the rungs below it that are worth their while; nothing of a model that
 * generates no text.
 */
export function ladderOf(
  graphs: readonly ProgramGraph[],
  plan: Plan,
  kv: KvType,
  shorter: (context: number) => Model | undefined,
  model: Model,
  count: number | undefined,
): Rung[] {
  const prefill = graphs.find((p) => p.spec.name === 'prefill')
  const bytes = memoryOf(plan)
  if (!prefill) return []
  const whole: Rung = { context: model.context, kv, chunk: prefill.spec.maxSeq }
  const { kv: lower, ratio } = lowerKv(
    graphs.map((p) => p.graph),
    kv,
  )
  const of = (kind: string) => plan.buffers.reduce((sum, b) => sum + (b.kind === kind ? b.bytes : 0), 0)
  const state = of('state')
  const arena = plan.programs.prefill!.arena
  // Nearly: a step's scratch is not all by the token. Plans that would be left out need not be made.
  const estimate = ({ context, chunk }: Rung): number =>
    bytes - state * (1 - (context / whole.context) * ratio) - arena * (1 - chunk / whole.chunk)
  const kept = [whole]
  let least = bytes
  for (const rung of rungsOf(whole, lower, count ?? usualRungs(bytes))) {
    if (estimate(rung) > least * WORTHWHILE || !shorter(rung.context)) continue
    least = estimate(rung)
    kept.push(rung)
  }
  return kept
}
