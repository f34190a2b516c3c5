/** EnCodec (Défossez et al. 2022): sound from the codes of a residual quantiser. Its networks are in blocks/encodec.ts. */
import { backendLimits } from '../build/limits.js'
import type { ConfigReader } from '../import/config.js'
import type { Derived } from '../import/derived.js'
import { build } from '../ir/builder.js'
import type { Graph } from '../ir/graph.js'
import { type Codec, codecOf, fromCodes, seanetDecoder } from './blocks/encodec.js'
import { graphsOf, making } from './blocks/making.js'
import type { Model, ModelFamily, ModelOptions, ProgramSpec } from './types.js'

/** Frames of at most 30 s, of a chunk where the model has those, three of whose widest tensors are within a buffer. */
function most(config: ConfigReader): number {
  const d = codecOf(config, '')
  const hop = d.ratios.reduce((n, r) => n * r, 1)
  const rate = config.int('sampling_rate', { min: 1, default: 24000 })
  const samples = d.chunk?.samples ?? 30 * rate
  let places = 1
  let widest = d.hidden
  let channels = d.filters * 2 ** d.ratios.length
  for (const ratio of d.ratios) {
    widest = Math.max(widest, channels * places)
    places *= ratio
    channels /= 2
    widest = Math.max(widest, channels * places)
  }
  const fitting = Math.floor(backendLimits.webgpu.buffer / 12 / widest) - 8
  return Math.max(1, Math.min(Math.ceil(samples / hop), fitting))
}

function graph(d: Codec, options: ModelOptions, program: ProgramSpec, derived: Map<string, Derived>): Graph {
  const g = build(program.name, program.maxSeq, program.limits)
  const m = making(g, 'frames', derived)
  const codes = g.input('codes', 'u32', ['codebooks', 'frames'])
  const scale = d.normalize ? g.input('scale', 'f32', [1]) : undefined
  const rows = fromCodes(m, d, codes, ['codebooks', 'frames'])
  const sound = seanetDecoder(m, { d, options }, rows, 'frames')
  const out = scale
    ? g.op(
        'binary',
        'scaled',
        { a: sound.x, b: scale },
        { OP: 'mul', BCAST: true },
        { M: ['*', sound.places, d.channels], D: 1 },
      )
    : sound.x
  g.output(out, 'audio', [d.channels, sound.places])
  return g.graph
}

export const encodec: ModelFamily = {
  family: 'encodec',
  architectures: ['EncodecModel'],
  maxContext: most,
  model(config, options): Model {
    const d = codecOf(config, '')
    const programs: ProgramSpec[] = [
      {
        name: 'synthesize',
        seq: 1,
        maxSeq: 1,
        limits: { frames: options.context, codebooks: d.books },
        component: 'decoder',
      },
    ]
    return {
      family: 'encodec',
      vocab: d.entries,
      context: options.context,
      ...graphsOf(programs, (spec, derived) => graph(d, options, spec, derived), programs.slice(0, 1)),
      flow: {
        inputs: [
          { name: 'audio_codes', dtype: 'u32', shape: ['chunks', 'batch', 'codebooks', 'frames'] },
          ...(d.normalize
            ? [{ name: 'audio_scales', dtype: 'f32' as const, shape: ['chunks', 'batch', 1], fill: 1 }]
            : []),
        ],
        calls: [
          {
            host: 'chunks_apart',
            inputs: { audio_codes: 'audio_codes', ...(d.normalize && { audio_scales: 'audio_scales' }) },
            outputs: { audio_codes: 'codes', ...(d.normalize && { audio_scales: 'scales' }) },
          },
          {
            program: 'synthesize',
            inputs: { codes: 'codes', ...(d.normalize && { scale: 'scales' }) },
            outputs: { audio: 'chunks_of_audio' },
            each: ['codes', ...(d.normalize ? ['scales'] : [])],
          },
          {
            host: 'overlap_add',
            args: { stride: d.chunk?.stride ?? 0 },
            inputs: { chunks: 'chunks_of_audio', like: 'audio_codes' },
            outputs: { audio: 'audio_values' },
          },
        ],
        outputs: ['audio_values'],
      },
    }
  },
}
