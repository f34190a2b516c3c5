/** What each backend lets a bundle take, whatever the device. */

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

export const backendLimits: Record<'webgpu' | 'wasm', BackendLimits> = {
  // The specification's defaults for maxStorageBufferBindingSize and maxBufferSize: every device has them.
  webgpu: { binding: 128 * MIB, buffer: 256 * MIB, memory: Number.POSITIVE_INFINITY },
  wasm: { binding: WASM_MEMORY, buffer: WASM_MEMORY, memory: WASM_MEMORY },
}
