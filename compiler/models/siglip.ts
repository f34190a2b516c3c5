/**
 * SigLIP (Zhai et al. 2023): CLIP's towers without a class's row or a causal mask. Images are pooled by attention of a
 * learned row, texts at their last token, padding included, as it was trained.
 */

import { fail } from '../errors.js'
import { type ConfigReader, configReader } from '../import/config.js'
import { type Derived, reshaped, rowsOf } from '../import/derived.js'
import { build } from '../ir/builder.js'
import type { Graph } from '../ir/graph.js'
import {
  type ClipText,
  type ClipVision,
  clipLayers,
  clipTextDims,
  clipTextStates,
  clipVisionDims,
} from './blocks/clip.js'
import { feedForward } from './blocks/encoder.js'
import { same } from './blocks/flow.js'
import { add, linear } from './blocks/linear.js'
import { graphsOf, type Making, making, viewed } from './blocks/making.js'
import { layerNorm } from './blocks/norm.js'
import { patchCount, patchRows } from './blocks/patches.js'
import { learnedPositions } from './blocks/positions.js'
import { SIMILAR, similarities } from './blocks/similarities.js'
import type { Model, ModelFamily, ProgramSpec } from './types.js'

interface Siglip {
  text: ClipText
  vision: ClipVision
}

function dims(config: ConfigReader): Siglip {
  const section = (part: 'text' | 'vision') =>
    config.section(`${part}_config`) ?? configReader({}, config.file, `${part}_config.`)
  const usual = { hidden: 768, ffn: 3072, heads: 12, eps: 1e-6, activation: 'gelu_pytorch_tanh' }
  const words = section('text')
  const { hidden, ...text } = clipTextDims(words, 'text_model.', { ...usual, vocab: 32000, positions: 64 })
  const vision = clipVisionDims(section('vision'), 'vision_model.', { ...usual, patch: 16 })
  const size = words.int('projection_size', { min: 1, default: hidden })
  if (size !== vision.hidden)
    fail('WGC422', [`projection_size ${size} is not the hidden_size ${vision.hidden} of images`])
  return { text: { ...text, hidden, causal: false }, vision }
}

/** A row [1, hidden] of all rows of an image, by attention of a learned row to them. */
function pooled(m: Making, d: ClipVision, x: string): string {
  const { g } = m
  const { hidden, heads } = d
  const head = `${d.prefix}head`
  const one = { ...m, rows: 1 }
  const part = (i: number, from: string, name: string) => {
    const rows: [number, number] = [i * hidden, (i + 1) * hidden]
    const source = (kind: 'weight' | 'bias') => `${head}.attention.in_proj_${kind}`
    const whole = { name: source('weight'), shape: [3 * hidden, hidden] }
    return linear(m, from, `pool.${name}`, [hidden, hidden], {
      from: head,
      bias: true,
      weight: m.derive(rowsOf(`${whole.name}[${name}]`, whole, rows)),
      biasVector: m.derive(
        rowsOf(`${source('bias')}[${name}]`, { name: source('bias'), shape: [3 * hidden] }, rows),
      ),
    })
  }
  const probe = m.derive(reshaped(`${head}.probe[row]`, `${head}.probe`, [1, 1, hidden], [hidden]))
  // A row that a product reads is made by a node: weights are matrices.
  const asked = viewed(g, g.op('copy_nd', 'pool.probe', { x: probe }, { D5: hidden }, { XN: hidden }), [
    1,
    hidden,
  ])
  const size = hidden / heads
  const mixed = g.op(
    'sdpa',
    'pool.attention',
    { q: part(0, asked, 'q'), k: part(1, x, 'k'), v: part(2, x, 'v') },
    { H: heads, KVH: heads, HD: size, VD: size, SCALE: 1 / Math.sqrt(size) },
    { B: 1, M: 1, L: patchCount(d) },
  )
  const y = linear(one, viewed(g, mixed, [1, hidden]), 'pool.o', [hidden, hidden], {
    from: `${head}.attention.out_proj`,
    bias: true,
  })
  const normed = layerNorm(one, y, `${head}.layernorm`, 'pool.norm', hidden, d)
  const names = { up: `${head}.mlp.fc1`, down: `${head}.mlp.fc2` }
  return add(one, feedForward(one, d, normed, names, 'pool'), y, 'pool.residual')
}

/** A row as a vector of length 1. */
const embeds = ({ g }: Making, row: string, name: string, size: number): void =>
  g.output(g.op('l2norm', name, { x: row }, {}, { M: 1 }), name, [size])

function vision(m: Making, { vision: d }: Siglip): void {
  const { hidden, prefix } = d
  const pixels = m.g.input('pixel_values', 'f32', [d.channels, ...d.image])
  const at = `${prefix}embeddings`
  const rows = patchRows(m, d, pixels, { from: `${at}.patch_embedding`, bias: true })
  const placed = learnedPositions(m, rows, `${at}.position_embedding.weight`, [patchCount(d), hidden])
  const last = clipLayers(m, d, placed, d.layers).at(-1)!
  const normed = layerNorm(m, last, `${prefix}post_layernorm`, 'norm', hidden, d)
  embeds(m, pooled(m, d, normed), 'image_embeds', hidden)
}

function text(m: Making, { text: d, vision: { hidden: size } }: Siglip): void {
  const { g } = m
  const ids = g.input('input_ids', 'u32', ['seq'])
  const mask = g.input('attention_mask', 'f32', ['seq'])
  const last = clipTextStates(m, d, { ids, mask }).at(-1)!
  const from = `${d.prefix}final_layer_norm`
  const row = layerNorm({ ...m, rows: 1 }, last, from, 'text.norm', d.hidden, { eps: d.eps, last: true })
  const head = linear(m, row, 'text.head', [size, d.hidden], { from: `${d.prefix}head`, bias: true })
  embeds(m, head, 'text_embeds', size)
}

const parts: Record<string, (m: Making, d: Siglip) => void> = {
  text,
  vision,
  similarity: (m, d) => similarities(m, d.vision.hidden, { scale: [1], bias: 'logit_bias' }),
}

function graph(d: Siglip, program: ProgramSpec, derived: Map<string, Derived>): Graph {
  const g = build(program.name, program.maxSeq, program.limits)
  parts[program.name]!(making(g, program.seq, derived), d)
  return g.graph
}

export const siglip: ModelFamily = {
  family: 'siglip',
  architectures: ['SiglipModel'],
  maxContext: (config) =>
    (config.section('text_config') ?? config).int('max_position_embeddings', { min: 1, default: 64 }),
  model(config, options): Model {
    const d = dims(config)
    const rows = patchCount(d.vision)
    const context = Math.min(options.context, d.text.positions)
    const programs: ProgramSpec[] = [
      { name: 'text', seq: 'seq', maxSeq: context, component: 'text' },
      { name: 'vision', seq: rows, maxSeq: rows, component: 'vision' },
      { name: 'similarity', seq: 1, maxSeq: 1, limits: SIMILAR },
    ]
    const { channels, image } = d.vision
    const logits = ['logits_per_image', 'logits_per_text']
    return {
      family: 'siglip',
      vocab: d.text.vocab,
      context,
      ...graphsOf(programs, (spec, derived) => graph(d, spec, derived)),
      flow: {
        inputs: [
          { name: 'input_ids', dtype: 'u32', shape: ['batch', 'tokens'] },
          { name: 'attention_mask', dtype: 'f32', shape: ['batch', 'tokens'], fill: 1 },
          { name: 'pixel_values', dtype: 'f32', shape: ['batch', channels, ...image] },
        ],
        calls: [
          {
            program: 'text',
            inputs: same(['input_ids', 'attention_mask']),
            outputs: same(['text_embeds']),
            each: ['input_ids', 'attention_mask'],
          },
          {
            program: 'vision',
            inputs: same(['pixel_values']),
            outputs: same(['image_embeds']),
            each: ['pixel_values'],
          },
          { program: 'similarity', inputs: same(['image_embeds', 'text_embeds']), outputs: same(logits) },
        ],
        outputs: ['text_embeds', 'image_embeds', ...logits],
      },
    }
  },
}
