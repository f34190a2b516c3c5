/**
 * Small models of random weights, written as exporters write the families that they stand for. What onnxruntime makes
 * of them stands in `zoo.json` (by `zoo-reference.ts`).
 */
import type { GraphProto, ModelProto, TensorProto } from '../../compiler/import/onnx/protos.js'
import { type AttributeValue, graph, model, node, noise, tensor } from './make.js'

export interface ZooModel {
  name: string
  model: ModelProto
  /** Values of the inputs, by name; integers are int64 where `ids` names them. */
  inputs: Record<string, { dims: number[]; values: number[]; type: number }>
}

/** A graph in the making: operators by their inputs, weights by their shapes. */
function net(seed: number) {
  const next = noise(seed)
  const nodes: GraphProto['nodes'] = []
  const initializers: TensorProto[] = []
  const add = (t: TensorProto): string => {
    initializers.push(t)
    return t.name
  }
  let count = 0
  const fresh = (kind: string) => `${kind}_${count++}`
  const op = (name: string, inputs: string[], attributes: Record<string, AttributeValue> = {}): string => {
    const out = fresh(name)
    nodes.push(node(name, inputs, [out], attributes, `/${out}`))
    return out
  }
  return {
    op,
    several: (name: string, inputs: string[], n: number, attributes: Record<string, AttributeValue> = {}) => {
      const outs = Array.from({ length: n }, () => fresh(name))
      nodes.push(node(name, inputs, outs, attributes, `/${outs[0]}`))
      return outs
    },
    /** A weight; its products keep the size of what goes in. */
    w: (...dims: number[]): string => {
      const n = dims.reduce((a, b) => a * b, 1)
      const fan = dims.length > 1 ? n / Math.max(dims[0]!, dims.at(-1)!) : 4
      const scale = Math.sqrt(3 / Math.max(fan, 1))
      return add(
        tensor(
          fresh('w'),
          dims,
          Float32Array.from({ length: n }, () => next() * scale),
        ),
      )
    },
    positive: (n: number): string =>
      add(
        tensor(
          fresh('p'),
          [n],
          Float32Array.from({ length: n }, () => 1 + next() / 2),
        ),
      ),
    number: (v: number): string => add(tensor(fresh('c'), [], [v])),
    ints: (...list: number[]): string => add(tensor(fresh('i'), [list.length], list, 7)),
    int: (v: number): string => add(tensor(fresh('i'), [], [v], 7)),
    bytes: (dims: number[], type: 2 | 3): string => {
      const n = dims.reduce((a, b) => a * b, 1)
      const values = Array.from({ length: n }, () => Math.round(next() * 100) + (type === 2 ? 128 : 0))
      return add(tensor(fresh('q'), dims, values, type))
    },
    zero: (v: number, type: 2 | 3): string => add(tensor(fresh('z'), [], [v], type)),
    done: (inputs: Parameters<typeof graph>[1], outputs: Parameters<typeof graph>[2], opset: number) =>
      model(graph(nodes, inputs, outputs, initializers), opset, ['com.microsoft']),
  }
}

type Net = ReturnType<typeof net>

const real = (dims: number[], seed: number) => {
  const next = noise(seed)
  return { dims, values: Array.from({ length: dims.reduce((a, b) => a * b, 1) }, next), type: 1 }
}

const ids = (dims: number[], below: number, seed: number) => {
  const next = noise(seed)
  const values = Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () =>
    Math.min(below - 1, Math.floor(((next() + 1) / 2) * below)),
  )
  return { dims, values, type: 7 }
}

const conv = (
  n: Net,
  x: string,
  from: number,
  to: number,
  k: number,
  more: Record<string, AttributeValue> = {},
) => {
  const p = (k - 1) / 2
  const group = Number(more.group ?? 1)
  return n.op('Conv', [x, n.w(to, from / group, k, k), n.w(to)], {
    ...{ kernel_shape: [k, k], pads: [p, p, p, p], strides: [1, 1], dilations: [1, 1], group: 1 },
    ...more,
  })
}

/** Depthwise convolutions, batch norms, hard swish, squeeze and excite, residuals: MobileNetV3, opset 11. */
function mobilenet(): ZooModel {
  const n = net(1)
  const bn = (x: string, c: number) =>
    n.op('BatchNormalization', [x, n.positive(c), n.w(c), n.w(c), n.positive(c)], { epsilon: 1e-3 })
  const swish = (x: string) => {
    const clipped = n.op('Clip', [n.op('Add', [x, n.number(3)]), n.number(0), n.number(6)])
    return n.op('Div', [n.op('Mul', [x, clipped]), n.number(6)])
  }
  const stem = swish(bn(conv(n, 'input', 3, 8, 3, { strides: [2, 2] }), 8))
  const wide = swish(bn(conv(n, stem, 8, 16, 1), 16))
  const deep = n.op('Relu', [bn(conv(n, wide, 16, 16, 5, { group: 16 }), 16)])
  const squeezed = n.op('GlobalAveragePool', [deep])
  const gate = n.op('HardSigmoid', [conv(n, n.op('Relu', [conv(n, squeezed, 16, 4, 1)]), 4, 16, 1)], {
    alpha: { float: 1 / 6 },
    beta: { float: 0.5 },
  })
  const out = n.op('Add', [bn(conv(n, n.op('Mul', [deep, gate]), 16, 8, 1), 8), stem])
  const flat = n.op('Flatten', [n.op('GlobalAveragePool', [swish(out)])], { axis: 1 })
  const scores = n.op('Gemm', [flat, n.w(10, 8), n.w(10)], {
    transB: 1,
    alpha: { float: 1 },
    beta: { float: 1 },
  })
  const y = n.op('Softmax', [scores], { axis: 1 })
  return {
    name: 'mobilenet',
    model: n.done([['input', ['batch_size', 3, 32, 24]]], [y], 11),
    inputs: { input: real([1, 3, 32, 24], 11) },
  }
}

/** SiLU, split and concat, pools of one size, nearest upsampling, boxes from a grid: YOLO, opset 17. */
function yolo(): ZooModel {
  const n = net(2)
  const block = (x: string, from: number, to: number, k: number, stride = 1) => {
    const c = conv(n, x, from, to, k, { strides: [stride, stride] })
    return n.op('Mul', [c, n.op('Sigmoid', [c])])
  }
  const a = block('images', 3, 8, 3, 2)
  const b = block(a, 8, 16, 3, 2)
  const [left, right] = n.several('Split', [b, n.ints(8, 8)], 2, { axis: 1 }) as [string, string]
  const c2f = n.op('Concat', [left, right, n.op('Add', [right, block(block(right, 8, 8, 3), 8, 8, 3)])], {
    axis: 1,
  })
  const pool = (x: string) =>
    n.op('MaxPool', [x], { kernel_shape: [5, 5], pads: [2, 2, 2, 2], strides: [1, 1] })
  const p0 = block(c2f, 24, 8, 1)
  const [p1, p2] = [pool(p0), pool(pool(p0))]
  const sppf = block(n.op('Concat', [p0, p1, p2], { axis: 1 }), 24, 8, 1)
  const scales = tensorOf(n, [1, 1, 2, 2])
  const up = n.op('Resize', [sppf, '', scales], {
    ...{ mode: 'nearest', nearest_mode: 'floor', coordinate_transformation_mode: 'asymmetric' },
  })
  const neck = block(n.op('Concat', [up, a], { axis: 1 }), 16, 8, 3, 2)
  const head = conv(n, neck, 8, 6, 1)
  const shape = n.op('Shape', [head])
  const dim = (i: number) => n.op('Unsqueeze', [n.op('Gather', [shape, n.int(i)], { axis: 0 }), n.ints(0)])
  const rows = n.op('Reshape', [
    head,
    n.op('Concat', [dim(0), n.ints(6), n.op('Mul', [dim(2), dim(3)])], { axis: 0 }),
  ])
  const box = n.op('Slice', [rows, n.ints(0), n.ints(4), n.ints(1)])
  const scores = n.op('Sigmoid', [n.op('Slice', [rows, n.ints(4), n.ints(6), n.ints(1)])])
  const y = n.op('Transpose', [n.op('Concat', [n.op('Mul', [box, n.number(8)]), scores], { axis: 1 })], {
    perm: [0, 2, 1],
  })
  const best = n.op('ArgMax', [scores], { axis: 1, keepdims: 0 })
  return {
    name: 'yolo',
    model: n.done(
      [['images', [1, 3, 'height', 'width']]],
      [y, { name: best, type: 7, shape: undefined }],
      17,
    ),
    inputs: { images: real([1, 3, 32, 48], 12) },
  }
}

function tensorOf(n: Net, values: number[]): string {
  // Scales of a resize are a vector of floats: made of numbers, as exporters fold it.
  const parts = values.map((v) => n.op('Unsqueeze', [n.number(v), n.ints(0)]))
  return n.op('Concat', parts, { axis: 0 })
}

const layerNorm = (n: Net, x: string, D: number, whole: boolean): string => {
  if (whole)
    return n.op('LayerNormalization', [x, n.positive(D), n.w(D)], { axis: -1, epsilon: { float: 1e-12 } })
  const c = n.op('Sub', [x, n.op('ReduceMean', [x], { axes: [-1] })])
  const v = n.op('ReduceMean', [n.op('Pow', [c, n.number(2)])], { axes: [-1] })
  const d = n.op('Sqrt', [n.op('Add', [v, n.number(1e-12)])])
  return n.op('Add', [n.op('Mul', [n.op('Div', [c, d]), n.positive(D)]), n.w(D)])
}

const dense = (n: Net, x: string, from: number, to: number): string =>
  n.op('Add', [n.w(to), n.op('MatMul', [x, n.w(from, to)])])

/** A layer of BERT as torch exports it: reshapes by the input's own shape, masks added, GELU by erf. */
function bertLayer(n: Net, x: string, mask: string, D: number, H: number, whole: boolean): string {
  const shape = n.op('Shape', [x])
  const dim = (i: number) => n.op('Unsqueeze', [n.op('Gather', [shape, n.int(i)], { axis: 0 }), n.ints(0)])
  const split = n.op('Concat', [dim(0), dim(1), n.ints(H), n.ints(D / H)], { axis: 0 })
  const heads = (perm: number[]) => n.op('Transpose', [n.op('Reshape', [dense(n, x, D, D), split])], { perm })
  const [q, k, v] = [heads([0, 2, 1, 3]), heads([0, 2, 3, 1]), heads([0, 2, 1, 3])]
  const scores = n.op('Div', [n.op('MatMul', [q, k]), n.number(Math.sqrt(D / H))])
  const p = n.op('Softmax', [n.op('Add', [scores, mask])], { axis: -1 })
  const context = n.op('Transpose', [n.op('MatMul', [p, v])], { perm: [0, 2, 1, 3] })
  const flat = n.op('Reshape', [context, n.op('Concat', [dim(0), dim(1), n.ints(D)], { axis: 0 })])
  const a = layerNorm(n, n.op('Add', [dense(n, flat, D, D), x]), D, whole)
  const h = dense(n, a, D, 2 * D)
  const erf = n.op('Add', [n.op('Erf', [n.op('Div', [h, n.number(Math.SQRT2)])]), n.number(1)])
  const gelu = n.op('Mul', [n.op('Mul', [h, erf]), n.number(0.5)])
  return layerNorm(n, n.op('Add', [dense(n, gelu, 2 * D, D), a]), D, whole)
}

/** 0 where a key is seen, the least float where it isn't: [B, 1, 1, S]. */
function maskOf(n: Net): string {
  const wide = n.op('Unsqueeze', ['attention_mask', n.ints(1, 2)])
  const float = n.op('Cast', [wide], { to: 1 })
  return n.op('Mul', [n.op('Sub', [n.number(1), float]), n.number(-3.4028234663852886e38)])
}

const [B, S, D, H, V] = [2, 9, 32, 4, 200]

const text: Parameters<typeof graph>[1] = ['input_ids', 'attention_mask'].map((name) => [
  name,
  ['batch_size', 'sequence_length'],
  7,
])

const mask = {
  dims: [B, S],
  values: Array.from({ length: B * S }, (_, i) => Number(i < S || i % S < 6)),
  type: 7,
}

/** Words, segments, positions; two layers; mean of the tokens seen: a sentence encoder, opset 14 and 17. */
function bert(whole: boolean): ZooModel {
  const n = net(whole ? 3 : 4)
  const word = n.op('Gather', [n.w(V, D), 'input_ids'], { axis: 0 })
  const segment = n.op('Gather', [n.w(2, D), 'token_type_ids'], { axis: 0 })
  const length = n.op('Gather', [n.op('Shape', ['input_ids']), n.int(1)], { axis: 0 })
  const places = n.op('Slice', [
    n.ints(...Array.from({ length: 64 }, (_, i) => i)),
    n.ints(0),
    n.op('Unsqueeze', [length, n.ints(0)]),
    n.ints(0),
  ])
  const position = n.op('Gather', [n.w(64, D), n.op('Unsqueeze', [places, n.ints(0)])], { axis: 0 })
  let x = layerNorm(n, n.op('Add', [n.op('Add', [word, segment]), position]), D, whole)
  const m = maskOf(n)
  for (let i = 0; i < 2; i++) x = bertLayer(n, x, m, D, H, whole)
  const seen = n.op('Cast', [n.op('Unsqueeze', ['attention_mask', n.ints(-1)])], { to: 1 })
  const all = n.op('Expand', [seen, n.op('Shape', [x])])
  const sum = n.op('ReduceSum', [n.op('Mul', [x, all]), n.ints(1)], { keepdims: 0 })
  const count = n.op('Clip', [n.op('ReduceSum', [all, n.ints(1)], { keepdims: 0 }), n.number(1e-9)])
  const pooled = n.op('Div', [sum, count])
  const norm = n.op('Clip', [n.op('ReduceL2', [pooled], { axes: [1], keepdims: 1 }), n.number(1e-12)])
  const y = n.op('Div', [pooled, n.op('Expand', [norm, n.op('Shape', [pooled])])])
  return {
    name: whole ? 'bert, opset 17' : 'bert, opset 14',
    model: n.done(
      [...text, ['token_type_ids', ['batch_size', 'sequence_length'], 7]],
      [x, y],
      whole ? 17 : 14,
    ),
    inputs: {
      input_ids: ids([B, S], V, 21),
      attention_mask: mask,
      token_type_ids: ids([B, S], 2, 22),
    },
  }
}

/** Positions counted from the ids that are no padding, as RoBERTa and its kind have them. */
function roberta(): ZooModel {
  const n = net(5)
  const word = n.op('Gather', [n.w(V, D), 'input_ids'], { axis: 0 })
  const real_ = n.op('Cast', [n.op('Not', [n.op('Equal', ['input_ids', n.int(1)])])], { to: 6 })
  const counted = n.op('Mul', [n.op('CumSum', [real_, n.int(1)]), real_])
  const places = n.op('Add', [n.op('Cast', [counted], { to: 7 }), n.int(1)])
  const position = n.op('Gather', [n.w(130, D), places], { axis: 0 })
  const x = layerNorm(n, n.op('Add', [word, position]), D, false)
  const y = bertLayer(n, x, maskOf(n), D, H, false)
  const first = n.op('Gather', [y, n.int(0)], { axis: 1 })
  const pooled = n.op('Tanh', [n.op('Gemm', [first, n.w(D, D), n.w(D)], { transB: 1 })])
  const input_ids = ids([B, S], V, 23)
  for (const i of [7, 8, 16, 17]) input_ids.values[i] = 1
  return {
    name: 'roberta',
    model: n.done(text, [pooled], 13),
    inputs: { input_ids, attention_mask: mask },
  }
}

/** Bidirectional GRU over frames of a convolution, then an LSTM whose state comes in and goes out. */
function audio(): ZooModel {
  const n = net(6)
  const frames = n.op('Relu', [
    n.op('Conv', ['wave', n.w(8, 1, 16), n.w(8)], {
      kernel_shape: [16],
      strides: [8],
      pads: [4, 4],
      group: 1,
    }),
  ])
  const first = n.op('Transpose', [frames], { perm: [2, 0, 1] })
  const gru = n.several('GRU', [first, n.w(2, 18, 8), n.w(2, 18, 6), n.w(2, 36)], 2, {
    ...{ hidden_size: 6, direction: 'bidirectional', linear_before_reset: 1 },
  })
  const both = n.op('Reshape', [n.op('Transpose', [gru[0]!], { perm: [0, 2, 1, 3] }), n.ints(0, 0, -1)])
  const lstm = n.several('LSTM', [both, n.w(1, 20, 12), n.w(1, 20, 5), n.w(1, 40), '', 'h', 'c'], 3, {
    hidden_size: 5,
  })
  const last = n.op('Squeeze', [lstm[1]!, n.ints(0)])
  const y = n.op('Sigmoid', [dense(n, last, 5, 1)])
  const state: [string, (string | number)[]][] = [
    ['h', [1, 'batch', 5]],
    ['c', [1, 'batch', 5]],
  ]
  return {
    name: 'audio',
    model: n.done([['wave', ['batch', 1, 'samples']], ...state], [y, lstm[1]!, lstm[2]!], 15),
    inputs: { wave: real([1, 1, 160], 31), h: real([1, 1, 5], 32), c: real([1, 1, 5], 33) },
  }
}

/** A layer as onnxruntime quantises it while it runs: bytes times bytes, then scaled. */
function dynamicInt8(): ZooModel {
  const n = net(7)
  const product = (x: string, from: number, to: number): string => {
    const [q, scale, zero] = n.several('DynamicQuantizeLinear', [x], 3) as [string, string, string]
    const sums = n.op('MatMulInteger', [q, n.bytes([from, to], 3), zero, n.zero(0, 3)])
    const scales = n.op('Mul', [scale, n.number(0.01)])
    return n.op('Add', [n.op('Mul', [n.op('Cast', [sums], { to: 1 }), scales]), n.w(to)])
  }
  const table = n.op('Gather', [n.bytes([V, D], 2), 'ids'], { axis: 0 })
  const x = n.op('DequantizeLinear', [table, n.number(0.02), n.zero(128, 2)])
  const h = n.op('Relu', [product(x, D, 96)])
  const y = product(h, 96, 16)
  return {
    name: 'int8, quantised as it runs',
    model: n.done([['ids', ['batch', 'length'], 7]], [y], 13),
    inputs: { ids: ids([1, 7], V, 41) },
  }
}

/** Convolutions between QuantizeLinear and DequantizeLinear, as a quantiser of trained models leaves them. */
function staticInt8(): ZooModel {
  const n = net(8)
  const dequantized = (x: string, scale: number, zero: number) =>
    n.op('DequantizeLinear', [x, n.number(scale), n.zero(zero, 2)])
  const between = (x: string, scale: number, zero: number) =>
    dequantized(n.op('QuantizeLinear', [x, n.number(scale), n.zero(zero, 2)]), scale, zero)
  const layer = (x: string, from: number, to: number, more: Record<string, AttributeValue> = {}) => {
    const w = n.op('DequantizeLinear', [n.bytes([to, from, 3, 3], 3), n.positive(to), ...[]], { axis: 0 })
    const small = n.op('Mul', [w, n.number(0.002)])
    return n.op('Relu', [n.op('Conv', [x, small, n.w(to)], { pads: [1, 1, 1, 1], ...more })])
  }
  const a = between(layer(between('x', 0.01, 128), 3, 8, { strides: [2, 2] }), 0.02, 0)
  const b = between(layer(a, 8, 8), 0.05, 0)
  const y = n.op('ReduceMean', [n.op('Add', [a, b])], { axes: [2, 3], keepdims: 0 })
  return {
    name: 'int8, quantised ahead',
    model: n.done([['x', ['N', 3, 16, 16]]], [y], 13),
    inputs: { x: real([1, 3, 16, 16], 51) },
  }
}

/** What onnxruntime's optimiser makes of a transformer: fused operators of its own domain. */
function optimised(): ZooModel {
  const n = net(9)
  const M = 'com.microsoft:'
  const emb = n.several(
    `${M}EmbedLayerNormalization`,
    ['input_ids', '', n.w(V, D), n.w(64, D), '', n.positive(D), n.w(D), 'mask'],
    2,
    { epsilon: { float: 1e-12 } },
  )
  const x = emb[0]!
  const attention = n.op(`${M}Attention`, [x, n.w(D, 3 * D), n.w(3 * D), 'mask'], { num_heads: H })
  const skip = n.op(
    `${M}SkipLayerNormalization`,
    [n.op('MatMul', [attention, n.w(D, D)]), x, n.positive(D), n.w(D), n.w(D)],
    {
      epsilon: { float: 1e-12 },
    },
  )
  const up = n.op(`${M}BiasGelu`, [n.op('MatMul', [skip, n.w(D, 2 * D)]), n.w(2 * D)])
  const down = n.op(`${M}FastGelu`, [n.op('MatMul', [up, n.w(2 * D, D)]), n.w(D)])
  const y = n.op(`${M}FusedMatMul`, [down, n.w(8, D)], { transB: 1, alpha: { float: 0.5 } })
  return {
    name: 'optimised for onnxruntime',
    model: n.done(
      [
        ['input_ids', ['batch', S], 6],
        ['mask', ['batch', S], 6],
      ],
      [y],
      13,
    ),
    inputs: { input_ids: { ...ids([1, S], V, 61), type: 6 }, mask: { ...ids([1, S], 2, 62), type: 6 } },
  }
}

export const zoo = (): ZooModel[] => [
  mobilenet(),
  yolo(),
  bert(false),
  bert(true),
  roberta(),
  audio(),
  dynamicInt8(),
  staticInt8(),
  optimised(),
]
