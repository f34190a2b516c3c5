/**
 * A llama as onnxruntime's own model builder exports one for WebGPU: `SkipSimplifiedLayerNormalization`, `MatMulNBits`
 * in blocks of 32, `GroupQueryAttention` with rotation inside, SiLU as Sigmoid, Mul, Mul. Weights lie in one file
 * beside, of noise that all matrices share from different offsets, so that a file of some 100 MB fills a GPU with
 * 32 layers of different bytes.
 */
import { fromF16, toF16 } from '../../../compiler/formats/f16.js'
import {
  elsewhere,
  FLOAT,
  FLOAT16,
  file,
  INT32,
  INT64,
  type LlamaDims,
  type NodeSpec,
  type Port,
  tensor,
  UINT8,
  type Write,
} from '../wasm/onnx.js'

export interface DecoderSpec extends LlamaDims {
  /** Keys and values that the cache holds. */
  context: number
  /** Numbers and scales are halves. */
  halves: boolean
  /** How exporters may leave q, k and v: one matrix, or three that the provider fuses itself. */
  packed: boolean
  /** `accuracy_level` of all MatMulNBits: 4 lets them round activations to bytes. */
  accuracy: number
  /** Rows of logits: all, or the last alone (`prune_lm_head`). */
  last: boolean
  /** What leaves: the likeliest id, or logits. */
  out: 'id' | 'logits'
}

export const BLOCK = 32
const EPSILON = 1e-5
export const THETA = 500000
/** Offsets of matrices in the file are this far apart; a multiple of every page. */
const STRIDE = 1 << 16

/** Bytes of noise that the file has to hold: nibbles of any value, then scales. */
export interface Pool {
  path: string
  bits: number
  scales: number
}

/** The pool for these sizes, at `path`. */
export function poolOf(d: DecoderSpec, path: string): Pool {
  const largest = Math.max(d.vocab * d.hidden, d.ffn * d.hidden)
  const up = (n: number) => Math.ceil(n / STRIDE) * STRIDE
  // Twice as many places as matrices begin at.
  const slack = STRIDE * 8 * d.layers
  return { path, bits: up(largest / 2) + slack, scales: up((largest / BLOCK) * (d.halves ? 2 : 4)) + slack }
}

/** The pool's content, a piece at a time, so that it need not fit in memory. Same at every call. */
export function* poolBytes(pool: Pool, halves: boolean): Generator<Uint8Array> {
  const PIECE = 1 << 22
  let state = 0x9e3779b9
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
  for (let at = 0; at < pool.bits; at += PIECE) {
    const words = new Uint32Array(Math.min(PIECE, pool.bits - at) / 4)
    for (let i = 0; i < words.length; i++) words[i] = next()
    yield new Uint8Array(words.buffer)
  }
  const size = halves ? 2 : 4
  for (let at = 0; at < pool.scales; at += PIECE) {
    const count = Math.min(PIECE, pool.scales - at) / size
    // Small enough that sums of 14336 products stay far from what a half holds.
    const scale = () => 0.001 * (1 + next() / 2 ** 32)
    const out = halves ? new Uint16Array(count) : new Float32Array(count)
    for (let i = 0; i < count; i++) out[i] = halves ? toF16(scale()) : scale()
    yield new Uint8Array(out.buffer)
  }
}

/** Where a matrix lies in the pool, by its number. */
export interface Placed {
  bits: [offset: number, bytes: number]
  scales: [offset: number, bytes: number]
}

export function placeOf(pool: Pool, halves: boolean, n: number, N: number, K: number): Placed {
  const bytes = (N * K) / 2
  const scaleBytes = ((N * K) / BLOCK) * (halves ? 2 : 4)
  const wrap = (room: number, need: number) =>
    (n * STRIDE) % (Math.floor((room - need) / STRIDE) * STRIDE + STRIDE)
  return {
    bits: [wrap(pool.bits, bytes), bytes],
    scales: [pool.bits + wrap(pool.scales, scaleBytes), scaleBytes],
  }
}

/** The matrices of a layer by name, rows and columns, in the order of their numbers. The head is number 0. */
export function layerMatrices(d: DecoderSpec): [string, number, number][] {
  const [q, kv] = [d.heads * d.headSize, d.kvHeads * d.headSize]
  return [
    ...(d.packed
      ? [['qkv', q + 2 * kv, d.hidden] as [string, number, number]]
      : ([
          ['q', q, d.hidden],
          ['k', kv, d.hidden],
          ['v', kv, d.hidden],
        ] as [string, number, number][])),
    ['o', d.hidden, q],
    ['gate', d.ffn, d.hidden],
    ['up', d.ffn, d.hidden],
    ['down', d.hidden, d.ffn],
  ]
}

/** Gains of a norm, as they are in the file: not all alike. */
export const gainOf = (d: DecoderSpec, n: number): Float32Array =>
  Float32Array.from({ length: d.hidden }, (_, i) => fromF16(toF16(0.75 + ((i * 31 + n * 17) % 64) / 128)))

/** cos and sin of each position and pair, one after the other. */
export function rotation(d: DecoderSpec): { cos: Float32Array; sin: Float32Array } {
  const half = d.headSize / 2
  const angle = (i: number) => Math.floor(i / half) * THETA ** -((i % half) / half)
  const of = (f: (x: number) => number) =>
    Float32Array.from({ length: d.context * half }, (_, i) => f(angle(i)))
  return { cos: of(Math.cos), sin: of(Math.sin) }
}

/**
 * Inputs: `ids` int64 [1,n]; `seqlens` int32 [1], the number of keys less one; `total` int32 [1], their number;
 * `past.L.key|value` [1,kvHeads,context,headSize]. Outputs: `id` int64 [1,1] or `logits` [1,1,vocab], and
 * `present.L.key|value`, meant to be the same buffers as the past.
 */
export function decoderFile(d: DecoderSpec, pool: Pool): Uint8Array {
  const type = d.halves ? FLOAT16 : FLOAT
  const numbers = (data: Float32Array) => (d.halves ? Uint16Array.from(data, toF16) : data)
  const nodes: NodeSpec[] = []
  const tensors: Write[] = []
  const inputs: Port[] = [
    ['ids', [1, 'n'], INT64],
    ['seqlens', [1], INT32],
    ['total', [1], INT32],
  ]
  const outputs: Port[] = [
    d.out === 'id' ? ['id', [1, 1], INT64] : ['logits', [1, d.last ? 1 : 'n', d.vocab], type],
  ]
  const domain = 'com.microsoft'
  const matrix = (name: string, n: number, [N, K]: [number, number], dims: [number[], number[]]) => {
    const { bits, scales } = placeOf(pool, d.halves, n, N, K)
    tensors.push(elsewhere(`${name}.w`, dims[0], UINT8, [pool.path, ...bits]))
    tensors.push(elsewhere(`${name}.s`, dims[1], type, [pool.path, ...scales]))
  }
  const product = (name: string, n: number, x: string, N: number, K: number) => {
    matrix(name, n, [N, K], [[N, K / BLOCK, BLOCK / 2], [(N * K) / BLOCK]])
    const ints = { K, N, bits: 4, block_size: BLOCK, accuracy_level: d.accuracy }
    nodes.push({ op: 'MatMulNBits', inputs: [x, `${name}.w`, `${name}.s`], output: name, domain, ints })
  }
  const gain = (name: string, n: number) => {
    tensors.push(tensor(`${name}.g`, [d.hidden], numbers(gainOf(d, n))))
    return `${name}.g`
  }
  const { cos, sin } = rotation(d)
  tensors.push(tensor('cos', [d.context, d.headSize / 2], numbers(cos)))
  tensors.push(tensor('sin', [d.context, d.headSize / 2], numbers(sin)))

  matrix(
    'embed',
    0,
    [d.vocab, d.hidden],
    [
      [d.vocab, d.hidden / 2],
      [d.vocab, d.hidden / BLOCK],
    ],
  )
  nodes.push({
    ...{ op: 'GatherBlockQuantized', inputs: ['embed.w', 'ids', 'embed.s'], output: 'x0', domain },
    ints: { gather_axis: 0, quantize_axis: 1, block_size: BLOCK, bits: 4 },
  })
  const floats = { epsilon: EPSILON }
  let n = 0
  let [x, add] = ['x0', '']
  /** The sum of x and what is added to it, and its norm. */
  const norm = (name: string, number: number, sum: boolean) => {
    const g = gain(name, number)
    if (!add)
      nodes.push({
        op: 'SimplifiedLayerNormalization',
        inputs: [x, g],
        output: name,
        ints: { axis: -1, stash_type: 1 },
        floats,
      })
    else {
      const output = sum ? [name, '', '', `${name}.sum`] : [name]
      nodes.push({ op: 'SkipSimplifiedLayerNormalization', inputs: [x, add, g], output, domain, floats })
      x = `${name}.sum`
    }
    return name
  }
  for (let l = 0; l < d.layers; l++) {
    const numbered = new Map(layerMatrices(d).map(([name, N, K]) => [name, { n: ++n, N, K }]))
    const times = (name: string, from: string) => {
      const m = numbered.get(name)!
      product(`${name}${l}`, m.n, from, m.N, m.K)
      return `${name}${l}`
    }
    const normed = norm(`norm${l}`, 2 * l, true)
    const qkv = d.packed ? [times('qkv', normed), '', ''] : ['q', 'k', 'v'].map((m) => times(m, normed))
    const shape = [1, d.kvHeads, d.context, d.headSize]
    const both = ['key', 'value'].map((k) => `${l}.${k}`)
    for (const name of both) {
      inputs.push([`past.${name}`, shape, type])
      outputs.push([`present.${name}`, shape, type])
    }
    nodes.push({
      ...{ op: 'GroupQueryAttention', domain },
      inputs: [...qkv, ...both.map((b) => `past.${b}`), 'seqlens', 'total', 'cos', 'sin'],
      output: [`att${l}`, ...both.map((b) => `present.${b}`)],
      ints: { num_heads: d.heads, kv_num_heads: d.kvHeads, do_rotary: 1, rotary_interleaved: 0 },
      floats: { scale: d.headSize ** -0.5 },
    })
    add = times('o', `att${l}`)
    const after = norm(`after${l}`, 2 * l + 1, true)
    const [gate, up] = [times('gate', after), times('up', after)]
    nodes.push({ op: 'Sigmoid', inputs: [gate], output: `sig${l}` })
    nodes.push({ op: 'Mul', inputs: [gate, `sig${l}`], output: `silu${l}` })
    nodes.push({ op: 'Mul', inputs: [`silu${l}`, up], output: `act${l}` })
    add = times('down', `act${l}`)
  }
  let final = norm('final', 2 * d.layers, false)
  if (d.last) {
    tensors.push(tensor('at', [1], new BigInt64Array([-1n])))
    nodes.push({ op: 'Gather', inputs: [final, 'at'], output: 'final.last', ints: { axis: 1 } })
    final = 'final.last'
  }
  product('logits', 0, final, d.vocab, d.hidden)
  if (d.out === 'id')
    nodes.push({ op: 'ArgMax', inputs: ['logits'], output: 'id', ints: { axis: -1, keepdims: 0 } })
  return file({ nodes, tensors, inputs, outputs })
}
