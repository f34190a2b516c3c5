/**
 * What a bundle is for: browsers, their engines, classes of devices. All of it is data in `targets/`; this file
 * says what the data holds, checks it, and finds a target by name.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Engine as EngineName } from '../runtime/format.js'
import { fail } from './errors.js'
import { nearest } from './import/nearest.js'
import { packageRoot } from './root.js'
import { tuningRule } from './select/tuning.js'
import type { TuningRule } from './select/types.js'
import { count, list, map, object, oneOf, type Shape, some, text } from './shape.js'

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
  /** What limits tell where the browser masks the names, tried in this order (`device-class.ts`). */
  masked: MaskedDevice[]
}

export interface MaskedDevice {
  id: string
  title: string
  /** Classes that it may be, the likeliest first. */
  classes: string[]
  /** Least and largest value of each. */
  limits: Record<string, number[]>
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

const sources = some(text)
const quirk = object<Quirk>({ id: text, what: text, do: text, source: sources }, {})
const allowed = object<Allowed>(
  { when: oneOf('always', 'probe', 'never'), source: sources },
  { feature: text, since: text, note: text, validators: some(oneOf('tint', 'naga', 'msl')) },
)
const refusal = object<Refusal>(
  { id: text, why: text, source: sources },
  {
    calls: some(text),
    builtins: some(text),
    pointers: some(text),
    bitcast: text,
    vec3: some(text),
    spaces: some(text),
    unless: text,
  },
)

const engineShape = object<Engine>(
  {
    name: oneOf('chromium', 'gecko', 'webkit'),
    title: text,
    validators: some(oneOf('tint', 'naga', 'msl')),
    wgsl: object<Engine['wgsl']>({ enable: map(allowed), requires: map(allowed), refuse: list(refusal) }, {}),
    shape: object<Engine['shape']>(
      {
        loops: oneOf('guarded-unless-constant', 'guarded-always'),
        unroll: oneOf('small', 'full'),
        source: sources,
      },
      {},
    ),
    wait: object<Engine['wait']>(
      { strategy: oneOf('promise', 'nudge'), source: sources },
      { everyMs: count, dispatchesPerSubmit: count },
    ),
    quirks: list(quirk),
  },
  {},
)

const targetShape = (engines: Map<EngineName, Engine>, classes: DeviceClasses) =>
  object<Target>(
    {
      name: text,
      title: text,
      kind: oneOf('browser', 'server', 'former'),
      engine: (v, at) => engines.get(oneOf(...engines.keys())(v, at))!,
      minimum: text,
      bcd: text,
      webgpu: object<Target['webgpu']>(
        { featureSets: list(list(text)), limits: oneOf(...Object.keys(classes.tiers)) },
        {},
      ),
      wasm: object<Target['wasm']>({ featureSets: some(list(text)) }, {}),
      deviceClasses: some(oneOf(...Object.keys(classes.classes))),
      tuning: list(tuningRule),
      sources: map(sources),
    },
    {
      memoryBudget: count,
      quirks: list(quirk),
    },
  )

const classesShape = object<DeviceClasses>(
  {
    tiers: map(
      object<DeviceClasses['tiers'][string]>({ title: text, limits: map(count), source: sources }, {}),
    ),
    classes: map(
      object<DeviceClass>(
        {
          title: text,
          tiers: some(text),
          subgroupSizes: list(count),
          architectures: map(some(count)),
          match: object<DeviceClass['match']>({ vendors: list(text) }, { architectures: some(text) }),
          source: sources,
        },
        {},
      ),
    ),
    masked: list(
      object<MaskedDevice>(
        { id: text, title: text, classes: some(text), limits: map(some(count)), source: sources },
        {},
      ),
    ),
  },
  {},
)

/** Files beside the targets that are none. */
const OTHERS = ['device-classes', 'overrides', 'sources', 'support', 'watched', 'workgroups'].map(
  (name) => `${name}.json`,
)

/** JSON files of a folder, in the order of their stems. */
const jsonIn = (folder: string) =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort((a, b) => (a.slice(0, -5) < b.slice(0, -5) ? -1 : 1))

function read<T>(folder: string, file: string, shape: Shape<T>): T {
  const path = join(folder, file)
  let parsed: unknown
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'))
  } catch (e) {
    if (!(e instanceof SyntaxError)) throw e
    fail('WGC411', ['', `no JSON (${e.message})`, 'JSON'], { place: { file: path }, cause: e })
  }
  return shape(parsed, { file: path, path: '' })
}

const targetsFolder = () => join(packageRoot(), 'targets')

/** One of the files of `targets/`. Throws WGC411 where it is not of that shape. */
export const readData = <T>(file: string, shape: Shape<T>, folder = targetsFolder()): T =>
  read(folder, file, shape)

/** What the keys under `source` stand for. */
export const loadSources = (folder?: string): Record<string, string> =>
  readData('sources.json', map(text), folder)

export const loadDeviceClasses = (folder = targetsFolder()): DeviceClasses =>
  read(folder, 'device-classes.json', classesShape)

/** Engines by name. */
export function loadEngines(folder = targetsFolder()): Map<EngineName, Engine> {
  const inside = join(folder, 'engines')
  const engines = jsonIn(inside).map((file) => read(inside, file, engineShape))
  return new Map(engines.map((engine) => [engine.name, engine]))
}

let engines: Map<EngineName, Engine> | undefined

/** What wgc knows of an engine; read once. */
export function engineNamed(name: EngineName): Engine {
  engines ??= loadEngines()
  return engines.get(name) ?? fail('WGC901', [`targets/engines has no file for ${name}`])
}

let loaded: Map<string, Target> | undefined

/**
 * Every target by name, in alphabetical order.
 * @param folder of data files; wgc's own by default, which are read once
 * @throws WGC411 naming file and field when the data is not what the types above say
 */
export function loadTargets(folder?: string): Map<string, Target> {
  if (folder === undefined) {
    loaded ??= loadTargets(targetsFolder())
    return loaded
  }
  const shape = targetShape(loadEngines(folder), loadDeviceClasses(folder))
  const files = jsonIn(folder).filter((file) => !OTHERS.includes(file))
  const targets = files.map((file) => {
    const target = read(folder, file, shape)
    const named = oneOf(file.slice(0, -5))(target.name, { file: join(folder, file), path: 'name' })
    return [named, target] as const
  })
  return new Map(targets)
}

/**
 * The targets of a command line: names parted by commas, `all` for every browser.
 * @throws WGC410 for an unknown name, with the known ones and the nearest
 */
export function resolveTargets(names: string, targets = loadTargets()): Target[] {
  const wanted = names
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .flatMap((name) => {
      if (name === 'all') return [...targets.values()].filter((t) => t.kind === 'browser')
      return targets.get(name) ?? fail('WGC410', [name, [...targets.keys()], nearest(name, targets.keys())])
    })
  return [...new Set(wanted)]
}
