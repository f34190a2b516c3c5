/** What a decoder of peer-decoder.ts computes, in float64 from the same file: to check onnxruntime's graph of it. */
import { fromF16 } from '../../../compiler/formats/f16.js'
import {
  BLOCK,
  type DecoderSpec,
  gainOf,
  layerMatrices,
  type Pool,
  placeOf,
  rotation,
} from './peer-decoder.js'

type Row = Float64Array
type Matrix = (row: number, column: number) => number

function matrixOf(d: DecoderSpec, pool: Pool, bytes: Uint8Array, n: number, N: number, K: number): Matrix {
  const place = placeOf(pool, d.halves, n, N, K)
  const [at, size] = place.scales
  const part = bytes.slice(at, at + size).buffer
  const scales = d.halves ? Array.from(new Uint16Array(part), fromF16) : new Float32Array(part)
  // Without zero points, 8 stands for nothing; the low four bits come first.
  return (row, column) => {
    const i = row * K + column
    const byte = bytes[place.bits[0] + (i >> 1)]!
    return ((i & 1 ? byte >> 4 : byte & 15) - 8) * scales[Math.floor(i / BLOCK)]!
  }
}

const times = (x: Row, m: Matrix, N: number): Row =>
  Float64Array.from({ length: N }, (_, row) => x.reduce((sum, v, column) => sum + v * m(row, column), 0))

function normed(x: Row, gains: ArrayLike<number>): Row {
  const rms = Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / x.length + 1e-5)
  return x.map((v, i) => (v / rms) * gains[i]!)
}

/** Half of a head turned against the other half. */
function turned(
  x: Row,
  heads: number,
  d: DecoderSpec,
  position: number,
  { cos, sin }: ReturnType<typeof rotation>,
): Row {
  const half = d.headSize / 2
  const out = x.slice()
  for (let h = 0; h < heads; h++)
    for (let i = 0; i < half; i++) {
      const [a, b] = [h * d.headSize + i, h * d.headSize + half + i]
      const [c, s] = [cos[position * half + i]!, sin[position * half + i]!]
      out[a] = x[a]! * c - x[b]! * s
      out[b] = x[b]! * c + x[a]! * s
    }
  return out
}

/** Takes one id after another; gives logits. */
export function referenceOf(d: DecoderSpec, pool: Pool, bytes: Uint8Array): (id: number) => Row {
  const names = layerMatrices(d)
  const layers = Array.from({ length: d.layers }, (_, l) => {
    const made = names.map(
      ([name, N, K], i) =>
        [name, { N, of: matrixOf(d, pool, bytes, l * names.length + i + 1, N, K) }] as const,
    )
    return { matrices: new Map(made), keys: [] as Row[], values: [] as Row[] }
  })
  const head = matrixOf(d, pool, bytes, 0, d.vocab, d.hidden)
  const turns = rotation(d)
  const [q, kv, group] = [d.heads * d.headSize, d.kvHeads * d.headSize, d.heads / d.kvHeads]

  const attention = (query: Row, keys: Row[], values: Row[]): Row => {
    const out = new Float64Array(q)
    for (let h = 0; h < d.heads; h++) {
      const from = Math.floor(h / group) * d.headSize
      const scores = keys.map((key) => {
        let sum = 0
        for (let i = 0; i < d.headSize; i++) sum += query[h * d.headSize + i]! * key[from + i]!
        return sum * d.headSize ** -0.5
      })
      const most = Math.max(...scores)
      const shares = scores.map((s) => Math.exp(s - most))
      const all = shares.reduce((a, b) => a + b, 0)
      for (const [t, share] of shares.entries())
        for (let i = 0; i < d.headSize; i++) out[h * d.headSize + i]! += (share / all) * values[t]![from + i]!
    }
    return out
  }

  return (id) => {
    const position = layers[0]!.keys.length
    let x = Float64Array.from({ length: d.hidden }, (_, i) => head(id, i))
    for (const [l, { matrices, keys, values }] of layers.entries()) {
      const by = (name: string, from: Row) => times(from, matrices.get(name)!.of, matrices.get(name)!.N)
      const n = normed(x, gainOf(d, 2 * l))
      const all = d.packed ? by('qkv', n) : Float64Array.of(...by('q', n), ...by('k', n), ...by('v', n))
      keys.push(turned(all.slice(q, q + kv), d.kvHeads, d, position, turns))
      values.push(all.slice(q + kv))
      const o = by('o', attention(turned(all.slice(0, q), d.heads, d, position, turns), keys, values))
      x = x.map((v, i) => v + o[i]!)
      const m = normed(x, gainOf(d, 2 * l + 1))
      const up = by('up', m)
      const down = by(
        'down',
        by('gate', m).map((g, i) => (g / (1 + Math.exp(-g))) * up[i]!),
      )
      x = x.map((v, i) => v + down[i]!)
    }
    return times(normed(x, gainOf(d, 2 * d.layers)), head, d.vocab)
  }
}
