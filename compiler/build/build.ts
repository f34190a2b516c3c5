/** `build`: a model to a bundle. The stages, in order; each is a function of what came before. */
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { FORMAT_VERSION, type Manifest, type Plan, type Variant } from '../../runtime/format.js'
import { type Cache, openCache } from '../cache.js'
import { type BundleWriter, openBundle } from '../emit/bundle.js'
import { type Explained, explain } from '../emit/explain.js'
import { FIRST_WEIGHTS } from '../emit/plan.js'
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
import { type Engine, engineNamed, resolveTargets } from '../targets.js'
import { emitCode } from './code.js'
import { componentsOf, describe, endings, labelsOf, parameterCount } from './describe.js'
import { beyondBudget, fitting, limitsOf, memoryOf } from './fits.js'
import { bitsOf, keptFormats, keptNotes } from './kept.js'
import { kvOf } from './kv.js'
import { backendLimits } from './limits.js'
import { describeWeights, type GraphOptions, type ProgramGraph, programGraphs } from './programs.js'
import {
  type CompiledVariant,
  compileVariants,
  only,
  type PlannedWeights,
  type VariantSpec,
  variantsOf,
  vendorsOf,
} from './variants.js'

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

/** Graphs by backend, and by the length of a prompt's steps. */
function graphsFor(model: Model, source: WeightSource | null, options: BuildOptions, dumps: string[]) {
  const bits = options.bits ?? 4
  const kept = source && keptFormats(source)
  const made = new Map<string, ProgramGraph[]>()
  return ({ backend, chunk }: Pick<VariantSpec, 'backend' | 'chunk'>): ProgramGraph[] => {
    const { binding } = backendLimits[backend]
    const graphOptions: GraphOptions = {
      bits,
      group: options.group === 'channel' ? WHOLE_ROW : (options.group ?? 64),
      kv: kvOf(backend, options),
      ...(kept && { kept }),
      splitKv: true,
      fuse: (options.fuse ?? true) && !model.fused,
      binding,
    }
    const key = `${backend} ${chunk ?? ''}`
    const known = made.get(key)
    if (known) return known
    const own = chunk === undefined ? model : withChunk(model, chunk)
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

/** What the runtime does by itself is left out. */
function waitOf({ wait: { everyMs, dispatchesPerSubmit: dispatches } }: Engine): Pick<Variant, 'wait'> {
  const wait = { ...(everyMs && { everyMs }), ...(dispatches && { dispatches }) }
  return Object.keys(wait).length > 0 ? { wait } : {}
}

async function emitVariants(
  variants: CompiledVariant[],
  weights: Map<string, WeightSet>,
  code: Map<string, string>,
  bundle: BundleWriter,
): Promise<Record<string, Variant>> {
  const out: Record<string, Variant> = {}
  for (const variant of variants) {
    const { spec } = variant
    const shards = weights.get(variant.weights)?.shards ?? []
    const plan: Plan = {
      ...variant.plan,
      shards: shards.map(({ file, buffer, offset, bytes }) => ({
        file,
        buffer: buffer + FIRST_WEIGHTS,
        offset,
        bytes,
      })),
    }
    out[spec.id] = {
      backend: spec.backend,
      ...(spec.engine && { engine: spec.engine }),
      ...(spec.device && { vendors: vendorsOf(spec.device) }),
      features: spec.features,
      ...(spec.engine && waitOf(engineNamed(spec.engine))),
      limits: spec.backend === 'webgpu' ? limitsOf(plan, variant.kernels) : {},
      plan: await bundle.add('plan', 'json', JSON.stringify(plan)),
      code: code.get(spec.id) ?? fail('WGC901', [`no code for ${spec.id}`]),
      memory: memoryOf(plan),
    }
  }
  return out
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
    const model = describe(imported, options, await preparation(imported))
    const source = imported.weights && withDerived(imported.weights, model.derived)
    const bits = bitsOf(imported, options)
    const dumps: string[] = []
    const graphs = graphsFor(model, source, { ...options, bits }, dumps)
    const { specs, byTarget } = only(options.only, variantsOf(targets, loadTuning(), loadTables()))
    const cache: Cache = openCache(options.cache === undefined ? {} : { dir: options.cache })
    const templates = openTemplates(cache)
    const compiled = compileVariants(specs, graphs, templates, cache)
    const { variants, notes } = await fitting(compiled, byTarget, options.toolchain)
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
      variants: await emitVariants(variants, weights, code, bundle),
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
