/** Memory of the browsers that this process started, as Linux tells it. */
import { readdirSync, readFileSync } from 'node:fs'

/** In MiB, without the files that are mapped (RssAnon and RssShmem). `page`: what runs the page; `gpu`: what talks to the GPU. */
export interface Memory {
  page: number
  gpu: number
  all: number
}

const text = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Gone since it was listed.
    return ''
  }
}

/** Processes below this one. */
function descendants(): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!pid) continue
    // The name, in parentheses, may hold spaces.
    const parent = Number(text(`/proc/${pid}/stat`).split(') ')[1]?.split(' ')[1])
    if (parent) parents.set(pid, parent)
  }
  const below = (pid: number | undefined): boolean =>
    pid !== undefined && (pid === process.pid || below(parents.get(pid)))
  return [...parents.keys()].filter((pid) => pid !== process.pid && below(pid))
}

export function memoryNow(): Memory {
  const sum: Memory = { page: 0, gpu: 0, all: 0 }
  for (const pid of descendants()) {
    const status = text(`/proc/${pid}/status`)
    const own =
      [...status.matchAll(/^Rss(?:Anon|Shmem):\s+(\d+) kB/gm)].reduce((n, m) => n + Number(m[1]), 0) / 1024
    const command = text(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')
    sum.all += own
    if (/--type=renderer|-contentproc.*\btab\b/.test(command)) sum.page += own
    if (/--type=gpu-process|-contentproc.*\bgpu\b/.test(command)) sum.gpu += own
  }
  return sum
}

/** The most of each while `work` goes on, looked at every so many milliseconds. */
export async function peakOf<T>(work: Promise<T>, every = 40): Promise<{ result: T; peak: Memory }> {
  const peak: Memory = { page: 0, gpu: 0, all: 0 }
  const timer = setInterval(() => {
    const now = memoryNow()
    for (const key of ['page', 'gpu', 'all'] as const) peak[key] = Math.max(peak[key], now[key])
  }, every)
  try {
    return { result: await work, peak }
  } finally {
    clearInterval(timer)
  }
}

export const shown = (m: Memory): string =>
  (['page', 'gpu', 'all'] as const).map((k) => `${k} ${m[k].toFixed(0)}`).join(', ')

/** Growth a step, by least squares, of equal steps. */
export function slope(values: readonly number[]): number {
  const n = values.length
  const middle = (n - 1) / 2
  const mean = values.reduce((a, b) => a + b, 0) / n
  const over = values.reduce((sum, v, i) => sum + (i - middle) * (v - mean), 0)
  return over / values.reduce((sum, _, i) => sum + (i - middle) ** 2, 0)
}
