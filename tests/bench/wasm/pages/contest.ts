/**
 * What a page of each contestant offers to the driver, which asks it for one measurement at a time and goes round.
 * A page holds what it loaded until it is told to let go.
 */
import type { Work } from '../rows.js'

/** Something that was loaded. */
export interface Loaded {
  /** One run; where a run has parts that it times itself, their milliseconds by name. */
  run(): Promise<Record<string, number> | undefined>
  close(): Promise<void>
}

export interface Contestant {
  /** Version and what else the table should say of it. */
  about: Record<string, unknown>
  load(work: Work, files: Record<string, string>): Promise<Loaded>
}

export interface Contest {
  about: Record<string, unknown>
  load(id: string, work: Work, files: Record<string, string>): Promise<void>
  /** Milliseconds of a run by part, the mean of some `ms` milliseconds of them. */
  measure(id: string, ms: number): Promise<Record<string, number>>
  close(id: string): Promise<void>
}

/** The whole of a run that names no parts. */
export const WHOLE = 'run'

export function contest(contestant: Contestant): Contest {
  const loaded = new Map<string, Loaded>()
  return {
    about: contestant.about,
    async load(id, work, files) {
      loaded.set(id, await contestant.load(work, files))
    },
    async measure(id, ms) {
      const one = loaded.get(id)!
      const sums: Record<string, number> = {}
      let runs = 0
      const start = performance.now()
      for (let now = start; now - start < ms || runs === 0; runs++) {
        const parts = await one.run()
        now = performance.now()
        for (const [name, t] of Object.entries(parts ?? {})) sums[name] = (sums[name] ?? 0) + t
        if (!parts) sums[WHOLE] = now - start
      }
      return Object.fromEntries(Object.entries(sums).map(([name, t]) => [name, t / runs]))
    },
    async close(id) {
      await loaded.get(id)?.close()
      loaded.delete(id)
    },
  }
}

/** Numbers between -0.5 and 0.5. */
export const random = (count: number): Float32Array =>
  Float32Array.from({ length: count }, () => Math.random() - 0.5)
