/** From logits to what people read: probabilities, and the best few. */

export function softmax(logits: ArrayLike<number>): Float32Array {
  let most = -Infinity
  for (let i = 0; i < logits.length; i++) most = Math.max(most, logits[i]!)
  const out = Float32Array.from(logits, (v) => Math.exp(v - most))
  const sum = out.reduce((a, b) => a + b, 0)
  return out.map((v) => v / sum)
}

export const sigmoid = (logits: ArrayLike<number>): Float32Array =>
  Float32Array.from(logits, (v) => 1 / (1 + Math.exp(-v)))

export interface Scored {
  label: string
  /** Of the class, or the candidate. */
  index: number
  score: number
}

/** The `k` highest, highest first; of equals the first. Without names a label is the index. */
export function best(scores: ArrayLike<number>, k: number, labels?: readonly string[]): Scored[] {
  const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b)
  return order
    .slice(0, Math.max(0, k))
    .map((index) => ({ label: labels?.[index] ?? String(index), index, score: scores[index]! }))
}
