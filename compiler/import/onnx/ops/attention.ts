/** ONNX's attention and rotary positions. */
import { type At, type Body, known, type Mapping, scalar, sizeOf, type Value, view } from '../values.js'
import { add, BOOL, binary, mul, sub, times, unary, where } from './apply.js'
import { part } from './movement.js'
import { softmaxOf } from './norms.js'
import { matmul } from './products.js'
import { reduced } from './reductions.js'
import { concatenated, expanded, transposed } from './shapes.js'

/** Heads side by side, [B, S, H * D], from either form: [B, H, S, D] or that itself. */
interface Heads {
  value: Value
  heads: number
  length: number
  size: number
}

function heads(at: At, v: Value, attribute: string): Heads {
  if (v.shape.length === 3) {
    const H = at.int(attribute, 0) || at.refuse(`${attribute} is missing`)
    const [, length, width] = v.shape as [number, number, number]
    return { value: v, heads: H, length, size: width / H }
  }
  const [B, H, length, size] = v.shape as [number, number, number, number]
  return { value: view(transposed(at, v, [0, 2, 1, 3]), [B, length, H * size]), heads: H, length, size }
}

/** [B, H, S, D] of heads side by side. */
function split(at: At, { value, heads: H, length, size }: Heads): Value {
  return transposed(at, view(value, [value.shape[0]!, length, H, size]), [0, 2, 1, 3])
}

/** Keys or values of the past, [B, H, P, D], before the new ones. */
function withPast(at: At, now: Heads, past: Value | undefined): Heads {
  if (!past) return now
  const earlier = view(transposed(at, past, [0, 2, 1, 3]), [
    past.shape[0]!,
    past.shape[2]!,
    now.heads * now.size,
  ])
  return { ...now, value: concatenated(at, [earlier, now.value], 1), length: now.length + past.shape[2]! }
}

/** What is added to scores, [BB, HB, M, L]: the mask as given, keys beyond its last hidden. */
function bias(at: At, mask: Value, M: number, L: number): Value {
  const hidden = scalar(-Infinity)
  const floats = mask.type === BOOL ? where(at, mask, scalar(0), hidden) : mask
  const shape = [...Array<number>(4 - floats.shape.length).fill(1), ...floats.shape]
  const width = shape[3]!
  const [BB, HB] = [shape[0]!, shape[1]!]
  const full = expanded(at, view(floats, shape), [BB, HB, M, width === 1 ? L : width])
  if (full.shape[3] === L) return full
  const missing = [BB, HB, M, L - full.shape[3]!]
  const rest = known(missing, 1, new Float64Array(sizeOf(missing)).fill(-Infinity))
  return concatenated(at, [full, rest], 3)
}

/** Which keys each row may see, where that isn't what the kernel's CAUSAL means: [MB, M, L], 0 or -inf. */
function causalMask(M: number, L: number, offsets: number[]): Value {
  const values = offsets.flatMap((offset) =>
    Array.from({ length: M * L }, (_, i) => (i % L <= Math.floor(i / L) + offset ? 0 : -Infinity)),
  )
  return known([offsets.length, M, L], 1, values)
}

/** Scores as ONNX can give them out: 0 products, 1 capped, 2 masked, 3 after the softmax. */
function scores(
  at: At,
  q: Heads,
  k: Heads,
  added: (Value | undefined)[],
  SCALE: number,
  cap: number,
  mode: number,
): Value {
  const [B, M, L] = [q.value.shape[0]!, q.length, k.length]
  let s = matmul(at, split(at, q), repeated(at, split(at, k), q.heads), { TB: true, SCALE })
  if (mode >= 1 && cap > 0) s = times(at, unary(at, 'tanh', times(at, s, 1 / cap)), cap)
  if (mode < 2) return s
  for (const term of added) if (term) s = add(at, s, term)
  if (mode === 2) return s
  // A row that sees nothing is 0, where the softmax has the same for all.
  const seen = binary(at, 'greater', reduced(at, 'max', s, [3], true), scalar(-1e38))
  return view(mul(at, softmaxOf(at, s, 3), seen), [B, q.heads, M, L])
}

function attention(at: At): (Value | undefined)[] {
  const q = heads(at, at.input(0), 'q_num_heads')
  const [past, pastValue, lengths] = [at.inputs[4], at.inputs[5], at.inputs[6]]
  const k = withPast(at, heads(at, at.input(1), 'kv_num_heads'), past)
  const v = withPast(at, heads(at, at.input(2), 'kv_num_heads'), pastValue)
  const [B, M, L] = [q.value.shape[0]!, q.length, k.length]
  const causal = at.int('is_causal', 0) !== 0
  // Rows count from the first key, or from the end of the past, or of what isn't padding.
  const offsets = causal ? (lengths ? at.must(6).map((n) => n - M) : [past ? past.shape[2]! : 0]) : []
  const CAUSAL = causal && offsets.every((o) => o === L - M)
  const mask = causal && !CAUSAL ? causalMask(M, L, offsets) : undefined
  const more = at.inputs[3] ? bias(at, at.inputs[3], M, L) : undefined
  const SCALE = at.float('scale', 1 / Math.sqrt(q.size))
  const SOFTCAP = at.float('softcap', 0)
  const attrs = {
    ...{ H: q.heads, KVH: k.heads, HD: q.size, VD: v.size, SCALE, SOFTCAP, CAUSAL, WINDOW: 0, SPAN: 0 },
    ...{
      TOKENS: 'none',
      LENGTHS: lengths !== undefined,
      BIAS: more ? 'full' : 'none',
      MASK: mask !== undefined,
    },
  }
  const sizes = { B, M, L, BB: more?.shape[0] ?? 1, HB: more?.shape[1] ?? 1, MB: mask?.shape[0] ?? 1 }
  const operands = { q: q.value, k: k.value, v: v.value, len: lengths, bias: more, mask }
  const y = at.op('sdpa', operands, attrs, sizes, [B, M, q.heads * v.size], at.input(0).type)
  const shaped = at.input(0).shape.length === 3 ? y : split(at, { ...q, value: y, size: v.size })
  const wanted = (i: number) => (at.node.outputs[i] ?? '') !== ''
  const hiding = mask ?? (CAUSAL ? causalMask(M, L, [L - M]) : undefined)
  const masks = [hiding && view(hiding, [hiding.shape[0]!, 1, M, L]), more]
  if (wanted(3) && lengths) masks.push(paddingMask(at, L))
  return [
    shaped,
    wanted(1) ? split(at, k) : undefined,
    wanted(2) ? split(at, v) : undefined,
    wanted(3) ? scores(at, q, k, masks, SCALE, SOFTCAP, at.int('qk_matmul_output_mode', 0)) : undefined,
  ]
}

/** [B, 1, 1, L]: -inf at keys beyond the length that input 6 says. */
function paddingMask(at: At, L: number): Value {
  const lengths = at.must(6)
  const values = lengths.flatMap((n) => Array.from({ length: L }, (_, l) => (l < n ? 0 : -Infinity)))
  return known([lengths.length, 1, 1, L], 1, values)
}

/** Pairs of each head's first `rotary_embedding_dim` elements turned by the angles of their positions. */
function rotary(at: At): Value {
  const x = at.input(0)
  const flat = x.shape.length === 3
  const [B, S] = [x.shape[0]!, flat ? x.shape[1]! : x.shape[2]!]
  const H = flat ? at.int('num_heads', 0) || at.refuse('num_heads is missing') : x.shape[1]!
  const HD = flat ? x.shape[2]! / H : x.shape[3]!
  const turned = at.int('rotary_embedding_dim', 0) || HD
  const half = turned / 2
  // As [B, S, H, HD], or the other way round.
  const shape = flat ? [B, S, H, HD] : [B, H, S, HD]
  const pairs = view(x, shape)
  const angles = (i: number): Value => {
    const table = at.input(i)
    const ids = at.inputs[3]
    const rows = ids
      ? at.op(
          'gather',
          { x: table, ids },
          {},
          { A: 1, V: table.shape[0]!, S: half, M: B * S },
          [B, S, half],
          x.type,
        )
      : view(table, [B, S, half])
    return view(rows, flat ? [B, S, 1, half] : [B, 1, S, half])
  }
  const [cos, sin] = [angles(1), angles(2)]
  const interleaved = at.int('interleaved', 0) !== 0
  const head = turned === HD ? pairs : part(at, pairs, 3, 0, turned)
  const halves = interleaved ? view(head, [...shape.slice(0, 3), half, 2]) : head
  const axis = interleaved ? 4 : 3
  const width = interleaved ? 1 : half
  const side = (i: number) =>
    view(part(at, halves, axis, i * width, (i + 1) * width), [...shape.slice(0, 3), half])
  const [a, b] = [side(0), side(1)]
  const wide = (v: Value) => (interleaved ? view(v, [...shape.slice(0, 3), half, 1]) : v)
  const y = concatenated(
    at,
    [wide(sub(at, mul(at, a, cos), mul(at, b, sin))), wide(add(at, mul(at, a, sin), mul(at, b, cos)))],
    axis,
  )
  const front = view(y, [...shape.slice(0, 3), turned])
  const all = turned === HD ? front : concatenated(at, [front, part(at, pairs, 3, turned, HD)], 3)
  return view(all, x.shape)
}

/** [B, H, L, D] of keys or values that fewer heads have. */
function repeated(at: At, v: Value, H: number): Value {
  const [B, KVH, L, D] = v.shape as [number, number, number, number]
  if (H === KVH) return v
  return view(expanded(at, view(v, [B, KVH, 1, L, D]), [B, KVH, H / KVH, L, D]), [B, H, L, D])
}

/** Attention whose scores and probabilities graphs of the model's own may change. */
export function flexAttention(at: At, run: Body): Value[] {
  const q = at.input(0)
  const H = q.shape[1]!
  const SCALE = at.float('scale', 1 / Math.sqrt(q.shape[3]!))
  const changed = (name: string, v: Value): Value => {
    const graph = at.node.attributes.get(name)?.g
    return graph ? (run(graph, [v])[0] ?? at.refuse(`${name} makes nothing`)) : v
  }
  const products = matmul(at, q, repeated(at, at.input(1), H), { TB: true, SCALE })
  const probabilities = softmaxOf(at, changed('score_mod', products), 3)
  return [matmul(at, changed('prob_mod', probabilities), repeated(at, at.input(2), H))]
}

/** A depthwise convolution along time that sees the past alone, and keeps what the next step needs of it. */
function causalConv(at: At): (Value | undefined)[] {
  const [x, w, b, state] = [at.input(0), at.input(1), at.inputs[2], at.inputs[3]]
  const [B, C, T] = x.shape as [number, number, number]
  const K = w.shape[2]!
  const past = state ?? known([B, C, K - 1], 1, new Float64Array(B * C * (K - 1)))
  const all = K > 1 ? concatenated(at, [past, x], 2) : x
  const name = at.text('activation', 'none')
  const ACT = { none: 'none', silu: 'silu', swish: 'silu' }[name] ?? at.refuse(`activation ${name}`)
  const y = at.op(
    'conv2d',
    { x: all, w, b },
    {
      ...{ KH: 1, KW: K, SH: 1, SW: 1, DH: 1, DW: 1, PT: 0, PL: 0, GROUPS: C },
      ...{ BIAS: b !== undefined, ACT, EPI: 'none' },
    },
    { B, CIN: C, IH: 1, IW: T + K - 1, COUT: C, OH: 1, OW: T },
    x.shape,
    x.type,
  )
  return [y, part(at, all, 2, T, T + K - 1)]
}

export const attentions: Record<string, Mapping> = {
  Attention: attention,
  RotaryEmbedding: rotary,
  CausalConvWithState: causalConv,
}
