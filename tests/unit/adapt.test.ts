/** Choosing by what was measured, and keeping to the pace that power allows. */
import { existsSync } from 'node:fs'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { create } from 'webgpu'
import { checkTimings, learn, rankByHistory, type Timing, type Timings } from '../../runtime/care/history.js'
import { type PowerNow, type PowerPolicy, rateOf } from '../../runtime/care/power.js'
import { memoryStore, readRecord, recordKey, writeRecord } from '../../runtime/care/record.js'
import { detect, type LoadOptions, load, type ModelEvent } from '../../runtime/index.js'
import type { Selection } from '../../runtime/select.js'
import { SWIFTSHADER } from '../helpers/gpu.js'
import { type Bundle, continuation, memorySource, tinyBundle } from '../helpers/tiny-bundle.js'

const t = (ms: number, count = 20): Timing => ({ ms, count })

describe('a timing', () => {
  it.each<[string, number[], number, number]>([
    ['of one', [3], 3, 1],
    ['of a few is their mean', [1, 2, 3], 2, 3],
    ['of nonsense', [2, Number.NaN, -1, Number.POSITIVE_INFINITY], 2, 1],
    ['is hardly moved by a page that slept', [...Array(40).fill(2), 60_000], 2.7, 41],
  ])('%s', (_, values, ms, count) => {
    const made = values.reduce<Timing | undefined>((known, v) => learn(known, v), undefined)!
    expect(made.ms).toBeCloseTo(ms, 6)
    expect(made.count).toBe(count)
  })

  it('follows a device that has changed', () => {
    let known = t(2, 1000)
    for (let i = 0; i < 100; i++) known = learn(known, 10)
    expect(known.ms).toBeGreaterThan(9.5)
  })
})

it.each<[string, unknown, Timings]>([
  ['nothing', undefined, {}],
  ['a text', 'x', {}],
  ['null', { a: null, b: { decode: null } }, { a: {}, b: {} }],
  ['wrong numbers', { a: { x: t(-1), y: t(1, 0), z: { ms: '1', count: 1 }, w: t(1, 1.5) } }, { a: {} }],
  ['what was written', { a: { decode: t(1.5, 3) } }, { a: { decode: t(1.5, 3) } }],
])('a record of timings that is %s', (_, value, timings) => {
  expect(checkTimings(value)).toEqual(timings)
})

describe('variants in the order of what they took', () => {
  const selection: Selection = {
    ...{ variant: 'gpu', ranked: ['gpu', 'plain', 'wasm'], down: {} },
    reasons: ['gpu', 'plain', 'wasm'].map((id) => ({ id, ok: true, why: id === 'gpu' ? 'taken' : 'fits' })),
  }
  it.each<[string, Timings, string[]]>([
    ['nothing measured', {}, ['gpu', 'plain', 'wasm']],
    ['one alone', { gpu: { decode: t(100) } }, ['gpu', 'plain', 'wasm']],
    ['the last is faster', { gpu: { decode: t(20) }, wasm: { decode: t(10) } }, ['wasm', 'plain', 'gpu']],
    [
      'the last is hardly faster',
      { gpu: { decode: t(20) }, wasm: { decode: t(19) } },
      ['gpu', 'plain', 'wasm'],
    ],
    ['measured too seldom', { gpu: { decode: t(20) }, wasm: { decode: t(1, 3) } }, ['gpu', 'plain', 'wasm']],
    [
      'the first was never measured',
      { plain: { decode: t(20) }, wasm: { decode: t(10) } },
      ['gpu', 'wasm', 'plain'],
    ],
    [
      'by the program that both have',
      { gpu: { decode: t(1), forward: t(9) }, wasm: { forward: t(2) } },
      ['wasm', 'plain', 'gpu'],
    ],
    ['of another device', { other: { decode: t(1) }, gpu: { decode: t(9) } }, ['gpu', 'plain', 'wasm']],
    [
      'all',
      { gpu: { decode: t(30) }, plain: { decode: t(20) }, wasm: { decode: t(10) } },
      ['wasm', 'gpu', 'plain'],
    ],
  ])('%s', (_, timings, ranked) => {
    const found = rankByHistory(selection, timings)
    expect(found.ranked).toEqual(ranked)
    expect(found.variant).toBe(ranked[0])
    if (ranked[0] === 'gpu') return
    const why = Object.fromEntries(found.reasons.map((r) => [r.id, r.why]))
    expect(why.wasm).toMatch(/^taken: \d+ ms a token here, gpu \d+ ms/)
    expect(why.gpu).toMatch(/^fits, but took \d+ ms a token here, wasm/)
  })
})

describe('a loaded model', () => {
  let bundle: Bundle
  beforeAll(async () => {
    bundle = await tinyBundle()
    const { cpu } = bundle.manifest.variants
    bundle.manifest.variants.other = structuredClone(cpu!)
    bundle.manifest.targets.any = ['cpu', 'other']
  })
  const run = async (options: LoadOptions) => {
    const model = await load(memorySource(bundle), { backend: 'wasm', threads: 0, ...options })
    for await (const _ of model.generateIds([1, 2, 3], { maxTokens: 30, temperature: 0 }));
    return model
  }

  it('times its steps, and remembers', async () => {
    const record = memoryStore()
    const first = await run({ record })
    const { cpu } = await first.timings()
    expect(cpu!.decode!.count).toBeGreaterThan(20)
    expect(cpu!.decode!.ms).toBeGreaterThan(0)
    first.destroy()
    const second = await run({ record })
    expect((await second.timings()).cpu!.decode!.count).toBeGreaterThan(cpu!.decode!.count + 20)
    second.destroy()
  })

  it.each<[string, LoadOptions, string]>([
    ['takes what was faster', {}, 'other'],
    ['unless that is off', { adapt: 'off' }, 'cpu'],
    ['unless another is asked for', { variant: 'cpu' }, 'cpu'],
    ['and forgets where there is no record', { record: false }, 'cpu'],
  ])('%s', async (_, options, variant) => {
    const record = memoryStore()
    const key = recordKey(bundle.manifest, await detect())
    const timings = { cpu: { decode: t(5) }, other: { decode: t(1) } }
    await writeRecord(record, key, { ...(await readRecord(record, key)), timings })
    const model = await run({ record, ...options })
    expect(model.variant).toBe(variant)
    if (variant === 'other') expect(model.reasons.find((r) => r.id === 'other')!.why).toMatch(/^taken: 1 ms/)
    model.destroy()
  })
})

process.env.VK_DRIVER_FILES ??= SWIFTSHADER
const driver = existsSync(SWIFTSHADER)
if (!driver) console.warn(`SKIPPED: no SwiftShader driver; a GPU's operators are not timed`)
/** Referenced, or Node aborts. */
const gpu = driver ? create([]) : null

describe.each<['cpu' | 'gpu', LoadOptions, boolean]>([
  ['cpu', { backend: 'wasm', threads: 0 }, false],
  ['gpu', { backend: 'webgpu', gpu }, !driver],
])('a profile on the %s', (id, options, skipped) => {
  it.skipIf(skipped).each([true, false])('times the operators of some steps: %s', async (profile) => {
    const model = await load(memorySource(await tinyBundle()), { ...options, record: false, profile })
    const ids: number[] = []
    for await (const n of model.generateIds([1, 2, 3], { maxTokens: 30, temperature: 0 })) ids.push(n)
    expect(ids).toEqual(continuation([1, 2, 3], 30))
    // A GPU's timestamps come a little after its tokens.
    const operators = async () =>
      Object.keys((await model.timings())[id] ?? {}).filter((name) => /^decode /.test(name))
    if (profile) await vi.waitFor(async () => expect((await operators()).length).toBeGreaterThan(0))
    expect((await operators()).sort()).toEqual(
      profile ? ['decode draw', 'decode logits', 'decode none', 'decode take'] : [],
    )
    model.destroy()
  })
})

it.each<[string, PowerPolicy, PowerNow, number]>([
  ['nothing known', { battery: { below: 0.2, tokensPerSecond: 5 } }, {}, Infinity],
  [
    'a full battery',
    { battery: { below: 0.2, tokensPerSecond: 5 } },
    { battery: { level: 0.9, charging: false } },
    Infinity,
  ],
  [
    'a low one',
    { battery: { below: 0.2, tokensPerSecond: 5 } },
    { battery: { level: 0.1, charging: false } },
    5,
  ],
  [
    'a low one, charging',
    { battery: { below: 0.2, tokensPerSecond: 5 } },
    { battery: { level: 0.1, charging: true } },
    Infinity,
  ],
  ['less pressure', { pressure: { at: 'serious', tokensPerSecond: 3 } }, { pressure: 'fair' }, Infinity],
  ['that pressure', { pressure: { at: 'serious', tokensPerSecond: 3 } }, { pressure: 'serious' }, 3],
  ['more pressure', { pressure: { at: 'serious', tokensPerSecond: 3 } }, { pressure: 'critical' }, 3],
  [
    'both: the slower',
    { battery: { below: 1, tokensPerSecond: 2 }, pressure: { at: 'fair', tokensPerSecond: 3 } },
    { battery: { level: 0.5, charging: false }, pressure: 'fair' },
    2,
  ],
  ['the page', ({ pressure }) => (pressure ? 7 : undefined), { pressure: 'nominal' }, 7],
  ['the page, at full speed', () => undefined, {}, Infinity],
  ['the page, nonsense', () => -1, {}, Infinity],
])('tokens a second at %s', (_, policy, now, rate) => {
  expect(rateOf(policy, now).rate).toBe(rate)
})

describe('the pace', () => {
  let told: ((records: { state: string }[]) => void) | undefined
  let watching = 0
  const battery = Object.assign(new EventTarget(), { level: 0.9, charging: false })
  const set = (level: number, charging = false) => {
    Object.assign(battery, { level, charging })
    battery.dispatchEvent(new Event('levelchange'))
  }
  class PressureObserver {
    constructor(callback: typeof told) {
      told = callback
    }
    async observe() {
      watching++
    }
    disconnect() {
      watching--
    }
  }
  afterEach(() => vi.unstubAllGlobals())

  const machine = () => {
    vi.stubGlobal('navigator', { userAgent: '', getBattery: async () => battery })
    vi.stubGlobal('PressureObserver', PressureObserver)
    set(0.9)
    watching = 0
  }
  const loaded = async (power: PowerPolicy | undefined) => {
    const events: ModelEvent[] = []
    const model = await load(memorySource(await tinyBundle()), {
      ...{ backend: 'wasm', threads: 0, record: false, onEvent: (e) => events.push(e) },
      power,
    })
    return { model, events }
  }
  const took = async (steps: AsyncIterable<number>): Promise<number[]> => {
    const at = [performance.now()]
    for await (const _ of steps) at.push(performance.now())
    return at.slice(1).map((now, i) => now - at[i]!)
  }
  const policy: PowerPolicy = {
    battery: { below: 0.2, tokensPerSecond: 25 },
    pressure: { at: 'serious', tokensPerSecond: 50 },
  }
  const options = { maxTokens: 8, temperature: 0 }

  it('is as the battery and the pressure say, and full again', async () => {
    machine()
    const { model, events } = await loaded(policy)
    const full = await took(model.generateIds([1, 2], options))
    set(0.1)
    const low = await took(model.generateIds([1, 2], options))
    set(0.1, true)
    told!([{ state: 'critical' }])
    const hot = await took(model.generateIds([1, 2], options))
    told!([{ state: 'nominal' }])
    const after = await took(model.generateIds([1, 2], options))
    const sum = (list: number[]) => list.slice(1).reduce((a, b) => a + b)
    expect(sum(low)).toBeGreaterThan(6.5 * 40)
    expect(sum(hot)).toBeGreaterThan(6.5 * 20)
    for (const list of [full, after]) expect(sum(list)).toBeLessThan(6 * 20)
    expect(events.map((e) => (e.kind === 'paced' ? [e.tokensPerSecond, e.why] : e))).toEqual([
      [25, 'the battery is at 10 %'],
      [undefined, 'there is power'],
      [50, 'the pressure is critical'],
      [undefined, 'there is power'],
    ])
    expect(model.power).toEqual({ battery: { level: 0.1, charging: true }, pressure: 'nominal' })
    model.destroy()
    expect(watching).toBe(0)
  })

  it('changes while a token waits, and gives way to the signal and the end of the model', async () => {
    machine()
    set(0.1)
    const slow: PowerPolicy = { battery: { below: 0.2, tokensPerSecond: 0.1 } }
    const { model } = await loaded(slow)
    const start = performance.now()
    const steps = model.generateIds([1, 2], options)
    await steps.next()
    setTimeout(() => set(0.9), 30)
    await took(steps)
    set(0.1)
    const signal = AbortSignal.timeout(60)
    await expect(took(model.generateIds([1, 2], { ...options, signal }))).rejects.toThrow(/timeout/)
    expect(performance.now() - start).toBeLessThan(3000)
    const last = model.generateIds([1, 2], options)
    setTimeout(() => model.destroy(), 30)
    await expect(took(last)).rejects.toThrow(/destroyed/)
    expect(performance.now() - start).toBeLessThan(4000)
  })

  it.each<[string, PowerPolicy | undefined]>([
    ['nothing is asked for', undefined],
    ['the browser tells nothing', policy],
  ])('is full where %s', async (_, power) => {
    vi.stubGlobal('navigator', { userAgent: '' })
    const { model, events } = await loaded(power)
    const list = await took(model.generateIds([1, 2], options))
    expect(Math.max(...list.slice(1))).toBeLessThan(40)
    expect(events).toEqual([])
    expect(model.power).toEqual({})
    model.destroy()
  })

  it.each<[PowerPolicy, RegExp]>([
    [{ battery: { below: 0.2, tokensPerSecond: 0 } }, /tokensPerSecond must be above 0/],
    [{ battery: { below: 20, tokensPerSecond: 1 } }, /below must be from 0 to 1/],
    [{ pressure: { at: 'hot' as never, tokensPerSecond: 1 } }, /must be one of nominal, fair/],
  ])('of a policy that means nothing is refused', async (power, message) => {
    await expect(loaded(power)).rejects.toThrow(message)
  })
})
