/** ONNX's Einsum: diagonals taken, labels of one operand summed, the rest a batched matrix product. */
import { type At, type Mapping, sizeOf, type Value, view } from '../values.js'
import { matmul } from './products.js'
import { reduced } from './reductions.js'
import { denseStrides, strided, transposed } from './shapes.js'

/** A tensor with a label an axis. */
interface Term {
  value: Value
  labels: string[]
}

/** Labels of an operand; what `...` stands for gets upper-case letters counted from the end. */
function labelsOf(text: string, rank: number): string[] {
  const [before, after] = text.split('...') as [string, string | undefined]
  if (after === undefined) return [...before]
  const hidden = rank - before.length - after.length
  const names = Array.from({ length: hidden }, (_, i) => `.${hidden - i}`)
  return [...before, ...names, ...after]
}

/** An axis for each label, and strides added where a label comes twice. */
function diagonal(at: At, value: Value, labels: string[]): Term {
  const unique = [...new Set(labels)]
  if (unique.length === labels.length) return { value, labels }
  const strides = denseStrides(value.shape)
  const shape = unique.map((l) => value.shape[labels.indexOf(l)]!)
  const steps = unique.map((l) => labels.reduce((sum, m, k) => sum + (m === l ? strides[k]! : 0), 0))
  return { value: strided(at, value, shape, steps), labels: unique }
}

const sizesOf = (t: Term, labels: string[]): number[] =>
  labels.map((l) => t.value.shape[t.labels.indexOf(l)]!)

/** Labels that nobody else needs are summed. */
function summed(at: At, { value, labels }: Term, kept: (label: string) => boolean): Term {
  const axes = labels.flatMap((l, k) => (kept(l) ? [] : [k]))
  if (axes.length === 0) return { value, labels }
  return { value: reduced(at, 'sum', value, axes, false), labels: labels.filter(kept) }
}

const ordered = (at: At, t: Term, labels: string[]): Value =>
  transposed(
    at,
    t.value,
    labels.map((l) => t.labels.indexOf(l)),
  )

/** Labels of both: batch where they are wanted, else what the product sums over. */
function contracted(at: At, a: Term, b: Term, wanted: (label: string) => boolean): Term {
  const both = a.labels.filter((l) => b.labels.includes(l))
  const batch = both.filter(wanted)
  const inner = both.filter((l) => !wanted(l))
  const left = a.labels.filter((l) => !both.includes(l))
  const right = b.labels.filter((l) => !both.includes(l))
  const [B, M, N, K] = [sizesOf(a, batch), sizesOf(a, left), sizesOf(b, right), sizesOf(a, inner)]
  const x = view(ordered(at, a, [...batch, ...left, ...inner]), [sizeOf(B), sizeOf(M), sizeOf(K)])
  const w = view(ordered(at, b, [...batch, ...inner, ...right]), [sizeOf(B), sizeOf(K), sizeOf(N)])
  return { value: view(matmul(at, x, w), [...B, ...M, ...N]), labels: [...batch, ...left, ...right] }
}

function einsum(at: At): Value {
  const [from, to] = at.text('equation', '').replace(/\s/g, '').split('->') as [string, string | undefined]
  const texts = from.split(',')
  if (texts.length !== at.inputs.length) at.refuse(`${from} is not about ${at.inputs.length} operands`)
  const terms = texts.map((t, i) => diagonal(at, at.input(i), labelsOf(t, at.input(i).shape.length)))
  const all = terms.flatMap((t) => t.labels)
  const hidden = [...new Set(all.filter((l) => l.startsWith('.')))].sort().reverse()
  // Without an arrow: what comes once, in order of the alphabet.
  const single = [...new Set(texts.join(''))].filter((l) => l !== '.' && texts.join('').split(l).length === 2)
  const output =
    to === undefined
      ? [...hidden, ...single.sort()]
      : to.includes('...')
        ? labelsOf(to, to.length - 3 + hidden.length)
        : [...to]
  const result = terms.reduce((a, b, i) => {
    const later = new Set([...output, ...terms.slice(i + 1).flatMap((t) => t.labels)])
    const own = (t: Term, other: Term) => summed(at, t, (l) => later.has(l) || other.labels.includes(l))
    return contracted(at, own(a, b), own(b, a), (l) => later.has(l))
  })
  return ordered(
    at,
    summed(at, result, (l) => output.includes(l)),
    output,
  )
}

export const einsums: Record<string, Mapping> = { Einsum: einsum }
