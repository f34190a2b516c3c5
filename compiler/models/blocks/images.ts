/** Images in a text: what a vision tower makes of them takes the places of tokens that stand for it. */
import type { FlowCall, FlowInput } from '../../../runtime/format.js'
import { activate } from './activation.js'
import type { Decoder } from './decoder.js'
import { linear } from './linear.js'
import type { Making } from './making.js'

export interface ImageRows {
  /** Id of the token that stands for a row. */
  token: number
  /** Rows [rows, hidden] that the state `image_features` holds. */
  rows: number
  hidden: number
  /** Where rows don't follow each other as they are: the state that says how, and the row that index 2^32 - 1 means. */
  order?: { length: number; extra: (m: Making) => string }
}

const FEATURES = 'image_features'
export const ORDER = 'image_order'
/** What the calls of a flow know the features by. */
export const IMAGES = 'images'

/** Appends rows of features to those of the images before: `row` of them, as the flow's `advance` says. */
export const putFeatures = ({ g }: Making, d: ImageRows, x: string): string =>
  g.op('put_rows', `${FEATURES}.put`, { x, rows: g.state(FEATURES, [d.rows, d.hidden]) }, {}, { ROW0: 'row' })

/** A decoder whose embedding has images in it. */
export const withImages = (decoder: Decoder, d: ImageRows): Decoder => ({
  ...decoder,
  embed(m, tokens) {
    const { g } = m
    const features = g.state(FEATURES, [d.rows, d.hidden])
    const order = d.order && { order: g.state(ORDER, [d.order.length], 'u32'), extra: d.order.extra(m) }
    return g.op(
      'merge_rows',
      'embed.images',
      { tokens, x: decoder.embed(m, tokens), features, ...order },
      { C: decoder.context, TOKEN: d.token, ORDER: d.order !== undefined },
      { M: m.rows },
    )
  },
})

export interface Projector {
  /** Columns of the tower's activations, and of the decoder's. */
  from: number
  hidden: number
  activation: string
  bias: boolean
  prefix: string
}

/** Two products with an activation between: LLaVA 1.5's. */
export function project(m: Making, d: Projector, x: string): string {
  const { prefix, bias } = d
  const first = linear(m, x, 'project.1', [d.hidden, d.from], { from: `${prefix}linear_1`, bias })
  const acted = activate(m, first, d.activation, 'project.act')
  return linear(m, acted, 'project.2', [d.hidden, d.hidden], { from: `${prefix}linear_2`, bias })
}

export const textInput: FlowInput = { name: 'input_ids', dtype: 'u32', shape: ['batch', 'tokens'] }

export const forwardCall = (more: Partial<FlowCall> = {}): FlowCall => ({
  program: 'forward',
  inputs: { input_ids: 'input_ids' },
  outputs: { logits: 'logits' },
  each: ['input_ids'],
  uses: [IMAGES],
  ...more,
})
