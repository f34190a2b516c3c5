/** Runs jobs in batches on Dawn or on wgpu, and says what is wrong with their results. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DENO, denoRun } from '../helpers/wgpu.js'
import { runBatch } from './batch.js'
import { type Job, type JobBatch, makeBatch } from './wgsl-jobs.js'

/** Dispatches in a submit. */
const BATCH = 40

function batchesOf(jobs: Job[]): JobBatch[] {
  const count = Math.ceil(jobs.length / BATCH)
  return Array.from({ length: count }, (_, i) => makeBatch(jobs.slice(i * BATCH, (i + 1) * BATCH)))
}

/** All that is wrong, each with the job's label. */
function faults(batches: JobBatch[], results: Uint8Array[]): string[] {
  return batches.flatMap(({ jobs, check }, i) =>
    check(results[i]!).flatMap((why, j) => why.map((line) => `${jobs[j]!.label}: ${line}`)),
  )
}

export async function runOnDawn(device: GPUDevice, jobs: Job[]): Promise<string[]> {
  const batches = batchesOf(jobs)
  const results: Uint8Array[] = []
  for (const { batch } of batches) results.push(await runBatch(device, batch))
  return faults(batches, results)
}

/** Runs Deno's side of the work; rejects with what it printed. */
function deno(folder: string): Promise<void> {
  const { args, env } = denoRun(new URL('batch-deno.ts', import.meta.url), folder)
  const child = spawn(DENO, args, { env })
  let said = ''
  child.stderr.on('data', (text) => {
    said += text
  })
  return new Promise((done, failed) => {
    child.on('error', failed)
    child.on('exit', (code) => (code === 0 ? done() : failed(new Error(`deno: ${said}`))))
  })
}

/** Writes the jobs' batches for `batch-deno.ts`: batches.json and data.bin. */
export function writeBatches(folder: string, jobs: Job[]): void {
  const batches = batchesOf(jobs)
  const sizes = batches.map(({ batch: b }) => {
    return { ...b, read: b.read.length, write: b.write.length, uniform: b.uniform.length }
  })
  writeFileSync(join(folder, 'batches.json'), JSON.stringify(sizes))
  const data = batches.flatMap(({ batch: b }) => [b.read, b.write, b.uniform])
  writeFileSync(join(folder, 'data.bin'), Buffer.concat(data))
}

/** All that is wrong with what `batch-deno.ts` left in the folder. */
export function readResults(folder: string, jobs: Job[]): string[] {
  const batches = batchesOf(jobs)
  const all = new Uint8Array(readFileSync(join(folder, 'results.bin')))
  let at = 0
  const results = batches.map(({ batch }) => {
    at += batch.write.length
    return all.slice(at - batch.write.length, at)
  })
  return faults(batches, results)
}

export async function runOnWgpu(jobs: Job[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'wgc-deno-'))
  try {
    writeBatches(folder, jobs)
    await deno(folder)
    return readResults(folder, jobs)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
