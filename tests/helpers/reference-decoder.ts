/** A rotary decoder in float64, written from its definition: for configs that no golden has. */

export interface ReferenceConfig {
  hidden_size: number
  intermediate_size: number
  num_hidden_layers: number
  num_attention_heads: number
  num_key_value_heads: number
  head_dim: number
  vocab_size: number
  rms_norm_eps: number
}

export interface ReferenceOptions {
  weight(name: string): Float32Array
  act(x: number): number
  /** Angle per position of each pair, and how many elements turn. */
  theta: number
  turning: number
  window(layer: number): number
  biased: string[]
  headNorm: boolean
  packed: boolean
  tied: boolean
}

type Row = Float64Array

/** Logits [tokens, vocab] of a prompt. */
export function referenceLogits(c: ReferenceConfig, o: ReferenceOptions, ids: number[]): number[] {
  const { hidden_size: D, head_dim: HD, num_attention_heads: H, num_key_value_heads: KVH } = c
  const times = (w: Float32Array, x: Row, n: number, from = 0): Row =>
    Float64Array.from({ length: n }, (_, r) =>
      x.reduce((sum, v, k) => sum + v * w[(from + r) * x.length + k]!, 0),
    )
  const project = (name: string, x: Row, n: number): Row => {
    const y = times(o.weight(`${name}.weight`), x, n)
    const kind = name.split('.').at(-1)!
    return o.biased.includes(kind) ? y.map((v, i) => v + o.weight(`${name}.bias`)[i]!) : y
  }
  const norm = (x: Row, gain: Float32Array): Row => {
    const scale = 1 / Math.sqrt(x.reduce((s, v) => s + v * v, 0) / x.length + c.rms_norm_eps)
    return x.map((v, i) => v * scale * gain[i]!)
  }
  const turn = (x: Row, position: number): Row => {
    const half = o.turning / 2
    return x.map((v, i) => {
      if (i >= o.turning) return v
      const angle = position * o.theta ** (-(i % half) / half)
      const other = i < half ? -x[i + half]! : x[i - half]!
      return v * Math.cos(angle) + other * Math.sin(angle)
    })
  }
  const headsOf = (x: Row, n: number) => Array.from({ length: n }, (_, h) => x.slice(h * HD, (h + 1) * HD))

  let rows = ids.map((id) =>
    Float64Array.from(o.weight('model.embed_tokens.weight').slice(id * D, id * D + D)),
  )
  for (let l = 0; l < c.num_hidden_layers; l++) {
    const at = `model.layers.${l}`
    const attn = `${at}.self_attn`
    const normed = rows.map((x) => norm(x, o.weight(`${at}.input_layernorm.weight`)))
    const part = (name: 'q' | 'k' | 'v', n: number, from: number) =>
      normed.map((x, t) => {
        const y = o.packed
          ? times(o.weight(`${attn}.qkv_proj.weight`), x, n * HD, from * HD)
          : project(`${attn}.${name}_proj`, x, n * HD)
        return headsOf(y, n).map((head) => {
          if (name === 'v') return head
          return turn(o.headNorm ? norm(head, o.weight(`${attn}.${name}_norm.weight`)) : head, t)
        })
      })
    const [q, k, v] = [part('q', H, 0), part('k', KVH, H), part('v', KVH, H + KVH)]
    const window = o.window(l)
    rows = rows.map((x, t) => {
      const first = window ? Math.max(0, t - window + 1) : 0
      const mixed = new Float64Array(H * HD)
      for (let h = 0; h < H; h++) {
        const kv = Math.floor(h / (H / KVH))
        const scores = Array.from(
          { length: t + 1 - first },
          (_, s) => q[t]![h]!.reduce((sum, a, d) => sum + a * k[first + s]![kv]![d]!, 0) / Math.sqrt(HD),
        )
        const most = Math.max(...scores)
        const weights = scores.map((s) => Math.exp(s - most))
        const total = weights.reduce((a, b) => a + b, 0)
        weights.forEach((w, s) => {
          v[first + s]![kv]!.forEach((e, d) => {
            mixed[h * HD + d]! += (w / total) * e
          })
        })
      }
      const out = project(`${attn}.o_proj`, mixed, D)
      return x.map((e, i) => e + out[i]!)
    })
    rows = rows.map((x) => {
      const y = norm(x, o.weight(`${at}.post_attention_layernorm.weight`))
      const F = c.intermediate_size
      const gate = o.packed
        ? times(o.weight(`${at}.mlp.gate_up_proj.weight`), y, F)
        : project(`${at}.mlp.gate_proj`, y, F)
      const up = o.packed
        ? times(o.weight(`${at}.mlp.gate_up_proj.weight`), y, F, F)
        : project(`${at}.mlp.up_proj`, y, F)
      const fed = project(
        `${at}.mlp.down_proj`,
        gate.map((g, i) => o.act(g) * up[i]!),
        D,
      )
      return x.map((e, i) => e + fed[i]!)
    })
  }
  const head = o.weight(o.tied ? 'model.embed_tokens.weight' : 'lm_head.weight')
  return rows.flatMap((x) => [...times(head, norm(x, o.weight('model.norm.weight')), c.vocab_size)])
}
