/**
 * CLIP (Radford et al. 2021): images and texts as vectors of one space, whose products say what goes with what. Its
 * towers are parts that load by themselves, and models of their own.
 */

import { fail } from '../errors.js'
import { type ConfigReader, configReader } from '../import/config.js'
import type { Derived } from '../import/derived.js'
import { build } from '../ir/builder.js'
import type { Graph } from '../ir/graph.js'
import {
  type ClipText,
  type ClipVision,
  clipTextDims,
  clipTextNorm,
  clipTextPooled,
  clipTextStates,
  clipVisionDims,
  clipVisionPooled,
  clipVisionRows,
  clipVisionStates,
  projected,
} from './blocks/clip.js'
import { same } from './blocks/flow.js'
import { type Making, making, prefixOf } from './blocks/making.js'
import { SIMILAR, similarities } from './blocks/similarities.js'
import type { Model, ModelFamily, ModelOptions, ProgramSpec } from './types.js'

interface Clip {
  text?: ClipText
  vision?: ClipVision
  /** Size of the space that images and texts share. */
  space?: number
  /** Whether both are there: embeddings have length 1, and outputs no tower by itself is asked for are left out. */
  both: boolean
}

/** A config's section; what a config leaves out is as transformers has it. Old files have a second, which counts. */
const section = (config: ConfigReader, part: 'text' | 'vision'): ConfigReader =>
  config.section([`${part}_config_dict`, `${part}_config`]) ??
  configReader({}, config.file, `${part}_config.`)

/** A tower by itself has a config by itself, or is all that is wanted of both. */
const ownSection = (config: ConfigReader, part: 'text' | 'vision'): ConfigReader =>
  config.has([`${part}_config_dict`, `${part}_config`]) ? section(config, part) : config

function dims(config: ConfigReader, options: ModelOptions): Clip {
  const [architecture = ''] = config.strings('architectures')
  const type = config.string('model_type')
  const alone =
    /^CLIP(Text|Vision)Model/.exec(architecture)?.[1] ?? /^clip_(text|vision)_model$/.exec(type)?.[1]
  const prefixed = (part: 'text' | 'vision', tensor: string) =>
    prefixOf(options, tensor, [`${part}_model.`, ''])
  const textPrefix = () => prefixed('text', 'embeddings.token_embedding.weight')
  const visionPrefix = () => prefixed('vision', 'embeddings.class_embedding')
  const space = (from: ConfigReader) => from.int('projection_dim', { min: 1, default: 512 })
  switch (alone?.toLowerCase()) {
    case 'text': {
      const own = ownSection(config, 'text')
      const wants = /WithProjection$/.test(architecture) && { space: space(own) }
      return { text: clipTextDims(own, textPrefix()), both: false, ...wants }
    }
    case 'vision': {
      const own = ownSection(config, 'vision')
      const wants = /WithProjection$/.test(architecture) && { space: space(own) }
      return { vision: clipVisionDims(own, visionPrefix()), both: false, ...wants }
    }
    default:
      return {
        text: clipTextDims(section(config, 'text')),
        vision: clipVisionDims(section(config, 'vision')),
        space: space(config),
        both: true,
      }
  }
}

/** A pooled row [1, hidden], or where there is one its vector in the space, as an output. */
function embeds(m: Making, d: Clip, pooled: string, hidden: number, from: string, name: string): void {
  const { g } = m
  if (d.space === undefined) {
    g.output(pooled, 'pooler_output', [hidden])
    return
  }
  const vector = projected(m, pooled, from, [d.space, hidden], `${name}.projected`)
  g.output(d.both ? g.op('l2norm', name, { x: vector }, {}, { M: 1 }) : vector, name, [d.space])
}

function text(m: Making, d: Clip, t: ClipText): void {
  const ids = m.g.input('input_ids', 'u32', ['seq'])
  const mask = m.g.input('attention_mask', 'f32', ['seq'])
  const last = clipTextStates(m, t, { ids, mask }).at(-1)!
  // Only where all rows are wanted are all normed.
  const normed = d.both ? clipTextPooled(m, t, last, ids) : clipTextNorm(m, t, last)
  const pooled = d.both ? clipTextNorm({ ...m, rows: 1 }, t, normed) : clipTextPooled(m, t, normed, ids)
  embeds(m, d, pooled, t.hidden, 'text_projection', 'text_embeds')
  if (!d.both) m.g.output(normed, 'last_hidden_state')
}

function vision(m: Making, d: Clip, v: ClipVision): void {
  const pixels = m.g.input('pixel_values', 'f32', [v.channels, ...v.image])
  const last = clipVisionStates(m, v, pixels).at(-1)!
  embeds(m, d, clipVisionPooled(m, v, last), v.hidden, 'visual_projection', 'image_embeds')
  if (!d.both) m.g.output(last, 'last_hidden_state')
}

function graph(d: Clip, program: ProgramSpec, derived: Map<string, Derived>): Graph {
  const g = build(program.name, program.maxSeq, program.limits)
  const m = making(g, program.seq, derived)
  if (program.name === 'text') text(m, d, d.text!)
  if (program.name === 'vision') vision(m, d, d.vision!)
  if (program.name === 'similarity') similarities(m, d.space!)
  return g.graph
}

const outputsOf = (g: Graph) =>
  [...g.tensors.values()].filter((t) => t.kind === 'output').map((t) => t.alias ?? t.name)

export const clip: ModelFamily = {
  family: 'clip',
  types: ['clip_text_model', 'clip_vision_model'],
  architectures: [
    'CLIPModel',
    'CLIPTextModel',
    'CLIPTextModelWithProjection',
    'CLIPVisionModel',
    'CLIPVisionModelWithProjection',
  ],
  maxContext: (config) => ownSection(config, 'text').int('max_position_embeddings', { min: 1, default: 77 }),
  model(config, options): Model {
    const d = dims(config, options)
    const { text, vision, both } = d
    const rows = vision ? clipVisionRows(vision) : 1
    const part = (component: string) => (both ? { component } : {})
    const programs: ProgramSpec[] = [
      ...(text
        ? [{ name: 'text', seq: 'seq', maxSeq: Math.min(options.context, text.positions), ...part('text') }]
        : []),
      ...(vision ? [{ name: 'vision', seq: rows, maxSeq: rows, ...part('vision') }] : []),
      ...(both ? [{ name: 'similarity', seq: 1, maxSeq: 1, limits: SIMILAR }] : []),
    ]
    const derived = new Map<string, Derived>()
    const graphs = programs.map((program) => graph(d, program, derived))
    const calls = programs.map(({ name }, i) => {
      const inputs = [...graphs[i]!.tensors.values()].filter((t) => t.kind === 'input').map((t) => t.name)
      const each = name === 'similarity' ? {} : { each: inputs }
      return { program: name, inputs: same(inputs), outputs: same(outputsOf(graphs[i]!)), ...each }
    })
    if (programs.length === 0) fail('WGC901', ['clip without a tower'])
    return {
      family: 'clip',
      vocab: text?.vocab ?? 0,
      context: text ? Math.min(options.context, text.positions) : 1,
      programs,
      derived: [...derived.values()],
      graph: (spec) => graph(d, spec, new Map()),
      flow: {
        inputs: [
          ...(text
            ? [
                { name: 'input_ids', dtype: 'u32' as const, shape: ['batch', 'tokens'] },
                { name: 'attention_mask', dtype: 'f32' as const, shape: ['batch', 'tokens'], fill: 1 },
              ]
            : []),
          ...(vision
            ? [
                {
                  name: 'pixel_values',
                  dtype: 'f32' as const,
                  shape: ['batch', vision.channels, ...vision.image],
                },
              ]
            : []),
        ],
        calls,
        outputs: calls.flatMap((call) => Object.values(call.outputs)),
      },
    }
  },
}
