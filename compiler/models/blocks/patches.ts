/** Images as rows: a patch each, and a row of its own for the class. */
import { type Making, viewed } from './making.js'

export interface Patches {
  /** Width of a row. */
  hidden: number
  channels: number
  /** Height and width of an image, and of a patch. */
  image: [height: number, width: number]
  patch: [height: number, width: number]
}

/** Whole patches of an image, by rows and columns; what is left at its end is left out. */
export const gridOf = ({ image, patch }: Patches): [rows: number, columns: number] => [
  Math.floor(image[0] / patch[0]),
  Math.floor(image[1] / patch[1]),
]

export const patchCount = (d: Patches): number => gridOf(d)[0] * gridOf(d)[1]

/**
 * Images [images, channels, height, width] as rows [images * patches, hidden], a product of each patch with
 * `<from>.weight` [hidden, channels, height, width].
 */
export function patchRows(
  { g }: Making,
  d: Patches,
  pixels: string,
  { from, bias = false, images = 1 }: { from: string; bias?: boolean; images?: number },
): string {
  const [IH, IW] = d.image
  const [KH, KW] = d.patch
  const [OH, OW] = gridOf(d)
  const w = g.weight(`${from}.weight`, [d.hidden, d.channels * KH * KW])
  const planes = g.op(
    'conv2d',
    'embed.patches',
    { x: pixels, w, ...(bias && { b: g.weight(`${from}.bias`, [d.hidden]) }) },
    { KH, KW, SH: KH, SW: KW, BIAS: bias },
    { B: images, CIN: d.channels, IH, IW, COUT: d.hidden, OH, OW },
  )
  const rows = g.op('transpose', 'embed.rows', { x: planes }, {}, { B: images, M: d.hidden, N: OH * OW })
  return viewed(g, rows, [images * OH * OW, d.hidden])
}

/** `row` [width] in front of each of `images` pieces of x [images * rows, width]: [images * (1 + rows), width]. */
export function inFront(
  { g }: Making,
  row: string,
  x: string,
  [images, rows, width]: [images: number, rows: number, width: number],
  name: string,
): string {
  const repeat = () =>
    g.op('copy_nd', `${name}.repeated`, { x: row }, { D4: images, D5: width, XS4: 0 }, { XN: width })
  const a = images === 1 ? row : repeat()
  const y = g.op('concat', name, { a, b: x }, { D: 1 + rows }, { A: images, DA: 1, DB: rows, S: width })
  return viewed(g, y, [images * (1 + rows), width])
}
