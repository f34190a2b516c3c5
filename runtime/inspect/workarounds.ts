/**
 * What the runtime does otherwise for one engine, because no feature test tells: each with its reason. Whatever can be
 * tested is not here, but tested.
 */
import type { Engine } from '../format.js'
import type { System } from './report.js'

export interface Workaround {
  engine: Engine
  /** First and last version that has it; absent: from the beginning, or not mended yet. */
  since?: number
  until?: number
  /** Only on this system, only in workers, only in a browser. */
  system?: System
  inWorkers?: true
  inBrowsers?: true
  /** What is wrong, what is done, and where that was reported or seen. */
  what: string
  does: string
  link: string
}

export const WORKAROUNDS: Readonly<Record<string, Workaround>> = {
  'poll-nudge': {
    ...{ engine: 'gecko', since: 141, inBrowsers: true },
    what: 'a pending mapAsync is looked at every 100 ms, and after each submit',
    does: 'submits nothing about every millisecond while one is pending',
    link: 'https://bugzilla.mozilla.org/show_bug.cgi?id=1870699',
  },
  'no-threads-in-workers': {
    ...{ engine: 'gecko', inWorkers: true, inBrowsers: true },
    what: 'a worker that starts workers may hang in their constructor',
    does: 'has no threads there; the page itself has',
    link: 'seen in version 153, once in ten starts (tests/browsers)',
  },
  'masked-adapter': {
    ...{ engine: 'gecko', since: 151, inBrowsers: true },
    what: 'the names of adapters are empty, their subgroup sizes placeholders',
    does: 'tells the kind of GPU by its set of limits, where only one kind has it',
    link: 'https://github.com/gfx-rs/wgpu/pull/9119',
  },
  'ios-tab-memory': {
    ...{ engine: 'webkit', system: 'ios' },
    what: 'a tab ends near 1.5 GB, GPU memory included, and says nothing before',
    does: 'takes no variant of more than 1 GiB',
    link: 'https://github.com/WebKit/WebKit/pull/49472',
  },
}

/** Where it runs. */
export interface Where {
  engine: string
  version?: number | undefined
  system: System
  inWorker: boolean
  inBrowser: boolean
}

/** Ids of what applies. An unknown version may have it. */
export const workaroundsFor = (w: Where): string[] =>
  Object.entries(WORKAROUNDS)
    .filter(
      ([, a]) =>
        a.engine === w.engine &&
        (a.system ?? w.system) === w.system &&
        (!a.inWorkers || w.inWorker) &&
        (!a.inBrowsers || w.inBrowser) &&
        (w.version ?? a.since ?? 0) >= (a.since ?? 0) &&
        (w.version ?? 0) <= (a.until ?? Number.POSITIVE_INFINITY),
    )
    .map(([id]) => id)
