/** Long steps in parts: on a GPU that is made up, of many speeds, whose clock is the test's. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Cost, checkCosts, learnCosts } from '../../runtime/care/costs.js'
import { cutter, MOST, PART_MS, partEnd, WHOLE } from '../../runtime/care/parts.js'
import type { Sending } from '../../runtime/executor.js'

/** A program: of each dispatch its kernel, workgroups, and what share of the step it takes. */
type Dispatch = [kernel: string, groups: number, share: number]

/** Of a decoder: layers of six kernels that take very different times, between a few others. */
function decoder(layers: number): Dispatch[] {
  const layer: Dispatch[] = [
    ['norm', 512, 1],
    ['qkv', 96, 12],
    ['rope', 700, 1],
    ['attention', 64, 10],
    ['out', 64, 8],
    ['norm', 512, 1],
    ['up', 256, 40],
    ['none', 0, 0],
    ['down', 64, 20],
  ]
  return [['embed', 512, 1], ...Array.from({ length: layers }, () => layer).flat(), ['head', 999, 9]]
}

interface Machine {
  /** Milliseconds of a whole step. */
  ms: number
  /** Milliseconds until the page hears that something is done. */
  latency?: number
  /** What the page's clock counts in. */
  tick?: number
  /** Between what is heard: every so many milliseconds, as a busy page does. */
  turns?: number
}

/** A GPU that does what is submitted one after the other, and a page that hears of it. */
function machine(program: readonly Dispatch[], { latency = 1, tick = 0, turns = 0, ...how }: Machine) {
  let { ms } = how
  let at = 0
  let busy = 0
  const events: { at: number; tell: () => void }[] = []
  const under = new Set<object>()
  const seen = {
    /** By submit: step, from, to, milliseconds. */
    parts: [] as { step: number; from: number; to: number; ms: number }[],
    most: 0,
    /** Milliseconds in which the GPU had nothing to do, between the first submit and the last. */
    idle: 0,
    dones: 0,
    begun: [] as number[],
  }
  const total = program.reduce((sum, [, , share]) => sum + share, 0)
  const grid = Float64Array.from(program.flatMap(([, groups]) => [groups, 1, 1]))
  let lost: Error | undefined
  const later = (time: number) =>
    new Promise<void>((resolve, reject) => {
      const heard = turns ? Math.ceil(time / turns) * turns : time
      events.push({ at: heard, tell: () => (lost ? reject(lost) : resolve()) })
    })
  const step = (number: number, more: Partial<Sending> & { reads?: number } = {}): Sending => ({
    begin() {
      if (lost) throw lost
      seen.begun.push(number)
      return grid
    },
    send(from, to) {
      if (lost) throw lost
      const took = (program.slice(from, to).reduce((sum, [, , share]) => sum + share, 0) * ms) / total
      if (busy && at > busy) seen.idle += at - busy
      busy = Math.max(busy, at) + took
      const mark = {}
      under.add(mark)
      seen.most = Math.max(seen.most, under.size)
      events.push({ at: busy, tell: () => under.delete(mark) })
      seen.parts.push({ step: number, from, to, ms: took })
    },
    done() {
      seen.dones++
      return later(busy + latency)
    },
    read: async () => {
      if (more.reads !== 0) await later(busy + latency)
      return more.reads === 0 ? [] : [new Uint8Array(4)]
    },
    ...more,
  })
  /** Goes on until the promise is settled, whichever way. */
  async function until<T>(promise: Promise<T>): Promise<T> {
    let over = false
    const end = () => {
      over = true
    }
    promise.then(end, end)
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve))
      if (over) return promise
      const next = events.sort((a, b) => a.at - b.at).shift()
      if (!next) throw new Error('nothing is under way, and the step waits')
      at = Math.max(at, next.at)
      next.tell()
    }
  }
  return {
    ...{ seen, step, until },
    now: () => (tick ? Math.floor(at / tick) * tick : at),
    of: (number: number) => seen.parts.filter((p) => p.step === number),
    lose: (e: Error) => {
      lost = e
      busy = at
    },
    /** Another speed from here on. */
    become: (next: number) => {
      ms = next
    },
  }
}

function sender(program: readonly Dispatch[], gpu: ReturnType<typeof machine>, more: object = {}) {
  const costs = new Map<string, Cost>()
  const learnt = vi.fn()
  const kernels = () => program.map(([kernel]) => kernel)
  const send = cutter({ kernels, costs, partMs: PART_MS, learnt, now: gpu.now, ...more })
  return { send, costs, learnt }
}

/** Each dispatch once, in order. */
const covers = (parts: { from: number; to: number }[], count: number) =>
  expect(parts.map((p) => p.from).concat(count)).toEqual([0, ...parts.map((p) => p.to)])

const program = decoder(16)
const longest = (gpu: ReturnType<typeof machine>, number: number) =>
  Math.max(...gpu.of(number).map((p) => p.ms))

describe('a step of a GPU that takes', () => {
  /** `first`: what its first step may have as its longest part. */
  it.each<[string, Machine, first: number]>([
    ['1 ms', { ms: 1 }, 1],
    ['10 ms', { ms: 10 }, 10],
    ['10 ms, and tells late', { ms: 10, latency: 5 }, 10],
    ['45 ms', { ms: 45 }, 40],
    ['45 ms, by a clock of 1 ms', { ms: 45, tick: 1 }, 45],
    ['60 ms', { ms: 60 }, 50],
    ['100 ms', { ms: 100 }, 50],
    ['300 ms', { ms: 300 }, 60],
    ['300 ms, and tells late', { ms: 300, latency: 8 }, 50],
    ['300 ms, by a clock of 1 ms', { ms: 300, tick: 1 }, 50],
    ['300 ms, to a page that listens every 16 ms', { ms: 300, turns: 16 }, 50],
    ['1 s', { ms: 1000 }, 50],
    ['1 s, and tells late', { ms: 1000, latency: 8 }, 50],
    ['3 s', { ms: 3000 }, 81],
    ['20 s', { ms: 20_000 }, 540],
  ])('%s', async (_, how, first) => {
    const gpu = machine(program, how)
    const { send } = sender(program, gpu)
    const largest = Math.max(...program.map(([, , share]) => share))
    /** The longest dispatch, which can't be cut. */
    const one = (largest * how.ms) / program.reduce((sum, [, , share]) => sum + share, 0)
    for (let i = 0; i < 12; i++) {
      await gpu.until(send('prefill', gpu.step(i)))
      covers(gpu.of(i), program.length)
    }
    expect(gpu.seen.most).toBeLessThanOrEqual(MOST)
    expect(longest(gpu, 0)).toBeLessThanOrEqual(first)
    const parts = gpu.of(11)
    if (how.ms <= 45) {
      expect(parts.length).toBe(1)
      return
    }
    expect(longest(gpu, 11)).toBeLessThanOrEqual(Math.max(50, one))
    expect(parts.length).toBeGreaterThanOrEqual(Math.min(how.ms / 50, 100))
    expect(parts.length).toBeLessThanOrEqual(Math.max(2, how.ms / 20))
  })

  it('20 ms waits for nothing once it is known', async () => {
    const gpu = machine(program, { ms: 20 })
    const { send } = sender(program, gpu)
    for (let i = 0; i < 4; i++) await gpu.until(send('prefill', gpu.step(i)))
    gpu.seen.dones = gpu.seen.parts.length = 0
    // At once, before the call is back.
    const four = [4, 5, 6, 7].map((i) => send('prefill', gpu.step(i)))
    expect(gpu.seen.parts.map((p) => [p.step, p.from, p.to])).toEqual(
      [4, 5, 6, 7].map((i) => [i, 0, program.length]),
    )
    await gpu.until(Promise.all(four))
    expect(gpu.seen.dones).toBe(0)
  })

  it('400 ms has always something to do', async () => {
    const gpu = machine(program, { ms: 400, latency: 10 })
    const { send } = sender(program, gpu)
    for (let i = 0; i < 6; i++) await gpu.until(send('prefill', gpu.step(i)))
    gpu.seen.idle = 0
    await gpu.until(Promise.all([6, 7].map((i) => send('prefill', gpu.step(i)))))
    expect(gpu.of(6).length).toBeGreaterThan(8)
    // What lies between the steps before and these.
    expect(gpu.seen.idle).toBeLessThan(11)
  })

  it('more than it did is found out, and less', async () => {
    const gpu = machine(program, { ms: 20 })
    const { send } = sender(program, gpu)
    let i = 0
    const steps = async (count: number) => {
      for (const end = i + count; i < end; i++) await gpu.until(send('prefill', gpu.step(i)))
      return gpu.of(i - 1).length
    }
    expect(await steps(8)).toBe(1)
    gpu.become(500)
    expect(await steps(8)).toBeGreaterThanOrEqual(10)
    expect(longest(gpu, i - 1)).toBeLessThanOrEqual(50)
    gpu.become(30)
    expect(await steps(8)).toBe(1)
  })
})

describe('steps', () => {
  it('go out in the order of their calls, each as a whole', async () => {
    const gpu = machine(program, { ms: 200 })
    const { send } = sender(program, gpu)
    const order: number[] = []
    const all = [0, 1, 2, 3].map((i) => send('prefill', gpu.step(i)).then(() => order.push(i)))
    await gpu.until(Promise.all(all))
    expect(gpu.seen.begun).toEqual([0, 1, 2, 3])
    expect(gpu.seen.parts.map((p) => p.step)).toEqual(gpu.seen.parts.map((p) => p.step).sort())
    expect(order).toEqual([0, 1, 2, 3])
    expect(gpu.seen.most).toBe(MOST)
    for (let i = 0; i < 4; i++) covers(gpu.of(i), program.length)
  })

  it('that are short wait behind the parts of a long one', async () => {
    const gpu = machine(program, { ms: 200 })
    const short: Dispatch[] = [['small', 1, 0]]
    const kernels = (name: string) => (name === 'decode' ? short : program).map(([kernel]) => kernel)
    const { send } = sender(program, gpu, { kernels })
    await gpu.until(
      Promise.all([
        send('prefill', gpu.step(0)),
        send('decode', { ...gpu.step(1), begin: () => Float64Array.of(1, 1, 1) }),
        send('prefill', gpu.step(2)),
      ]),
    )
    const steps = gpu.seen.parts.map((p) => p.step)
    expect(steps).toEqual([...steps].sort())
    expect(gpu.of(1)).toMatchObject([{ from: 0, to: 1 }])
  })

  it('that nothing is read of are sent, and teach nothing', async () => {
    const gpu = machine(program, { ms: 20 })
    const { send, costs } = sender(program, gpu)
    for (let i = 0; i < 4; i++) await gpu.until(send('prefill', gpu.step(i)))
    const before = structuredClone([...costs])
    expect(await send('prefill', gpu.step(4, { reads: 0 }))).toEqual([])
    expect([...costs]).toEqual(before)
    expect(gpu.of(4).length).toBe(1)
  })

  it('that are done behind some of which nothing is read are not taken for longer', async () => {
    const gpu = machine(program, { ms: 20 })
    const { send, costs } = sender(program, gpu)
    for (let i = 0; i < 8; i++) await gpu.until(send('prefill', gpu.step(i)))
    const before = structuredClone([...costs])
    for (let i = 8; i < 23; i++) send('prefill', gpu.step(i, { reads: 0 }))
    await gpu.until(send('prefill', gpu.step(23)))
    expect([...costs]).toEqual(before)
    await gpu.until(send('prefill', gpu.step(24)))
    expect([...costs]).not.toEqual(before)
  })

  it.each([0, 1, 5])('that are given up after %i parts leave the rest', async (after) => {
    const gpu = machine(program, { ms: 600 })
    const { send } = sender(program, gpu)
    for (let i = 0; i < 3; i++) await gpu.until(send('prefill', gpu.step(i)))
    let sent = 0
    const own = gpu.step(3)
    const aborting: Sending = {
      ...own,
      send(from, to) {
        if (sent++ === after) throw new Error('given up')
        own.send(from, to)
      },
    }
    const both = Promise.allSettled([send('prefill', aborting), send('prefill', gpu.step(4))])
    const [first, second] = await gpu.until(both)
    expect(first).toMatchObject({ status: 'rejected', reason: { message: 'given up' } })
    expect(gpu.of(3).length).toBe(after)
    // The next step is as any other.
    expect(second.status).toBe('fulfilled')
    covers(gpu.of(4), program.length)
    expect(gpu.seen.most).toBe(MOST)
  })

  describe('of a device that is lost', () => {
    const unhandled: unknown[] = []
    const hear = (e: unknown) => unhandled.push(e)
    process.on('unhandledRejection', hear)
    afterEach(() => {
      process.off('unhandledRejection', hear)
      expect(unhandled).toEqual([])
    })
    it.each([1, 2, 6])('after %i parts fail, and those behind them', async (after) => {
      const gpu = machine(program, { ms: 600 })
      const { send } = sender(program, gpu)
      await gpu.until(send('prefill', gpu.step(0)))
      const own = gpu.step(1)
      let sent = 0
      const losing: Sending = {
        ...own,
        send(from, to) {
          own.send(from, to)
          if (++sent === after) gpu.lose(new Error('lost'))
        },
      }
      const all = await gpu.until(
        Promise.allSettled([
          send('prefill', losing),
          send('prefill', gpu.step(2)),
          send('prefill', gpu.step(3)),
        ]),
      )
      expect(all.map((r) => (r as PromiseRejectedResult).reason?.message)).toEqual(['lost', 'lost', 'lost'])
      expect(gpu.of(1).length).toBe(after)
      expect([...gpu.of(2), ...gpu.of(3)]).toEqual([])
      await new Promise((resolve) => setImmediate(resolve))
    })
  })
})

it('what was learnt is told at the end of the first step', async () => {
  const gpu = machine(program, { ms: 300 })
  const { send, costs, learnt } = sender(program, gpu)
  await gpu.until(send('prefill', gpu.step(0)))
  expect(learnt.mock.calls.filter(([news]) => news)).toEqual([[true]])
  learnt.mockClear()
  await gpu.until(send('prefill', gpu.step(1)))
  expect(learnt.mock.calls.filter(([news]) => news)).toEqual([])
  // Another visit, which knows it.
  const again = machine(program, { ms: 300 })
  const second = sender(program, again, { costs })
  await again.until(second.send('prefill', again.step(0)))
  expect(longest(again, 0)).toBeLessThanOrEqual(50)
  expect(again.of(0).length).toBeLessThanOrEqual(13)
})

describe('a part ends', () => {
  const known: Cost = { ms: 1 }
  const never: Cost = { ms: undefined }
  it.each<[string, [Cost, groups: number][], number, most: number, number]>([
    ['where it is as long as it is to be', [...Array(9)].map(() => [known, 4]), 1, 1, 8],
    [
      'after one that is longer',
      [[known, 500], ...[...Array(3)].map((): [Cost, number] => [known, 1])],
      1,
      1,
      1,
    ],
    [
      'before one that is longer',
      [
        [known, 2],
        [known, 60],
        [known, 1],
      ],
      1,
      1,
      1,
    ],
    [
      'after one that was never measured',
      [
        [never, 5],
        [never, 5],
        [never, 5],
      ],
      0,
      1,
      1,
    ],
    ['after four of them', [...Array(9)].map(() => [never, 5]), 0, 4, 4],
    ['before a fifth, should they be long', [...Array(9)].map(() => [never, 5]), 10, 9, 3],
    [
      'behind those that do nothing',
      [
        [known, 32],
        [never, 0],
        [known, 0],
        [known, 30],
      ],
      0,
      1,
      3,
    ],
    [
      'at the end',
      [
        [never, 0],
        [known, 0],
      ],
      0,
      1,
      2,
    ],
  ])('%s', (_, dispatches, unknown, most, end) => {
    const costs = dispatches.map(([cost]) => cost)
    const groups = Float64Array.from(dispatches, ([, g]) => g)
    expect(partEnd({ costs, groups }, 0, 32, 40, most, unknown)).toBe(end)
  })
})

describe('costs', () => {
  const work = (...dispatches: [Cost, number][]) => ({
    costs: dispatches.map(([cost]) => cost),
    groups: Float64Array.from(dispatches, ([, g]) => g),
  })
  it('of new kernels are what the known ones leave, by the dispatch', () => {
    const [a, b, c]: Cost[] = [{ ms: 2 }, { ms: undefined }, { ms: undefined }]
    learnCosts(work([a!, 5], [b!, 1], [c!, 10], [b!, 3]), 0, 4, 40)
    expect([a!.ms, b!.ms, c!.ms]).toEqual([2, 5, 1])
  })
  it.each<[string, number, number]>([
    ['twice as long', 20, 1.5],
    ['no time by this clock', 0, 0.5],
    ['a page that slept', 60_000, 4.5],
    ['nonsense', Number.NaN, 1],
    ['a clock that was set back', -5, 1],
  ])('follow %s', (_, ms, found) => {
    const a: Cost = { ms: 1 }
    learnCosts(work([a, 5], [a, 5]), 0, 2, ms)
    expect(a.ms).toBeCloseTo(found, 9)
  })
  it('never are nothing, from where they would not come back', () => {
    const a: Cost = { ms: undefined }
    for (let i = 0; i < 100; i++) learnCosts(work([a, 5]), 0, 1, 0)
    for (let i = 0; i < 60; i++) learnCosts(work([a, 5]), 0, 1, 10)
    expect(a.ms! * 5).toBeCloseTo(10, 1)
  })
  it.each<[string, unknown, object]>([
    ['nothing', undefined, {}],
    ['a text', 'x', {}],
    ['wrong numbers', { 'code.wgsl': { a: -1, b: 0, c: '1', d: null, e: Number.NaN } }, { 'code.wgsl': {} }],
    ['what was written', { 'code.wgsl': { a: 0.5 } }, { 'code.wgsl': { a: 0.5 } }],
  ])('in a record that is %s', (_, value, costs) => {
    expect(checkCosts(value)).toEqual(costs)
  })
})

it('a step is whole up to 48 ms', () => expect(PART_MS * WHOLE).toBe(48))
