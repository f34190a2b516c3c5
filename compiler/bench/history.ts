/**
 * Results of benchmarks in a DuckDB file, and how the last ones differ from those before. DuckDB (npm @duckdb/node-api)
 * is no dependency of wgc: it is looked for when a history is asked for.
 */
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { fail } from '../errors.js'
import { packageRoot } from '../root.js'
import { type Entry, judge, type Verdict } from './verdict.js'

/** One figure of a run. */
export interface Result extends Entry {
  /** Where the kernels come from: a variant, or a peer and its version. */
  engine: string
  /** What is measured: `stories q4, prompt 512: decode`. */
  name: string
}

/** What all figures of a run share. */
export interface Run {
  /** What it is called in comparisons; a time unless given. */
  run: string
  device: string
  driver: string
  /** What runs the kernels: Dawn and its version, Node's. */
  host: string
  /** wgc's own version. */
  wgc: string
}

export interface Change extends Verdict {
  engine: string
  name: string
  unit: string
  /** Median of the runs before, and the last. */
  before: number
  now: number
}

interface Reader {
  getRowObjects(): Record<string, unknown>[]
}
interface Connection {
  run(sql: string, values?: unknown[]): Promise<unknown>
  runAndReadAll(sql: string, values?: unknown[]): Promise<Reader>
  closeSync(): void
}

const DUCKDB = '@duckdb/node-api'

/** Where it is looked for, beside `more` folders: with wgc, then where the command runs. */
async function open(file: string, more: readonly string[]): Promise<Connection> {
  for (const folder of [packageRoot(), resolve('.'), ...more]) {
    let path: string
    try {
      path = createRequire(join(folder, 'package.json')).resolve(DUCKDB)
    } catch {
      continue
    }
    const { DuckDBInstance } = (await import(pathToFileURL(path).href)) as {
      DuckDBInstance: { create(file: string): Promise<{ connect(): Promise<Connection> }> }
    }
    try {
      return await (await DuckDBInstance.create(file)).connect()
    } catch (e) {
      return fail('WGC636', [(e as Error).message.split('\n')[0] ?? ''], { place: { file }, cause: e })
    }
  }
  return fail('WGC635', [DUCKDB])
}

/** Throws what `append` would of the file: before the work whose results it is to keep. */
export async function checkHistory(file: string, folders: readonly string[] = []): Promise<void> {
  const db = await open(file, folders)
  db.closeSync()
}

const TABLE = `create table if not exists measurements (
  measured timestamp default current_timestamp, run varchar, device varchar, driver varchar, host varchar, wgc varchar,
  engine varchar, name varchar, unit varchar, value double, spread double)`

const COLUMNS = [
  ...['run', 'device', 'driver', 'host', 'wgc', 'engine', 'name', 'unit', 'value', 'spread'],
] as const

/** Earlier runs that are compared with. */
const RUNS = 8

/**
 * Appends a run's results to the file, which is made where there is none. `folders`: where else DuckDB may lie.
 *
 * @throws WGC635 where DuckDB is not installed, WGC636 where the file is none of its own
 */
export async function append(
  file: string,
  run: Run,
  results: readonly Result[],
  folders: readonly string[] = [],
): Promise<void> {
  const db = await open(file, folders)
  const sql = `insert into measurements (${COLUMNS}) values (${COLUMNS.map((_, i) => `$${i + 1}`)})`
  try {
    await db.run(TABLE)
    for (const result of results) {
      const row: Record<string, unknown> = { ...run, ...result }
      await db.run(
        sql,
        COLUMNS.map((name) => row[name] ?? null),
      )
    }
  } finally {
    db.closeSync()
  }
}

/** The run against the last of the same device before it, the largest change for the worse first. */
export async function compare(
  file: string,
  { run, device }: Pick<Run, 'run' | 'device'>,
  folders: readonly string[] = [],
): Promise<Change[]> {
  const db = await open(file, folders)
  try {
    await db.run(TABLE)
    const read = async (sql: string, values: unknown[]) =>
      (await db.runAndReadAll(sql, values)).getRowObjects() as unknown as (Result & { run: string })[]
    const rows = await read(
      `select run, engine, name, unit, value, spread from measurements where device = $1 order by measured, rowid`,
      [device],
    )
    const keyOf = (r: Result) => JSON.stringify([r.engine, r.name, r.unit])
    const now = new Map(rows.filter((r) => r.run === run).map((r) => [keyOf(r), r]))
    return [...now]
      .flatMap(([key, last]): Change[] => {
        const before = rows.filter((r) => r.run !== run && keyOf(r) === key).slice(-RUNS)
        const verdict = judge(before, last)
        return verdict
          ? [{ ...verdict, engine: last.engine, name: last.name, unit: last.unit, now: last.value }]
          : []
      })
      .sort((a, b) => b.worse - a.worse)
  } finally {
    db.closeSync()
  }
}
