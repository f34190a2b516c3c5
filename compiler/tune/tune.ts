/** `tune`: the kernels of a model on a device, each at the parameters that are fastest there, as a tuned table. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from '../build/describe.js'
import { backendLimits } from '../build/limits.js'
import { programGraphs } from '../build/programs.js'
import { deviceClass } from '../device-class.js'
import { fail } from '../errors.js'
import { WHOLE_ROW } from '../formats/formats.js'
import { importModel } from '../import/index.js'
import type { BuildOptions, Progress } from '../options.js'
import { featureParams } from '../select/select.js'
import { openTemplates } from '../select/templates.js'
import { loadTables, loadTuning, type TunedTable, type TunedVariant, tunedFolder } from '../select/tuning.js'
import type { KernelTarget, Params } from '../select/types.js'
import { loadWorkgroups, rulesOf } from '../select/workgroups.js'
import { type Engine, loadDeviceClasses, type Target } from '../targets.js'
import { benchOf, wantedLimits } from './bench.js'
import { keyOf } from './candidates.js'
import { clockOf, type Timed } from './clock.js'
import { type AdapterInfo, deviceName, deviceParams, multipliesMatrices } from './device.js'
import { tableRules } from './rules.js'
import { pipelinesOf } from './runnable.js'
import { subjectsOf } from './subjects.js'
import { survey } from './survey.js'
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
  /** How runs are timed where there are no timestamps. Default: by this process's clock. */
  timed?: Timed
  signal?: AbortSignal
  onProgress?: (progress: Progress) => void
}

export interface TuneResult {
  file: string
  /** Absent: there was no time to measure anything, and the file is as it was. */
  table: TunedTable | undefined
  device: string
  features: string[]
  /** Operators whose search has not ended for want of time: the same call goes on with them. */
  left: number
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
 * Measures the kernels of a model and writes what is fastest to a tuned table. Broken off, or out of time, the same
 * call goes on from where it was: times are kept in a `.state` beside the table until every search has ended.
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
  const driver = info.driver ?? info.description ?? ''
  const of = [device, driver, options.engineVersion, ...features].join(', ')
  const state = readState(stateFile, of)
  const templates = openTemplates()
  const general = [...target.tuning, ...loadTuning()]
  const kernels: KernelTarget = { language: 'wgsl', features, tuning: [...(table?.rules ?? []), ...general] }
  const pipelines = pipelinesOf(gpuDevice, templates, kernels)
  const clock = clockOf(gpuDevice, options.timed)
  const { outcomes, left } = await survey({
    ...{ kernels, state, budget: options.budget, signal, given: deviceParams(info) },
    benchOf: (subject) => benchOf(pipelines, clock, subject),
    heads: templates.heads,
    wished: rulesOf([...loadWorkgroups().values()]),
    subjects: subjectsOf(await graphsOf(options, table), { heads: templates.heads, target: kernels }),
    save: () => writeState(stateFile, of, state),
    onSubject: (subject, done, total) =>
      options.onProgress?.({ stage: 'tune', done, total, what: subject.name }),
  }).finally(() => gpuDevice.destroy())
  const date = new Date().toISOString().slice(0, 10)
  const models = [options.model.split('/').at(-1)!]
  // A table of nothing would say that the device was measured.
  const written =
    outcomes.length === 0
      ? undefined
      : writeTable(file, {
          ...{ class: name, engine, variants: variantsFor(features), rules: tableRules(outcomes) },
          measured: { device, driver, engine: options.engineVersion, date, models },
        })
  // Done: who measures again measures anew.
  if (left === 0) rmSync(stateFile, { force: true })
  return {
    ...{ file, table: written, device, features, left },
    outcomes: outcomes.map(({ subject, found, before }) => ({
      ...{ name: subject.name, op: subject.op, facts: subject.facts, counts: subject.counts, before },
      after: found[0]?.ms,
      candidates: found.length,
      best: found[0] && keyOf(found[0].candidate),
    })),
  }
}
