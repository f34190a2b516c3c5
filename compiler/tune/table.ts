/** A tuned table's file: made, or brought up to date by a new measurement. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Engine } from '../../runtime/format.js'
import { type Measured, readTable, type TunedTable, type TunedVariant } from '../select/tuning.js'
import type { TuningRule } from '../select/types.js'

export interface TableUpdate {
  class: string
  engine: Engine
  /** Variants for the features of this device, where the table has none yet. */
  variants: TunedVariant[]
  measured: Measured
  rules: TuningRule[]
}

const sameDevice = (a: Measured, b: Measured) =>
  a.device === b.device && a.driver === b.driver && a.engine === b.engine

/** The table after a measurement: its rules come first, and take the place of older ones for the same sizes. */
export function updated(table: TunedTable | undefined, update: TableUpdate): TunedTable {
  const { measured, rules } = update
  const replaced = new Set(rules.map((r) => `${r.op} ${r.when}`))
  const older = (table?.rules ?? []).filter((r) => !replaced.has(`${r.op} ${r.when}`))
  const before = table?.measured.find((m) => sameDevice(m, measured))
  const models = [...new Set([...(before?.models ?? []), ...measured.models])]
  const exact = (r: TuningRule) => /\b(N|K|HD|D|V) [=<>]=/.test(r.when ?? '')
  return {
    class: update.class,
    engine: update.engine,
    variants: table?.variants ?? update.variants,
    ...(table?.chunk !== undefined && { chunk: table.chunk }),
    measured: [...(table?.measured ?? []).filter((m) => m !== before), { ...measured, models }],
    // What names sizes comes before what holds for all.
    rules: [
      ...rules.filter(exact),
      ...older.filter(exact),
      ...rules.filter((r) => !exact(r)),
      ...older.filter((r) => !exact(r)),
    ],
  }
}

/** Writes a table beside and renames it. */
export function writeTable(file: string, update: TableUpdate): TunedTable {
  const table = updated(existsSync(file) ? readTable(file) : undefined, update)
  writeFileSync(`${file}.tmp`, `${JSON.stringify(table, null, 2)}\n`)
  renameSync(`${file}.tmp`, file)
  return table
}

/** What is known of a subject: times by candidate in ms, 0 for one that can't run. */
export interface Known {
  times: Record<string, number>
  /** What selection takes, measured: ms. */
  now?: number | undefined
  /** Its search has ended. */
  done?: boolean
}

/** What a search that was broken off, or had no more time, has measured: by subject. */
export type State = Record<string, Known>

interface StateFile {
  /** Device, driver, engine, features: times of others say nothing here. */
  of: string
  subjects: State
}

const isState = (value: unknown): value is StateFile => {
  const { of, subjects } = (value ?? {}) as Partial<StateFile>
  const each = typeof subjects === 'object' && subjects !== null ? Object.values(subjects) : [undefined]
  return typeof of === 'string' && each.every((s) => typeof s?.times === 'object' && s.times !== null)
}

/** What was measured before on the same device; nothing where there is no such file. */
export function readState(file: string, of: string): State {
  if (!existsSync(file)) return {}
  try {
    const state: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return isState(state) && state.of === of ? state.subjects : {}
  } catch (e) {
    // Broken off while it was written: measured anew.
    if (e instanceof SyntaxError) return {}
    throw e
  }
}

export function writeState(file: string, of: string, subjects: State): void {
  writeFileSync(`${file}.tmp`, JSON.stringify({ of, subjects } satisfies StateFile))
  renameSync(`${file}.tmp`, file)
}
