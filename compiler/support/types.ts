/**
 * What is known of browsers' support: `targets/watched.json` says of what, `targets/support.json` is written from two
 * npm packages (`npm run support`), `targets/overrides.json` says where those are wrong or silent.
 */
import { list, map, object, oneOf, type Shape, some, text } from '../shape.js'

/** yes: by default. partial: so, but not on every system. flag, preview: not by default, or not released yet. */
export type State = 'yes' | 'partial' | 'flag' | 'preview' | 'no' | 'unknown'

export const STATES = ['yes', 'partial', 'flag', 'preview', 'no', 'unknown'] as const

export interface Cell {
  state: State
  /** First version that has it by default; of a flag or preview the first that has it at all. `≤` where older may. */
  since?: string | undefined
  /** First version that has it on every system that it will be on, where `since` does not. */
  full?: string | undefined
  flag?: string | undefined
  notes?: string[] | undefined
  /** Target whose version this was computed from, by the version of the engine. */
  mirror?: string | undefined
  /** Where it is not from the packages: keys of `sources.json`. */
  source?: string[] | undefined
  /** What the packages say instead. */
  instead?: string | undefined
}

export const KINDS = ['webgpu', 'feature', 'wgsl', 'wasm', 'js', 'api'] as const

export type Kind = (typeof KINDS)[number]

export interface Thing {
  id: string
  /** webgpu, feature (of a device) and wgsl (of the language) are nowhere where WebGPU isn't. */
  kind: Kind
  /** Path in browser-compat-data; absent where it has none. */
  bcd?: string | undefined
  title: string
  /** The runtime, or every kernel, does not work without. */
  needed?: boolean | undefined
}

export interface Watched {
  /** Of runtimes with this engine browser-compat-data says little of WebAssembly: they have what that target has. */
  mirror: { from: string; engine: string }
  /** Every entry below a path whose name begins so is a thing, under the rest of that name. */
  families: { kind: Kind; bcd: string; prefix: string; title: string }[]
  things: Thing[]
}

export interface Override {
  things: string[]
  targets: string[]
  cell: Omit<Cell, 'mirror' | 'source' | 'instead'>
  why: string
  source: string[]
}

/** WebGPU on one operating system. */
export interface System {
  system: string
  since?: string | undefined
  /** Absent: by default since `since`. */
  state?: State | undefined
  backend?: string | undefined
  note?: string | undefined
  source: string[]
}

export interface Overrides {
  overrides: Override[]
  /** By target. */
  systems: Record<string, System[]>
}

export interface Baseline {
  /** Name in web-features. */
  feature: string
  /** low: in the newest of every browser of the core set. high: for 30 months. */
  status: 'high' | 'low' | 'no'
  since?: string | undefined
}

export interface SupportTable {
  note: string
  /** npm package to the version that this was written from. */
  packages: Record<string, string>
  /** Keys of `sources.json` for every cell that says nothing else. */
  source: string[]
  targets: Record<string, { bcd: string; current: string; engines: Record<string, string> }>
  things: (Thing & { baseline?: Baseline | undefined; support: Record<string, Cell> })[]
}

const state = oneOf(...STATES)
const cell = { state }
const cellOptions = { since: text, full: text, flag: text, notes: some(text) }
const flag: Shape<boolean> = (v, at) => (v === true ? true : oneOf('true')(v, at) === 'true')

export const watchedShape = object<Watched>(
  {
    mirror: object<Watched['mirror']>({ from: text, engine: text }, {}),
    families: list(
      object<Watched['families'][number]>(
        { kind: oneOf(...KINDS), bcd: text, prefix: text, title: text },
        {},
      ),
    ),
    things: some(
      object<Thing>({ id: text, kind: oneOf(...KINDS), title: text }, { bcd: text, needed: flag }),
    ),
  },
  {},
)

export const overridesShape = object<Overrides>(
  {
    overrides: list(
      object<Override>(
        {
          things: some(text),
          targets: some(text),
          cell: object<Override['cell']>(cell, cellOptions),
          why: text,
          source: some(text),
        },
        {},
      ),
    ),
    systems: map(
      some(
        object<System>(
          { system: text, source: some(text) },
          { since: text, state, backend: text, note: text },
        ),
      ),
    ),
  },
  {},
)

const thing = { id: text, kind: oneOf(...KINDS), title: text }

export const supportShape = object<SupportTable>(
  {
    note: text,
    packages: map(text),
    source: some(text),
    targets: map(
      object<SupportTable['targets'][string]>({ bcd: text, current: text, engines: map(text) }, {}),
    ),
    things: some(
      object<SupportTable['things'][number]>(
        {
          ...thing,
          support: map(
            object<Cell>(cell, { ...cellOptions, mirror: text, source: some(text), instead: text }),
          ),
        },
        {
          bcd: text,
          needed: flag,
          baseline: object<Baseline>({ feature: text, status: oneOf('high', 'low', 'no') }, { since: text }),
        },
      ),
    ),
  },
  {},
)
