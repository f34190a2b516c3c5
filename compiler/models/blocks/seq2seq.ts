/**
 * What models of an encoder and a decoder have around their layers. The program `cross` leaves keys and values of the
 * encoder's rows in states, where generation finds them; `forward` makes them itself, so that a batch of texts can be
 * taken one by one.
 */
import type { Expr } from '../../../runtime/expr.js'
import type { Flow, FlowCall } from '../../../runtime/format.js'
import type { Derived } from '../../import/derived.js'
import { build } from '../../ir/builder.js'
import type { Graph } from '../../ir/graph.js'
import type { Model, ProgramSpec } from '../types.js'
import type { Crossed } from './attend.js'
import { decoderPrograms } from './decoder.js'
import { keyMask } from './encoder.js'
import { type Making, making } from './making.js'

/** Added to the logits of ids that are not to be sampled. */
const NEVER = -1e38

export interface EncoderDecoder {
  family: string
  vocab: number
  /** Tokens that the decoder's cache holds. */
  context: number
  hidden: number
  /** Elements of a row of the decoder's keys: of all heads. */
  inner: number
  /** Layers of the decoder. */
  layers: number
  /** Rows of the encoder's output: a number, or what inputs tell and how many there are at most. */
  source: number | { most: number }
  /** Programs before the decoder's, `encode` among them, which gives `encoder`. */
  before: { spec: ProgramSpec; make(m: Making): void }[]
  /** Flow inputs that those programs take. */
  inputs: Flow['inputs']
  calls: FlowCall[]
  outputs: string[]
  /** Whether `attention_mask` says which of the encoder's rows count. */
  masked: boolean
  /** Keys and values of the encoder's rows, of a layer: `<at>.k`, `<at>.v`. */
  cross(m: Making, x: string, layer: number, at: string): { k: string; v: string }
  /** Logits [rows, vocab] of the ids in `tokens`, or of the step's last row alone. */
  decode(m: Making, tokens: string, source: (layer: number) => Crossed, last: boolean): string
  /** Ids that are never sampled, and those that are not sampled first. */
  suppressed?: { always: readonly number[]; first: readonly number[] }
  generate: NonNullable<Flow['generate']>
}

const MASK = 'attention_mask'

/** As `keyMask` names what it makes of the mask. */
const HIDES = `${MASK}.hides`

/** The encoder's rows as the decoder's programs know them. */
const rowsOf = ({ source }: EncoderDecoder): Expr => (typeof source === 'number' ? source : 'source')

/** Keys, values and mask of the encoder's rows, made here of its output. */
function made(m: Making, d: EncoderDecoder, rows: Expr): (layer: number) => Crossed {
  const own: Making = { ...m, rows }
  const x = m.g.input('encoder', 'f32', [rows, d.hidden])
  const mask = d.masked ? keyMask(own, m.g.input(MASK, 'f32', [rows])) : undefined
  return (layer) => ({ ...d.cross(own, x, layer, `layers.${layer}.cross`), rows, mask })
}

/** The same, as the program `cross` left them. */
function kept({ g }: Making, d: EncoderDecoder, rows: Expr): (layer: number) => Crossed {
  const mask = d.masked ? g.state(HIDES, [1, rows]) : undefined
  const state = (layer: number, name: 'k' | 'v') => g.state(`layers.${layer}.cross.${name}`, [rows, d.inner])
  return (layer) => ({ k: state(layer, 'k'), v: state(layer, 'v'), rows, mask })
}

function crossGraph(d: EncoderDecoder, spec: ProgramSpec, derived: Map<string, Derived>): Graph {
  const g = build(spec.name, spec.maxSeq)
  const m = making(g, spec.seq, derived)
  const source = made(m, d, spec.seq)
  for (let layer = 0; layer < d.layers; layer++) {
    const { k, v, mask } = source(layer)
    for (const tensor of [k, v, ...(mask !== undefined ? [mask] : [])]) g.keep(tensor)
  }
  return g.graph
}

/** Logits less those of ids that the next token may not be. */
function suppress(m: Making, d: EncoderDecoder, logits: string, first: boolean): string {
  const { always = [], first: begin = [] } = d.suppressed ?? {}
  const ids = [...always, ...(first ? begin : [])].filter((id) => id < d.vocab)
  if (ids.length === 0) return logits
  const data = new Float32Array(d.vocab)
  for (const id of ids) data[id] = NEVER
  const name = first ? 'suppressed.first' : 'suppressed'
  const b = m.g.constant(name, [d.vocab], data)
  return m.g.op('binary', 'logits.allowed', { a: logits, b }, { OP: 'add', BCAST: true })
}

function decoderGraph(d: EncoderDecoder, spec: ProgramSpec, derived: Map<string, Derived>): Graph {
  const g = build(spec.name, spec.maxSeq, spec.limits)
  const m = making(g, spec.seq, derived)
  const tokens = g.tokens(d.context, 'decoder_input_ids')
  const rows = rowsOf(d)
  const last = spec.logits === 'last'
  const source = last ? kept(m, d, rows) : made(m, d, rows)
  const logits = d.decode(m, tokens, source, last)
  if (!last) {
    g.output(logits, 'logits')
    return g.graph
  }
  const allowed = suppress(m, d, logits, spec.name === 'prefill')
  g.output(allowed, 'logits')
  const penalized = g.op('penalize', 'penalize', { logits: allowed, tokens }, { C: d.context })
  g.op('sample', 'sample', { logits: penalized, tokens }, { C: d.context })
  return g.graph
}

/** Programs, and a flow from the encoder's inputs and `decoder_input_ids` to its outputs and the logits. */
export function encoderDecoder(d: EncoderDecoder): Model {
  const limits = typeof d.source === 'number' ? undefined : { source: d.source.most }
  const most = typeof d.source === 'number' ? d.source : d.source.most
  const component = 'decoder'
  const cross: ProgramSpec = {
    ...{ name: 'cross', seq: typeof d.source === 'number' ? d.source : 'seq', maxSeq: most, component },
  }
  const decoders = decoderPrograms(d.context, d.vocab).map((spec) => ({
    ...spec,
    component,
    ...(limits && { limits }),
  }))
  const graph = (spec: ProgramSpec, derived: Map<string, Derived>): Graph => {
    const own = d.before.find((one) => one.spec.name === spec.name)
    if (own) {
      const g = build(spec.name, spec.maxSeq, spec.limits)
      own.make(making(g, spec.seq, derived))
      return g.graph
    }
    return spec.name === 'cross' ? crossGraph(d, spec, derived) : decoderGraph(d, spec, derived)
  }
  const programs = [...d.before.map(({ spec }) => spec), cross, ...decoders]
  const derived = new Map<string, Derived>()
  for (const spec of programs) graph(spec, derived)
  const masks = d.masked ? { [MASK]: MASK } : {}
  const source = { encoder: 'encoder', ...masks }
  const ids = { decoder_input_ids: 'decoder_input_ids' }
  const each = (values: Record<string, string>) => ({ inputs: values, each: Object.values(values) })
  return {
    family: d.family,
    vocab: d.vocab,
    context: d.context,
    programs,
    derived: [...derived.values()],
    graph: (spec) => graph(spec, new Map()),
    flow: {
      inputs: [...d.inputs, { name: 'decoder_input_ids', dtype: 'u32', shape: ['batch', 'decoder_tokens'] }],
      calls: [
        ...d.calls,
        {
          ...{ program: 'cross', ...each(source), outputs: {}, gives: ['cross'] },
          ...(limits && { sizes: { source: 'seq' } }),
        },
        { program: 'forward', ...each({ ...ids, ...source }), outputs: { logits: 'logits' } },
      ],
      outputs: [...d.outputs, 'logits'],
      generate: { ...d.generate, needs: ['cross'] },
    },
  }
}
