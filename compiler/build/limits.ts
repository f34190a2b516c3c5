/** What each backend lets a bundle take, whatever the device, and what a plan takes. */
import { GENERATING, type Plan } from '../../runtime/format.js'

export interface BackendLimits {
  /** Bytes one operand may have. */
  binding: number
  /** Bytes of one buffer. */
  buffer: number
  /** Bytes of all. */
  memory: number
}

const MIB = 2 ** 20

/** Of a wasm32 memory, less the page that a length of 2^32 would overflow by. */
const WASM_MEMORY = 4096 * MIB - 65536
/** The feature of a wasm variant whose addresses have 64 bits. */
export const MEMORY64 = 'memory64'
/** What the JavaScript interface of WebAssembly allows a memory with such addresses. */
const WASM64_MEMORY = 16384 * MIB

export const backendLimits: Record<'webgpu' | 'wasm', BackendLimits> = {
  // The specification's defaults for maxStorageBufferBindingSize and maxBufferSize: every device has them.
  webgpu: { binding: 128 * MIB, buffer: 256 * MIB, memory: Number.POSITIVE_INFINITY },
  // Of 64-bit memories too: kernels count the bytes of an operand in 32 bits.
  wasm: { binding: WASM_MEMORY, buffer: WASM_MEMORY, memory: WASM_MEMORY },
}

/** Bytes that a variant may take in all. */
export const memoryLimit = ({
  backend,
  features,
}: {
  backend: 'webgpu' | 'wasm'
  features: readonly string[]
}): number => (features.includes(MEMORY64) ? WASM64_MEMORY : backendLimits[backend].memory)

/** Buffers, and the largest arena of the programs that generate, or of all where none does. */
export function memoryOf({ buffers, programs }: Plan): number {
  const generating = GENERATING.flatMap((name) => programs[name] ?? [])
  const arenas = (generating.length > 0 ? generating : Object.values(programs)).map((p) => p.arena)
  return buffers.reduce((sum, b) => sum + b.bytes, 0) + Math.max(0, ...arenas)
}
