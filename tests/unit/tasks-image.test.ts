/** Images: against Pillow and transformers' processors, and what must not be accepted. */
import { describe, expect, test } from 'vitest'
import { preprocessImages } from '../../runtime/tasks/image.js'
import type { PreprocessorConfig } from '../../runtime/tasks/image-config.js'
import { smartSize, targetSize } from '../../runtime/tasks/image-size.js'
import { MAX_PIXELS, pixelsOf, readImage } from '../../runtime/tasks/pixels.js'
import { resize } from '../../runtime/tasks/resize.js'
import { fixture, type Packed, picture, unpack } from '../helpers/task-fixtures.js'

type Sides = [number, number]
interface References {
  resize: { from: Sides; to: Sides; resample: number; out: Packed }[]
  processors: { config: PreprocessorConfig; images: Sides[]; out: Record<string, Packed> }[]
}
const references = fixture('image.json') as References

describe('resize is Pillow, byte for byte', () => {
  test.each(references.resize.map((r) => [`${r.from} to ${r.to}, filter ${r.resample}`, r] as const))(
    '%s',
    (_, { from, to, resample, out }) => {
      const got = resize(picture(...from), ...to, resample)
      expect([got.width, got.height]).toEqual(to)
      expect(Array.from(got.data)).toEqual(unpack(out).data)
    },
  )
})

describe('processors are those of transformers', () => {
  test.each(
    references.processors.map(
      (r) => [`${r.config.image_processor_type} ${r.images.join(' and ')}`, r] as const,
    ),
  )('%s', (_, { config, images, out }) => {
    const got = preprocessImages(
      images.map((sides) => picture(...sides)),
      config,
    ) as Record<string, { shape: number[]; data: ArrayLike<number> }>
    expect(Object.keys(got).sort()).toEqual(Object.keys(out).sort())
    for (const [name, packed] of Object.entries(out)) {
      const want = unpack(packed)
      expect(got[name]!.shape, name).toEqual(want.shape)
      expect(Array.from(got[name]!.data), name).toEqual(want.data)
    }
  })
})

const size = (width: number, height: number) => ({ width, height })

test.each([
  // DETR's, whose longer side stops at 1333.
  [size(640, 480), { shortest_edge: 800, longest_edge: 1333 }, 1, size(1066, 800)],
  [size(2000, 500), { shortest_edge: 800, longest_edge: 1333 }, 1, size(1333, 333)],
  [size(480, 640), { shortest_edge: 800, longest_edge: 1333 }, 16, size(800, 1056)],
  [size(500, 375), { shortest_edge: 224 }, 1, size(298, 224)],
  [size(375, 500), { shortest_edge: 224 }, 1, size(224, 298)],
  [size(300, 100), { max_height: 90, max_width: 150 }, 1, size(150, 50)],
  [size(300, 100), { height: 9, width: 8 }, 1, size(8, 9)],
])('%o at %o, multiples of %d, is %o', (from, config, multiple, want) => {
  expect(targetSize(from, config, multiple)).toEqual(want)
})

test.each([
  [size(640, 480), 28, [3136, 1003520], size(644, 476)],
  [size(20, 30), 28, [3136, 1003520], size(56, 84)],
  [size(4000, 3000), 28, [3136, 1003520], size(1148, 840)],
] as const)('Qwen2-VL scales %o by %d to %o', (from, factor, bounds, want) => {
  const got = smartSize(from, factor, [...bounds])
  expect(got).toEqual(want)
  expect([got.width % factor, got.height % factor]).toEqual([0, 0])
})

test.each([
  ['no image', () => preprocessImages([]), /no image/],
  ['a short buffer', () => pixelsOf({ width: 2, height: 2, data: new Uint8Array(7) }), /7 bytes/],
  ['no size', () => pixelsOf({ width: 0, height: 2, data: [] }), /0 by 2/],
  ['half a pixel', () => pixelsOf({ width: 1.5, height: 2, data: new Uint8Array(9) }), /whole/],
  ['too much', () => resize(picture(1, 1), MAX_PIXELS, 2, 3), /at most/],
  ['an unknown filter', () => resize(picture(2, 2), 3, 3, 9), /resample is 9/],
  ['a narrow image', () => smartSize(size(1, 201), 28, [1, 9]), /too narrow/],
  ['a size without numbers', () => preprocessImages([picture(2, 2)], { size: {} }), /says no size/],
  ['means that are no three', () => preprocessImages([picture(2, 2)], { image_mean: [1] }), /image_mean/],
  [
    'images of two sizes',
    () => preprocessImages([picture(4, 2), picture(2, 2)], { do_resize: false }),
    /one by one/,
  ],
  [
    'patches of no whole number',
    () => preprocessImages([picture(6, 4)], { merge_size: 2, patch_size: 2, do_resize: false }),
    /no multiple of 4/,
  ],
  [
    'too many tiles',
    () => preprocessImages([picture(4, 2)], { size: { shortest_edge: 1 }, image_grid_pinpoints: [[99, 99]] }),
    /too many/,
  ],
  [
    'a patch of nothing',
    () => preprocessImages([picture(4, 2)], { merge_size: 2, patch_size: 0 }),
    /patch_size is 0/,
  ],
])('refuses %s', (_, act, message) => {
  expect(act).toThrow(RangeError)
  expect(act).toThrow(message)
})

test('reads grey, RGB and RGBA, and drops alpha', async () => {
  const rgb = Uint8Array.of(9, 8, 7, 6, 5, 4)
  expect((await readImage({ width: 2, height: 1, data: rgb })).data).toEqual(rgb)
  const rgba = Uint8ClampedArray.of(9, 8, 7, 0, 6, 5, 4, 128)
  expect((await readImage({ width: 2, height: 1, data: rgba })).data).toEqual(rgb)
  expect((await readImage({ width: 2, height: 1, data: [3, 4] })).data).toEqual(
    Uint8Array.of(3, 3, 3, 4, 4, 4),
  )
})

test('patches of an image as large as it is', () => {
  const got = preprocessImages([picture(8, 4)], { merge_size: 2, patch_size: 2, do_resize: false })
  expect(Array.from(got.image_grid_thw!.data)).toEqual([1, 2, 4])
})

test('frames of a clip are one item, and a bare size means what its processor means by it', () => {
  const clip = preprocessImages([picture(9, 6), picture(9, 6)], {
    image_processor_type: 'VideoMAEImageProcessor',
    size: 4,
    crop_size: 4,
  })
  expect(clip.pixel_values.shape).toEqual([1, 2, 3, 4, 4])
  const vit = preprocessImages([picture(9, 6)], { image_processor_type: 'ViTFeatureExtractor', size: 4 })
  expect(vit.pixel_values.shape).toEqual([1, 3, 4, 4])
  const detr = preprocessImages([picture(9, 6)], {
    feature_extractor_type: 'DetrFeatureExtractor',
    ...{ size: 4, max_size: 5 },
  })
  expect(detr.pixel_values.shape).toEqual([1, 3, 3, 5])
})
