/**
 * The tuned tables: `targets/tuned/*.json`. One without a class holds for every device; one with a class and an engine
 * was measured there (`wgc tune`), and makes variants of its own, for those devices alone.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Engine } from '../../runtime/format.js'
import { packageRoot } from '../root.js'
import { any, count, list, object, oneOf, type Shape, some, text } from '../shape.js'
import type { TuningRule } from './types.js'

/** Where and when rules were measured. */
export interface Measured {
  device: string
  driver: string
  /** Engine and version. */
  engine: string
  date: string
  /** Models whose sizes were measured. */
  models: string[]
}

/** Features that occur together on devices of a class, and what a variant with them is called. */
export interface TunedVariant {
  name: string
  features: string[]
}

/** `targets/tuned/<class>-<engine>.json` */
export interface TunedTable {
  /** Name in `device-classes.json`. */
  class: string
  engine: Engine
  /** Best first. */
  variants: TunedVariant[]
  /** Tokens of a step of a prompt; absent: as many as the model's family says. */
  chunk?: number | undefined
  measured: Measured[]
  rules: TuningRule[]
}

interface GeneralTable {
  device: 'any'
  date: string
  rules: TuningRule[]
}

export const tuningRule = object<TuningRule>(
  { op: text, template: text, why: text },
  { when: text, params: any as Shape<NonNullable<TuningRule['params']>> },
)

const generalShape = object<GeneralTable>({ device: oneOf('any'), date: text, rules: list(tuningRule) }, {})

const tableShape = object<TunedTable>(
  {
    class: text,
    engine: oneOf('chromium', 'gecko', 'webkit'),
    variants: some(object<TunedVariant>({ name: text, features: list(text) }, {})),
    measured: some(
      object<Measured>({ device: text, driver: text, engine: text, date: text, models: list(text) }, {}),
    ),
    rules: list(tuningRule),
  },
  { chunk: count },
)

const isGeneral = (value: unknown) => typeof value === 'object' && value !== null && 'device' in value

export const tunedFolder = (): string => join(packageRoot(), 'targets', 'tuned')

const read = (folder: string): [path: string, value: unknown][] =>
  readdirSync(folder)
    .filter((f) => f.endsWith('.json'))
    .sort()
    .map((f) => [join(folder, f), JSON.parse(readFileSync(join(folder, f), 'utf8'))])

/** One table of a class. Throws WGC411 where the file is not what it should be. */
export const readTable = (file: string): TunedTable =>
  tableShape(JSON.parse(readFileSync(file, 'utf8')), { file, path: '' })

/** Rules that hold for every device. Throws WGC411 where a file is not what it should be. */
export function loadTuning(folder = tunedFolder()): TuningRule[] {
  const tables = read(folder).filter(([, value]) => isGeneral(value))
  return tables.flatMap(([file, value]) => generalShape(value, { file, path: '' }).rules)
}

/** Tables of device classes. Throws WGC411 where a file is not what it should be. */
export function loadTables(folder = tunedFolder()): TunedTable[] {
  const tables = read(folder).filter(([, value]) => !isGeneral(value))
  return tables.map(([file, value]) => tableShape(value, { file, path: '' }))
}
