/**
 * X-CLIP (Ni et al. 2022): videos and texts as vectors of one space. Frames are encoded as CLIP's images are, with a
 * message from each to the others in every layer; a transformer over frames makes them one vector. What the video
 * shows then changes the texts, so that texts have vectors of their own for each video.
 */

import { fail } from '../errors.js'
import { type ConfigReader, configReader } from '../import/config.js'
import { type Derived, reshaped, transposed } from '../import/derived.js'
import { build } from '../ir/builder.js'
import type { Graph } from '../ir/graph.js'
import { activationOf } from './blocks/activation.js'
import {
  type ClipText,
  type ClipTower,
  clipLayers,
  clipTextDims,
  clipTextNorm,
  clipTextPooled,
  clipTextStates,
  clipVisionDims,
  projected,
} from './blocks/clip.js'
import { attention, feedForward } from './blocks/encoder.js'
import { same } from './blocks/flow.js'
import { type Frames, ofEachFrame, rowsOfFrames, watchFrames } from './blocks/frames.js'
import { add, linear } from './blocks/linear.js'
import { graphsOf, type Making, making, viewed } from './blocks/making.js'
import { layerNorm } from './blocks/norm.js'
import { patchCount } from './blocks/patches.js'
import { exponential } from './blocks/similarities.js'
import type { Model, ModelFamily, ProgramSpec } from './types.js'

interface Prompts {
  layers: number
  heads: number
  activation: string
}

interface Xclip extends Frames {
  text: ClipText
  /** The transformer over frames. */
  mit: ClipTower
  prompts: Prompts
  /** Size of the space that videos and texts share. */
  space: number
}

/** The most texts that are compared with a video at once. */
const TEXTS = 256

function dims(config: ConfigReader): Xclip {
  const section = (part: 'text' | 'vision') =>
    config.section([`${part}_config_dict`, `${part}_config`]) ??
    configReader({}, config.file, `${part}_config.`)
  const space = config.int('projection_dim', { min: 1, default: 512 })
  const eyes = section('vision')
  const vision = clipVisionDims(eyes)
  const mitHidden = eyes.int('mit_hidden_size', { min: 1, default: 512 })
  const mitHeads = eyes.int('mit_num_attention_heads', { min: 1, default: 8 })
  const heads = config.int('prompt_num_attention_heads', { min: 1, default: 8 })
  if (mitHidden !== space) fail('WGC422', [`mit_hidden_size ${mitHidden} is not projection_dim ${space}`])
  if (space % mitHeads !== 0)
    fail('WGC422', [`mit_hidden_size ${space} is no multiple of mit_num_attention_heads ${mitHeads}`])
  if (space % heads !== 0)
    fail('WGC422', [`projection_dim ${space} is no multiple of prompt_num_attention_heads ${heads}`])
  return {
    // Texts are pooled at their largest id, whatever the config says.
    text: { ...clipTextDims(section('text')), eos: 2 },
    vision,
    mit: {
      ...{ hidden: space, heads: mitHeads, prefix: 'mit.', norm: 'before' },
      ...{ eps: vision.eps, activation: vision.activation },
      ffn: eyes.int('mit_intermediate_size', { min: 1, default: 2048 }),
      layers: eyes.int('mit_num_hidden_layers', { min: 1, default: 1 }),
    },
    prompts: {
      layers: config.int('prompt_layers', { min: 0, default: 2 }),
      heads,
      activation: activationOf(config, 'prompt_hidden_act', 'xclip', 'quick_gelu'),
    },
    frames: eyes.int('num_frames', { min: 1, default: 8 }),
    space,
  }
}

/** Frames [frames, space] as one vector [1, space] of length 1. */
function integrated(m: Making, d: Xclip, frames: string): string {
  const few = { ...m, rows: d.frames }
  const positions = few.derive(
    reshaped(
      'mit.position_embedding[rows]',
      'mit.position_embedding',
      [1, d.frames, d.space],
      [d.frames * d.space],
    ),
  )
  const sizes = { M: 1, D: d.frames * d.space, B: 1 }
  const sum = m.g.op(
    'binary',
    'mit.positions',
    { a: frames, b: positions },
    { OP: 'add', BCAST: true },
    sizes,
  )
  const placed = viewed(m.g, sum, [d.frames, d.space])
  const last = clipLayers(few, d.mit, placed, d.mit.layers).at(-1)!
  const both = add(few, last, frames, 'mit.residual')
  // Of a sum as of a mean: both have the same direction.
  const pooled = m.g.op('reduce', 'mit.sum', { x: both }, { OP: 'sum' }, { A: 1, D: d.frames, S: d.space })
  return m.g.op('l2norm', 'video_embeds', { x: pooled }, {}, { M: 1 })
}

function video(m: Making, d: Xclip): void {
  const { vision, frames, space } = d
  const { hidden, prefix } = vision
  const count = patchCount(vision)
  const x = watchFrames(m, d, m.g.input('pixel_values', 'f32', [frames, vision.channels, ...vision.image]))
  const first = ofEachFrame(m, d, x, [0, 1], 'pool.classes')
  const pooled = layerNorm(
    { ...m, rows: frames },
    first,
    `${prefix}post_layernorm`,
    'pool.norm',
    hidden,
    vision,
  )
  const seen = projected(m, pooled, 'visual_projection', [space, hidden], 'pool.projected')
  m.g.output(integrated(m, d, seen), 'video_embeds', [space])
  const patches = ofEachFrame(m, d, x, [1, count], 'shown.patches')
  const wide = { ...m, rows: frames * count }
  const normed = layerNorm(wide, patches, 'prompts_visual_layernorm', 'shown.norm', hidden, vision)
  // The mean of products is the product of the mean.
  const mean = m.g.op(
    'reduce',
    'shown.mean',
    { x: normed },
    { OP: 'mean' },
    { A: 1, D: frames, S: count * hidden },
  )
  const few = { ...m, rows: count }
  const weight = m.derive(
    transposed('prompts_visual_projection[turned]', 'prompts_visual_projection', [space, hidden]),
  )
  const shown = linear(few, viewed(m.g, mean, [count, hidden]), 'shown.projected', [space, hidden], {
    from: 'prompts_visual_projection',
    weight,
  })
  const last = layerNorm(few, shown, 'prompts_generator.layernorm', 'shown.last', space, vision)
  m.g.output(last, 'video_features', [count, space])
}

function text(m: Making, d: Xclip): void {
  const ids = m.g.input('input_ids', 'u32', ['seq'])
  const mask = m.g.input('attention_mask', 'f32', ['seq'])
  const { text, space } = d
  const last = clipTextStates(m, text, { ids, mask }).at(-1)!
  const pooled = clipTextNorm({ ...m, rows: 1 }, text, clipTextPooled(m, text, last, ids))
  const features = projected(m, pooled, 'text_projection', [space, text.hidden], 'text_features')
  m.g.output(features, 'text_features', [space])
}

/** Texts [texts, space] changed by what a video shows, [patches, space], and how well they go with it. */
function prompts(m: Making, d: Xclip): void {
  const { g, rows } = m
  const { space, prompts, vision } = d
  const count = patchCount(vision)
  const given = g.input('text_features', 'f32', [rows, space])
  const shown = g.input('video_features', 'f32', [count, space])
  const video = g.input('video_embeds', 'f32', [space])
  const eps = { eps: d.text.eps }
  let x = given
  for (let i = 0; i < prompts.layers; i++) {
    const layer = `prompts_generator.decoder.${i}`
    const at = `prompts.${i}`
    const part = (name: string) => `${layer}.cross_attn.${name}`
    const names = { q: part('q_proj'), k: part('k_proj'), v: part('v_proj'), o: part('proj') }
    const normed = layerNorm(m, x, `${layer}.norm1`, `${at}.norm1`, space, eps)
    const seen = { x: shown, rows: count }
    const heads = { ...d.mit, heads: prompts.heads, qkvBias: false }
    const y = add(m, attention(m, heads, normed, names, at, { seen }), x, `${at}.residual1`)
    const fed = feedForward(
      m,
      { hidden: space, ffn: 4 * space, activation: prompts.activation },
      layerNorm(m, y, `${layer}.norm3`, `${at}.norm3`, space, eps),
      { up: `${layer}.mlp.0`, down: `${layer}.mlp.3` },
      at,
    )
    x = add(m, fed, y, `${at}.residual2`)
  }
  const alpha = g.weight('prompts_generator.alpha', [space])
  const weighed = g.op('binary', 'prompts.weighed', { a: x, b: alpha }, { OP: 'mul', BCAST: true })
  const sum = add(m, weighed, given, 'prompts.sum')
  const embeds = g.op('l2norm', 'text_embeds', { x: sum })
  const products = g.op(
    'matmul',
    'products',
    { a: embeds, b: video },
    { TB: true },
    { B: 1, BB: 1, M: rows, N: 1, K: space },
  )
  const scaled = g.op(
    'binary',
    'scaled',
    { a: products, b: m.derive(exponential('logit_scale')) },
    { OP: 'mul', BCAST: true },
    { M: rows, D: 1, B: 1 },
  )
  g.output(embeds, 'text_embeds')
  g.output(scaled, 'logits_per_video', [rows])
}

function turned({ g }: Making): void {
  const [videos, texts] = ['videos', 'seq']
  const x = g.input('logits_per_video', 'f32', [videos, texts])
  const y = g.op('transpose', 'logits_per_text', { x }, {}, { B: 1, M: videos, N: texts })
  g.output(y, 'logits_per_text', [texts, videos])
}

const parts: Record<string, (m: Making, d: Xclip) => void> = { text, video, prompts, turned }

function graph(d: Xclip, program: ProgramSpec, derived: Map<string, Derived>): Graph {
  const g = build(program.name, program.maxSeq, program.limits)
  parts[program.name]!(making(g, program.seq, derived), d)
  return g.graph
}

export const xclip: ModelFamily = {
  family: 'xclip',
  architectures: ['XCLIPModel'],
  maxContext: (config) =>
    (config.section('text_config') ?? config).int('max_position_embeddings', { min: 1, default: 77 }),
  model(config, options): Model {
    const d = dims(config)
    const context = Math.min(options.context, d.text.positions)
    const rows = rowsOfFrames(d)
    const programs: ProgramSpec[] = [
      { name: 'text', seq: 'seq', maxSeq: context, component: 'text' },
      { name: 'video', seq: rows, maxSeq: rows, component: 'vision' },
      { name: 'prompts', seq: 'seq', maxSeq: TEXTS },
      { name: 'turned', seq: 'seq', maxSeq: TEXTS, limits: { videos: 256 } },
    ]
    const { frames, vision } = d
    return {
      family: 'xclip',
      vocab: d.text.vocab,
      context,
      ...graphsOf(programs, (spec, derived) => graph(d, spec, derived)),
      flow: {
        inputs: [
          { name: 'input_ids', dtype: 'u32', shape: ['batch', 'tokens'] },
          { name: 'attention_mask', dtype: 'f32', shape: ['batch', 'tokens'], fill: 1 },
          { name: 'pixel_values', dtype: 'f32', shape: ['batch', frames, vision.channels, ...vision.image] },
        ],
        calls: [
          {
            program: 'text',
            inputs: same(['input_ids', 'attention_mask']),
            outputs: same(['text_features']),
            each: ['input_ids', 'attention_mask'],
          },
          {
            program: 'video',
            inputs: same(['pixel_values']),
            outputs: same(['video_embeds', 'video_features']),
            each: ['pixel_values'],
          },
          {
            program: 'prompts',
            inputs: same(['text_features', 'video_features', 'video_embeds']),
            outputs: same(['text_embeds', 'logits_per_video']),
            each: ['video_features', 'video_embeds'],
          },
          { program: 'turned', inputs: same(['logits_per_video']), outputs: same(['logits_per_text']) },
        ],
        outputs: ['logits_per_video', 'logits_per_text', 'text_embeds', 'video_embeds'],
      },
    }
  },
}
