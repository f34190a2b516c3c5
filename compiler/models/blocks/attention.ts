/** Causal attention over a cache of keys and values, which lasts from step to step. */
import { fail } from '../../errors.js'
import type { ConfigReader } from '../../import/config.js'
import type { Making } from './making.js'

export interface Heads {
  heads: number
  /** Heads of keys and values; `heads` is a multiple. */
  kvHeads: number
  headSize: number
}

/** Heads of a config, by the names most decoders use; `headSize` where it names none, else hidden / heads. WGC422 where they contradict each other. */
export function headsOf(config: ConfigReader, hidden: number, headSize?: number): Heads {
  const heads = config.int('num_attention_heads', { min: 1 })
  const kvHeads = config.int('num_key_value_heads', { min: 1, default: heads })
  if (heads % kvHeads !== 0)
    fail('WGC422', [`num_attention_heads ${heads} is no multiple of num_key_value_heads ${kvHeads}`])
  return {
    heads,
    kvHeads,
    headSize: config.int('head_dim', {
      min: 1,
      default: headSize ?? Math.max(1, Math.floor(hidden / heads)),
    }),
  }
}

/** Elements of a head in the graph: kernels take multiples of four; zeros stand behind those of the files. */
export const paddedSize = (headSize: number): number => Math.ceil(headSize / 4) * 4

export interface AttentionOptions extends Heads {
  /** Tokens that the cache holds. */
  context: number
  /** What scores are multiplied by. */
  scale: number
  /** Positions that a row sees, itself among them; 0: all before it. */
  window?: number
  /** Bound of the scores; 0: none. */
  cap?: number
  /** Table of the angles that queries and keys are turned by. */
  table?: string | undefined
  /** Pairs that turn by each of three positions, [3, context], which lie in a state of that name. */
  axes?: { positions: string; sections: readonly [number, number, number] } | undefined
}

/**
 * Turns query and key, appends key and value to their caches, and attends. Heads of query, key and value have
 * `paddedSize(headSize)` elements; so have those of the result, [rows, heads * that].
 */
export function cachedAttention(
  { g, rows }: Making,
  { q, k, v }: Record<'q' | 'k' | 'v', string>,
  at: string,
  { heads, kvHeads, headSize, context, scale, window = 0, cap = 0, table, axes }: AttentionOptions,
): string {
  const size = { HD: paddedSize(headSize), C: context }
  const sizes = { M: rows }
  const [S0, S1, S2] = axes?.sections ?? []
  const given = axes && { POSITIONS: 'kept', S0: S0!, S1: S1!, S2: S2! }
  const turned = (name: string, x: string, H: number) => {
    if (table === undefined) return x
    const inputs = { x, table, ...(axes && { positions: axes.positions }) }
    return g.op('rope', `${at}.${name}.rope`, inputs, { H, ...size, ...given }, sizes)
  }
  const cached = (name: string, x: string) => {
    const cache = g.state(`${at}.${name}.cache`, [kvHeads, context, size.HD])
    return g.op('kv_append', `${at}.${name}.append`, { x, cache }, { KVH: kvHeads, ...size }, sizes)
  }
  const query = turned('q', q, heads)
  return g.op(
    'attention',
    `${at}.attention`,
    { q: query, k: cached('k', turned('k', k, kvHeads)), v: cached('v', v) },
    {
      H: heads,
      KVH: kvHeads,
      ...size,
      SCALE: scale,
      // A window that the context can't leave is none.
      WINDOW: window >= context ? 0 : window,
      SOFTCAP: cap,
    },
    sizes,
  )
}
