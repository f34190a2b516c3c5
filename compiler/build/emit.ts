/** What the manifest says of each variant, and the files of its plans. */
import type { Plan, Smaller, Variant } from '../../runtime/format.js'
import { type Cache, cacheKey } from '../cache.js'
import type { BundleWriter } from '../emit/bundle.js'
import { FIRST_WEIGHTS } from '../emit/plan.js'
import type { WeightSet } from '../emit/shards-write.js'
import { fail } from '../errors.js'
import type { WeightSource } from '../import/weights.js'
import { selfTestsOf } from '../selftest/index.js'
import type { Memo } from '../selftest/reckon.js'
import { type Engine, engineNamed } from '../targets.js'
import type { CodeFiles } from './code.js'
import { limitsOf } from './fits.js'
import { memoryOf } from './limits.js'
import { vendorsOf } from './variant-specs.js'
import type { CompiledVariant } from './variants.js'

/** What the runtime does by itself is left out. */
function waitOf({ wait: { everyMs, dispatchesPerSubmit: dispatches } }: Engine): Pick<Variant, 'wait'> {
  const wait = { ...(everyMs && { everyMs }), ...(dispatches && { dispatches }) }
  return Object.keys(wait).length > 0 ? { wait } : {}
}

/** Writes the self-test of a plan; those that share one share it. Nothing where there are no weights to test with. */
type TestPlan = (
  v: Pick<CompiledVariant, 'plan' | 'kernels' | 'lowered'>,
  backend: Variant['backend'],
  shards: Plan['shards'],
) => Promise<Pick<Variant, 'selfTest'>>

/** Raised when the same plan and weights get other tests: by other cuts, references or tolerances. */
const REVISION = 4

function selfTests(source: WeightSource | null, bundle: BundleWriter, cache: Cache): TestPlan {
  const memo: Memo = new Map()
  const made = new Map<Plan, Promise<string>>()
  const make = async (
    source: WeightSource,
    { plan, kernels, lowered }: Parameters<TestPlan>[0],
    language: 'wgsl' | 'c',
    shards: Plan['shards'],
  ) => {
    // Weight files are named by what they hold. Plans of WebAssembly are alike for kernels that round differently.
    const choices = lowered.map(({ lowered: { steps } }) =>
      steps.map(({ params, choice }) => [choice.template.name, params, choice.params]),
    )
    const key = cacheKey('self-test', REVISION, JSON.stringify({ ...plan, shards, choices }))
    const known = cache.get(key)
    if (known) return bundle.add('selftest', 'json', known)
    const tests = await selfTestsOf({ plan, kernels, language, source, memo }, lowered)
    const bytes = Buffer.from(JSON.stringify(tests))
    cache.put(key, bytes)
    return bundle.add('selftest', 'json', bytes)
  }
  return async (v, backend, shards) => {
    if (!source) return {}
    const file = made.get(v.plan) ?? make(source, v, backend === 'webgpu' ? 'wgsl' : 'c', shards)
    made.set(v.plan, file)
    return { selfTest: await file }
  }
}

/** What a variant is where there is less room. */
async function emitSmaller(
  { spec, whole, smaller }: CompiledVariant,
  code: string,
  shards: Plan['shards'],
  bundle: BundleWriter,
  test: TestPlan,
): Promise<Pick<Variant, 'smaller' | 'kv' | 'chunk'>> {
  if (!whole || smaller.length === 0) return {}
  const rungs: Smaller[] = []
  for (const { plan, kernels, lowered, rung } of smaller)
    rungs.push({
      plan: await bundle.add('plan', 'json', JSON.stringify({ ...plan, shards })),
      code,
      ...(await test({ plan, kernels, lowered }, spec.backend, shards)),
      memory: memoryOf(plan),
      limits: spec.backend === 'webgpu' ? limitsOf(plan, kernels) : {},
      ...rung,
    })
  return { smaller: rungs, kv: whole.kv, chunk: whole.chunk }
}

export async function emitVariants(
  variants: CompiledVariant[],
  weights: Map<string, WeightSet>,
  code: Map<string, CodeFiles>,
  bundle: BundleWriter,
  source: WeightSource | null,
  cache: Cache,
): Promise<Record<string, Variant>> {
  const test = selfTests(source, bundle, cache)
  const out: Record<string, Variant> = {}
  for (const variant of variants) {
    const { spec } = variant
    const written = weights.get(variant.weights)?.shards ?? []
    const shards = written.map(({ file, buffer, offset, bytes }) => ({
      ...{ file, buffer: buffer + FIRST_WEIGHTS, offset, bytes },
    }))
    const plan: Plan = { ...variant.plan, shards }
    const files = code.get(spec.id) ?? fail('WGC901', [`no code for ${spec.id}`])
    out[spec.id] = {
      backend: spec.backend,
      ...(spec.engine && { engine: spec.engine }),
      ...(spec.device && { vendors: vendorsOf(spec.device) }),
      features: spec.features,
      ...(spec.engine && waitOf(engineNamed(spec.engine))),
      limits: spec.backend === 'webgpu' ? limitsOf(plan, variant.kernels) : {},
      plan: await bundle.add('plan', 'json', JSON.stringify(plan)),
      code: files.whole,
      ...(await test(variant, spec.backend, shards)),
      memory: memoryOf(plan),
      ...(await emitSmaller(variant, files.smaller, shards, bundle, test)),
    }
  }
  return out
}
