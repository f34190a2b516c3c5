/** A bundle of one matrix product, by the compiler's own stages: selected, planned, compiled and packed as a model's. */
import { emitCode } from '../../../compiler/build/code.js'
import { memoryOf } from '../../../compiler/build/limits.js'
import { type VariantSpec, variantsOf } from '../../../compiler/build/variant-specs.js'
import { compileVariants } from '../../../compiler/build/variants.js'
import { openCache } from '../../../compiler/cache.js'
import { openBundle } from '../../../compiler/emit/bundle.js'
import { FIRST_WEIGHTS } from '../../../compiler/emit/plan.js'
import { writeShards } from '../../../compiler/emit/shards-write.js'
import type { WeightSource } from '../../../compiler/import/index.js'
import { build } from '../../../compiler/ir/builder.js'
import type { Graph, WeightFormatName } from '../../../compiler/ir/graph.js'
import { noise } from '../../../compiler/ops/common.js'
import { openTemplates } from '../../../compiler/select/templates.js'
import { loadTuning } from '../../../compiler/select/tuning.js'
import { resolveTargets } from '../../../compiler/targets.js'
import type { Manifest, Plan, Port, Program, Variant } from '../../../runtime/format.js'
import type { MatrixWork } from './rows.js'

const FORMATS: Record<MatrixWork['bits'], WeightFormatName> = { 32: 'f32', 8: 'q8', 4: 'q4' }

/** What the caller gives, by name. */
const inputsOf = ({ kind, M, N, K }: MatrixWork): Record<string, number[]> =>
  kind === 'linear' ? { x: [M, K] } : { a: [M, K], b: [K, N] }

function graphOf(work: MatrixWork): Graph {
  const { kind, N, K, bits } = work
  const g = build('forward', 1)
  for (const [name, shape] of Object.entries(inputsOf(work)))
    g.graph.tensors.set(name, {
      name,
      kind: 'temp',
      dtype: 'f32',
      shape: kind === 'matmul' ? [1, ...shape] : shape,
    })
  if (kind === 'matmul') {
    g.output(g.op('matmul', 'y', { a: 'a', b: 'b' }, { N, TB: false, SCALE: 1 }), 'y')
    return g.graph
  }
  const w = g.weight('w', [N, K])
  const tensor = g.graph.tensors.get(w)!
  g.graph.tensors.set(w, { ...tensor, weight: { ...tensor.weight!, format: FORMATS[bits], group: 32 } })
  g.output(g.op('linear', 'y', { x: 'x', w }, { EPI: 'none', LDY: N }), 'y')
  return g.graph
}

/** A matrix of small numbers of both signs. */
const weightsOf = ({ N, K }: MatrixWork): WeightSource => ({
  names: () => ['w'],
  has: (name) => name === 'w',
  shape: () => [N, K],
  dtype: () => 'F32',
  file: () => 'w',
  readRows: async (_, from, to) =>
    Float32Array.from({ length: (to - from) * K }, (_, i) => 0.02 * noise(i % 65537, 2)),
})

/**
 * Gives the program what a caller puts in (`forward`), and makes another (`resident`) that leaves everything where
 * it is but one number.
 */
function withPorts(plan: Plan, placed: Record<string, Port['region']>, work: MatrixWork): Plan {
  const program = plan.programs.forward!
  const port = (name: string, shape: number[]): Port => ({ name, dtype: 'f32', shape, region: placed[name]! })
  const inputs = Object.entries(inputsOf(work)).map(([name, shape]) => port(name, shape))
  const outputs = [port('y', [work.M, work.N])]
  const resident: Program = { ...program, inputs: [], outputs: [port('y', [1])] }
  return { ...plan, programs: { forward: { ...program, inputs, outputs }, resident } }
}

/** Where the arena is among a plan's buffers. */
const arenaOf = (plan: Plan): number => plan.buffers.findIndex((b) => b.kind === 'arena')

/** Writes the bundle for the browser's wasm variants. */
export async function matrixBundle(work: MatrixWork, out: string, target: string): Promise<void> {
  const cache = openCache()
  const targets = resolveTargets(target)
  const { specs } = variantsOf(targets, loadTuning())
  const wasm = specs.filter((s: VariantSpec) => s.backend === 'wasm')
  const graph = graphOf(work)
  const spec = { name: 'forward', seq: 1, maxSeq: 1, logits: 'all' as const }
  const compiled = compileVariants(wasm, () => [{ spec, graph }], openTemplates(cache), cache)
  const bundle = await openBundle(out)
  const code = await emitCode(compiled.variants, targets, bundle, cache, { model: '', out })
  const variants: Record<string, Variant> = {}
  for (const v of compiled.variants) {
    const set = compiled.sets.find((s) => s.key === v.weights)!
    const { shards } = await writeShards(set.shards, weightsOf(work), bundle.folder)
    for (const s of shards) bundle.note(s.file, { bytes: s.bytes, sha256: s.sha256 })
    const { placements } = v.programs[0]!.arena
    const arena = arenaOf(v.plan)
    const placed = Object.fromEntries(
      [...placements].map(([name, p]) => [name, [arena, p.offset, p.bytes] as Port['region']]),
    )
    const stored = shards.map(({ file, buffer, offset, bytes }) => ({
      ...{ file, buffer: buffer + FIRST_WEIGHTS, offset, bytes },
    }))
    const plan = withPorts({ ...v.plan, shards: stored }, placed, work)
    variants[v.spec.id] = {
      backend: 'wasm',
      features: v.spec.features,
      limits: {},
      plan: await bundle.add('plan', 'json', JSON.stringify(plan)),
      code: code.get(v.spec.id)!.whole,
      memory: memoryOf(plan),
    }
  }
  const model = {
    family: 'matrix',
    name: 'matrix',
    parameters: 0,
    vocab: 1,
    context: 1,
    eos: [],
    weights: '',
  }
  const manifest: Manifest = {
    ...{ format: 1, wgc: '0.0.0', model, files: bundle.files, variants },
    targets: { [target]: Object.keys(variants) },
  }
  await bundle.finish(manifest)
}

/** Bytes of the weights as the bundle packs them. */
export const matrixBytes = ({ kind, M, N, K, bits }: MatrixWork): number =>
  kind === 'matmul' ? 4 * (M * K + K * N) : bits === 32 ? 4 * N * K : (N * K * bits) / 8 + (N * K) / 16
