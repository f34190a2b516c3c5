/** What a caller switches off, or makes smaller, to see what runs on lesser devices. */

/** What variants may need, by the names that WebGPU, WGSL and WebAssembly give it. */
export const FEATURES = [
  'webgpu',
  'shader-f16',
  'subgroups',
  'packed_4x8_integer_dot_product',
  'chromium-experimental-subgroup-matrix',
  'simd128',
  'relaxed-simd',
  'threads',
  'memory64',
] as const

export type FeatureName = (typeof FEATURES)[number]

export interface Switches {
  /** `false`: as if it were absent. `true` and what is not named: as found. RangeError for a name that is none. */
  features?: Partial<Record<FeatureName, boolean>> | undefined
  /** No more than this of a limit of the adapter (no less, of an alignment). RangeError for a name that is none. */
  limits?: Partial<Record<Exclude<keyof GPUSupportedLimits, '__brand'>, number>> | undefined
}

/** `own`: the adapter's limits, whose names are the ones to know; none where there is no adapter. */
export function checkSwitches({ features, limits }: Switches, own: Readonly<Record<string, number>>): void {
  const check = (given: object | undefined, names: readonly string[]) => {
    for (const name in given)
      if (names[0] && !names.includes(name)) throw new RangeError(`no ${name}; there is ${names}`)
  }
  check(features, FEATURES)
  check(limits, Object.keys(own))
}
