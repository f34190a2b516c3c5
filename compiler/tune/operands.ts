/**
 * Operands to measure kernels with: as large as a model's, filled with noise that every format takes. Random bits are
 * random weights; only scales, halves and floats have bits that are set, so that no number is huge or a NaN.
 */
import { STEP_BYTES } from '../../runtime/format.js'
import { rowBytes } from '../emit/plan.js'
import { formats, groupOf } from '../formats/formats.js'
import { layoutNamed } from '../formats/layouts.js'
import { expression, hasPort } from '../ir/facts.js'
import type { DType, WeightFormatName } from '../ir/graph.js'
import type { Facts, OpDef, PortSpec } from '../ops/types.js'
import { evaluateExpression } from '../specialize/index.js'

/** Flags of WebGPU by value: Node knows no GPUBufferUsage. */
export const USAGE = { mapRead: 1, copySrc: 4, copyDst: 8, uniform: 64, storage: 128, query: 512 } as const

/** Bits kept of noise, and bits set: numbers of about 1/4 to 1/2, of both signs. */
type Mask = readonly [keep: number, set: number]
export const FLOATS: Mask = [0x807fffff, 0x3e800000]
const HALVES: Mask = [0x83ff83ff, 0x34003400]
/** Halves of about 1/64; the upper is negative where it is a minimum. */
export const SCALES: Mask = [0x03ff03ff, 0x24002400]
export const SCALES_AND_MINIMA: Mask = [0x03ff03ff, 0xa4002400]
export const BITS: Mask = [0xffffffff, 0]

const PATCH_WORDS = 1 << 18

/** Noise under a mask: a hash of its place, the same on every machine. */
export function noisePatch([keep, set]: Mask, words = PATCH_WORDS): Uint32Array<ArrayBuffer> {
  const out = new Uint32Array(words)
  for (let i = 0; i < words; i++) {
    let h = Math.imul(i + 1, 0x9e3779b1)
    h = Math.imul(h ^ (h >>> 16), 0x7feb352d)
    h = Math.imul(h ^ (h >>> 15), 0x846ca68b)
    out[i] = ((h ^ (h >>> 16)) & keep) | set
  }
  return out
}

interface Content {
  bytes: number
  mask: Mask
}

const size = (text: string, facts: Facts) => Number(evaluateExpression(expression(text), facts))

const sizes = ({ shape }: PortSpec, facts: Facts) => shape.map((text) => size(text, facts))

function maskOf(type: DType): Mask {
  if (type === 'f32') return FLOATS
  return type === 'f16' ? HALVES : SCALES
}

/** What an operand's buffers hold, by the name of the binding. */
export function contentsOf(op: OpDef, facts: Facts): Map<string, Content> {
  const found = new Map<string, Content>()
  for (const [name, spec] of Object.entries(op.ports)) {
    if (!hasPort(spec, facts)) continue
    const dims = sizes(spec, facts)
    if (spec.kind === 'weight') {
      const format = facts.W as WeightFormatName
      const [n = 1, k = 1] = dims
      const bytes = layoutNamed('rows').bytes(format, n, k, groupOf(format, Number(facts.G)))
      const plain = !formats[format].grouped
      found.set(name, { bytes: bytes.data, mask: plain ? maskOf(format as DType) : BITS })
      const mask = formats[format].minimum ? SCALES_AND_MINIMA : SCALES
      if (bytes.scale > 0) found.set(`${name}_scale`, { bytes: bytes.scale, mask })
      continue
    }
    const type = (spec.kind === 'state' ? facts.KV : spec.kind) as DType
    const columns = dims.at(-1) ?? 1
    const rows = dims.slice(0, -1).reduce((a, b) => a * b, 1)
    const mask: Mask = type === 'u32' ? [0xff, 0] : maskOf(type)
    found.set(name, { bytes: rows * rowBytes(type, columns), mask })
  }
  return found
}

/** Bytes of a port as another type than the operator's. */
export function narrowBytes(op: OpDef, port: string, type: DType, facts: Facts): number {
  const dims = sizes(op.ports[port]!, facts)
  return dims.slice(0, -1).reduce((a, b) => a * b, 1) * rowBytes(type, dims.at(-1) ?? 1)
}

const aligned = (bytes: number) => Math.max(Math.ceil(bytes / 256) * 256, 256)

/** A buffer of storage. */
export const storage = (device: GPUDevice, bytes: number): GPUBuffer =>
  device.createBuffer({
    size: aligned(bytes),
    usage: USAGE.storage | USAGE.copySrc | USAGE.copyDst,
  })

function fill(device: GPUDevice, buffer: GPUBuffer, patch: Uint32Array<ArrayBuffer>): void {
  for (let at = 0; at < buffer.size; at += patch.byteLength)
    device.queue.writeBuffer(buffer, at, patch, 0, Math.min(patch.length, (buffer.size - at) / 4))
}

/** A step uniform: `seq` tokens after `past`. */
export function stepBuffer(device: GPUDevice, seq: number, past: number): GPUBuffer {
  const buffer = device.createBuffer({ size: 256, usage: USAGE.uniform | USAGE.copyDst })
  const words = new Uint32Array(STEP_BYTES / 4)
  words.set([seq, past, 1, 0])
  new Float32Array(words.buffer).set([1, 0], 4)
  words[6] = 1
  new Float32Array(words.buffer)[7] = 1
  device.queue.writeBuffer(buffer, 0, words)
  return buffer
}

/** Operands of one operator; weights in several copies, so that no cache holds what a model would read anew. */
export interface Operands {
  /** Buffers by binding name, one set a copy. */
  copies: Record<string, GPUBuffer>[]
  destroy(): void
}

/** Bytes of weights together that no cache holds, and most copies. */
const BEYOND_CACHE = 256 * 2 ** 20
const MOST_COPIES = 64

/** Makes and fills the operands of an operator. `past`: of the step uniform. */
export function makeOperands(device: GPUDevice, op: OpDef, facts: Facts, past: number): Operands {
  const contents = contentsOf(op, facts)
  const isWeight = (name: string) => op.ports[name.replace(/_scale$/, '')]?.kind === 'weight'
  const patches = new Map<Mask, Uint32Array<ArrayBuffer>>()
  const made: GPUBuffer[] = []
  const make = ({ bytes, mask }: Content) => {
    const buffer = storage(device, bytes)
    if (!patches.has(mask)) patches.set(mask, noisePatch(mask))
    fill(device, buffer, patches.get(mask)!)
    made.push(buffer)
    return buffer
  }
  const shared: Record<string, GPUBuffer> = {
    step: stepBuffer(device, Number(facts.M ?? 1), past),
  }
  made.push(shared.step!)
  let weights = 0
  for (const [name, content] of contents) {
    if (isWeight(name)) weights += content.bytes
    else shared[name] = make(content)
  }
  const count = weights === 0 ? 1 : Math.min(Math.max(Math.ceil(BEYOND_CACHE / weights), 2), MOST_COPIES)
  const copies = Array.from({ length: count }, () => {
    const own = [...contents].filter(([name]) => isWeight(name))
    return { ...shared, ...Object.fromEntries(own.map(([name, content]) => [name, make(content)])) }
  })
  return {
    copies,
    destroy: () => {
      for (const buffer of made) buffer.destroy()
    },
  }
}
