/**
 * ViT (Dosovitskiy et al. 2020) and what followed it: DeiT, with a second row of its own for what a teacher says
 * (Touvron et al. 2020), and DINOv2 (Oquab et al. 2023). By themselves they embed images; with a head they classify
 * them.
 */
import { fail } from '../errors.js'
import type { ConfigReader } from '../import/config.js'
import { type Derived, reshaped } from '../import/derived.js'
import { build } from '../ir/builder.js'
import type { Graph } from '../ir/graph.js'
import { activate, activationOf } from './blocks/activation.js'
import { type EncoderLayer, type EncoderNames, encoderLayer, rowsFrom } from './blocks/encoder.js'
import { labelCount } from './blocks/labels.js'
import { add, linear } from './blocks/linear.js'
import { type Making, making, prefixOf, viewed } from './blocks/making.js'
import { layerNorm } from './blocks/norm.js'
import { inFront, type Patches, patchCount, patchRows } from './blocks/patches.js'
import { learnedPositions } from './blocks/positions.js'
import type { Model, ModelFamily, ModelOptions, ProgramSpec } from './types.js'

type Kind = 'vit' | 'deit' | 'dinov2'

interface Vit extends EncoderLayer, Patches {
  kind: Kind
  layers: number
  prefix: string
  /** Rows before those of patches. */
  ahead: string[]
  pooler?: { size: number; activation: string }
  /** A product with the class's row; `both`: and with the mean of the patches' rows; `teacher`: two, of two rows. */
  head?: { kind: 'class' | 'both' | 'teacher'; labels: number }
}

const image = (config: ConfigReader, field: string, usual: number): [number, number] => {
  const [height = usual, width = height] = config.ints(field, { min: 1 })
  return [height, width]
}

/** Width of DINOv2's gated feed-forward: two thirds, up to a multiple of eight. */
const gatedWidth = (ffn: number): number => Math.ceil(Math.floor((ffn * 2) / 3) / 8) * 8

function headOf(kind: Kind, config: ConfigReader): Vit['head'] {
  const [architecture = ''] = config.strings('architectures')
  const labels = labelCount(config)
  if (/ForImageClassificationWithTeacher$/.test(architecture)) return { kind: 'teacher', labels }
  if (!/ForImageClassification$/.test(architecture)) return undefined
  return { kind: kind === 'dinov2' ? 'both' : 'class', labels }
}

function dims(kind: Kind, config: ConfigReader, options: ModelOptions): Vit {
  const hidden = config.int('hidden_size', { min: 1, default: 768 })
  const heads = config.int('num_attention_heads', { min: 1, default: 12 })
  if (hidden % heads !== 0)
    fail('WGC422', [`hidden_size ${hidden} is no multiple of num_attention_heads ${heads}`])
  const prefix = prefixOf(options, 'embeddings.cls_token', ['', `${kind}.`])
  const dino = kind === 'dinov2'
  const head = headOf(kind, config)
  const wide = dino
    ? Math.floor(hidden * config.number('mlp_ratio', { default: 4, min: 0 }))
    : config.int('intermediate_size', { min: 1, default: 4 * hidden })
  const gated = dino && config.bool('use_swiglu_ffn', { default: false })
  const size = image(config, 'image_size', 224)
  const patch = image(config, 'patch_size', dino ? 14 : 16)
  if (patch.some((n, i) => n > size[i]!))
    fail('WGC422', [`patches of [${patch}] are more than images of [${size}]`])
  return {
    kind,
    hidden,
    heads,
    ffn: gated ? gatedWidth(wide) : wide,
    gated,
    layers: config.int('num_hidden_layers', { min: 1, default: 12 }),
    channels: config.int('num_channels', { min: 1, default: 3 }),
    image: size,
    patch,
    eps: config.number('layer_norm_eps', { default: dino ? 1e-6 : 1e-12, min: 0 }),
    activation: activationOf(config, 'hidden_act', kind, 'gelu'),
    norm: 'before',
    qkvBias: config.bool('qkv_bias', { default: true }),
    prefix,
    ahead: kind === 'deit' ? ['cls_token', 'distillation_token'] : ['cls_token'],
    ...(!head &&
      !dino &&
      options.has(`${prefix}pooler.dense.weight`) && {
        pooler: {
          size: config.int('pooler_output_size', { min: 1, default: hidden }),
          activation: activationOf(config, 'pooler_act', kind, 'tanh'),
        },
      }),
    ...(head && { head }),
  }
}

function names(kind: Kind, layer: string): EncoderNames {
  const attention = `${layer}.attention.attention`
  const parts = { q: `${attention}.query`, k: `${attention}.key`, v: `${attention}.value` }
  const o = `${layer}.attention.output.dense`
  if (kind !== 'dinov2')
    return {
      ...{ ...parts, o, up: `${layer}.intermediate.dense`, down: `${layer}.output.dense` },
      norms: [`${layer}.layernorm_before`, `${layer}.layernorm_after`],
    }
  return {
    ...{ ...parts, o, up: `${layer}.mlp.fc1`, down: `${layer}.mlp.fc2` },
    norms: [`${layer}.norm1`, `${layer}.norm2`],
    scales: [`${layer}.layer_scale1.lambda1`, `${layer}.layer_scale2.lambda1`],
  }
}

const gatedNames = (layer: string) => ({ up: `${layer}.mlp.weights_in`, down: `${layer}.mlp.weights_out` })

const rowsOfImage = (d: Vit): number => d.ahead.length + patchCount(d)

/** Activations of an image after all layers, before the last norm. */
function encode(m: Making, d: Vit, pixels: string): string {
  const { hidden, prefix } = d
  const at = `${prefix}embeddings`
  const all = [...d.ahead].reverse().reduce(
    (x, name, i) => {
      const row = m.derive(reshaped(`${at}.${name}[row]`, `${at}.${name}`, [1, 1, hidden], [hidden]))
      return inFront(m, row, x, [1, patchCount(d) + i, hidden], `embed.${name}`)
    },
    patchRows(m, d, pixels, { from: `${at}.patch_embeddings.projection`, bias: true }),
  )
  let x = learnedPositions(m, all, `${at}.position_embeddings`, [1, rowsOfImage(d), hidden])
  for (let i = 0; i < d.layers; i++) {
    const layer = `${prefix}encoder.layer.${i}`
    const parts = { ...names(d.kind, layer), ...(d.gated && gatedNames(layer)) }
    x = encoderLayer(m, d, x, parts, `layers.${i}`)
  }
  return x
}

/** Logits of what some rows [1, width] are. */
const classified = (m: Making, d: Vit, x: string, from: string, width: number): string =>
  linear(m, x, from, [d.head!.labels, width], { from, bias: true })

function logits(m: Making, d: Vit, x: string): void {
  const { g } = m
  const { hidden, ahead } = d
  const rows = rowsOfImage(d)
  const labels = [d.head!.labels]
  const normed = (y: string, count: number) =>
    layerNorm({ ...m, rows: count }, y, `${d.prefix}layernorm`, 'norm', hidden, d)
  if (d.head!.kind === 'both') {
    const y = normed(x, rows)
    const first = rowsFrom(m, y, [0, 1], hidden, rows, 'pool.class')
    const patches = rowsFrom(m, y, [1, rows - 1], hidden, rows, 'pool.patches')
    const mean = g.op('reduce', 'pool.mean', { x: patches }, { OP: 'mean' }, { A: 1, D: rows - 1, S: hidden })
    const side = g.op(
      'concat',
      'pool.both',
      { a: first, b: mean },
      { D: 2 },
      { A: 1, DA: 1, DB: 1, S: hidden },
    )
    g.output(classified(m, d, viewed(g, side, [1, 2 * hidden]), 'classifier', 2 * hidden), 'logits', labels)
    return
  }
  const y = normed(rowsFrom(m, x, [0, ahead.length], hidden, rows, 'pool.rows'), ahead.length)
  const row = (i: number) =>
    ahead.length === 1 ? y : rowsFrom(m, y, [i, 1], hidden, ahead.length, `pool.${ahead[i]}`)
  if (d.head!.kind === 'class') {
    g.output(classified(m, d, row(0), 'classifier', hidden), 'logits', labels)
    return
  }
  const [own, taught] = ['cls', 'distillation'].map((name, i) =>
    classified(m, d, row(i), `${name}_classifier`, hidden),
  )
  const sum = add(m, own!, taught!, 'logits.sum')
  g.output(g.op('unary', 'logits', { x: sum }, { OP: 'affine', ALPHA: 0.5, BETA: 0 }), 'logits', labels)
  g.output(own!, 'cls_logits', labels)
  g.output(taught!, 'distillation_logits', labels)
}

function graph(d: Vit, program: ProgramSpec, derived: Map<string, Derived>): Graph {
  const g = build(program.name, program.maxSeq)
  const m = making(g, program.seq, derived)
  const x = encode(m, d, g.input('pixel_values', 'f32', [d.channels, ...d.image]))
  if (d.head) {
    logits(m, d, x)
    return g.graph
  }
  const normed = layerNorm(m, x, `${d.prefix}layernorm`, 'norm', d.hidden, d)
  const first = rowsFrom(m, normed, [0, 1], d.hidden, m.rows, 'pool.class')
  if (d.kind === 'dinov2') g.output(first, 'pooler_output', [d.hidden])
  if (d.pooler) {
    const { size, activation } = d.pooler
    const from = `${d.prefix}pooler.dense`
    const dense = linear(m, first, 'pool.dense', [size, d.hidden], { from, bias: true })
    g.output(activate(m, dense, activation, 'pool.act'), 'pooler_output', [size])
  }
  g.output(normed, 'last_hidden_state')
  return g.graph
}

const family = (kind: Kind, architectures: string[]): ModelFamily => ({
  family: kind,
  architectures,
  maxContext: () => 1,
  model(config, options): Model {
    const d = dims(kind, config, options)
    const rows = rowsOfImage(d)
    const program: ProgramSpec = { name: 'encode', seq: rows, maxSeq: rows }
    const derived = new Map<string, Derived>()
    const { tensors } = graph(d, program, derived)
    const outputs = [...tensors.values()].filter((t) => t.kind === 'output').map((t) => t.alias ?? t.name)
    return {
      family: kind,
      vocab: 0,
      context: 1,
      programs: [program],
      derived: [...derived.values()],
      graph: (spec) => graph(d, spec, new Map()),
      flow: {
        inputs: [{ name: 'pixel_values', dtype: 'f32', shape: ['batch', d.channels, ...d.image] }],
        calls: [
          {
            program: 'encode',
            inputs: { pixel_values: 'pixel_values' },
            outputs: Object.fromEntries(outputs.map((name) => [name, name])),
            each: ['pixel_values'],
          },
        ],
        outputs,
      },
    }
  },
})

export const vit = family('vit', ['ViTModel', 'ViTForImageClassification'])
export const deit = family('deit', [
  'DeiTModel',
  'DeiTForImageClassification',
  'DeiTForImageClassificationWithTeacher',
])
export const dinov2 = family('dinov2', ['Dinov2Model', 'Dinov2ForImageClassification'])
