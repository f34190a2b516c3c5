/**
 * Reads an ONNX file without its weights: large `raw_data` is left where it is, however deep it lies. A message that
 * holds some is walked field by field; every other field is read as `reader.ts` does.
 */
import { dirname } from 'node:path'
import { PbfReader } from 'pbf'
import { fail, WgcError } from '../../errors.js'
import { type ByteFile, byteFiles, external, stored } from './files.js'
import type { AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto } from './protos.js'
import {
  attributeFields,
  graphFields,
  modelFields,
  newAttribute,
  newGraph,
  newModel,
  newNode,
  newTensor,
  nodeFields,
  type ReadModel,
  tensorFields,
  whole,
} from './reader.js'
import { damaged, type Fields, fields } from './wire.js'

/** Bytes from which on a field is left in the file, or walked for such. */
const LARGE = 16_384

/** Messages nest by graphs within graphs; no model nests far. */
const MAX_DEPTH = 64

/** Bytes read at once while walking: fields are small between large ones. */
const WINDOW = 65_536

interface Walk {
  file: ByteFile
  window: { start: number; bytes: Uint8Array }
  depth: number
}

/** Fields that may hold large data: what is made of one that lies in [from, to). */
type Deep<T> = Record<number, (into: T, w: Walk, from: number, to: number) => void>

/** Bytes [from, to) through a window that moves on: most fields are small, and follow one another. */
function bytesAt(w: Walk, from: number, to: number): Uint8Array {
  const { window, file } = w
  if (from < window.start || to > window.start + window.bytes.length) {
    const end = Math.min(file.size, Math.max(to, from + WINDOW))
    window.bytes = file.read(from, end)
    window.start = from
  }
  return window.bytes.subarray(from - window.start, to - window.start)
}

/** Bytes of a field's key and length, at most. */
const HEADER = 20

interface Field {
  number: number
  /** Where its value begins, after its length where it has one. */
  from: number
  end: number
  /** Whether it is a message, text or bytes. */
  long: boolean
}

function fieldAt(w: Walk, at: number, end: number): Field {
  const pbf = new PbfReader(bytesAt(w, at, Math.min(at + HEADER, end)))
  const key = pbf.readVarint()
  const [number, type] = [key >>> 3, key & 7]
  if (number === 0) damaged(w.file.path, 'a field has the number 0')
  const over = (): never => damaged(w.file.path, `field ${number} runs over the end of its message`)
  if (type === 2) {
    const length = pbf.readVarint()
    const from = at + pbf.pos
    return length >= 0 && length <= end - from ? { number, from, end: from + length, long: true } : over()
  }
  if (type === 0) pbf.readVarint()
  else if (type === 1) pbf.pos += 8
  else if (type === 5) pbf.pos += 4
  else damaged(w.file.path, `field ${number} has wire type ${type}`)
  const stop = at + pbf.pos
  return stop <= end ? { number, from: at, end: stop, long: false } : over()
}

function walk<T>(w: Walk, from: number, to: number, into: T, table: Fields<T>, deep: Deep<T>): T {
  if (w.depth >= MAX_DEPTH) damaged(w.file.path, 'its messages are nested too deep')
  const inner = { ...w, depth: w.depth + 1 }
  for (let at = from; at < to; ) {
    const field = fieldAt(w, at, to)
    const large = field.long && field.end - field.from >= LARGE
    const enter = large ? deep[field.number] : undefined
    if (enter) enter(into, inner, field.from, field.end)
    else if (table[field.number]) {
      // Of its own memory: a view would keep the whole window.
      const bytes = Uint8Array.from(bytesAt(w, at, field.end))
      fields({ file: w.file.path, pbf: new PbfReader(bytes), end: bytes.length, depth: w.depth }, into, table)
    }
    at = field.end
  }
  return into
}

const deepTensor: Deep<TensorProto> = {
  9: (t, w, from, to) => {
    t.stored = stored(w.file, from, to - from)
  },
}

const deepAttribute: Deep<AttributeProto> = {
  5: (a, w, from, to) => {
    a.t = walk(w, from, to, newTensor(), tensorFields, deepTensor)
  },
  6: (a, w, from, to) => {
    a.g = walk(w, from, to, newGraph(), graphFields, deepGraph)
  },
}

const deepNode: Deep<NodeProto> = {
  5: (n, w, from, to) => {
    const a = walk(w, from, to, newAttribute(), attributeFields, deepAttribute)
    n.attributes.set(a.name, a)
  },
}

const deepGraph: Deep<GraphProto> = {
  1: (g, w, from, to) => g.nodes.push(walk(w, from, to, newNode(), nodeFields, deepNode)),
  5: (g, w, from, to) => g.initializers.push(walk(w, from, to, newTensor(), tensorFields, deepTensor)),
}

const deepModel: Deep<ReadModel> = {
  7: (m, w, from, to) => {
    m.graph = walk(w, from, to, newGraph(), graphFields, deepGraph)
    m.graphs++
  },
}

/** Every tensor of a graph and of the graphs within it. */
export function* tensorsOf(graph: GraphProto): Generator<TensorProto> {
  yield* graph.initializers
  for (const node of graph.nodes)
    for (const a of node.attributes.values()) {
      if (a.t) yield a.t
      if (a.g) yield* tensorsOf(a.g)
    }
}

export interface OnnxFile {
  path: string
  model: ModelProto
  /** Tensors can be read until then. */
  close(): void
}

/**
 * Opens a model file. Its weights are read from it later, or from files beside it.
 * @throws WGC230 when it is no ONNX file or a damaged one, WGC231 when a tensor's file leads out of the folder
 */
export function openOnnx(path: string): OnnxFile {
  const files = byteFiles()
  try {
    const file = files.open(path)
    const start: Walk = { file, window: { start: 0, bytes: new Uint8Array(0) }, depth: 0 }
    const model = whole(walk(start, 0, file.size, newModel(), modelFields, deepModel), path)
    for (const t of tensorsOf(model.graph)) if (t.external) t.stored = external(t, path, dirname(path), files)
    return { path, model, close: files.close }
  } catch (cause) {
    files.close()
    if (cause instanceof WgcError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    return fail('WGC230', [`its messages are not well-formed: ${why}`], { place: { file: path }, cause })
  }
}
