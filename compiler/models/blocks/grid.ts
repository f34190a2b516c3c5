/** Grids of features, of a size that an image tells: which places are no padding, and where they are. */
import type { Expr } from '../../../runtime/expr.js'
import { seenAs, turned } from './conv.js'
import { add } from './linear.js'
import type { Making } from './making.js'

type Size = [height: Expr, width: Expr]

/** The element of a mask [from] that lies nearest to each place of a grid [to], as a row of all. */
export function gridMask({ g }: Making, mask: string, from: Size, to: Size): string {
  const y = g.op(
    'resize2d',
    `${mask}.grid`,
    { x: mask },
    { MODE: 'nearest', ROUND: 'floor', ADD_H: 0, ADD_W: 0 },
    {
      ...{ B: 1, C: 1, IH: from[0], IW: from[1], OH: to[0], OW: to[1] },
      ...{ MUL_H: from[0], DIV_H: to[0], MUL_W: from[1], DIV_W: to[1] },
    },
  )
  return seenAs(g, y, [['*', to[0], to[1]]])
}

/** How far down the grid each place is, 0 to 1: the ones above it and itself by the ones of its column. */
function down({ g }: Making, mask: string, [height, width]: Size, name: string): string {
  const so = g.op('cumsum', `${name}.sums`, { x: mask }, {}, { A: 1, D: height, S: width })
  const all = g.op('reduce', `${name}.all`, { x: mask }, { OP: 'sum' }, { A: 1, D: height, S: width })
  const some = g.op('unary', `${name}.some`, { x: all }, { OP: 'affine', ALPHA: 1, BETA: 1e-6 })
  return g.op('binary', name, { a: so, b: some }, { OP: 'div', BCAST: true }, { M: height, D: width, B: 1 })
}

/**
 * Sines and cosines of both coordinates of the places that a mask has (Carion et al. 2020), which run from 0 to 2 pi:
 * [places, width], the row's first.
 */
export function sinePositions(m: Making, mask: string, [height, width]: Size, wide: number): string {
  const { g } = m
  const half = wide / 2
  const places: Expr = ['*', height, width]
  const side = turned(m, mask, [height, width], 'places.turned')
  const y = down(m, mask, [height, width], 'places.y')
  const x = turned(m, down(m, side, [width, height], 'places.x'), [width, height], 'places.across')
  const frequency = (c: number) => (2 * Math.PI) / 10000 ** ((2 * Math.floor((c % half) / 2)) / half)
  const angles = (of: string, from: number, name: string) => {
    const data = Float32Array.from({ length: wide }, (_, c) =>
      Math.floor(c / half) === from ? frequency(c) : 0,
    )
    return g.op(
      'binary_nd',
      name,
      { a: of, b: g.constant(`${name}.frequencies`, [wide], data) },
      {
        ...{ OP: 'mul', D4: wide, AS3: 1, AS4: 0, BS3: 0, BS4: 1 },
        ...{ AS0: 0, AS1: 0, AS2: 0, BS0: 0, BS1: 0, BS2: 0 },
      },
      { D3: places, NA: places, NB: wide },
    )
  }
  const rows = (name: string) => seenAs(g, name, [places, wide])
  const angle = add(m, rows(angles(y, 0, 'places.down')), rows(angles(x, 1, 'places.right')), 'places.angles')
  // Cosines are sines a quarter further.
  const quarters = Float32Array.from({ length: wide }, (_, c) => ((c % half) % 2 ? Math.PI / 2 : 0))
  const turnedBy = g.op(
    'binary',
    'places.phases',
    { a: angle, b: g.constant('places.quarters', [wide], quarters) },
    { OP: 'add', BCAST: true },
    { B: 1 },
  )
  return g.op('unary', 'places', { x: turnedBy }, { OP: 'sin' })
}
