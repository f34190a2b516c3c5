/** What the files of `targets/` hold: browsers, their engines, classes of devices. */
import type { Engine as EngineName } from '../runtime/format.js'
import type { TuningRule } from './select/types.js'

/** Keys into `targets/sources.json`. */
export type Sources = string[]

/** `targets/<name>.json`: one browser (or a server-side runtime) on the systems its title names. */
export interface Target {
  name: string
  title: string
  /** `all` stands for the browsers; servers, and browsers from before all that `all` promises, are named. */
  kind: 'browser' | 'server' | 'former'
  /** With the engine's whole file in place of its name. */
  engine: Engine
  /** First version with the backends below. */
  minimum: string
  /** Its name in browser-compat-data, from which `support.json` is written. */
  bcd: string
  webgpu: {
    /** WebGPU features that a bundle may use together, best first. The last needs nothing. Empty: wasm alone. */
    featureSets: string[][]
    /** Tier of `device-classes.json` that kernels may assume unasked. */
    limits: string
  }
  wasm: {
    /** Wasm features, best first. */
    featureSets: string[][]
  }
  /** Names in `device-classes.json` that occur there. */
  deviceClasses: string[]
  /** Bytes that a bundle may take of the device, where the browser ends the page beyond them. */
  memoryBudget?: number | undefined
  /** Rules of its own, tried before `targets/tuned/`. */
  tuning: TuningRule[]
  quirks?: Quirk[] | undefined
  /** Where each field above was read: dotted field name to keys of `sources.json`. */
  sources: Record<string, Sources>
}

/** `targets/engines/<name>.json`: what all browsers of one engine share. */
export interface Engine {
  name: EngineName
  title: string
  /** Who checks its kernels at build time. msl: Naga must also be able to write Metal, a smoke test. */
  validators: ('tint' | 'naga' | 'msl')[]
  wgsl: {
    /** `enable` directives by name. One that isn't here is refused. */
    enable: Record<string, Allowed>
    /** `requires` directives by name. One that isn't here is refused. */
    requires: Record<string, Allowed>
    /** Constructs that may not be emitted. */
    refuse: Refusal[]
  }
  shape: {
    /** Whether the engine adds a counter to loops, or only to those without constant bounds. */
    loops: 'guarded-unless-constant' | 'guarded-always'
    /** How far templates unroll. */
    unroll: 'small' | 'full'
    source: Sources
  }
  wait: {
    /** promise: await mapAsync.  nudge: submit an empty list every `everyMs` meanwhile. */
    strategy: 'promise' | 'nudge'
    everyMs?: number | undefined
    /** Dispatches after which to submit. Absent: a whole step at once. */
    dispatchesPerSubmit?: number | undefined
    source: Sources
  }
  quirks: Quirk[]
}

/** Whether a directive may be used: always, when a probe at run time found it, or never. */
export interface Allowed {
  when: 'always' | 'probe' | 'never'
  /** WebGPU feature that brings it; for `requires` the name itself is the feature. */
  feature?: string | undefined
  /** First version that has it. */
  since?: string | undefined
  /** Who can read a module with it. Absent: every tool. */
  validators?: Engine['validators'] | undefined
  note?: string | undefined
  source: Sources
}

/** A construct that an engine refuses or suffers from. Exactly one of calls … spaces says what it is. */
export interface Refusal {
  id: string
  /** Builtin functions. */
  calls?: string[] | undefined
  /** Builtin values: `@builtin(name)`. */
  builtins?: string[] | undefined
  /** Function parameters that are pointers to these address spaces. */
  pointers?: string[] | undefined
  /** Bitcasts to this element type, or of it where the text shows it. */
  bitcast?: string | undefined
  /** Buffers of these address spaces whose type holds a vec3. */
  vec3?: string[] | undefined
  /** Variables in these address spaces. */
  spaces?: string[] | undefined
  /** Feature or language feature with which it is allowed after all. */
  unless?: string | undefined
  why: string
  source: Sources
}

/** Something an engine does that changes the code to emit or the way to wait. */
export interface Quirk {
  id: string
  what: string
  do: string
  source: Sources
}

/** `targets/device-classes.json`: families of GPUs, whatever browser runs on them. */
export interface DeviceClasses {
  /** Sets of WebGPU limits that are asked for together. */
  tiers: Record<string, { title: string; limits: Record<string, number>; source: Sources }>
  classes: Record<string, DeviceClass>
  /** What limits tell where the browser masks the names, tried in this order. */
  masked: MaskedDevice[]
}

export interface MaskedDevice {
  id: string
  title: string
  /** Classes that it may be, the likeliest first. */
  classes: string[]
  /** Least and largest value of each. */
  limits: Record<string, number[]>
  /** No other devices have these limits. */
  sure?: boolean | undefined
  source: Sources
}

export interface DeviceClass {
  title: string
  /** Names of tiers to expect, largest first; the adapter's limits decide. */
  tiers: string[]
  /** Sizes that occur; what an adapter says of its own comes before. */
  subgroupSizes: number[]
  /** `adapter.info.architecture` to the sizes of its subgroups. */
  architectures: Record<string, number[]>
  /** What tells the class: `adapter.info`. With architectures: these alone, as vendors make others too. */
  match: {
    /** Names, and the PCI ids that wgpu tells in their place. */
    vendors: string[]
    architectures?: string[] | undefined
  }
  source: Sources
}
