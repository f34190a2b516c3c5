import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { create, globals } from 'webgpu'
import { LOSS_WINDOW, MOST_LOSSES } from '../../runtime/care/recover.js'
import type { GenerateOptions, LoadOptions, Model, ModelEvent } from '../../runtime/index.js'
import { DeviceLostError, detect, IntegrityError, load, OutOfMemoryError } from '../../runtime/index.js'
import { type Fault, type Faulty, faulty } from '../helpers/faults.js'
import { type Bundle, continuation, memorySource, tinyBundle, VOCAB } from '../helpers/tiny-bundle.js'

const DRIVER = '/usr/lib/chromium/vk_swiftshader_icd.json'
process.env.VK_DRIVER_FILES ??= DRIVER
Object.assign(globalThis, globals)
const driver = existsSync(process.env.VK_DRIVER_FILES)

const PROMPT = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
const SAMPLED: GenerateOptions = { temperature: 0.5, seed: 3 }
/** What the toy gives with that seed. */
function drawn(prompt: readonly number[], count: number): number[] {
  const ids = [...prompt]
  for (let i = 0; i < count; i++) ids.push((continuation(ids, 1)[0]! + 3) % VOCAB)
  return ids.slice(prompt.length)
}

describe.skipIf(!driver)('a lost device (Dawn)', () => {
  let bundle: Bundle
  let gpu: GPU
  const unhandled: unknown[] = []
  const hear = (e: unknown) => unhandled.push(e)

  beforeAll(async () => {
    process.on('unhandledRejection', hear)
    gpu = create([])
    bundle = await tinyBundle()
  })
  afterAll(() => {
    process.off('unhandledRejection', hear)
    expect(unhandled).toEqual([])
  })

  interface Run {
    faults: readonly Fault[]
    options?: LoadOptions
    bundle?: Bundle
  }
  async function using(
    { faults, options, bundle: own = bundle }: Run,
    work: (model: Model, at: Faulty, events: ModelEvent[]) => Promise<void>,
  ): Promise<void> {
    const at = faulty(gpu, faults)
    const events: ModelEvent[] = []
    const model = await load(memorySource(own), {
      ...{ gpu: at.gpu, backend: 'webgpu', onEvent: (e) => events.push(e), tokenizer: false },
      // By the clock, parts may be more or fewer each time; faults are counted.
      ...{ partMs: false, ...options },
    })
    try {
      await work(model, at, events)
    } finally {
      model.destroy()
      for (const device of at.devices) device.destroy()
    }
  }

  async function ids(model: Model, prompt: readonly number[], options: GenerateOptions): Promise<number[]> {
    const all: number[] = []
    for await (const id of model.generateIds(prompt, options)) all.push(id)
    return all
  }

  /** Everything a model does: a prompt in chunks, a sampled answer, more of the conversation, a run. */
  async function life(model: Model): Promise<void> {
    const first = await ids(model, PROMPT, { ...SAMPLED, maxTokens: 5 })
    expect(first).toEqual(drawn(PROMPT, 5))
    const said = [...PROMPT, ...first, 6, 2]
    const second = await ids(model, [6, 2], { ...SAMPLED, maxTokens: 6, continue: true })
    expect(second).toEqual(drawn(said, 6))
    const { logits } = await model.run({ input_ids: PROMPT })
    expect(logits!.shape).toEqual([PROMPT.length, VOCAB])
    const best = Array.from({ length: PROMPT.length }, (_, m) => {
      const row = Array.from(logits!.data.slice(m * VOCAB, (m + 1) * VOCAB))
      return row.indexOf(Math.max(...row))
    })
    expect(best).toEqual(PROMPT.map((_, m) => continuation(PROMPT.slice(0, m + 1), 1)[0]))
  }

  it.each<[string, number | false, places: number]>([
    ['whole', false, 12],
    ['in parts', Number.MIN_VALUE, 5],
  ])(
    'is what a whole life takes no notice of, whichever call it comes before: %s',
    async (_, partMs, places) => {
      const options = { partMs }
      let counts: Record<string, number> = {}
      await using({ faults: [], options }, async (model, at) => {
        await life(model)
        counts = { ...at.counts }
      })
      const calls = Object.entries(counts).filter(([key]) => !key.includes('request'))
      expect(calls.length).toBeGreaterThan(5)
      for (const [key, count] of calls)
        for (let after = 0; after < count; after += 1 + Math.floor(count / places)) {
          const fault: Fault = { call: key.split(' ')[1]!, after, what: 'lose' }
          await using({ faults: [fault], options }, async (model, at, events) => {
            await life(model)
            expect(at.struck, JSON.stringify(fault)).toEqual([fault])
            if (at.devices.length > 1) expect(events[0]).toMatchObject({ kind: 'lost' })
            expect(model.variant).toBe('gpu')
          })
        }
    },
    120_000,
  )

  const ANOTHER: [string, Fault[]][] = [
    ['twice in a row', [0, 1].map((device) => ({ call: 'submit', after: 9, device, what: 'lose' }))],
    [
      'while it is made anew',
      [
        { call: 'submit', after: 9, what: 'lose' },
        { call: 'createBuffer', after: 2, device: 1, what: 'lose' },
        { call: 'writeBuffer', after: 1, device: 2, what: 'lose' },
      ],
    ],
    [
      'and an adapter that takes its time',
      [
        { call: 'submit', after: 9, what: 'lose' },
        { call: 'requestAdapter', after: 2, times: 2, what: 'refuse' },
      ],
    ],
    [
      'and a device that is refused once',
      [
        { call: 'submit', after: 9, what: 'lose' },
        { call: 'requestDevice', after: 1, what: 'refuse' },
      ],
    ],
    [
      'and no memory for a moment',
      [
        { call: 'submit', after: 9, what: 'lose' },
        { call: 'createBuffer', after: 0, device: 1, what: 'memory' },
      ],
    ],
  ]
  it.each(ANOTHER)('%s', async (_, faults) =>
    using({ faults }, async (model, at, events) => {
      await life(model)
      expect(at.struck.length).toBe(faults.reduce((n, f) => n + (f.times ?? 1), 0))
      expect(events.at(-1)).toMatchObject({ kind: 'recovered', variant: 'gpu' })
    }),
  )

  it('while idle is mended before it is noticed', () =>
    using({ faults: [] }, async (model, at, events) => {
      const first = await ids(model, PROMPT, { ...SAMPLED, maxTokens: 5 })
      const { lost } = model
      at.devices[0]!.destroy()
      expect(await lost).toBeInstanceOf(DeviceLostError)
      while (events.at(-1)?.kind !== 'recovered') await new Promise((r) => setTimeout(r, 5))
      expect(model.lost).not.toBe(lost)
      const more = await ids(model, [6, 2], { ...SAMPLED, maxTokens: 6, continue: true })
      expect(more).toEqual(drawn([...PROMPT, ...first, 6, 2], 6))
      expect(at.devices.length).toBe(2)
    }))

  it('goes on with the next variant where there is no adapter any more', async () => {
    const faults: Fault[] = [
      { call: 'submit', after: 9, what: 'lose' },
      { call: 'requestAdapter', after: 1, times: 99, what: 'refuse' },
    ]
    // A GPU in software is not taken where there is WebAssembly.
    const capabilities = await detect({ gpu })
    capabilities.webgpu.software = false
    const options: LoadOptions = { backend: 'auto', capabilities }
    return using({ faults, options }, async (model, _, events) => {
      expect(model.backend).toBe('webgpu')
      await life(model)
      expect([model.variant, model.backend]).toEqual(['cpu', 'wasm'])
      expect(events.map((e) => e.kind)).toEqual(['lost', 'refused', 'recovered'])
    })
  }, 30_000)

  it('is an error that says what to do, when it is lost again and again', () => {
    const faults = Array.from({ length: MOST_LOSSES + 2 }, (_, device): Fault => {
      return { call: 'submit', after: 12, device, what: 'lose' }
    })
    return using({ faults }, async (model) => {
      const error = await life(model).catch((e) => e)
      expect(error).toBeInstanceOf(DeviceLostError)
      expect(error.message).toMatch(
        `${MOST_LOSSES + 1}th time in ${LOSS_WINDOW / 60_000} minutes: load a smaller model`,
      )
      await expect(model.run({ input_ids: [1] })).rejects.toBe(error)
    })
  }, 30_000)

  it('is an error that says what to do, where the bundle is not there any more', async () => {
    let gone = false
    const source = memorySource(bundle)
    const at = faulty(gpu, [])
    const model = await load(
      {
        read: (name, options) =>
          gone
            ? Promise.reject(Object.assign(new Error('404'), { status: 404 }))
            : source.read(name, options),
      },
      { gpu: at.gpu, backend: 'webgpu' },
    )
    gone = true
    at.devices[0]!.destroy()
    await model.lost
    const error = await model.run({ input_ids: [1] }).catch((e) => e)
    expect(error).toBeInstanceOf(DeviceLostError)
    expect(error.message).toMatch(/could not be made anew \(404\): load the model again/)
  })

  it('ends calls by their signal, and all by destroy()', () => {
    const faults: Fault[] = [
      { call: 'submit', after: 9, what: 'lose' },
      { call: 'requestAdapter', after: 2, times: 3, what: 'refuse' },
    ]
    return using({ faults }, async (model, _, events) => {
      const started = performance.now()
      const signal = AbortSignal.timeout(100)
      await expect(ids(model, PROMPT, { ...SAMPLED, signal })).rejects.toMatchObject({ name: 'TimeoutError' })
      await expect(model.run({ input_ids: [1] }, { signal })).rejects.toMatchObject({ name: 'TimeoutError' })
      const waiting = model.run({ input_ids: [1] })
      model.destroy()
      await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
      await expect(ids(model, [1], SAMPLED)).rejects.toMatchObject({ name: 'AbortError' })
      expect(performance.now() - started).toBeLessThan(1000)
      expect(events.map((e) => e.kind)).toEqual(['lost'])
      await new Promise((r) => setTimeout(r, 500))
      expect(events.map((e) => e.kind)).toEqual(['lost'])
    })
  })

  it('is told, where it is not to be made anew', () =>
    using({ faults: [], options: { recover: false } }, async (model, at) => {
      const steps = model.generateIds([1, 2], { maxTokens: 30, temperature: 0 })
      await steps.next()
      at.devices[0]!.destroy()
      await expect(
        (async () => {
          for await (const _ of steps);
        })(),
      ).rejects.toBeInstanceOf(DeviceLostError)
      expect(await model.lost).toBeInstanceOf(DeviceLostError)
      await expect(model.run({ input_ids: [1] })).rejects.toBeInstanceOf(DeviceLostError)
    }))

  const ERRORS: [string, Fault, new (message: string) => Error][] = [
    [
      'no memory for buffers',
      { call: 'createBuffer', after: 0, what: 'memory', times: 99 },
      OutOfMemoryError,
    ],
    ['no memory for reading', { call: 'createBuffer', after: 6, what: 'memory' }, OutOfMemoryError],
    ['a step that is refused', { call: 'submit', after: 12, what: 'invalid' }, IntegrityError],
  ]
  it.each(ERRORS)('a fault that is none ends in a typed error: %s', async (_, fault, Type) => {
    await expect(using({ faults: [fault] }, (model) => life(model))).rejects.toBeInstanceOf(Type)
  })
})
