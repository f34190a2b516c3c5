/** What every decoder-only language model has around its layers: ids in, logits out, the sampled token. */

import type { Derived } from '../../import/derived.js'
import { build } from '../../ir/builder.js'
import type { Graph } from '../../ir/graph.js'
import type { Model, ProgramSpec } from '../types.js'
import { type Making, making } from './making.js'

/** Tokens of a prompt that one prefill step takes. */
const CHUNK = 256

export interface Decoder {
  family: string
  vocab: number
  /** Tokens that the cache holds. */
  context: number
  /** Activations [rows, hidden] of the ids in `tokens`. */
  embed(m: Making, tokens: string): string
  layers(m: Making, x: string): string
  /** Logits [rows, vocab], or of the step's last row alone. */
  head(m: Making, x: string, last: boolean): string
}

/** Bytes of the logits of a step that gives them all: half of what every device binds. */
const LOGITS_BYTES = 64 * 2 ** 20

export const decoderPrograms = (context: number, vocab: number): ProgramSpec[] => {
  const chunk = Math.min(CHUNK, context)
  const rows = Math.max(1, Math.min(chunk, Math.floor(LOGITS_BYTES / (4 * vocab))))
  return [
    { name: 'prefill', seq: 'seq', maxSeq: chunk, logits: 'last', context },
    { name: 'decode', seq: 1, maxSeq: 1, logits: 'last', context },
    { name: 'forward', seq: 'seq', maxSeq: rows, logits: 'all', context },
  ]
}

/** The graph of one of `decoderPrograms`. */
export function decoderGraph(d: Decoder, program: ProgramSpec, derived: Map<string, Derived>): Graph {
  const g = build(program.name, program.maxSeq)
  const m = making(g, program.seq, derived)
  const tokens = g.tokens(d.context)
  const last = program.logits === 'last'
  const logits = d.head(m, d.layers(m, d.embed(m, tokens)), last)
  g.output(logits, 'logits')
  if (last) {
    const penalized = g.op('penalize', 'penalize', { logits, tokens }, { C: d.context })
    g.op('sample', 'sample', { logits: penalized, tokens }, { C: d.context })
  }
  return g.graph
}

/** Rows of an embedding [vocab, hidden] by the step's ids. */
export const embedding = (
  { g, rows }: Making,
  tokens: string,
  weight: string,
  [vocab, hidden]: [number, number],
  context: number,
): string =>
  g.op(
    'embed',
    'embed',
    { tokens, w: g.weight(weight, [vocab, hidden]) },
    { C: context, ROW0: 0 },
    { M: rows },
  )

export function decoderModel(d: Decoder): Model {
  const programs = decoderPrograms(d.context, d.vocab)
  const derived = new Map<string, Derived>()
  // All programs read the same weights.
  decoderGraph(d, programs[1]!, derived)
  return {
    family: d.family,
    vocab: d.vocab,
    context: d.context,
    programs,
    ...(derived.size > 0 && { derived: [...derived.values()] }),
    graph: (program) => decoderGraph(d, program, new Map()),
  }
}
