/**
 * Measures what a model computes, the largest shares of its time for longest, until there is no more time. What was
 * measured before on this device (`State`) is not measured again, so a run that was broken off goes on from there.
 */
import { select } from '../select/select.js'
import type { TemplateHead } from '../select/templates.js'
import type { KernelTarget, WorkgroupRule } from '../select/types.js'
import type { Bench } from './bench.js'
import {
  type Candidate,
  candidate,
  candidateOf,
  keyOf,
  knownSets,
  neighbours,
  type Setting,
  sampleOf,
} from './candidates.js'
import { median } from './clock.js'
import type { Outcome } from './rules.js'
import { search, type Timed } from './search.js'
import { type CountedSubject, sharesOf, subjectKey } from './subjects.js'
import type { Known, State } from './table.js'

export interface Survey {
  /** Measures one subject. */
  benchOf: (subject: CountedSubject) => Promise<Bench>
  heads: TemplateHead[]
  kernels: KernelTarget
  /** Parameters that the device decides. */
  given: Setting['given']
  /** Shapes of workgroups that somebody asked for: measured like any other. */
  wished: readonly WorkgroupRule[]
  subjects: CountedSubject[]
  /** What is known; `save` is called whenever there is more. */
  state: State
  save: () => void
  /** Seconds. */
  budget: number
  signal?: AbortSignal | undefined
  /** What is measured now. */
  onSubject: (subject: CountedSubject, done: number, total: number) => void
}

export interface Surveyed {
  outcomes: Outcome[]
  /** Operators whose search has not ended: there was no more time. */
  left: number
}

/** Candidates drawn for a template at first. */
const SAMPLE = 40
/** Subjects that take less than this of all are left as they are. */
const SMALLEST_SHARE = 0.005
/** Of a comparison: a device that was idle takes a moment to raise its clocks. */
const ROUNDS = 5
/** Part of the budget for finding out which subjects matter. */
const FOR_SHARES = 0.5

export async function survey(options: Survey): Promise<Surveyed> {
  const { heads, kernels, given, wished, subjects, state, signal } = options
  const began = performance.now()
  const end = began + 1000 * options.budget
  const isBefore = (time: number) => performance.now() < time && !signal?.aborted

  const settingOf = (subject: CountedSubject): Setting => ({ facts: subject.facts, target: kernels, given })
  const headsOf = ({ op }: CountedSubject) =>
    heads.filter((t) => t.language === 'wgsl' && t.front.op.name === op)
  const known = new Map(
    subjects.map((subject): [CountedSubject, Known] => {
      const key = subjectKey(subject)
      state[key] ??= { times: {} }
      return [subject, state[key]]
    }),
  )
  const isSearched = (subject: CountedSubject) => {
    const own = headsOf(subject)
    return own.some((head) => sampleOf(head, settingOf(subject), 2).length > 1) || own.length > 1
  }

  /** What selection takes now. */
  const presentOf = (subject: CountedSubject): Candidate | undefined => {
    const choice = select(subject.op, subject.name, subject.facts, heads, kernels)
    return candidate(choice.template, choice.params, settingOf(subject))
  }
  /** Medians of rounds in which all take turns, ms; NaN for one that can't run. */
  const compare = async (candidates: Candidate[], bench: Bench, until: number): Promise<number[]> => {
    const rounds: number[][] = []
    while (rounds.length === 0 || (rounds.length < ROUNDS && isBefore(until)))
      rounds.push(await bench.measure(candidates))
    return candidates.map((_, i) => median(rounds.map((r) => r[i]!)))
  }

  const withBench = async <T>(subject: CountedSubject, use: (bench: Bench) => Promise<T>): Promise<T> => {
    const bench = await options.benchOf(subject)
    try {
      return await use(bench)
    } finally {
      bench.destroy()
    }
  }

  /** All that is known of a subject, fastest first. */
  const foundOf = (subject: CountedSubject): Timed[] =>
    Object.entries(known.get(subject)!.times)
      .flatMap(([key, ms]) => {
        const c = ms > 0 ? candidateOf(key, heads, settingOf(subject)) : undefined
        return c ? [{ candidate: c, ms, rounds: 1 }] : []
      })
      .sort((a, b) => a.ms - b.ms)

  /** What selection takes, as it was measured in turns with others. */
  const beforeOf = (subject: CountedSubject): number | undefined => {
    const { times, now } = known.get(subject)!
    const present = presentOf(subject)
    return (present && times[keyOf(present)]) || now
  }

  const searchOne = async (subject: CountedSubject, until: number, bench: Bench): Promise<void> => {
    const own = known.get(subject)!
    const setting = settingOf(subject)
    const before = foundOf(subject).map((t) => t.candidate)
    const present = presentOf(subject)
    const measure = async (candidates: Candidate[]): Promise<number[]> => {
      const times = await bench.measure(candidates)
      candidates.forEach((c, i) => {
        own.times[keyOf(c)] = Math.max(times[i]! || 0, 0)
      })
      options.save()
      return times
    }
    let isCut = false
    const templates = headsOf(subject)
    for (const [i, head] of templates.entries()) {
      const drawn = sampleOf(head, setting, SAMPLE, knownSets(head, kernels, wished))
      const likely = [...(present ? [present] : []), ...before].filter((c) => c.template === head.name)
      const sample = new Map([...likely, ...drawn].map((c) => [keyOf(c), c]))
      if (sample.size === 0) continue
      const last = performance.now() + (until - performance.now()) / (templates.length - i)
      const found = await search([...sample.values()], {
        ...{ measure, neighbours: (c) => neighbours(c, setting) },
        hasTime: () => isBefore(last),
        known: new Map(Object.entries(own.times)),
      })
      for (const { candidate: c, ms } of found) own.times[keyOf(c)] = ms
      isCut ||= !isBefore(last)
    }
    // In turns with the best, so that clocks that rose meanwhile count for neither.
    const [best] = foundOf(subject)
    if (best && present && keyOf(best.candidate) !== keyOf(present) && isBefore(end)) {
      const pair = [present, best.candidate]
      const times = await compare(pair, bench, end)
      pair.forEach((c, i) => {
        if (times[i]! > 0) own.times[keyOf(c)] = times[i]!
      })
    }
    if (!isCut) own.done = true
    options.save()
  }

  const sharesEnd = began + FOR_SHARES * 1000 * options.budget
  for (const [i, subject] of subjects.entries()) {
    signal?.throwIfAborted()
    const own = known.get(subject)!
    if (own.now !== undefined || !isBefore(sharesEnd)) continue
    options.onSubject(subject, i, 2 * subjects.length)
    const until = performance.now() + (sharesEnd - performance.now()) / (subjects.length - i)
    const present = presentOf(subject)
    const measure = async (bench: Bench) => present && (await compare([present], bench, until))[0]!
    const ms = (await withBench(subject, measure)) ?? 0
    if (ms > 0) own.now = ms
    options.save()
  }
  const part = sharesOf(subjects, (s) => known.get(s)!.now ?? 0)
  const searched = subjects.filter(isSearched)
  const order = searched
    .filter((s) => part.get(s)! >= SMALLEST_SHARE)
    .sort((a, b) => part.get(b)! - part.get(a)!)
  const open = order.filter((s) => !known.get(s)!.done)
  // Roots: small shares get enough to find something, too.
  const weight = (s: CountedSubject) => Math.sqrt(part.get(s)!)
  let rest = open.reduce((sum, s) => sum + weight(s), 0)
  for (const [i, subject] of open.entries()) {
    signal?.throwIfAborted()
    if (!isBefore(end)) break
    options.onSubject(subject, open.length + i, 2 * open.length)
    const until = performance.now() + ((end - performance.now()) * weight(subject)) / rest
    rest -= weight(subject)
    await withBench(subject, (bench) => searchOne(subject, until, bench))
  }
  signal?.throwIfAborted()
  const unknown = searched.filter((s) => known.get(s)!.now === undefined)
  return {
    outcomes: order
      .map((subject) => ({ subject, found: foundOf(subject), before: beforeOf(subject) }))
      .filter(({ found }) => found.length > 0),
    left: order.filter((s) => !known.get(s)!.done).length + unknown.length,
  }
}
