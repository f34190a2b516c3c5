/** How well images and texts go together: products of their vectors, by a scale that was learned. */
import type { Derived } from '../../import/derived.js'
import type { Making } from './making.js'

/** The most images, and texts, that are compared at once. */
export const SIMILAR = { images: 256, texts: 1024 }

/** One number of the files, stored as its logarithm. */
export const exponential = (source: string, shape: number[] = []): Derived => ({
  name: `exp(${source})`,
  shape: [1],
  sources: [{ name: source, shape }],
  compute: ([values]) => values!.map(Math.exp),
})

/**
 * From image_embeds [images, size] and text_embeds [texts, size]: logits of each image by text, and turned round. `scale`: the shape
 * that the files give the scale's logarithm; `bias`: what is added, [1].
 */
export function similarities(
  m: Making,
  size: number,
  { scale = [], bias }: { scale?: number[]; bias?: string } = {},
): void {
  const { g } = m
  const [images, texts] = ['images', 'texts']
  const a = g.input('image_embeds', 'f32', [images, size])
  const b = g.input('text_embeds', 'f32', [texts, size])
  const products = g.op(
    'matmul',
    'products',
    { a, b },
    { TB: true },
    { B: 1, BB: 1, M: images, N: texts, K: size },
  )
  const scaled = g.op(
    'binary',
    'scaled',
    { a: products, b: m.derive(exponential('logit_scale', scale)) },
    { OP: 'mul', BCAST: true },
    { M: ['*', images, texts], D: 1, B: 1 },
  )
  const moved =
    bias === undefined
      ? scaled
      : g.op(
          'binary',
          'moved',
          { a: scaled, b: g.weight(bias, [1]) },
          { OP: 'add', BCAST: true },
          { M: ['*', images, texts], D: 1, B: 1 },
        )
  const turned = g.op('transpose', 'turned', { x: moved }, {}, { B: 1, M: images, N: texts })
  g.output(moved, 'logits_per_image', [images, texts])
  g.output(turned, 'logits_per_text', [texts, images])
}
