/** `tune`: the kernels of a model on a device, each at the parameters that are fastest there, as a tuned table. */
import { join } from 'node:path'
import { describe } from '../build/describe.js'
import { backendLimits } from '../build/limits.js'
import { programGraphs } from '../build/programs.js'
import { deviceClass } from '../device-class.js'
import { fail } from '../errors.js'
import { WHOLE_ROW } from '../formats/formats.js'
import { importModel } from '../import/index.js'
import type { BuildOptions, Progress } from '../options.js'
import { featureParams, select } from '../select/select.js'
import { openTemplates } from '../select/templates.js'
import { loadTables, loadTuning, type TunedTable, type TunedVariant, tunedFolder } from '../select/tuning.js'
import type { KernelTarget, Params } from '../select/types.js'
import { loadWorkgroups, rulesOf } from '../select/workgroups.js'
import { type Engine, loadDeviceClasses, type Target } from '../targets.js'
import { type Bench, benchOf, wantedLimits } from './bench.js'
import { candidate, keyOf, knownSets, neighbours, type Setting, sampleOf } from './candidates.js'
import { clockOf, median } from './clock.js'
import { type AdapterInfo, deviceName, deviceParams, multipliesMatrices } from './device.js'
import { type Outcome, tableRules } from './rules.js'
import { pipelinesOf } from './runnable.js'
import { search } from './search.js'
import { type CountedSubject, sharesOf, subjectKey, subjectsOf } from './subjects.js'
import { readState, writeState, writeTable } from './table.js'

export interface TuneOptions extends Pick<BuildOptions, 'model' | 'bits' | 'group' | 'kv' | 'context'> {
  target: Target
  gpu: GPU
  powerPreference?: GPUPowerPreference
  /** Version of the engine, for the table. */
  engineVersion: string
  /** Seconds to measure for. */
  budget: number
  /** Tokens of a prompt's step. Default: the table's, else the model's. */
  chunk?: number
  /** File of the table. Default: `targets/tuned/<class>-<engine>.json`. */
  out?: string
  /** Kernels that CPUs run are no use to anyone, except to try the tuner. */
  software?: boolean
  signal?: AbortSignal
  onProgress?: (progress: Progress) => void
}

export interface TuneResult {
  file: string
  table: TunedTable
  device: string
  features: string[]
  /** What was measured, the largest share first. */
  outcomes: {
    name: string
    op: string
    facts: Params
    /** How often each program needs it. */
    counts: Record<string, number>
    /** What selection took before, and what is taken now, ms. */
    before: number | undefined
    after: number | undefined
    candidates: number
    best: string | undefined
  }[]
}

/** Candidates drawn for a template at first. */
const SAMPLE = 40
/** Subjects that take less than this of all are left as they are. */
const SMALLEST_SHARE = 0.005

/** Every feature that some template asks for, the device has and the engine takes in kernels. */
function featuresOf(gpu: GPU, adapter: GPUAdapter, { wgsl }: Engine): string[] {
  const refused = (name: string) =>
    [wgsl.enable, wgsl.requires].some((rules) =>
      Object.entries(rules).some(([own, { when, feature }]) => when === 'never' && (feature ?? own) === name),
    )
  const usable = (name: string, param: string) =>
    (adapter.features.has(name) && (param !== 'MATRIX' || multipliesMatrices(adapter.info as AdapterInfo))) ||
    (gpu.wgslLanguageFeatures?.has(name) ?? false)
  return Object.entries(featureParams.wgsl)
    .filter(([name, [param]]) => usable(name, param) && !refused(name))
    .map(([name]) => name)
}

/** All that the device has, and what it has without experiments. */
function variantsFor(features: string[]): TunedVariant[] {
  const stable = features.filter((f) => !f.includes('experimental'))
  const all = { name: 'all', features }
  return stable.length < features.length ? [all, { name: 'stable', features: stable }] : [all]
}

/** Graphs of the programs that generate, or of all where there are none. */
async function graphsOf(options: TuneOptions, table: TunedTable | undefined) {
  const imported = await importModel(options.model)
  try {
    const model = describe(imported, { ...options, out: '' })
    const chunk = options.chunk ?? table?.chunk
    const sampled = model.programs.filter((p) => p.logits === 'last')
    const programs = (sampled.length > 0 ? sampled : model.programs).map((p) =>
      p.seq === 'seq' && chunk ? { ...p, maxSeq: Math.min(chunk, model.context) } : p,
    )
    return programGraphs(
      { ...model, programs },
      {
        bits: options.bits === 'keep' ? 4 : (options.bits ?? 4),
        group: options.group === 'channel' ? WHOLE_ROW : (options.group ?? 64),
        kv: options.kv ?? 'f16',
        splitKv: true,
        prologues: true,
        fuse: true,
        binding: backendLimits.webgpu.binding,
      },
    ).map(({ spec, graph }) => ({ name: spec.name, graph }))
  } finally {
    await imported.close()
  }
}

/**
 * Measures the kernels of a model and writes what is fastest to a tuned table. Broken off, it goes on from where it
 * was: times are kept beside the table until it is done.
 *
 * @throws WGC629 when there is no device, or only the CPU
 */
export async function tune(options: TuneOptions): Promise<TuneResult> {
  const { gpu, target, signal } = options
  const adapter = await gpu.requestAdapter({ powerPreference: options.powerPreference ?? 'high-performance' })
  if (!adapter) return fail('WGC629', ['no adapter was found'])
  const info = adapter.info as AdapterInfo
  const { name } = deviceClass({ info }, loadDeviceClasses())
  const device = deviceName(info)
  if (name === 'software' && !options.software) fail('WGC629', [`${device} computes on the CPU`])
  const engine = target.engine.name
  const table = loadTables().find((t) => t.class === name && t.engine === engine)
  const features = featuresOf(gpu, adapter, target.engine)
  const gpuDevice = await adapter.requestDevice({
    requiredFeatures: [...features, 'timestamp-query'].filter((f) =>
      adapter.features.has(f),
    ) as GPUFeatureName[],
    requiredLimits: wantedLimits(adapter),
  })
  const file = options.out ?? join(tunedFolder(), `${name}-${engine}.json`)
  const stateFile = `${file}.state`
  const state = readState(stateFile)
  const templates = openTemplates()
  const general = [...target.tuning, ...loadTuning()]
  const kernels: KernelTarget = { language: 'wgsl', features, tuning: [...(table?.rules ?? []), ...general] }
  // Shapes that somebody asked for are measured like any other.
  const wished = rulesOf([...loadWorkgroups().values()])
  const pipelines = pipelinesOf(gpuDevice, templates, kernels)
  const clock = clockOf(gpuDevice)
  const given = deviceParams(info)
  const subjects = subjectsOf(await graphsOf(options, table))
  const end = performance.now() + 1000 * options.budget
  let done = 0
  const report = () => options.onProgress?.({ stage: 'tune', done, total: subjects.length * 2 })

  const settingOf = (subject: CountedSubject): Setting => ({ facts: subject.facts, target: kernels, given })
  const isSearched = (subject: CountedSubject) => {
    const heads = templates.heads.filter((t) => t.language === 'wgsl' && t.front.op.name === subject.op)
    return heads.some((head) => sampleOf(head, settingOf(subject), 2).length > 1) || heads.length > 1
  }
  /** What selection takes now, measured. */
  const first = async (subject: CountedSubject, bench: Bench): Promise<number | undefined> => {
    const choice = select(subject.op, subject.name, subject.facts, templates.heads, kernels)
    const now = candidate(choice.template, choice.params, settingOf(subject))
    if (!now) return undefined
    const rounds: number[] = []
    // A device that was idle takes a moment to raise its clocks.
    for (let i = 0; i < 5; i++) rounds.push((await bench.measure([now]))[0]!)
    const ms = median(rounds)
    return ms > 0 ? ms : undefined
  }

  const times = new Map<CountedSubject, number | undefined>()
  for (const subject of subjects) {
    signal?.throwIfAborted()
    const bench = await benchOf(pipelines, clock, subject)
    times.set(subject, await first(subject, bench))
    bench.destroy()
    done++
    report()
  }
  const part = sharesOf(subjects, (s) => times.get(s) ?? 0)
  const order = subjects
    .filter((s) => part.get(s)! >= SMALLEST_SHARE && isSearched(s))
    .sort((a, b) => part.get(b)! - part.get(a)!)
  done = subjects.length
  const outcomes: Outcome[] = []
  let rest = order.reduce((sum, s) => sum + Math.sqrt(part.get(s)!), 0)
  for (const subject of order) {
    signal?.throwIfAborted()
    // Roots: small shares get enough to find something, too.
    const own = Math.sqrt(part.get(subject)!)
    const until = performance.now() + (Math.max(end - performance.now(), 0) * own) / rest
    rest -= own
    const bench = await benchOf(pipelines, clock, subject)
    const key = subjectKey(subject)
    const before = state[key] ?? {}
    const setting = settingOf(subject)
    const heads = templates.heads.filter((t) => t.language === 'wgsl' && t.front.op.name === subject.op)
    const found = []
    for (const [i, head] of heads.entries()) {
      const sample = sampleOf(head, setting, SAMPLE, knownSets(head, kernels, wished))
      if (sample.length === 0) continue
      const last = performance.now() + (until - performance.now()) / (heads.length - i)
      found.push(
        ...(await search(sample, {
          measure: bench.measure,
          neighbours: (c) => neighbours(c, setting),
          hasTime: () => performance.now() < last && !signal?.aborted,
          known: new Map(Object.entries(before)),
        })),
      )
    }
    found.sort((a, b) => a.ms - b.ms)
    state[key] = {
      ...Object.fromEntries([...bench.refused.keys()].map((c) => [c, 0])),
      ...Object.fromEntries(found.map((t) => [keyOf(t.candidate), t.ms])),
    }
    writeState(stateFile, state)
    // Beside the best, so that clocks that rose meanwhile count for neither.
    outcomes.push({ subject, found, before: await first(subject, bench) })
    bench.destroy()
    done += subjects.length / order.length
    report()
  }
  const written = writeTable(file, {
    ...{ class: name, engine, variants: variantsFor(features), rules: tableRules(outcomes) },
    measured: {
      device,
      driver: info.driver ?? info.description ?? '',
      engine: options.engineVersion,
      date: new Date().toISOString().slice(0, 10),
      models: [options.model.split('/').at(-1)!],
    },
  })
  gpuDevice.destroy()
  return {
    ...{ file, table: written, device, features },
    outcomes: outcomes.map(({ subject, found, before }) => ({
      ...{ name: subject.name, op: subject.op, facts: subject.facts, counts: subject.counts, before },
      after: found[0]?.ms,
      candidates: found.length,
      best: found[0] && keyOf(found[0].candidate),
    })),
  }
}
