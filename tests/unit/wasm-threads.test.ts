/** Several threads on one memory: the same values to the last bit, and every way in which workers can fail. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeWorkers } from '../../compiler/cli/node-workers.js'
import { build } from '../../compiler/index.js'
import { type LoadOptions, load, type Model, type WorkerFactory } from '../../runtime/index.js'
import { freshDist } from '../helpers/cli.js'
import { STORIES, storiesCases } from '../helpers/models.js'
import { behavesLikeAModel } from '../helpers/runtime-behaviour.js'
import { threadedBundle, watched, workers } from '../helpers/threads.js'
import { type Bundle, continuation, logitsAt, memorySource, VOCAB } from '../helpers/tiny-bundle.js'

beforeAll(freshDist)

const GREEDY = { temperature: 0, maxTokens: 8 }
const folder = mkdtempSync(join(tmpdir(), 'wgc-threads-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function ids(model: Model, prompt: number[], maxTokens = 8): Promise<number[]> {
  const out: number[] = []
  for await (const id of model.generateIds(prompt, { temperature: 0, maxTokens })) out.push(id)
  return out
}

async function using<T>(
  bundle: Bundle,
  options: LoadOptions,
  test: (model: Model) => Promise<T>,
): Promise<T> {
  const model = await load(memorySource(bundle), { gpu: null, worker: workers, ...options })
  try {
    return await test(model)
  } finally {
    model.destroy()
  }
}

describe.each([1, 2, 3])('the runtime on %i workers', (threads) => {
  let bundle: Bundle
  beforeAll(async () => {
    bundle = await threadedBundle()
  })
  behavesLikeAModel(() => ({ bundle, options: { gpu: null, threads, worker: workers } }))

  it('has them', () =>
    using(bundle, { threads }, async (model) => {
      expect(model).toMatchObject({ variant: 'threads', threads })
    }))
})

describe.each(['f32', 4] as const)('a model of %s weights', (bits) => {
  const out = join(folder, String(bits))
  const source = { read: async (file: string) => new Uint8Array(readFileSync(join(out, file))) }
  const found: { threads: number; variant: string; ids: number[]; logits: Uint8Array }[] = []
  beforeAll(async () => {
    await build({ model: STORIES, targets: ['node'], out, bits })
    for (const threads of [0, 1, 2, 3]) {
      const model = await load(source, { backend: 'wasm', tokenizer: false, threads, worker: workers })
      const prompt = storiesCases()[0]!.ids
      const { logits } = await model.run({
        input_ids: [...prompt, ...storiesCases()[0]!.greedy.slice(0, 70)],
      })
      const { data } = logits!
      found.push({
        ...{ threads: model.threads, variant: model.variant, ids: await ids(model, prompt, 120) },
        logits: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      })
      model.destroy()
    }
  })

  it('gives the same tokens and the same logits, bit by bit, on 1, 2 and 3 workers as on none', () => {
    const [none, ...some] = found
    expect(none).toMatchObject({ threads: 0, variant: 'wasm-simd128' })
    expect(none!.ids).toHaveLength(120)
    some.forEach((f, i) => {
      expect(f).toMatchObject({ threads: i + 1, variant: 'wasm-simd128-threads' })
      expect(f.ids).toEqual(none!.ids)
      expect(Buffer.compare(f.logits, none!.logits)).toBe(0)
    })
  })
})

describe('workers that fail', () => {
  const broken: [name: string, worker: WorkerFactory, why: RegExp][] = [
    [
      'cannot be made',
      () => {
        throw new DOMException('not allowed here', 'SecurityError')
      },
      /not allowed here/,
    ],
    ['have no script', nodeWorkers(pathToFileURL(join(folder, 'nothing.js'))), /nothing\.js/],
    ['end at once', nodeWorkers(pathToFileURL('dist/runtime/errors.js')), /ended with code 0/],
    ['refuse the module', nodeWorkers(pathToFileURL('tests/helpers/refusing-worker.mjs')), /no room here/],
  ]
  it.each(broken)('that %s are done without', async (_, worker, why) => {
    await using(await threadedBundle(), { threads: 2, worker }, async (model) => {
      expect(model.threads).toBe(0)
      expect(model.reasons.find((r) => r.id === 'threads')!.why).toMatch(why)
      expect(await ids(model, [1, 2])).toEqual(continuation([1, 2], 8))
    })
  })

  it.each([1, 2, 3])('that die, of %i, leave the tokens the same', async (threads) => {
    const { start, made } = watched()
    await using(await threadedBundle(), { threads, worker: start }, async (model) => {
      const seen: number[] = []
      for await (const id of model.generateIds([1, 2], { temperature: 0, maxTokens: 30 })) {
        if (seen.push(id) === 5) void made.at(-1)!.worker.terminate()
        if (seen.length % 5 === 0) await new Promise((done) => setTimeout(done, 5))
      }
      expect(seen).toEqual(continuation([1, 2], 30))
      expect(model.threads).toBe(0)
      expect(await ids(model, [4])).toEqual(continuation([4], 8))
      await Promise.all(made.map((m) => m.ended))
    })
  })

  it('that die within a step leave the tokens the same', async () => {
    const prompt = storiesCases()[0]!.ids
    const source = { read: async (file: string) => new Uint8Array(readFileSync(join(folder, 'f32', file))) }
    const options = { backend: 'wasm', tokenizer: false, worker: workers } as const
    const plain = await load(source, { ...options, threads: 0 })
    const expected = await ids(plain, prompt, 100)
    plain.destroy()
    for (const after of [1, 7, 23]) {
      const { start, made } = watched()
      const model = await load(source, { ...options, threads: 2, worker: start })
      setTimeout(() => made[after % 2]!.worker.terminate(), after)
      expect(await ids(model, prompt, 100)).toEqual(expected)
      model.destroy()
    }
  })

  it('are not asked for where the calling thread is to compute', async () => {
    const never: WorkerFactory = () => {
      throw new Error('a worker was made')
    }
    await using(await threadedBundle(), { threads: 0, worker: never }, async (model) => {
      expect(model).toMatchObject({ variant: 'cpu', threads: 0 })
      expect(model.reasons.find((r) => r.id === 'threads')!.why).toMatch(/workers/)
      expect(await ids(model, [1, 2])).toEqual(continuation([1, 2], 8))
    })
  })
})

it('a shared memory that is refused is done without', async () => {
  const { Memory } = WebAssembly
  class Stingy extends Memory {
    constructor(given: WebAssembly.MemoryDescriptor) {
      if (given.shared) throw new RangeError('could not allocate memory')
      super(given)
    }
  }
  Object.assign(WebAssembly, { Memory: Stingy })
  try {
    await using(await threadedBundle(), { threads: 2 }, async (model) => {
      expect(model).toMatchObject({ variant: 'cpu', threads: 0 })
      expect(model.reasons.find((r) => r.id === 'threads')!.why).toMatch(
        /^no shared memory of up to \d+ bytes/,
      )
      expect(await ids(model, [1, 2])).toEqual(continuation([1, 2], 8))
    })
  } finally {
    Object.assign(WebAssembly, { Memory })
  }
})

it.each([-1, 1.5, 257, Number.NaN])('%s threads are refused', async (threads) => {
  const bundle = await threadedBundle()
  await expect(using(bundle, { threads }, async () => {})).rejects.toThrow(RangeError)
})

it('a kernel that traps in a worker is an IntegrityError, and the model is over', async () => {
  const bundle = await threadedBundle(({ plans }) => {
    for (const d of plans.wasm.programs.decode!.dispatches) d.bind = d.bind.map((r) => r ?? [1, 0, 4])
  })
  const { start, made } = watched()
  await using(bundle, { threads: 2, worker: start }, async (model) => {
    await expect(ids(model, [1, 2])).rejects.toMatchObject({
      name: 'IntegrityError',
      message: expect.stringMatching(/^logits: the module failed: /),
    })
    await expect(ids(model, [1])).rejects.toMatchObject({ name: 'IntegrityError' })
    await Promise.all(made.map((m) => m.ended))
  })
})

it('the memory grows under the workers, to what the plan needs and no further', async () => {
  const arena = 40 * 65536
  const bundle = await threadedBundle(({ plans }) => {
    const { forward } = plans.wasm.programs
    forward!.arena = arena
    const logits = forward!.outputs[0]!
    const last = [2, arena - 4 * 4 * VOCAB - ((arena - 4 * 4 * VOCAB) % 256), 4 * 4 * VOCAB] as const
    logits.region = [...last]
    forward!.dispatches.at(-1)!.bind[2] = [...last]
  })
  await using(bundle, { threads: 2 }, async (model) => {
    expect(await ids(model, [1, 2])).toEqual(continuation([1, 2], 8))
    const input = [1, 2, 3, 4, 5, 6]
    const { logits } = await model.run({ input_ids: input })
    expect([...logits!.data]).toEqual(input.flatMap((_, m) => logitsAt(input, m)))
    expect(await ids(model, [1, 2])).toEqual(continuation([1, 2], 8))
  })
})

it('a signal stops the workers within a step, and destroy() ends them', async () => {
  const source = { read: async (file: string) => new Uint8Array(readFileSync(join(folder, 'f32', file))) }
  const { start, made } = watched()
  const model = await load(source, { backend: 'wasm', tokenizer: false, threads: 2, worker: start })
  const prompt = Array.from({ length: 400 }, (_, i) => i % 300)
  const controller = new AbortController()
  setTimeout(() => controller.abort(new Error('enough')), 5)
  const stopped = model.generateIds(prompt, { ...GREEDY, signal: controller.signal })
  await expect(stopped.next()).rejects.toThrow('enough')
  const greedy = storiesCases()[0]!
  expect(await ids(model, greedy.ids, 20)).toEqual(greedy.greedy.slice(0, 20))
  expect(model.threads).toBe(2)
  const under = model.generateIds(prompt, GREEDY).next()
  await new Promise((done) => setTimeout(done, 3))
  model.destroy()
  await expect(under).rejects.toMatchObject({ name: 'AbortError' })
  await Promise.all(made.map((m) => m.ended))
})
