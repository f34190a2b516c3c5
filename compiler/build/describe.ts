/** What a bundle says of its model, and the model itself, from what was imported. */
import { fail } from '../errors.js'
import { type ConfigReader, checkWeight, configReader, type ImportedModel } from '../import/index.js'
import type { Graph } from '../ir/graph.js'
import { familyOf } from '../models/index.js'
import { onnxModel } from '../models/onnx.js'
import type { Model } from '../models/types.js'
import type { BuildOptions } from '../options.js'

/** Tokens the KV cache holds unless `context` says otherwise. */
const DEFAULT_CONTEXT = 4096

/** The model that a config describes; its weights, where there are some, checked name by name. */
export function describe(
  imported: ImportedModel,
  options: BuildOptions,
  preprocessor?: Record<string, unknown>,
): Model {
  if (imported.onnx) return onnxModel(imported.onnx)
  const config = configReader(imported.config, imported.configFile)
  const family = familyOf(imported.family, config.strings('architectures'))
  const most = family.maxContext(config)
  const context = options.context ?? Math.min(most, family.usualContext?.(config) ?? DEFAULT_CONTEXT)
  if (context > most) fail('WGC424', [context, most])
  const { weights } = imported
  const model = family.model(config, {
    context,
    ...(imported.generation && {
      generation: configReader(imported.generation, 'generation_config.json'),
    }),
    ...(preprocessor && { preprocessor: prepared(preprocessor) }),
    has: (name) => weights?.has(name) ?? true,
  })
  if (weights) {
    const seen = new Set<string>()
    for (const program of model.programs)
      for (const t of model.graph(program).tensors.values()) {
        if (t.kind !== 'weight' || seen.has(t.name)) continue
        seen.add(t.name)
        checkWeight(weights, model.derived ?? [], t.name, t.shape as number[])
      }
  }
  return model
}

function prepared(fields: Record<string, unknown>): ConfigReader {
  const reader = configReader(fields, 'preprocessor_config.json')
  return reader.section('feature_extractor') ?? reader
}

/** Weights in the model's own tensors, tied ones counted once. */
export function parameterCount(graphs: readonly Graph[]): number {
  const sizes = new Map<string, number>()
  for (const t of graphs.flatMap((graph) => [...graph.tensors.values()])) {
    if (t.kind === 'weight')
      sizes.set(
        t.name,
        t.shape.reduce<number>((n, d) => n * Number(d), 1),
      )
  }
  return [...sizes.values()].reduce((sum, n) => sum + n, 0)
}

/** End-of-text ids: generation_config.json has the last word, as in transformers. */
export function endings(imported: ImportedModel): { eos: number[]; bos?: number } {
  const config = configReader(imported.config, imported.configFile)
  const generation = configReader(imported.generation ?? {}, 'generation_config.json')
  const eos = generation.ints('eos_token_id')
  const bos = config.optionalInt('bos_token_id')
  return { eos: eos.length > 0 ? eos : config.ints('eos_token_id'), ...(bos !== undefined && { bos }) }
}

/** Names of classes, from `id2label`; of a CTC model, the texts of its ids. */
export function labelsOf(imported: ImportedModel): { labels?: string[] } {
  const architectures = [imported.config.architectures].flat().map(String)
  if (imported.vocabulary && architectures.some((a) => a.endsWith('ForCTC')))
    return { labels: imported.vocabulary }
  const map = configReader(imported.config, imported.configFile).section('id2label')
  if (!map) return {}
  const labels: string[] = []
  for (let i = 0; map.has(String(i)); i++) labels.push(map.string(String(i)))
  return labels.length > 0 ? { labels } : {}
}

/** Components and their programs, where a model has more than one. */
export function componentsOf({ programs }: Model): { components?: Record<string, string[]> } {
  const components: Record<string, string[]> = {}
  for (const { name, component = 'model' } of programs)
    components[component] = [...(components[component] ?? []), name]
  return Object.keys(components).length > 1 ? { components } : {}
}
