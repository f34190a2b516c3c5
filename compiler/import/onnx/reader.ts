/**
 * An ONNX file as plain objects (`protos.ts`). Tensors stay encoded (`tensors.ts` decodes them), so that reading a
 * model costs no more than its file.
 * Format: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
 */

import type { AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfo } from './protos.js'
import {
  bytes,
  type Cursor,
  damaged,
  type Fields,
  fixed,
  float,
  int,
  ints,
  nested,
  readFile,
  text,
} from './wire.js'

const entryFields: Fields<[string, string]> = {
  1: (e, c) => {
    e[0] = text(c)
  },
  2: (e, c) => {
    e[1] = text(c)
  },
}

export const newTensor = (): TensorProto => ({
  name: '',
  dims: [],
  type: 0,
  raw: undefined,
  fixed: [],
  ints: [],
  strings: [],
  external: undefined,
})

export const tensorFields: Fields<TensorProto> = {
  1: (t, c) => ints(c, t.dims),
  2: (t, c) => {
    t.type = int(c)
  },
  3: (_, c) => damaged(c.file, 'a tensor is cut into segments, which ONNX no longer has'),
  4: (t, c) => t.fixed.push(fixed(c, 4)),
  5: (t, c) => ints(c, t.ints),
  6: (t, c) => t.strings.push(bytes(c)),
  7: (t, c) => ints(c, t.ints),
  8: (t, c) => {
    t.name = text(c)
  },
  9: (t, c) => {
    t.raw = bytes(c)
  },
  10: (t, c) => t.fixed.push(fixed(c, 8)),
  11: (t, c) => ints(c, t.ints, false),
  13: (t, c) => {
    t.external ??= []
    t.external.push(nested(c, ['', ''], entryFields))
  },
  14: (t, c) => {
    if (int(c) === 1) t.external ??= []
  },
}

export const attributeFields: Fields<AttributeProto> = {
  1: (a, c) => {
    a.name = text(c)
  },
  2: (a, c) => {
    a.f = float(c)
  },
  3: (a, c) => {
    a.i = int(c)
  },
  4: (a, c) => {
    a.s = text(c)
  },
  5: (a, c) => {
    a.t = nested(c, newTensor(), tensorFields)
  },
  6: (a, c) => {
    a.g = nested(c, newGraph(), graphFields)
  },
  7: (a, c) => a.floats.push(...floats(c)),
  8: (a, c) => ints(c, a.ints),
  9: (a, c) => a.strings.push(text(c)),
  20: (a, c) => {
    a.type = int(c)
  },
  21: (a, c) => {
    a.ref = text(c)
  },
}

/** Attributes hold few numbers: a bound keeps a file from making a list of them too long to spread. */
const MAX_FLOATS = 65_536

function floats(c: Cursor): number[] {
  const data = fixed(c, 4)
  if (data.length / 4 > MAX_FLOATS) damaged(c.file, `an attribute has ${data.length / 4} numbers`)
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  return Array.from({ length: data.length / 4 }, (_, i) => view.getFloat32(4 * i, true))
}

export const nodeFields: Fields<NodeProto> = {
  1: (n, c) => n.inputs.push(text(c)),
  2: (n, c) => n.outputs.push(text(c)),
  3: (n, c) => {
    n.name = text(c)
  },
  4: (n, c) => {
    n.op = text(c)
  },
  5: (n, c) => {
    const a = nested(c, newAttribute(), attributeFields)
    n.attributes.set(a.name, a)
  },
  7: (n, c) => {
    const domain = text(c)
    n.domain = domain === 'ai.onnx' ? '' : domain
  },
}

type Dim = { size: number | string | undefined }

const dimFields: Fields<Dim> = {
  1: (d, c) => {
    d.size = int(c)
  },
  2: (d, c) => {
    d.size = text(c)
  },
}

const shapeFields: Fields<Dim['size'][]> = {
  1: (dims, c) => dims.push(nested<Dim>(c, { size: undefined }, dimFields).size),
}

const tensorTypeFields: Fields<ValueInfo> = {
  1: (v, c) => {
    v.type = int(c)
  },
  2: (v, c) => {
    v.shape = nested<Dim['size'][]>(c, [], shapeFields)
  },
}

const typeFields: Fields<ValueInfo> = {
  1: (v, c) => {
    nested(c, v, tensorTypeFields)
  },
}

const valueFields: Fields<ValueInfo> = {
  1: (v, c) => {
    v.name = text(c)
  },
  2: (v, c) => {
    nested(c, v, typeFields)
  },
}

const newValue = (): ValueInfo => ({ name: '', type: undefined, shape: undefined })

export const newNode = (): NodeProto => ({
  ...{ op: '', domain: '', name: '', inputs: [], outputs: [] },
  attributes: new Map(),
})

export const newAttribute = (): AttributeProto => ({
  ...{ name: '', type: 0, f: 0, i: 0, s: '', floats: [], ints: [], strings: [], ref: '' },
})

export const newGraph = (): GraphProto => ({
  name: '',
  nodes: [],
  initializers: [],
  inputs: [],
  outputs: [],
  values: [],
  sparse: 0,
})

export const graphFields: Fields<GraphProto> = {
  1: (g, c) => {
    g.nodes.push(nested(c, newNode(), nodeFields))
  },
  2: (g, c) => {
    g.name = text(c)
  },
  5: (g, c) => g.initializers.push(nested(c, newTensor(), tensorFields)),
  11: (g, c) => g.inputs.push(nested(c, newValue(), valueFields)),
  12: (g, c) => g.outputs.push(nested(c, newValue(), valueFields)),
  13: (g, c) => g.values.push(nested(c, newValue(), valueFields)),
  15: (g, c) => {
    bytes(c)
    g.sparse++
  },
}

type Opset = { domain: string; version: number }

const opsetFields: Fields<Opset> = {
  1: (o, c) => {
    const domain = text(c)
    o.domain = domain === 'ai.onnx' ? '' : domain
  },
  2: (o, c) => {
    o.version = int(c)
  },
}

export const modelFields: Fields<ReadModel> = {
  1: (m, c) => {
    m.irVersion = int(c)
  },
  2: (m, c) => {
    m.producer = text(c)
  },
  7: (m, c) => {
    m.graph = nested(c, newGraph(), graphFields)
    m.graphs++
  },
  8: (m, c) => {
    const { domain, version } = nested<Opset>(c, { domain: '', version: 0 }, opsetFields)
    m.opsets.set(domain, version)
  },
  25: (m, c) => m.functions.push(nested<{ name: string }>(c, { name: '' }, functionFields).name),
}

const functionFields: Fields<{ name: string }> = {
  1: (f, c) => {
    f.name = text(c)
  },
}

/**
 * The model in these bytes. Tensors are views of them.
 * @param file for messages
 * @throws WGC230 when it is no ONNX file, or a damaged one
 */
export function readModel(content: Uint8Array, file: string): ModelProto {
  return whole(readFile(file, content, newModel(), modelFields), file)
}

export type ReadModel = ModelProto & { graphs: number }

export const newModel = (): ReadModel => ({
  ...{ irVersion: 0, producer: '', opsets: new Map(), graph: newGraph(), functions: [], graphs: 0 },
})

/** The model of a file that was read to its end, checked to be one. */
export function whole(model: ReadModel, file: string): ModelProto {
  if (model.graphs !== 1) damaged(file, model.graphs === 0 ? 'it has no graph' : 'it has two graphs')
  if (model.opsets.size === 0) damaged(file, 'it does not say which operator sets it uses')
  const { graphs: _, ...rest } = model
  return rest
}

/** A tensor in a file by itself (`input_0.pb`). */
export function readTensor(content: Uint8Array, file: string): TensorProto {
  return readFile(file, content, newTensor(), tensorFields)
}
