/** Trying the other backend while a model is idle, and going on there. */
import { existsSync } from 'node:fs'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { create } from 'webgpu'
import { candidateOf } from '../../runtime/care/explore.js'
import type { Timings } from '../../runtime/care/history.js'
import { type Capabilities, detect, type LoadOptions, load, type ModelEvent } from '../../runtime/index.js'
import { machine } from '../helpers/capabilities.js'
import { SWIFTSHADER } from '../helpers/gpu.js'
import { behavesLikeAModel } from '../helpers/runtime-behaviour.js'
import { type Bundle, continuation, memorySource, tinyBundle } from '../helpers/tiny-bundle.js'

process.env.VK_DRIVER_FILES ??= SWIFTSHADER
const driver = existsSync(SWIFTSHADER)
if (!driver) console.warn('SKIPPED: no SwiftShader driver; variants are not tried against each other')
/** Referenced, or Node aborts. */
const gpu = driver ? create([]) : null

describe('what is tried', async () => {
  const { manifest, plans } = await tinyBundle()
  const slow = { decode: { ms: 20, count: 20 } }
  const fast = { decode: { ms: 1e-9, count: 20 } }
  it.each<[string, string, Timings, Partial<Capabilities>, string | undefined]>([
    ['the CPU, for a slow GPU', 'gpu', { gpu: slow }, {}, 'cpu'],
    ['nothing, for a fast GPU', 'gpu', { gpu: fast }, {}, undefined],
    ['the GPU, for any CPU', 'cpu', { cpu: fast }, {}, 'gpu'],
    ['nothing before it was measured', 'gpu', {}, {}, undefined],
    ['nothing after few steps', 'gpu', { gpu: { decode: { ms: 20, count: 2 } } }, {}, undefined],
    ['nothing where both were measured', 'gpu', { gpu: slow, cpu: slow }, {}, undefined],
    ['nothing where two have no room', 'gpu', { gpu: slow }, { memory: 5000 }, undefined],
  ])('%s', (_, variant, timings, more, expected) => {
    const plan = variant === 'gpu' ? plans.webgpu : plans.wasm
    const selection = { variant, ranked: ['gpu', 'cpu'], reasons: [], down: {} }
    const context = { manifest, capabilities: machine('chromium', {}, more) } as never
    expect(candidateOf({ context, selection }, { variant, plan }, timings)).toBe(expected)
  })
})

describe.skipIf(!driver)('an idle model', () => {
  const loaded = async (software: boolean, more: LoadOptions = {}) => {
    const found = await detect({ gpu })
    const events: ModelEvent[] = []
    const model = await load(memorySource(await tinyBundle()), {
      ...{ gpu, threads: 0, record: false, adapt: 'explore', onEvent: (e) => events.push(e) },
      capabilities: { ...found, webgpu: { ...found.webgpu, software } },
      ...more,
    })
    const words = async (prompt: number[], maxTokens: number, go = false) => {
      const ids: number[] = []
      for await (const id of model.generateIds(prompt, { maxTokens, temperature: 0, continue: go }))
        ids.push(id)
      return ids
    }
    return { model, events, words }
  }

  it('goes on where it is faster, with its conversation', async () => {
    const { model, events, words } = await loaded(false)
    expect(model.variant).toBe('gpu')
    const first = await words([1, 2, 3], 14)
    await vi.waitFor(() => expect(model.variant).toBe('cpu'), { timeout: 20_000, interval: 100 })
    const next = await words([4, 5, 6, 7, 8], 9, true)
    expect(first).toEqual(continuation([1, 2, 3], 14))
    expect(next).toEqual(continuation([1, 2, 3, ...first, 4, 5, 6, 7, 8], 9))
    expect(events).toEqual([
      { kind: 'switched', from: 'gpu', to: 'cpu', why: expect.stringMatching(/ms a token instead of/) },
    ])
    expect(model.backend).toBe('wasm')
    expect(model.reasons.find((r) => r.id === 'cpu')!.why).toMatch(/^taken: /)
    const { logits } = await model.run({ input_ids: [1, 2] })
    expect(logits!.shape[0]).toBe(2)
    model.destroy()
    await expect(words([1], 1)).rejects.toThrow(/destroyed/)
  })

  it('stays where that is not faster, and remembers what it saw', async () => {
    const { model, events, words } = await loaded(true)
    expect(model.variant).toBe('cpu')
    const first = await words([1, 2, 3], 14)
    await vi.waitFor(async () => expect((await model.timings()).gpu?.decode?.count).toBeGreaterThan(7), {
      ...{ timeout: 20_000, interval: 200 },
    })
    expect(await words([4], 5, true)).toEqual(continuation([1, 2, 3, ...first, 4], 5))
    expect(model.variant).toBe('cpu')
    expect(events).toEqual([])
    model.destroy()
  })

  it('tries nothing unless the page allows it', async () => {
    const { model, words } = await loaded(false, { adapt: 'history' })
    await words([1, 2, 3], 14)
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect(model.variant).toBe('gpu')
    expect((await model.timings()).cpu).toBeUndefined()
    model.destroy()
  })
})

describe.each<['wasm' | 'webgpu', boolean]>([
  ['wasm', false],
  ['webgpu', !driver],
])('a model on %s that may become another', (backend, skipped) => {
  let bundle: Bundle
  beforeAll(async () => {
    bundle = await tinyBundle()
  })
  describe.skipIf(skipped)('behaves', () => {
    behavesLikeAModel(() => ({
      bundle,
      options: { gpu, backend, threads: 0, adapt: 'explore', record: false },
    }))
  })
})
