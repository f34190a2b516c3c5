/** Boxes against transformers and torchvision; pooling and search against their definitions. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Box, detections, overlap, suppress } from '../../runtime/tasks/boxes.js'
import { cosine, normalizeRows, type Pooling, pool, search } from '../../runtime/tasks/pool.js'
import { best, sigmoid, softmax } from '../../runtime/tasks/scores.js'
import { fixture } from '../helpers/task-fixtures.js'

interface Found {
  scores: number[]
  labels: number[]
  boxes: number[][]
}
interface References {
  logits: number[][]
  boxes: number[][]
  detr: Found
  focal: Found
  nms: Record<string, number[]>
  nmsByClass: Record<string, number[]>
}
const references = fixture('image.json').boxes as References
const logits = Float32Array.from(references.logits.flat())
const boxes = Float32Array.from(references.boxes.flat())
const size = { width: 640, height: 480 }

test.each([
  ['DETR', references.detr, { threshold: 0.3 }],
  ['RT-DETR', references.focal, { threshold: 0.6, scores: 'sigmoid' as const }],
])("%s's boxes are those of transformers", (_, want, options) => {
  const got = detections(logits, boxes, { ...size, ...options })
  expect(got.map((d) => d.id)).toEqual(want.labels)
  got.forEach((d, i) => {
    expect(d.score).toBeCloseTo(want.scores[i]!, 6)
    d.box.forEach((v, k) => {
      expect(v).toBeCloseTo(want.boxes[i]![k]!, 3)
    })
  })
})

test.each(['0.3', '0.5', '0.8'])('suppression beyond %s is that of torchvision', (iou) => {
  const all = detections(logits, boxes, { ...size, threshold: 0.3 })
  const indices = (perClass: boolean) =>
    detections(logits, boxes, { ...size, threshold: 0.3, iou: Number(iou), perClass }).map((d) =>
      all.findIndex((a) => a.score === d.score),
    )
  expect(indices(false)).toEqual(references.nms[iou])
  expect(indices(true)).toEqual(references.nmsByClass[iou])
})

test.each([
  [[0, 0, 2, 2], [0, 0, 2, 2], 1],
  [[0, 0, 2, 2], [2, 0, 4, 2], 0],
  [[0, 0, 2, 2], [1, 1, 3, 3], 1 / 7],
  [[0, 0, 4, 4], [1, 1, 3, 3], 1 / 4],
  [[0, 0, 0, 0], [0, 0, 0, 0], 0],
  [[2, 2, 0, 0], [0, 0, 2, 2], 0],
] as [Box, Box, number][])('%j and %j overlap by %d', (a, b, want) => {
  expect(overlap(a, b)).toBeCloseTo(want, 12)
  expect(overlap(b, a)).toBeCloseTo(want, 12)
})

test('what suppression leaves does not overlap, and covers what it took', () => {
  const box = fc
    .tuple(fc.nat(9), fc.nat(9), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), fc.nat(100))
    .map(([x, y, w, h, score]) => ({ box: [x, y, x + w, y + h] as Box, score }))
  fc.assert(
    fc.property(
      fc.array(box, { maxLength: 20 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (found, iou) => {
        const kept = suppress(found, iou)
        for (const a of kept) for (const b of kept) expect(a === b || overlap(a.box, b.box) <= iou).toBe(true)
        for (const f of found) {
          expect(
            kept.includes(f) || kept.some((k) => k.score >= f.score && overlap(k.box, f.box) > iou),
          ).toBe(true)
        }
      },
    ),
  )
})

test('names what it found', () => {
  const [found] = detections(Float32Array.of(0, 9, 0), Float32Array.of(0.5, 0.5, 1, 1), {
    labels: ['cat', 'dog'],
  })
  expect(found).toMatchObject({ label: 'dog', id: 1, box: [0, 0, 1, 1] })
})

const hidden = {
  dtype: 'f32' as const,
  shape: [2, 3, 2],
  data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
}

test.each([
  ['mean', [1, 1, 0, 1, 1, 1], [2, 3, 9, 10]],
  ['mean', undefined, [3, 4, 9, 10]],
  ['mean', [0, 0, 0, 0, 1, 0], [0, 0, 9, 10]],
  ['cls', [1, 1, 0, 1, 1, 1], [1, 2, 7, 8]],
  ['last', [1, 1, 0, 1, 1, 1], [3, 4, 11, 12]],
  ['last', [0, 1, 1, 0, 1, 0], [5, 6, 9, 10]],
] as [Pooling, number[] | undefined, number[]][])('%s of tokens %j', (pooling, mask, want) => {
  const got = pool(hidden, mask, pooling)
  expect(got.shape).toEqual([2, 2])
  expect(Array.from(got.data)).toEqual(want)
})

test('rows of length 1', () => {
  const { data } = normalizeRows({ dtype: 'f32', shape: [3, 2], data: Float32Array.of(3, 4, 0, 0, 0, -2) })
  expect(data).toEqual(Float32Array.of(0.6, 0.8, 0, 0, 0, -1))
})

test('search finds what sorting all finds', () => {
  const value = fc.integer({ min: -3, max: 3 })
  const vector = fc.array(value, { minLength: 3, maxLength: 3 })
  fc.assert(
    fc.property(
      vector,
      fc.array(vector, { maxLength: 30 }),
      fc.integer({ min: 0, max: 9 }),
      (query, list, k) => {
        const want = list
          .map((row, index) => ({ index, score: cosine(query, row) }))
          .sort((a, b) => b.score - a.score || a.index - b.index)
          .slice(0, k)
        expect(search(query, Float32Array.from(list.flat()), k)).toEqual(want)
      },
    ),
  )
})

test('scores', () => {
  expect(Array.from(softmax([1000, 1000]))).toEqual([0.5, 0.5])
  expect(sigmoid([0])[0]).toBe(0.5)
  expect(best([1, 3, 2, 3], 3, ['a', 'b'])).toEqual([
    { label: 'b', index: 1, score: 3 },
    { label: '3', index: 3, score: 3 },
    { label: '2', index: 2, score: 2 },
  ])
})

test.each([
  ['scores of other boxes', () => detections(new Float32Array(7), new Float32Array(8)), /don't belong/],
  ['a threshold above 1', () => detections(logits, boxes, { threshold: 2 }), /from 0 to 1/],
  ['an overlap that is none', () => detections(logits, boxes, { iou: Number.NaN }), /from 0 to 1/],
  ['hidden states of one axis', () => pool({ ...hidden, shape: [12] }), /\[12\]/],
  ['a short mask', () => pool(hidden, [1]), /a mask of 1/],
  ['vectors of two lengths', () => cosine([1], [1, 2]), /1 and 2/],
  ['rows of another length', () => search([1, 2], new Float32Array(3), 1), /no rows of 2/],
])('refuses %s', (_, act, message) => {
  expect(act).toThrow(RangeError)
  expect(act).toThrow(message)
})
