/** Boxes of a detector: from its scores and relative boxes to labelled rectangles in pixels. */
import { softmax } from './scores.js'

/** Pixels from the top left: left, top, right, bottom. */
export type Box = [x0: number, y0: number, x1: number, y1: number]

export interface Detection {
  box: Box
  score: number
  /** Index of the class. */
  id: number
  /** Its name, where the model has names; otherwise the index as text. */
  label: string
}

export interface BoxOptions {
  /** Size of the image as it was given; boxes are in its pixels. Default 1 by 1: relative. */
  width?: number
  height?: number
  /** Only what is likelier. 0 to 1; default 0.5. */
  threshold?: number
  /** Of boxes that overlap more than this (intersection over union), only the likeliest stays. Default: all stay. */
  iou?: number
  /** Whether boxes of different classes leave each other alone. Default true. */
  perClass?: boolean
  /** Names of the classes. */
  labels?: readonly string[] | undefined
  /**
   * softmax: the last class is "no object" (DETR, YOLOS).  sigmoid: every class by itself, and one query may be
   * several (RT-DETR, Deformable DETR). Default softmax.
   */
  scores?: 'softmax' | 'sigmoid'
}

/** Center and size, as models give them, to corners. */
export const corners = ([cx, cy, w, h]: readonly number[], width = 1, height = 1): Box => [
  (cx! - w! / 2) * width,
  (cy! - h! / 2) * height,
  (cx! + w! / 2) * width,
  (cy! + h! / 2) * height,
]

const area = ([x0, y0, x1, y1]: Box) => Math.max(0, x1 - x0) * Math.max(0, y1 - y0)

/** Intersection over union: 0 apart, 1 the same. */
export function overlap(a: Box, b: Box): number {
  const shared = area([
    Math.max(a[0], b[0]),
    Math.max(a[1], b[1]),
    Math.min(a[2], b[2]),
    Math.min(a[3], b[3]),
  ])
  const union = area(a) + area(b) - shared
  return union > 0 ? shared / union : 0
}

/** The likeliest of those that overlap, best first. `same`: which are compared; by default all. */
export function suppress<T extends { box: Box; score: number }>(
  found: readonly T[],
  iou: number,
  same: (a: T, b: T) => boolean = () => true,
): T[] {
  const kept: T[] = []
  for (const d of [...found].sort((a, b) => b.score - a.score)) {
    if (!kept.some((k) => same(k, d) && overlap(k.box, d.box) > iou)) kept.push(d)
  }
  return kept
}

/** `[query, class, score]` of what counts, in the order of the queries. */
function bySoftmax(logits: Float32Array, queries: number, classes: number): [number, number, number][] {
  return Array.from({ length: queries }, (_, q) => {
    const p = softmax(logits.subarray(q * classes, (q + 1) * classes))
    let best = 0
    for (let c = 1; c < classes - 1; c++) if (p[c]! > p[best]!) best = c
    return [q, best, classes > 1 ? p[best]! : 0]
  })
}

/** As many as there are queries, best first. */
function bySigmoid(logits: Float32Array, queries: number, classes: number): [number, number, number][] {
  const order = Uint32Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b)
  return Array.from(order.subarray(0, queries), (i) => [
    Math.floor(i / classes),
    i % classes,
    1 / (1 + Math.exp(-logits[i]!)),
  ])
}

/**
 * Detections of one image. `logits`: [queries, classes], `boxes`: [queries, 4], center and size relative to the
 * image. In the order of the queries; with `iou`, best first.
 * Throws RangeError when the two don't belong together, or a threshold is none.
 */
export function detections(logits: Float32Array, boxes: Float32Array, options: BoxOptions = {}): Detection[] {
  const { width = 1, height = 1, threshold = 0.5, iou, perClass = true, labels, scores = 'softmax' } = options
  const queries = boxes.length / 4
  const classes = logits.length / queries
  if (!Number.isInteger(queries) || !Number.isInteger(classes)) {
    throw new RangeError(`${logits.length} scores don't belong to ${boxes.length} sides of boxes`)
  }
  for (const t of [threshold, iou ?? 0]) {
    if (!(t >= 0 && t <= 1)) throw new RangeError(`a threshold is ${t}; it must be from 0 to 1`)
  }
  const ranked = (scores === 'softmax' ? bySoftmax : bySigmoid)(logits, queries, classes)
  const found = ranked
    .filter(([, , score]) => score > threshold)
    .map(
      ([q, id, score]): Detection => ({
        ...{ score, id, label: labels?.[id] ?? String(id) },
        box: corners(Array.from(boxes.subarray(q * 4, q * 4 + 4)), width, height),
      }),
    )
  return iou === undefined ? found : suppress(found, iou, perClass ? (a, b) => a.id === b.id : undefined)
}
