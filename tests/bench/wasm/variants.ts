/** wgc's own variants on WebGPU in Chromium: each in a page of its own, in turns; and what the page's thread does meanwhile. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import type { Manifest, Plan } from '../../../runtime/format.js'
import type { Open } from './browser.js'
import type { Frames, LoadTimes, RunTimes, Variants } from './pages/variants.js'
import { GPU } from './rows.js'

type InPage = { contest: Variants }

export interface VariantOptions {
  /** Ids or what they end in; `all`. */
  wanted: readonly string[]
  /** Lengths of prompts, and tokens after each. */
  prompts: readonly number[]
  tokens: number
  rounds: number
  selfTest: boolean
}

export interface VariantResult {
  variant: string
  dispatches: number
  load: LoadTimes
  /** The first token after the load. */
  cold: number
  /** By the prompt's length: medians of the rounds. */
  runs: Record<string, RunTimes>
  frames: Frames
  /** Of the page's thread while it generates. */
  thread: Thread
  /** Milliseconds of processor time a token, by the kind of process. */
  processes: Record<string, number>
}

interface Thread {
  /** Milliseconds a token that it was not idle, and those of its functions that took most. */
  busy: number
  functions: [name: string, ms: number][]
}

const median = (list: number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1]!

/** Samples of a page's thread, microseconds apart. */
const INTERVAL = 100

/** What of a page's thread `work` took, by its profiler. */
async function threadOf(
  browser: Open,
  page: Page,
  tokens: number,
  work: () => Promise<unknown>,
): Promise<Thread> {
  const session = await browser.protocol(page)
  await session.send('Profiler.enable')
  await session.send('Profiler.setSamplingInterval', { interval: INTERVAL })
  await session.send('Profiler.start')
  await work()
  const { profile } = await session.send('Profiler.stop')
  await session.detach()
  const names = new Map(profile.nodes.map((n) => [n.id, n.callFrame.functionName || '(anonymous)']))
  const took: Record<string, number> = {}
  profile.samples?.forEach((id, i) => {
    const name = names.get(id)!
    took[name] = (took[name] ?? 0) + (profile.timeDeltas?.[i + 1] ?? 0) / 1000 / tokens
  })
  const { '(idle)': _, ...own } = took
  const functions = Object.entries(own).sort(([, a], [, b]) => b - a)
  return { busy: functions.reduce((n, [, ms]) => n + ms, 0), functions: functions.slice(0, 12) }
}

const run = (page: Page, prompt: number, tokens: number): Promise<RunTimes> =>
  page.evaluate(([prompt, tokens]) => (globalThis as unknown as InPage).contest.run(prompt, tokens), [
    prompt,
    tokens,
  ] as const)

function medians(all: RunTimes[]): RunTimes {
  const of = (key: keyof RunTimes) => median(all.map((r) => r[key]))
  return {
    ...{ first: of('first'), tokensPerSecond: of('tokensPerSecond'), promptHost: of('promptHost') },
    ...{ stepHost: of('stepHost'), promptSteps: of('promptSteps') },
  }
}

async function measured(
  browser: Open,
  bundle: string,
  folder: string,
  manifest: Manifest,
  variant: string,
  { prompts, tokens, rounds, selfTest }: VariantOptions,
): Promise<VariantResult> {
  const plan = JSON.parse(readFileSync(join(folder, manifest.variants[variant]!.plan), 'utf8')) as Plan
  const { page } = await browser.fresh('variants', GPU)
  try {
    const load = await page.evaluate(
      ([bundle, variant, selfTest]) =>
        (globalThis as unknown as InPage).contest.load(bundle, variant, selfTest),
      [bundle, variant, selfTest] as const,
    )
    const { first: cold } = await run(page, prompts[0]!, 2)
    const runs: Record<string, RunTimes> = {}
    for (const prompt of prompts) {
      await run(page, prompt, tokens)
      const all: RunTimes[] = []
      for (let i = 0; i < rounds; i++) all.push(await run(page, prompt, tokens))
      runs[prompt] = medians(all)
    }
    const before = await browser.processes()
    const thread = await threadOf(browser, page, tokens, () => run(page, 8, tokens))
    const after = await browser.processes()
    const longest = Math.max(...prompts)
    const frames = await page.evaluate(
      (prompt) => (globalThis as unknown as InPage).contest.frames(prompt),
      longest,
    )
    const processes = Object.fromEntries(
      Object.entries(after).map(([type, s]) => [type, (1000 * (s - (before[type] ?? 0))) / tokens]),
    )
    const dispatches = plan.programs.decode!.dispatches.length
    return { variant, dispatches, load, cold, runs, frames, thread, processes }
  } finally {
    await page.evaluate(() => (globalThis as unknown as InPage).contest.close()).catch(() => {})
    await page.close()
  }
}

/** Each variant that the bundle in `folder` (served as `bundle`) has and this device can run. */
export async function variantsOf(
  browser: Open,
  bundle: string,
  folder: string,
  options: VariantOptions,
  tell: (line: string) => void,
): Promise<VariantResult[]> {
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Manifest
  const { wanted } = options
  const ids = Object.keys(manifest.variants).filter(
    (id) => wanted.includes('all') || wanted.some((w) => id.endsWith(w)),
  )
  const results: VariantResult[] = []
  for (const id of ids) {
    try {
      const result = await measured(browser, bundle, folder, manifest, id, options)
      results.push(result)
      tell(variantLines(result))
    } catch (e) {
      tell(`${id}: ${(e as Error).message.split('\n')[0]}`)
    }
  }
  return results
}

const ms = (n: number): string => `${n >= 100 ? n.toFixed(0) : n.toPrecision(3)} ms`

function variantLines(r: VariantResult): string {
  const { load, frames, thread } = r
  const after = load.loaded - Math.max(load.compiled, load.uploaded)
  const shares = Object.entries(r.processes)
    .filter(([, t]) => t > 0.001)
    .map(([type, t]) => `${type} ${ms(t)}`)
  return [
    `${r.variant}${load.usual === r.variant ? ' (what a page takes)' : ''}: ${r.dispatches} dispatches a token, ${(load.bytes / 2 ** 30).toFixed(2)} GiB`,
    `  load ${ms(load.loaded)}: ${load.pipelines} pipelines from ${ms(load.asked)} to ${ms(load.compiled)}, uploads until ${ms(load.uploaded)}, then ${ms(after)}; first token of a prompt after it ${ms(r.cold)}${load.events.map((e) => `\n  ${e}`).join('')}`,
    ...Object.entries(r.runs).map(([prompt, t]) => {
      const step = 1000 / t.tokensPerSecond
      return `  prompt of ${prompt}: ${ms(t.first)}, ${((1000 * Number(prompt)) / t.first).toFixed(0)} tokens/s, ${t.promptSteps} steps, ${ms(t.promptHost)} of it encoding; then ${t.tokensPerSecond.toFixed(1)} tokens/s, ${ms(step)} a token, ${ms(t.stepHost)} of it encoding (${((100 * t.stepHost) / step).toFixed(0)} %)`
    }),
    `  page's thread ${ms(thread.busy)} a token: ${thread.functions.map(([name, t]) => `${name} ${ms(t)}`).join(', ')}`,
    `  processor time a token: ${shares.join(', ')}`,
    `  frames while ${ms(frames.first)} of prompt are read: at most ${ms(frames.largest)} apart; else ${ms(frames.idle)}`,
  ].join('\n')
}
