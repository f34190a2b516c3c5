/** Self-tests: what the compiler writes, what the runtime makes of them, and what a wrong kernel leads to. */
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeKv, encodeKv, kvTypes } from '../../compiler/formats/kv.js'
import { build } from '../../compiler/index.js'
import { checkTests } from '../../runtime/care/check-tests.js'
import { disagreement } from '../../runtime/care/compare.js'
import { decode, noiseBytes, rowBytesOf } from '../../runtime/care/pattern.js'
import { runTests } from '../../runtime/care/probe.js'
import { memoryStore, type RecordStore } from '../../runtime/care/record.js'
import type { ModelEvent } from '../../runtime/events.js'
import type { Manifest } from '../../runtime/format.js'
import { load } from '../../runtime/index.js'
import type { Source } from '../../runtime/source.js'
import { smallModels } from '../helpers/family-models.js'
import { GOLDENS } from '../helpers/goldens.js'
import { softwareDevice } from '../helpers/gpu.js'
import { whyAbsent } from '../helpers/models.js'
import { type Bench, benchOf, judge, manifestOf, openBench } from '../helpers/self-test.js'
import { reportOf } from '../helpers/self-test-report.js'

const STORIES = 'tests/fixtures/stories260K'
const ONLY = ['wasm-simd128', 'webgpu-chromium-base']
let out = ''
const folder = () => join(out, 'b')
beforeAll(async () => {
  out = mkdtempSync(join(tmpdir(), 'wgc-self-test-'))
  await build({ model: STORIES, targets: ['chrome'], only: ONLY, out: folder() })
}, 60_000)
afterAll(() => rmSync(out, { recursive: true, force: true }))

const benchNamed = (id: string): Bench => benchOf(folder(), manifestOf(folder()).variants[id]!)

describe('what operands hold', () => {
  it.each(kvTypes)('%s: as the compiler reads and writes it', (type) => {
    const size = 80
    const bytes = noiseBytes(type, size, 3, { stream: 5 })
    expect(bytes.length).toBe(3 * rowBytesOf(type, size))
    const values = decode(type, size, bytes)
    expect(values.every((x) => Math.abs(x) < 4)).toBe(true)
    if (type !== 'f32' && type !== 'f16') {
      expect(values).toEqual(decodeKv(type, bytes, size))
      const again = encodeKv(type, values, size)
      expect(decode(type, size, again)).toEqual(decodeKv(type, again, size))
    }
  })
})

describe('what the compiler writes', () => {
  // Plans of WebAssembly are alike with and without instructions that round activations to fewer levels.
  it('is the same from its cache', async () => {
    const tests = async (cache: string) => {
      const given = { model: STORIES, targets: ['chrome'], only: ['wasm-simd128'], out: join(out, 'q4') }
      await build({ ...given, bits: 4, cache })
      const { variants } = manifestOf(join(out, 'q4'))
      return Object.entries(variants).map(([id, { plan, selfTest }]) => ({ id, plan, selfTest }))
    }
    const cold = await tests(join(out, 'cache'))
    expect(new Set(cold.map(({ plan }) => plan)).size).toBe(1)
    expect(new Set(cold.map(({ selfTest }) => selfTest)).size).toBe(2)
    expect(await tests(join(out, 'cache'))).toEqual(cold)
  }, 120_000)

  it('tests every kernel of every program', () => {
    for (const id of Object.keys(manifestOf(folder()).variants)) {
      const { file, plan } = benchNamed(id)
      expect(file.untested).toEqual([])
      const tested = new Set(
        file.tests.flatMap((t) =>
          t.run.map(([i]) => `${t.program} ${plan.programs[t.program]!.dispatches[i]!.kernel}`),
        ),
      )
      for (const [name, { dispatches }] of Object.entries(plan.programs))
        for (const { kernel, label } of dispatches)
          expect(tested.has(`${name} ${kernel}`), `${name}: ${label}`).toBe(true)
    }
  })

  // Their graphs hold what a file's weights are beside how they are stored.
  it.each(['onnx mobilenet'])(
    'is true of %s',
    async (name) => {
      const { make, ...options } = smallModels[name]!
      const model = await make(join(out, 'model'))
      await build({
        ...options,
        model,
        targets: ['chrome'],
        only: ['wasm-simd128'],
        bits: 4,
        out: join(out, name),
      })
      const { 'wasm-simd128': lines } = await reportOf(join(out, name), 'wasm-simd128', 0)
      expect(lines).toEqual([expect.stringMatching(/untested \[\]$/)])
    },
    120_000,
  )

  // Splits of a cache that it also writes.
  it.skipIf(whyAbsent(GOLDENS))(
    'leaves nothing of llava out',
    async () => {
      const only = 'webgpu-chromium-base'
      const to = join(out, 'llava')
      await build({ model: join(GOLDENS, 'llava'), targets: ['chrome'], only: [only], bits: 4, out: to })
      const { file, plan } = benchOf(to, manifestOf(to).variants[only]!)
      const labels = file.tests.map((t) => plan.programs[t.program]!.dispatches[t.run.at(-1)![0]]!.label)
      expect(file.untested).toEqual([])
      expect(labels.filter((label) => label.startsWith('rope_split')).length).toBe(2)
    },
    60_000,
  )

  it('is true of its kernels', async () => {
    const device = await softwareDevice()
    for (const [id, variant] of Object.entries(manifestOf(folder()).variants)) {
      if (variant.features.includes('threads') || variant.features.includes('relaxed-simd')) continue
      if (variant.backend === 'webgpu' && !device) continue
      const bench = benchNamed(id)
      const executor = await openBench(folder(), bench, device)
      const { wrong, ms, count } = await judge(bench, executor, ['prefill', 'decode'])
      console.log(`${id}: ${count} tests in ${ms.toFixed(1)} ms`)
      expect(wrong).toEqual([])
      expect((await judge(bench, executor)).wrong).toEqual([])
      executor.destroy()
    }
  }, 240_000)
})

describe('what the runtime makes of it', () => {
  it('puts states back', async () => {
    const bench = benchNamed('wasm-simd128')
    const executor = await openBench(folder(), bench, undefined)
    const { bytesAt } = executor.inside!('prefill')
    const states = bench.plan.buffers.flatMap(({ kind, bytes }, i) =>
      kind === 'state' || kind === 'tokens' ? [{ i, bytes }] : [],
    )
    for (const { i, bytes } of states)
      bytesAt!(i, 0, bytes).set(noiseBytes('f32', bytes / 4, 1, { stream: i }))
    const before = states.map(({ i, bytes }) => bytesAt!(i, 0, bytes).slice())
    await judge(bench, executor)
    for (const [at, { i, bytes }] of states.entries())
      expect(Buffer.compare(bytesAt!(i, 0, bytes), before[at]!)).toBe(0)
  })

  it('takes a NaN, and one wrong number anywhere, for a disagreement', async () => {
    const bench = benchNamed('wasm-simd128')
    const executor = await openBench(folder(), bench, undefined)
    const tests = checkTests(bench.file, bench.plan)
    const found = await runTests(bench.plan, executor, tests)
    for (const [i, test] of tests.entries()) {
      expect(disagreement(test, found[i]!)).toBeUndefined()
      if (test.expect[0]!.type !== 'f32') continue
      for (const wrong of [Number.NaN, 1e9]) {
        const bytes = found[i]!.map((b) => b.slice())
        const view = new DataView(bytes[0]!.buffer)
        view.setFloat32(Math.floor(bytes[0]!.length / 8) * 4, wrong, true)
        expect(disagreement(test, bytes)).toMatch(/should be/)
      }
    }
  })

  it.each<[name: string, change: (t: ReturnType<typeof benchNamed>['file']['tests'][number]) => void]>([
    ['a dispatch that is not there', (t) => Object.assign(t, { run: [[9999, 1]] })],
    ['an operand that is not there', (t) => Object.assign(t.fill[0]!, { of: [0, 99] })],
    ['an offset beyond the operand', (t) => Object.assign(t.fill[0]!, { offset: 1e9 })],
    ['rows without end', (t) => Object.assign(t.expect[0]!, { dims: [[1e9, 0]] })],
    ['a type that is none', (t) => Object.assign(t.expect[0]!, { type: 'f64' })],
    ['a size that is none', (t) => Object.assign(t.fill[0]!, { size: -1 })],
    ['no expectations', (t) => Object.assign(t, { expect: undefined })],
  ])('refuses %s', (_, change) => {
    const { file, plan } = benchNamed('wasm-simd128')
    change(file.tests[0]!)
    expect(() => checkTests(file, plan)).toThrow(/self-test does not fit/)
  })
})

/** The bundle with one file replaced, and the names that were read of it. */
function sourceOf(
  replace: (name: string, bytes: Buffer) => Buffer,
  change: (manifest: Manifest) => void = () => {},
): { source: Source; read: string[] } {
  const manifest = manifestOf(folder())
  change(manifest)
  const held = (name: string) => join(folder(), name)
  const content = (name: string) =>
    replace(name, existsSync(held(name)) ? readFileSync(held(name)) : Buffer.of())
  for (const [name, info] of Object.entries(manifest.files)) {
    const bytes = content(name)
    Object.assign(info, { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') })
  }
  const read: string[] = []
  return {
    read,
    source: {
      async read(name) {
        read.push(name)
        return new Uint8Array(
          name === 'manifest.json' ? Buffer.from(JSON.stringify(manifest)) : content(name),
        )
      },
    },
  }
}

describe('a variant that computes wrongly', () => {
  // Its test says that: as good as a kernel that is wrong.
  const broken = (name: string, bytes: Buffer): Buffer => {
    const { variants } = manifestOf(folder())
    if (name !== variants['wasm-simd128']!.selfTest) return bytes
    const file = JSON.parse(bytes.toString())
    file.tests[3].expect[0].values[0] += 1e6
    return Buffer.from(JSON.stringify(file))
  }
  const options = { backend: 'wasm', threads: 0, tokenizer: false, gpu: null } as const

  it('is left out, told, and not fetched again', async () => {
    const events: ModelEvent[] = []
    const record = memoryStore()
    const first = sourceOf(broken)
    const loading = load(first.source, { ...options, record, onEvent: (e) => events.push(e) })
    await expect(loading).rejects.toThrow(/wasm-simd128: computes wrongly here/)
    expect(events.map((e) => e.kind)).toEqual(['disagreed', 'refused'])
    const second = sourceOf(broken)
    await expect(load(second.source, { ...options, record })).rejects.toThrow(/not taken again/)
    expect(second.read.filter((name) => /weights|kernels|selftest/.test(name))).toEqual([])
    const always = load(second.source, { ...options, record, selfTest: 'always' })
    await expect(always).rejects.toThrow(/computes wrongly here/)
    const never = await load(second.source, { ...options, record, selfTest: false })
    never.destroy()
  })

  it('says nothing of another that has the same plan', async () => {
    const events: ModelEvent[] = []
    const id = 'wasm-simd128'
    const own = manifestOf(folder()).variants[id]!.selfTest!
    const other = 'selftest-other.json'
    const content = (name: string, bytes: Buffer) =>
      name === other ? broken(own, readFileSync(join(folder(), own))) : bytes
    const { source } = sourceOf(content, (manifest) => {
      const { [id]: variant, ...others } = manifest.variants
      manifest.files[other] = { ...manifest.files[own]! }
      manifest.targets.chrome!.unshift('wasm-first')
      manifest.variants = { 'wasm-first': { ...variant!, selfTest: other }, [id]: variant!, ...others }
    })
    const model = await load(source, { ...options, onEvent: (e) => events.push(e) })
    expect(model.variant).toBe(id)
    expect(events).toContainEqual(expect.objectContaining({ kind: 'disagreed', variant: 'wasm-first' }))
    model.destroy()
  })

  // A kernel of a program that is made ready when it is called.
  it('is told where that is found late, and left out by the next load', async () => {
    const late = (name: string, bytes: Buffer): Buffer => {
      const { variants } = manifestOf(folder())
      if (name !== variants['wasm-simd128']!.selfTest) return bytes
      const file = JSON.parse(bytes.toString())
      file.tests.find((t: { program: string }) => t.program === 'forward').expect[0].values[0] += 1e6
      return Buffer.from(JSON.stringify(file))
    }
    const given = { ...options, record: memoryStore() }
    const { source } = sourceOf(late)
    const model = await load(source, given)
    const run = () => model.run({ input_ids: [1, 2] })
    await expect(run()).rejects.toThrow(
      /^wasm-simd128 computes wrongly here: .+\(\w+\): .+ Load the model again: that is remembered/,
    )
    // It stays so: nobody gets a wrong number.
    await expect(run()).rejects.toThrow(/computes wrongly here/)
    model.destroy()
    await expect(load(source, given)).rejects.toThrow(/not taken again/)
    // Programs that are right don't make up for one that is wrong.
    const always = await load(source, { ...given, selfTest: 'always' })
    always.destroy()
    await expect(load(source, given)).rejects.toThrow(/not taken again/)
    const forgetful = await load(source, { ...options, record: false })
    await expect(forgetful.run({ input_ids: [1, 2] })).rejects.toThrow(/with another `variant` or `backend`/)
    forgetful.destroy()
  })

  // As WebKit's database does while a page that is gone holds a transaction of it.
  it.each(['get', 'set'] as const)('does not wait for a record whose `%s` never answers', async (which) => {
    const kept = memoryStore()
    let sets = 0
    const record: RecordStore = {
      get: (key) => (which === 'get' ? new Promise(() => {}) : kept.get(key)),
      set: (key, text) => {
        sets++
        return which === 'set' ? new Promise(() => {}) : kept.set(key, text)
      },
    }
    const { source } = sourceOf((_, bytes) => bytes)
    const model = await load(source, { ...options, record })
    // What was not read is not written over.
    expect(sets > 0).toBe(which === 'set')
    model.destroy()
  })

  it('is tested once where it is right', async () => {
    const record = memoryStore()
    const { source, read } = sourceOf((_, bytes) => bytes)
    const tests = () => read.filter((name) => name.startsWith('selftest'))
    for (const times of [1, 1]) {
      const model = await load(source, { ...options, record })
      expect(tests().length).toBe(times)
      model.destroy()
    }
    const model = await load(source, { ...options, record, selfTest: 'always' })
    expect(tests().length).toBe(2)
    model.destroy()
  })
})
