/**
 * CLIP's towers (Radford et al. 2021), of images and of texts, as families take them: whole, or the activations after
 * some of their layers.
 */
import { fail } from '../../errors.js'
import type { ConfigReader } from '../../import/config.js'
import { activationOf } from './activation.js'
import { embedding } from './decoder.js'
import { type EncoderLayer, type EncoderNames, encoderLayer, keyMask, rowsFrom } from './encoder.js'
import { linear } from './linear.js'
import type { Making } from './making.js'
import { layerNorm } from './norm.js'
import { inFront, type Patches, patchCount, patchRows } from './patches.js'
import { learnedPositions } from './positions.js'

export interface ClipTower extends EncoderLayer {
  layers: number
  /** What the names of its tensors begin with: `vision_model.` */
  prefix: string
}

export interface ClipVision extends ClipTower, Patches {}

export interface ClipText extends ClipTower {
  vocab: number
  /** The longest text. */
  positions: number
  /** Id of the token that a text is pooled at. */
  eos: number
}

/** What a config leaves out. */
interface TowerDefaults {
  hidden: number
  ffn: number
  heads: number
  eps?: number
  activation?: string
}

export function clipTowerDims(config: ConfigReader, usual: TowerDefaults, prefix: string): ClipTower {
  const hidden = config.int('hidden_size', { min: 1, default: usual.hidden })
  const heads = config.int('num_attention_heads', { min: 1, default: usual.heads })
  if (hidden % heads !== 0)
    fail('WGC422', [`hidden_size ${hidden} is no multiple of num_attention_heads ${heads}`])
  return {
    hidden,
    heads,
    ffn: config.int('intermediate_size', { min: 1, default: usual.ffn }),
    layers: config.int('num_hidden_layers', { min: 1, default: 12 }),
    eps: config.number('layer_norm_eps', { default: usual.eps ?? 1e-5, min: 0 }),
    activation: activationOf(config, 'hidden_act', 'clip', usual.activation ?? 'quick_gelu'),
    norm: 'before',
    prefix,
  }
}

/** Dimensions of a `vision_config`. What it leaves out is as transformers has it. */
export function clipVisionDims(
  config: ConfigReader,
  prefix = 'vision_model.',
  usual: TowerDefaults & { patch: number } = { hidden: 768, ffn: 3072, heads: 12, patch: 32 },
): ClipVision {
  const image = config.int('image_size', { min: 1, default: 224 })
  const patch = config.int('patch_size', { min: 1, default: usual.patch })
  if (patch > image) fail('WGC422', [`patch_size ${patch} is more than image_size ${image}`])
  return {
    ...clipTowerDims(config, usual, prefix),
    channels: config.int('num_channels', { min: 1, default: 3 }),
    image: [image, image],
    patch: [patch, patch],
  }
}

/** Dimensions of a `text_config`. */
export const clipTextDims = (
  config: ConfigReader,
  prefix = 'text_model.',
  usual: TowerDefaults & { vocab: number; positions: number } = {
    ...{ hidden: 512, ffn: 2048, heads: 8 },
    ...{ vocab: 49408, positions: 77 },
  },
): ClipText => ({
  ...clipTowerDims(config, usual, prefix),
  causal: true,
  vocab: config.int('vocab_size', { min: 1, default: usual.vocab }),
  positions: config.int('max_position_embeddings', { min: 1, default: usual.positions }),
  eos: config.int('eos_token_id', { min: 0, default: 49407 }),
})

/** Rows of an image: its class, and a patch each. */
export const clipVisionRows = (d: ClipVision): number => 1 + patchCount(d)

/** An entry of transformers' `hidden_states` as layers that ran before it; -1 is the last, -2 the one before. */
export function layersBefore(index: number, layers: number): number {
  const count = index < 0 ? layers + 1 + index : index
  return count >= 0 && count <= layers
    ? count
    : fail('WGC422', [`layer ${index} is none of the ${layers} of the vision tower`])
}

/** Tensors of a layer, in CLIP's names. */
export const clipNames = (layer: string): EncoderNames => ({
  q: `${layer}.self_attn.q_proj`,
  k: `${layer}.self_attn.k_proj`,
  v: `${layer}.self_attn.v_proj`,
  o: `${layer}.self_attn.out_proj`,
  norms: [`${layer}.layer_norm1`, `${layer}.layer_norm2`],
  up: `${layer}.mlp.fc1`,
  down: `${layer}.mlp.fc2`,
})

/** x, and what it is after each of the first `layers` layers: transformers' `hidden_states`. */
export function clipLayers(m: Making, d: ClipTower, x: string, layers: number, mask?: string): string[] {
  const states = [x]
  for (let i = 0; i < layers; i++)
    states.push(
      encoderLayer(
        m,
        d,
        states[i]!,
        clipNames(`${d.prefix}encoder.layers.${i}`),
        `${d.prefix}layers.${i}`,
        mask,
      ),
    )
  return states
}

/**
 * Activations of an image [channels, height, width] after none, one, … of its first `layers` layers, each
 * [clipVisionRows(d), hidden]; `m.rows` is that many.
 */
export function clipVisionStates(m: Making, d: ClipVision, pixels: string, layers = d.layers): string[] {
  const { hidden, prefix } = d
  const rows = clipVisionRows(d)
  const patches = patchRows(m, d, pixels, { from: `${prefix}embeddings.patch_embedding` })
  const first = m.g.weight(`${prefix}embeddings.class_embedding`, [hidden])
  const all = inFront(m, first, patches, [1, rows - 1, hidden], 'embed.class')
  const placed = learnedPositions(m, all, `${prefix}embeddings.position_embedding.weight`, [rows, hidden])
  // Misspelt in the files too.
  const normed = layerNorm(m, placed, `${prefix}pre_layrnorm`, 'embed.norm', hidden, d)
  return clipLayers(m, d, normed, layers)
}

/** Rows of the patches alone, of activations of an image. */
export const withoutClass = (m: Making, d: ClipVision, x: string, name: string): string =>
  rowsFrom(m, x, [1, patchCount(d)], d.hidden, clipVisionRows(d), name)

/** The normed row [1, hidden] of the class, of the last layer's activations. */
export function clipVisionPooled(m: Making, d: ClipVision, x: string): string {
  const first = rowsFrom(m, x, [0, 1], d.hidden, clipVisionRows(d), 'pool.class')
  return layerNorm({ ...m, rows: 1 }, first, `${d.prefix}post_layernorm`, 'pool.norm', d.hidden, d)
}

/**
 * Activations of a text after none, one, … of its first `layers` layers, each [m.rows, hidden], not normed.
 * `ids`: u32 [m.rows]; `mask`: ones and zeros [m.rows], 0 at tokens that none sees.
 */
export function clipTextStates(
  m: Making,
  d: ClipText,
  { ids, mask }: { ids: string; mask?: string },
  layers = d.layers,
): string[] {
  const at = `${d.prefix}embeddings`
  const words = embedding(m, ids, `${at}.token_embedding.weight`, [d.vocab, d.hidden], d.positions)
  const placed = learnedPositions(m, words, `${at}.position_embedding.weight`, [d.positions, d.hidden])
  return clipLayers(m, d, placed, layers, mask === undefined ? undefined : keyMask(m, mask))
}

export const clipTextNorm = (m: Making, d: ClipText, x: string): string =>
  layerNorm(m, x, `${d.prefix}final_layer_norm`, 'text.norm', d.hidden, d)

/**
 * The row [1, hidden] of a normed text where its token `eos` first stands; where none does, the first. A config with
 * the eos 2 is of old files, whose eos it does not name: there it is the largest id.
 */
export function clipTextPooled({ g, rows }: Making, d: ClipText, x: string, ids: string): string {
  const numbers = g.op('from_ids', 'pool.ids', { x: ids }, {}, { N: rows })
  const scored = () => {
    const eos = g.constant('pool.eos', [1], new Float32Array([d.eos]))
    return g.op(
      'binary',
      'pool.matches',
      { a: numbers, b: eos },
      { OP: 'equal', BCAST: true },
      { M: rows, D: 1, B: 1 },
    )
  }
  const at = g.op(
    'argreduce',
    'pool.at',
    { x: d.eos === 2 ? numbers : scored() },
    { OP: 'argmax', PICK: 'first' },
    { A: 1, D: rows, S: 1 },
  )
  return g.op('gather', 'pool.row', { x, ids: at }, {}, { A: 1, V: rows, S: d.hidden, M: 1 })
}

/** A pooled row [1, hidden] in the space that images and texts share, [1, size]: `<from>.weight`, without bias. */
export const projected = (
  m: Making,
  x: string,
  from: string,
  [size, hidden]: [size: number, hidden: number],
  name: string,
): string => linear(m, x, name, [size, hidden], { from })
