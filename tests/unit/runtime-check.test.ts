/** A bundle is untrusted: whatever is in it, loading ends with a model or a typed error. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { checkManifest, checkPlan } from '../../runtime/check.js'
import type { Manifest, Plan } from '../../runtime/format.js'
import { IntegrityError } from '../../runtime/index.js'
import { endsWell } from '../helpers/ends-well.js'
import { junk, type Path, places, put } from '../helpers/mutate.js'
import { type Bundle, putFile, tinyBundle } from '../helpers/tiny-bundle.js'

describe('a malformed bundle', () => {
  let bundle: Bundle
  beforeAll(async () => {
    bundle = await tinyBundle()
  })

  it('of any manifest ends in a typed error', async () => {
    const paths = fc.constantFrom(...places(bundle.manifest))
    await fc.assert(
      fc.asyncProperty(paths, junk, async (path, value) => {
        await endsWell({ ...bundle, manifest: put(bundle.manifest, path, value) })
      }),
      { numRuns: 400 },
    )
  })

  it('of any plan ends in a typed error', async () => {
    const paths = fc.constantFrom(...places(bundle.plans.wasm))
    const changes = fc.array(fc.tuple(paths, junk), { minLength: 1, maxLength: 2 })
    await fc.assert(
      fc.asyncProperty(changes, async (list) => {
        let plan: Plan = bundle.plans.wasm
        for (const [path, value] of list) plan = put(plan, path, value)
        const changed = {
          ...bundle,
          manifest: structuredClone(bundle.manifest),
          files: new Map(bundle.files),
        }
        putFile(changed, 'plan-cpu.json', plan)
        await endsWell(changed)
      }),
      { numRuns: 400 },
    )
  })

  it('of any bytes ends in a typed error', async () => {
    const names = fc.constantFrom('plan-cpu.json', 'code.wasm')
    await fc.assert(
      fc.asyncProperty(names, fc.uint8Array({ maxLength: 300 }), async (name, bytes) => {
        const changed = {
          ...bundle,
          manifest: structuredClone(bundle.manifest),
          files: new Map(bundle.files),
        }
        putFile(changed, name, bytes)
        await endsWell(changed)
      }),
      { numRuns: 100 },
    )
  })

  const manifests: [string, (m: Manifest) => unknown, RegExp][] = [
    ['another format', (m) => ({ ...m, format: 2 }), /format 2; this runtime reads format 1/],
    ['a file outside', (m) => ({ ...m, files: { '../secret': m.files['code.wasm'] } }), /no plain file name/],
    ['a folder', (m) => ({ ...m, files: { ...m.files, '..': m.files['code.wasm'] } }), /no plain file name/],
    ['no hash', (m) => put(m, ['files', 'code.wasm', 'sha256'], 'abc'), /has no SHA-256/],
    ['a plan that is not there', (m) => put(m, ['variants', 'cpu', 'plan'], 'toString'), /names no file/],
    [
      'a target without variant',
      (m) => ({ ...m, targets: { x: ['nope'] } }),
      /targets.x\[0\] names no variant/,
    ],
  ]
  it.each(manifests)('says what is wrong with a manifest: %s', (_, change, message) => {
    expect(() => checkManifest(change(bundle.manifest))).toThrow(message)
  })

  const plans: [string, Path, unknown, RegExp][] = [
    ['a shard beyond its buffer', ['shards', 1, 'offset'], 256, /shards\[1\] does not fit its buffer/],
    ['a shard of another size', ['shards', 0, 'bytes'], 28, /another size than its file/],
    ['a shard to the tokens', ['shards', 0, 'buffer'], 3, /goes to no weights buffer/],
    [
      'a region beyond the arena',
      ['programs', 'decode', 'dispatches', 0, 'bind', 3],
      [2, 512, 4],
      /bind\[3\] is no integer/,
    ],
    [
      'a region between words',
      ['programs', 'decode', 'dispatches', 0, 'bind', 3],
      [2, 128, 4],
      /is not aligned/,
    ],
    [
      'a kernel that is not there',
      ['programs', 'decode', 'dispatches', 0, 'kernel'],
      4,
      /kernel is no integer from 0 to 3/,
    ],
    ['a null pointer on a GPU', ['programs', 'decode', 'dispatches', 0, 'bind', 3], null, /is no list/],
    [
      'too few operands',
      ['programs', 'decode', 'dispatches', 0, 'bind'],
      [],
      /binds another number than its kernel/,
    ],
    [
      'an operator',
      ['programs', 'decode', 'dispatches', 0, 'grid', 0],
      ['constructor', 1, 1],
      /is no expression/,
    ],
    [
      'a grid of no axes',
      ['programs', 'decode', 'dispatches', 0, 'grid'],
      [],
      /grid is no integer from 1 to 3/,
    ],
    ['more memory than said', ['buffers', 1, 'bytes'], 2 ** 30, /more memory than the manifest says/],
    ['two arenas', ['buffers', 1, 'kind'], 'arena', /more than one arena/],
    ['a short step', ['buffers', 4, 'bytes'], 28, /too short for the step/],
  ]
  it.each(plans)('says what is wrong with a plan: %s', (_, path, value, message) => {
    const plan = put(bundle.plans.webgpu, path, value)
    const check = () => checkPlan(plan, bundle.manifest, bundle.manifest.variants.gpu!)
    expect(check).toThrow(IntegrityError)
    expect(check).toThrow(message)
  })

  it('with expressions too deep is refused', () => {
    let e: unknown = 1
    for (let i = 0; i < 100_000; i++) e = ['+', e, 1]
    const plan = { ...bundle.plans.wasm, programs: structuredClone(bundle.plans.wasm.programs) }
    plan.programs.decode!.dispatches[0]!.grid = [e as number]
    expect(() => checkPlan(plan, bundle.manifest, bundle.manifest.variants.cpu!)).toThrow(/is no expression/)
  })
})
