/** Capabilities of made-up machines, for tests of selection. */
import type { Capabilities } from '../../runtime/index.js'

/** Machines that differ from a plain Chromium on a desktop GPU in what is given. */
export function machine(
  engine: Capabilities['engine'] = 'chromium',
  webgpu: Partial<Capabilities['webgpu']> = {},
  more: Partial<Capabilities> = {},
): Capabilities {
  return {
    engine,
    webgpu: {
      ...{ available: true, features: ['shader-f16', 'subgroups'], wgsl: [] },
      limits: { maxBufferSize: 2 ** 30, minStorageBufferOffsetAlignment: 256 },
      ...{ info: {}, software: false, nudge: false, ...webgpu },
    },
    wasm: { simd128: true, 'relaxed-simd': true, threads: false, memory64: false },
    crossOriginIsolated: false,
    ...more,
  }
}
