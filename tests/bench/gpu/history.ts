/**
 * Results of benchmarks in a DuckDB file, and what has become slower. DuckDB is one of the packages of tests/bench/peers:
 * `npm ci --prefix tests/bench/peers`.
 */
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

export interface Result {
  device: string
  driver: string
  /** Where the kernels come from: a variant, or a peer and its version. */
  engine: string
  /** What is measured: `gemv q4 1 14336 4096`. */
  name: string
  /** Milliseconds, the median. */
  ms: number
}

interface Reader {
  getRowObjects(): Record<string, unknown>[]
}
interface Connection {
  run(sql: string, values?: unknown[]): Promise<unknown>
  runAndReadAll(sql: string, values?: unknown[]): Promise<Reader>
  closeSync(): void
}

async function open(file: string): Promise<Connection> {
  const folder = resolve('tests/bench/peers')
  let path: string
  try {
    path = createRequire(`${folder}/package.json`).resolve('@duckdb/node-api')
  } catch (cause) {
    throw new Error('no DuckDB: run npm ci --prefix tests/bench/peers, or leave --history out', { cause })
  }
  const { DuckDBInstance } = (await import(pathToFileURL(path).href)) as {
    DuckDBInstance: { create(file: string): Promise<{ connect(): Promise<Connection> }> }
  }
  return (await DuckDBInstance.create(file)).connect()
}

const TABLE = `create table if not exists results (
  measured timestamp default current_timestamp, run varchar, device varchar, driver varchar, engine varchar,
  name varchar, ms double)`

/** Appends a run's results. `run` is what it is called in comparisons: a commit, or a time. */
export async function append(file: string, run: string, results: Result[]): Promise<void> {
  const db = await open(file)
  try {
    await db.run(TABLE)
    for (const { device, driver, engine, name, ms } of results)
      await db.run(
        'insert into results (run, device, driver, engine, name, ms) values ($1, $2, $3, $4, $5, $6)',
        [run, device, driver, engine, name, ms],
      )
  } finally {
    db.closeSync()
  }
}

export interface Change {
  engine: string
  name: string
  /** Median of the runs before, and the last, ms. */
  before: number
  now: number
}

/** The last run of a device against the median of those before it, the largest slowdown first. */
export async function compare(file: string, device: string): Promise<Change[]> {
  const db = await open(file)
  try {
    await db.run(TABLE)
    const reader = await db.runAndReadAll(
      `with last as (select run from results where device = $1 order by measured desc limit 1)
       select engine, name,
         median(ms) filter (where run not in (select run from last)) as before,
         median(ms) filter (where run in (select run from last)) as now
       from results where device = $1 group by engine, name
       having before is not null and now is not null order by now / before desc`,
      [device],
    )
    return reader.getRowObjects() as unknown as Change[]
  } finally {
    db.closeSync()
  }
}
