/**
 * LLaVA 1.5 (Liu et al. 2023) and LLaVA-NeXT (2024): the patches of CLIP's vision tower, projected into the space of a
 * language model's words, in the places of its image tokens. NeXT cuts an image into tiles as well, and ends each row
 * of what it puts together again by a learned row.
 */
import type { Flow } from '../../runtime/format.js'
import { fail } from '../errors.js'
import type { ConfigReader } from '../import/config.js'
import type { Derived } from '../import/derived.js'
import { build } from '../ir/builder.js'
import type { Graph } from '../ir/graph.js'
import { activationOf } from './blocks/activation.js'
import {
  type ClipVision,
  clipVisionDims,
  clipVisionRows,
  clipVisionStates,
  layersBefore,
  withoutClass,
} from './blocks/clip.js'
import { decoderGraph, decoderPrograms } from './blocks/decoder.js'
import {
  forwardCall,
  IMAGES,
  type ImageRows,
  ORDER,
  type Projector,
  project,
  putFeatures,
  textInput,
  withImages,
} from './blocks/images.js'
import { making, prefixOf } from './blocks/making.js'
import { maxPositions, type Rotary, rotaryDecoder } from './blocks/rotary.js'
import { textDecoder, textSection } from './text.js'
import type { Model, ModelFamily, ModelOptions, ProgramSpec } from './types.js'

interface Llava {
  text: Rotary
  vision: ClipVision
  /** Layers that run before those whose activations are taken, side by side. */
  layers: number[]
  /** Whether the class token's row is left out. */
  patchesOnly: boolean
  projector: Projector
  /** Rows of an image, or tile. */
  rows: number
  images: ImageRows
  /** NeXT: the sizes [height, width] that images are tiled at. */
  tiled?: [number, number][]
}

const VISION = [
  'vision_tower.vision_model.',
  'vision_tower.',
  'model.vision_tower.vision_model.',
  'model.vision_tower.',
]

function dims(config: ConfigReader, options: ModelOptions, family: string): Llava {
  const visionConfig = config.section('vision_config') ?? config
  const type = visionConfig.string('model_type', { default: 'clip_vision_model' })
  if (type !== 'clip_vision_model') fail('WGC423', [`a vision_config of model_type ${type}`, family])
  const probe = 'embeddings.patch_embedding.weight'
  const vision = clipVisionDims(visionConfig, prefixOf(options, probe, VISION))
  const text = textDecoder(config, options, family)
  const wanted = config.ints('vision_feature_layer')
  const layers = (wanted.length > 0 ? wanted : [-2]).map((i) => layersBefore(i, vision.layers))
  if (layers.length > 4) fail('WGC423', [`${layers.length} layers in vision_feature_layer`, family])
  const strategy = config.string('vision_feature_select_strategy', {
    default: 'default',
    oneOf: ['default', 'full'],
  })
  const patchesOnly = strategy === 'default'
  const rows = clipVisionRows(vision) - (patchesOnly ? 1 : 0)
  const tiled = family === 'llava_next' ? pinpoints(config) : undefined
  const tiles = tiled ? 1 + Math.max(...tiled.map(([h, w]) => tilesOf(h, w, vision))) : 1
  const newline = prefixOf(options, 'image_newline', ['', 'model.'])
  return {
    text,
    vision,
    layers,
    patchesOnly,
    rows,
    projector: {
      from: vision.hidden * layers.length,
      hidden: text.hidden,
      activation: activationOf(config, 'projector_hidden_act', family, 'gelu'),
      bias: config.bool('multimodal_projector_bias', { default: true }),
      prefix: `${prefixOf(options, 'multi_modal_projector.linear_1.weight', ['', 'model.'])}multi_modal_projector.`,
    },
    images: {
      token: config.int(['image_token_index', 'image_token_id'], { min: 0, default: 32000 }),
      rows: rows * Math.max(tiles, Math.floor(text.context / rows)),
      hidden: text.hidden,
      ...(tiled && {
        order: {
          length: text.context,
          extra: (m) => m.g.weight(`${newline}image_newline`, [text.hidden]),
        },
      }),
    },
    ...(tiled && { tiled }),
  }
}

const tilesOf = (height: number, width: number, { image: [tall, wide] }: ClipVision): number =>
  Math.floor(height / tall) * Math.floor(width / wide)

function pinpoints(config: ConfigReader): [number, number][] {
  const pairs = config.pairs('image_grid_pinpoints')
  return pairs.length > 0
    ? pairs
    : [
        [336, 672],
        [672, 336],
        [672, 672],
        [1008, 336],
        [336, 1008],
      ]
}

function vision(d: Llava, program: ProgramSpec, derived: Map<string, Derived>): Graph {
  const g = build(program.name, program.maxSeq, program.limits)
  const all = clipVisionRows(d.vision)
  const m = making(g, all, derived)
  const pixels = g.input('pixel_values', 'f32', [d.vision.channels, ...d.vision.image])
  const states = clipVisionStates(m, d.vision, pixels, Math.max(...d.layers))
  const taken = d.layers.map((layer, i) =>
    d.patchesOnly ? withoutClass(m, d.vision, states[layer]!, `features.${i}`) : states[layer]!,
  )
  const [a = '', b, c, e] = taken
  const hidden = d.vision.hidden
  const joined =
    b === undefined
      ? a
      : g.op(
          'concat',
          'features',
          { a, b, ...(c !== undefined && { c }), ...(e !== undefined && { d: e }) },
          { COUNT: taken.length, D: hidden * taken.length },
          {
            ...{ A: d.rows, S: 1, DA: hidden, DB: hidden },
            ...(c !== undefined && { DC: hidden }),
            ...(e !== undefined && { DD: hidden }),
          },
        )
  putFeatures(m, d.images, project({ ...m, rows: d.rows }, d.projector, joined))
  return g.graph
}

/** The order of rows, which the page computes from the image's size. */
function place(program: ProgramSpec): Graph {
  const g = build(program.name, program.maxSeq)
  g.given(ORDER, 'u32', ['seq'], 'order')
  return g.graph
}

function flowOf(d: Llava): Flow {
  const { channels, image, patch } = d.vision
  const see = (value: string) => ({
    program: 'vision',
    inputs: { pixel_values: value },
    outputs: {},
    each: [value],
    advance: d.rows,
    gives: [d.tiled ? 'tiles' : IMAGES],
  })
  if (!d.tiled)
    return {
      inputs: [textInput, { name: 'pixel_values', dtype: 'f32', shape: ['images', channels, ...image] }],
      calls: [see('pixel_values'), forwardCall()],
      outputs: ['logits'],
      generate: { prompt: 'input_ids' },
    }
  return {
    inputs: [
      textInput,
      { name: 'pixel_values', dtype: 'f32', shape: ['images', 'tiles', channels, ...image] },
      { name: 'image_sizes', dtype: 'u32', shape: ['images', 2] },
    ],
    calls: [
      {
        host: 'llava_next_tiles',
        args: { pinpoints: d.tiled.flat(), tile: image[0], side: image[0] / patch[0] },
        inputs: { pixel_values: 'pixel_values', image_sizes: 'image_sizes' },
        outputs: { tiles: 'tiles', order: 'order' },
      },
      see('tiles'),
      { program: 'place', inputs: { order: 'order' }, outputs: {}, needs: ['tiles'], gives: [IMAGES] },
      forwardCall(),
    ],
    outputs: ['logits'],
    generate: { prompt: 'input_ids' },
  }
}

function model(config: ConfigReader, options: ModelOptions, family: string): Model {
  const d = dims(config, options, family)
  const decoder = withImages(rotaryDecoder(d.text), d.images)
  const rows = clipVisionRows(d.vision)
  const programs: ProgramSpec[] = [
    ...decoderPrograms(d.text.context, d.text.vocab).map((p) => ({ ...p, component: 'decoder' })),
    { name: 'vision', seq: rows, maxSeq: rows, limits: { row: d.images.rows - d.rows }, component: 'vision' },
    ...(d.tiled ? [{ name: 'place', seq: 'seq', maxSeq: d.text.context, component: 'decoder' }] : []),
  ]
  const graph = (program: ProgramSpec, derived: Map<string, Derived>): Graph =>
    program.name === 'vision'
      ? vision(d, program, derived)
      : program.name === 'place'
        ? place(program)
        : decoderGraph(decoder, program, derived)
  const derived = new Map<string, Derived>()
  for (const program of programs) graph(program, derived)
  return {
    family,
    vocab: d.text.vocab,
    context: d.text.context,
    programs,
    derived: [...derived.values()],
    graph: (program) => graph(program, new Map()),
    flow: flowOf(d),
  }
}

const family = (name: string, architecture: string): ModelFamily => ({
  family: name,
  architectures: [architecture],
  maxContext: (config) => maxPositions(textSection(config)),
  model: (config, options) => model(config, options, name),
})

export const llava = family('llava', 'LlavaForConditionalGeneration')
export const llavaNext = family('llava_next', 'LlavaNextForConditionalGeneration')
