/** X-CLIP's tower of frames: CLIP's, with a message from each frame to the others in every layer (Ni et al. 2022). */
import { reshaped } from '../../import/derived.js'
import { type ClipVision, clipNames, clipVisionRows } from './clip.js'
import { attention, feedForward } from './encoder.js'
import { add, linear } from './linear.js'
import { type Making, viewed } from './making.js'
import { layerNorm } from './norm.js'
import { inFront, patchRows } from './patches.js'

export interface Frames {
  vision: ClipVision
  /** Frames of a video. */
  frames: number
}

/** Rows of all frames. */
export const rowsOfFrames = (d: Frames): number => d.frames * clipVisionRows(d.vision)

/** Of each frame's rows of x [frames * rows, hidden], `count` from `from` on: [frames * count, hidden]. */
export function ofEachFrame(
  m: Making,
  d: Frames,
  x: string,
  [from, count]: [number, number],
  name: string,
): string {
  const { hidden } = d.vision
  const rows = clipVisionRows(d.vision)
  const y = m.g.op(
    'copy_nd',
    name,
    { x },
    { D3: d.frames, D4: count, D5: hidden, XS3: rows * hidden, XS4: hidden, X0: from * hidden },
    { XN: d.frames * rows * hidden },
  )
  return viewed(m.g, y, [d.frames * count, hidden])
}

/** What the frames tell each other, [frames, hidden]: of each one's class, after attention over all frames. */
function messages(m: Making, d: Frames, x: string, layer: string, at: string): string {
  const { vision, frames } = d
  const { hidden } = vision
  const few = { ...m, rows: frames }
  const first = ofEachFrame(m, d, x, [0, 1], `${at}.classes`)
  const said = linear(few, first, `${at}.message`, [hidden, hidden], {
    from: `${layer}.message_fc`,
    bias: true,
  })
  const normed = layerNorm(few, said, `${layer}.message_ln`, `${at}.message.norm`, hidden, vision)
  const part = (name: string) => `${layer}.message_attn.${name}_proj`
  const names = { q: part('q'), k: part('k'), v: part('v'), o: part('out') }
  return add(few, attention(few, vision, normed, names, `${at}.message`), said, `${at}.message.residual`)
}

/** A layer over the rows of each frame, which see the frame's message as well. */
function frameLayer(m: Making, d: Frames, x: string, layer: string, at: string): string {
  const { vision, frames } = d
  const { hidden } = vision
  const rows = clipVisionRows(vision)
  const names = clipNames(layer)
  const norm = (y: string, name: string, from: string, count: number) =>
    layerNorm({ ...m, rows: count }, y, from, `${at}.${name}`, hidden, vision)
  const normed = norm(x, 'norm1', names.norms[0], frames * rows)
  const message = norm(messages(m, d, x, layer, at), 'norm1.message', names.norms[0], frames)
  // Nothing is asked of the message's own row.
  const seen = m.g.op(
    'concat',
    `${at}.seen`,
    { a: normed, b: message },
    { D: rows + 1 },
    { A: frames, DA: rows, DB: 1, S: hidden },
  )
  const all = { x: viewed(m.g, seen, [frames * (rows + 1), hidden]), rows: frames * (rows + 1) }
  const mixed = attention(m, { ...vision, pieces: frames }, normed, names, at, { seen: all })
  const y = add(m, mixed, x, `${at}.residual1`)
  const fed = feedForward(m, vision, norm(y, 'norm2', names.norms[1], frames * rows), names, at)
  return add(m, fed, y, `${at}.residual2`)
}

/** Activations [rowsOfFrames(d), hidden] of frames [frames, channels, height, width] after all layers. */
export function watchFrames(m: Making, d: Frames, pixels: string): string {
  const { vision, frames } = d
  const { hidden, prefix } = vision
  const rows = clipVisionRows(vision)
  const at = `${prefix}embeddings`
  const patches = patchRows(m, vision, pixels, { from: `${at}.patch_embedding`, images: frames })
  const first = m.g.weight(`${at}.class_embedding`, [hidden])
  const all = inFront(m, first, patches, [frames, rows - 1, hidden], 'embed.class')
  const positions = `${at}.position_embedding.weight`
  // A vector: positions stay floats, however few bits matrices have.
  const table = m.derive(reshaped(`${positions}[rows]`, positions, [rows, hidden], [rows * hidden]))
  const sum = m.g.op(
    'binary',
    'embed.positions',
    { a: all, b: table },
    { OP: 'add', BCAST: true },
    { M: frames, D: rows * hidden, B: 1 },
  )
  const placed = viewed(m.g, sum, [frames * rows, hidden])
  let x = layerNorm(m, placed, `${prefix}pre_layernorm`, 'embed.norm', hidden, vision)
  for (let i = 0; i < vision.layers; i++)
    x = frameLayer(m, d, x, `${prefix}encoder.layers.${i}`, `${prefix}layers.${i}`)
  return x
}
