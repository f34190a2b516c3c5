/** `build`: a model to a bundle. The stages, in order; each is a function of what came before. */
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { FORMAT_VERSION, type Manifest } from '../../runtime/format.js'
import { type Cache, openCache } from '../cache.js'
import { type BundleWriter, openBundle } from '../emit/bundle.js'
import { type Explained, explain } from '../emit/explain.js'
import { type WeightSet, writeShards } from '../emit/shards-write.js'
import { fail } from '../errors.js'
import { WHOLE_ROW } from '../formats/formats.js'
import {
  type ImportedModel,
  importModel,
  readJsonObject,
  type TextFile,
  type WeightSource,
  withDerived,
} from '../import/index.js'
import type { Model } from '../models/types.js'
import type { BuildOptions, BuildResult } from '../options.js'
import { packageRoot } from '../root.js'
import { openTemplates } from '../select/templates.js'
import { loadTables, loadTuning } from '../select/tuning.js'
import { resolveWorkgroups, rulesOf } from '../select/workgroups.js'
import { resolveTargets } from '../targets.js'
import { emitCode } from './code.js'
import { componentsOf, describe, endings, labelsOf, parameterCount } from './describe.js'
import { emitVariants } from './emit.js'
import { beyondBudget, fitting } from './fits.js'
import { bitsOf, keptFormats, keptNotes } from './kept.js'
import { kvOf } from './kv.js'
import { backendLimits } from './limits.js'
import { describeWeights, type GraphOptions, type ProgramGraph, programGraphs } from './programs.js'
import { ladderOf, type Rung, shorterModels } from './smaller.js'
import { only, type VariantSpec, variantsOf } from './variant-specs.js'
import { compileVariants, type PlannedWeights, workgroupNotes } from './variants.js'

/** Files of the package that make a bundle run by itself in a page. */
const PAGE_FILES = [
  'runtime.js',
  'tokenizer.js',
  'extras.js',
  'care.js',
  'inspect.js',
  'wasm-threads.js',
  'wasm-worker.js',
  'tasks.js',
  'chat-template.js',
]

/** The model with another length of a prompt's steps: as tuned for a device, within the context. */
const withChunk = (model: Model, chunk: number): Model => ({
  ...model,
  programs: model.programs.map((p) =>
    p.seq === 'seq' && p.logits === 'last' ? { ...p, maxSeq: Math.min(chunk, model.context) } : p,
  ),
})

/** Graphs by backend, by the length of a prompt's steps, and of what is run where there is less room. */
function graphsFor(
  model: Model,
  shorter: (context: number) => Model | undefined,
  source: WeightSource | null,
  options: BuildOptions,
  dumps: string[],
) {
  const bits = options.bits ?? 4
  const kept = source && keptFormats(source)
  const made = new Map<string, ProgramGraph[]>()
  return (spec: Pick<VariantSpec, 'backend' | 'chunk'>, rung?: Rung): ProgramGraph[] => {
    const { backend } = spec
    const chunk = rung?.chunk ?? spec.chunk
    const { binding } = backendLimits[backend]
    const graphOptions: GraphOptions = {
      bits,
      group: options.group === 'channel' ? WHOLE_ROW : (options.group ?? 64),
      kv: rung?.kv ?? kvOf(backend, options),
      ...(kept && { kept }),
      splitKv: true,
      prologues: backend === 'webgpu',
      fuse: (options.fuse ?? true) && !model.fused,
      binding,
    }
    const key = JSON.stringify([backend, chunk, rung])
    const known = made.get(key)
    if (known) return known
    const base = (rung && shorter(rung.context)) ?? model
    const own = chunk === undefined ? base : withChunk(base, chunk)
    // What is shown is what most devices run.
    const shown = backend === 'webgpu' && chunk === undefined
    const graphs = programGraphs(own, graphOptions, options.dump, shown ? dumps : [])
    made.set(key, graphs)
    return graphs
  }
}

/** Writes each weight set once; sets with the same content share their files. */
async function emitWeights(
  sets: PlannedWeights[],
  source: WeightSource | null,
  bundle: BundleWriter,
  options: BuildOptions,
): Promise<Map<string, WeightSet>> {
  const written = new Map<string, WeightSet>()
  const sizes = sets.map((s) => s.shards.cuts.reduce((bytes, cut) => bytes + cut.bytes, 0))
  const total = sizes.reduce((sum, n) => sum + n, 0)
  let before = 0
  for (const [i, set] of sets.entries()) {
    const done = before
    const progress = (bytes: number) => options.onProgress?.({ stage: 'weights', done: done + bytes, total })
    const result = await writeShards(set.shards, source, bundle.folder, {
      progress,
      ...(options.signal && { signal: options.signal }),
    })
    for (const s of result.shards) bundle.note(s.file, { bytes: s.bytes, sha256: s.sha256 })
    written.set(set.key, result)
    before += sizes[i] ?? 0
  }
  return written
}

/** What the model's preparation of images or sound is described by. */
async function preparation({
  preprocessor: file,
}: ImportedModel): Promise<Record<string, unknown> | undefined> {
  if (file === undefined) return undefined
  return typeof file === 'string' ? readJsonObject(file, '') : JSON.parse(file.content)
}

/** The tokenizer, and what a page imports. */
async function emitExtras(
  imported: ImportedModel,
  bundle: BundleWriter,
): Promise<Pick<Manifest, 'tokenizer' | 'preprocessor'>> {
  const dist = join(packageRoot(), 'dist')
  for (const file of PAGE_FILES) {
    const content = await readFile(join(dist, file)).catch(() => fail('WGC613', [`dist/${file}`]))
    await bundle.addNamed(file, content)
  }
  const read = async (file: TextFile) => (typeof file === 'string' ? readFile(file) : file.content)
  const preprocessor = imported.preprocessor && {
    preprocessor: await bundle.add('preprocessor', 'json', await read(imported.preprocessor)),
  }
  if (!imported.tokenizer) return { ...preprocessor }
  const { tokenizer, config } = imported.tokenizer
  return {
    ...preprocessor,
    tokenizer: {
      tokenizer: await bundle.add('tokenizer', 'json', await read(tokenizer)),
      ...(config && { config: await bundle.add('tokenizer-config', 'json', await read(config)) }),
    },
  }
}

const version = async (): Promise<string> =>
  JSON.parse(await readFile(join(packageRoot(), 'package.json'), 'utf8')).version

/**
 * Compiles a model into a bundle.
 *
 * @throws WgcError: the input is wrong (exit code 1) or the options are (2). Nothing is left behind.
 */
export async function build(options: BuildOptions): Promise<BuildResult> {
  const start = performance.now()
  const targets = resolveTargets((options.targets ?? ['all']).join(','))
  const imported = await importModel(options.model, { shapes: options.shapes, fuse: options.fuse })
  let bundle: BundleWriter | undefined
  try {
    const prepared = await preparation(imported)
    const model = describe(imported, options, prepared)
    const shorter = shorterModels(model, (context) => describe(imported, { ...options, context }, prepared))
    const source = imported.weights && withDerived(imported.weights, model.derived)
    const bits = bitsOf(imported, options)
    const dumps: string[] = []
    const graphs = graphsFor(model, shorter, source, { ...options, bits }, dumps)
    const workgroups = resolveWorkgroups(options.workgroup ?? [])
    const { specs, byTarget } = only(
      options.only,
      variantsOf(targets, loadTuning(), loadTables(), rulesOf(workgroups)),
    )
    const cache: Cache = openCache(options.cache === undefined ? {} : { dir: options.cache })
    const templates = openTemplates(cache)
    const compiled = compileVariants(specs, graphs, templates, cache, ({ backend }, made, plan) =>
      ladderOf(made, plan, kvOf(backend, { ...options, bits }), shorter, model, options.smaller),
    )
    const { variants, notes } = await fitting(compiled, byTarget, options.toolchain)
    notes.push(...workgroupNotes(workgroups, variants))
    notes.push(...beyondBudget(variants, byTarget, targets))
    if (source && bits === 'keep') notes.push(...keptNotes(source, graphs({ backend: 'webgpu' })[0]!.graph))
    const sets = compiled.sets.filter((set) => variants.some((v) => v.weights === set.key))
    options.signal?.throwIfAborted()
    bundle = await openBundle(options.out)
    const code = await emitCode(variants, targets, bundle, cache, options)
    const weights = await emitWeights(sets, source, bundle, options)
    const all = graphs({ backend: 'webgpu' }).map((p) => p.graph)
    const manifest: Manifest = {
      format: FORMAT_VERSION,
      wgc: await version(),
      model: {
        family: model.family,
        name: basename(imported.name),
        parameters: parameterCount(all),
        vocab: model.vocab,
        context: model.context,
        ...endings(imported),
        weights: describeWeights(all),
        ...labelsOf(imported),
        ...componentsOf(model),
      },
      files: {},
      targets: byTarget,
      variants: await emitVariants(variants, weights, code, bundle, source, cache),
      ...(model.flow && { flow: model.flow }),
      ...(await emitExtras(imported, bundle)),
    }
    manifest.files = Object.fromEntries(Object.entries(bundle.files).sort(([a], [b]) => (a < b ? -1 : 1)))
    await bundle.finish(manifest)
    // First, and so with its graphs, what most devices run.
    const explained = (): Explained[] =>
      [...variants.filter((v) => !v.spec.device), ...variants.filter((v) => v.spec.device)].map((v) => ({
        variant: v.spec.id,
        programs: v.programs,
        plan: v.plan,
      }))
    return {
      out: options.out,
      manifest,
      bytes: Object.values(manifest.files).reduce((sum, f) => sum + f.bytes, 0),
      seconds: (performance.now() - start) / 1000,
      notes,
      dumps,
      explain: () => explain(explained()),
    }
  } catch (error) {
    await bundle?.abandon()
    throw error
  } finally {
    await imported.close()
  }
}
