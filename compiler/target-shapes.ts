/** Checks of the files of `targets/`, a shape a file. */
import type { Engine as EngineName } from '../runtime/format.js'
import { tuningRule } from './select/tuning.js'
import { count, flag, list, map, object, oneOf, some, text } from './shape.js'
import type {
  Allowed,
  DeviceClass,
  DeviceClasses,
  Engine,
  MaskedDevice,
  Quirk,
  Refusal,
  Target,
} from './target-types.js'

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

export const engineShape = object<Engine>(
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

export const targetShape = (engines: Map<EngineName, Engine>, classes: DeviceClasses) =>
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

export const classesShape = object<DeviceClasses>(
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
        { sure: flag },
      ),
    ),
  },
  {},
)
