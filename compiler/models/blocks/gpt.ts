/** Layers as GPT-2 has them: LayerNorm before attention and feed-forward, learned positions, a bias on every product. */
import { type Derived, padColumns, padRows, rowsOf, stored } from '../../import/derived.js'
import { activate } from './activation.js'
import { cachedAttention, paddedSize } from './attention.js'
import { type Decoder, embedding } from './decoder.js'
import { add, linear } from './linear.js'
import type { Making } from './making.js'
import { layerNorm } from './norm.js'
import { learnedPositions } from './positions.js'

/** Rows of a matrix that holds `of`. */
export interface Part {
  name: string
  from: number
  of: number
}

export interface Gpt {
  family: string
  hidden: number
  heads: number
  headSize: number
  ffn: number
  layers: number
  vocab: number
  /** Positions that the files have embeddings of. */
  positions: number
  context: number
  eps: number
  activation: string
  prefix: string
  tied: boolean
  /** What a layer's scores are multiplied by. */
  scale(layer: number): number
  /** Rows [part.from, part.from + n) of a matrix with k columns. */
  matrix(name: string, shape: [n: number, k: number], part: Part): Derived
}

interface Product {
  /** Rows of what the files hold as one; all where absent. */
  part?: Part
  /** Rows, or columns, are heads, which the graph may have to pad. */
  heads?: 'rows' | 'columns'
}

function product(
  m: Making,
  d: Gpt,
  x: string,
  from: string,
  name: string,
  [n, k]: [number, number],
  { part, heads }: Product = {},
): string {
  const whole = part ?? { name: 'all', from: 0, of: n }
  const sizes: [number, number] = [d.headSize, paddedSize(d.headSize)]
  const pads = heads !== undefined && sizes[0] !== sizes[1]
  const biases = { name: `${from}.bias`, shape: [whole.of] }
  const bias = part
    ? rowsOf(`${from}.bias[${part.name}]`, biases, [part.from, part.from + n])
    : stored(biases.name, biases.shape)
  const weight = d.matrix(`${from}.weight`, [n, k], whole)
  const pad = { rows: padRows, columns: padColumns }
  const w = pads ? pad[heads](weight, sizes) : weight
  const b = pads && heads === 'rows' ? padRows(bias, sizes) : bias
  return linear(m, x, name, w.shape as [number, number], {
    from,
    bias: true,
    weight: m.derive(w),
    biasVector: m.derive(b),
  })
}

function layer(m: Making, d: Gpt, x: string, i: number): string {
  const from = `${d.prefix}h.${i}`
  const at = `layers.${i}`
  const { hidden } = d
  const norm = (y: string, name: string) => layerNorm(m, y, `${from}.${name}`, `${at}.${name}`, hidden, d)
  const normed = norm(x, 'ln_1')
  const [q, k, v] = ['q', 'k', 'v'].map((name, part) =>
    product(m, d, normed, `${from}.attn.c_attn`, `${at}.${name}`, [hidden, hidden], {
      part: { name, from: part * hidden, of: 3 * hidden },
      heads: 'rows',
    }),
  ) as [string, string, string]
  const heads = { heads: d.heads, kvHeads: d.heads, headSize: d.headSize }
  const mixed = cachedAttention(m, { q, k, v }, at, { ...heads, context: d.context, scale: d.scale(i) })
  const out = product(m, d, mixed, `${from}.attn.c_proj`, `${at}.o`, [hidden, hidden], {
    heads: 'columns',
  })
  const between = add(m, out, x, `${at}.residual1`)
  const inner = product(m, d, norm(between, 'ln_2'), `${from}.mlp.c_fc`, `${at}.fc`, [d.ffn, hidden])
  const acted = activate(m, inner, d.activation, `${at}.act`)
  const fed = product(m, d, acted, `${from}.mlp.c_proj`, `${at}.down`, [hidden, d.ffn])
  return add(m, fed, between, `${at}.residual2`)
}

export const gptBlocks = (d: Gpt): Decoder => ({
  family: d.family,
  vocab: d.vocab,
  context: d.context,
  embed(m, tokens) {
    const x = embedding(m, tokens, `${d.prefix}wte.weight`, [d.vocab, d.hidden], d.context)
    return learnedPositions(m, x, `${d.prefix}wpe.weight`, [d.positions, d.hidden])
  },
  layers(m, x) {
    let y = x
    for (let i = 0; i < d.layers; i++) y = layer(m, d, y, i)
    return y
  },
  head(m, x, last) {
    const y = layerNorm(m, x, `${d.prefix}ln_f`, 'norm', d.hidden, { eps: d.eps, last })
    return linear(m, y, 'logits', [d.vocab, d.hidden], { from: d.tied ? `${d.prefix}wte` : 'lm_head' })
  },
})
