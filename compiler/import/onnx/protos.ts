/** What wgc reads of the messages in onnx.proto3, as plain objects. Tensors stay encoded. */

/** A tensor as the file holds it: in one of these fields, by type. */
export interface TensorProto {
  name: string
  dims: number[]
  /** Number of `DataType`. */
  type: number
  raw: Uint8Array | undefined
  /** Pieces of `float_data` or `double_data`: little-endian numbers. */
  fixed: Uint8Array[]
  /** `int32_data`, `int64_data` or `uint64_data`. */
  ints: number[]
  strings: Uint8Array[]
  /** Keys and values that say where the data is, when it isn't in this file. */
  external: [key: string, value: string][] | undefined
  /** Bytes that stay in a file: of `raw_data`, or of the file that `external` names. */
  stored?: StoredBytes
}

export interface StoredBytes {
  bytes: number
  /** Bytes [from, to). Throws WGC203 or WGC205 when the file is gone. */
  read(from: number, to: number): Uint8Array
}

export interface AttributeProto {
  name: string
  /** `AttributeType`: 1 float, 2 int, 3 string, 4 tensor, 5 graph, 6 floats, 7 ints, 8 strings … */
  type: number
  f: number
  i: number
  s: string
  t?: TensorProto
  g?: GraphProto
  floats: number[]
  ints: number[]
  strings: string[]
  /** Name of the function's attribute that this one stands for. */
  ref: string
}

export interface NodeProto {
  op: string
  /** `''` is ONNX's own. */
  domain: string
  name: string
  /** `''` where an optional input is left out. */
  inputs: string[]
  outputs: string[]
  attributes: Map<string, AttributeProto>
}

export interface ValueInfo {
  name: string
  /** undefined: no tensor (a sequence, a map, an optional). */
  type: number | undefined
  /** A number, a symbol's name or `undefined` a dimension; undefined where the file doesn't say. */
  shape: (number | string | undefined)[] | undefined
}

export interface GraphProto {
  name: string
  nodes: NodeProto[]
  initializers: TensorProto[]
  inputs: ValueInfo[]
  outputs: ValueInfo[]
  /** Types of values in between, where the file gives them. */
  values: ValueInfo[]
  sparse: number
}

export interface ModelProto {
  irVersion: number
  producer: string
  /** Version of each operator set, by domain. */
  opsets: Map<string, number>
  graph: GraphProto
  /** Names of the model's own functions. */
  functions: string[]
}
