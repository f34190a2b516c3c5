/** How well images and texts go together: products of their vectors, by a scale that was learned. */
import type { Derived } from '../../import/derived.js'
import type { Making } from './making.js'

/** The most images, and texts, that are compared at once. */
export const SIMILAR = { images: 256, texts: 1024 }

/** A scalar of the files, stored as its logarithm. */
export const exponential = (source: string): Derived => ({
  name: `exp(${source})`,
  shape: [1],
  sources: [{ name: source, shape: [] }],
  compute: ([values]) => values!.map(Math.exp),
})

/** From image_embeds [images, size] and text_embeds [texts, size]: logits of each image by text, and turned round. */
export function similarities(m: Making, size: number): void {
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
    { a: products, b: m.derive(exponential('logit_scale')) },
    { OP: 'mul', BCAST: true },
    { M: ['*', images, texts], D: 1, B: 1 },
  )
  const turned = g.op('transpose', 'turned', { x: scaled }, {}, { B: 1, M: images, N: texts })
  g.output(scaled, 'logits_per_image', [images, texts])
  g.output(turned, 'logits_per_text', [texts, images])
}
