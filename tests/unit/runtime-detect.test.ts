import { expect, it, vi } from 'vitest'
import { detect, engineOf, memoryOf } from '../../runtime/detect.js'

const iOS = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)'
const mac = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)'
const linux = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)'

it.each([
  ['Chrome', `${linux} Chrome/150.0.0.0 Safari/537.36`, 'chromium'],
  ['Edge', `${linux} Chrome/150.0.0.0 Safari/537.36 Edg/150.0.0.0`, 'chromium'],
  ['headless Chrome', `${linux} HeadlessChrome/150.0.0.0 Safari/537.36`, 'chromium'],
  ['Firefox', 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0', 'gecko'],
  ['Safari', `${mac} Version/26.0 Safari/605.1.15`, 'webkit'],
  ['Safari on iOS', `${iOS} Version/26.0 Mobile/15E148 Safari/604.1`, 'webkit'],
  ['Chrome on iOS', `${iOS} CriOS/150.0.0.0 Mobile/15E148 Safari/604.1`, 'webkit'],
  ['Firefox on iOS', `${iOS} FxiOS/153.0 Mobile/15E148 Safari/605.1.15`, 'webkit'],
  ['Edge on iOS', `${iOS} Version/26.0 EdgiOS/150.0.0.0 Mobile/15E148 Safari/604.1`, 'webkit'],
  ['nothing', undefined, 'unknown'],
])('knows the engine of %s', (_, userAgent, engine) => {
  expect(engineOf(userAgent === undefined ? {} : { userAgent })).toBe(engine)
})

it('takes a hint at memory where it says something', () => {
  expect(memoryOf({ userAgent: iOS })).toBe(2 ** 30)
  expect(memoryOf({ userAgent: mac, maxTouchPoints: 5 })).toBe(2 ** 30)
  expect(memoryOf({ userAgent: mac, maxTouchPoints: 0 })).toBeUndefined()
  expect(memoryOf({ userAgent: linux, deviceMemory: 4 })).toBe(2 ** 32)
  // Browsers say 8 of anything larger too.
  expect(memoryOf({ userAgent: linux, deviceMemory: 8 })).toBeUndefined()
})

it('reports what can be sent on, without a GPU and with one that fails', async () => {
  const none = await detect({ gpu: null })
  expect(none).toMatchObject({ engine: 'chromium', wasm: { simd128: true, threads: true } })
  expect(none.webgpu).toMatchObject({ available: false, reason: 'there is no navigator.gpu' })
  expect(JSON.parse(JSON.stringify(none))).toEqual(none)
  const gpu = (requestAdapter: () => Promise<null>) => ({ requestAdapter }) as unknown as GPU
  expect((await detect({ gpu: gpu(async () => null) })).webgpu.reason).toMatch(/no adapter/)
  const broken = gpu(() => Promise.reject(new Error('blocked')))
  expect((await detect({ gpu: broken })).webgpu.reason).toBe('requestAdapter failed: blocked')
})

it('reports an adapter of the compatibility mode, and leaves it alone', async () => {
  const adapter = {
    features: new Set(['shader-f16']),
    limits: { maxComputeInvocationsPerWorkgroup: 128 },
    info: {},
  }
  const gpu = {
    requestAdapter: async (options: { featureLevel?: string }) =>
      options.featureLevel === 'compatibility' ? adapter : null,
  } as unknown as GPU
  const report = await detect({ gpu, full: true })
  expect(report.webgpu).toMatchObject({ available: false, reason: 'requestAdapter found no adapter' })
  expect(report.device).toMatchObject({ level: 'compatibility', tier: 'none' })
  expect(report.compatibility).toEqual({ features: ['shader-f16'], limits: adapter.limits, info: {} })
})

it("asks a page's browser once more, which may have just begun", async () => {
  const adapter = { features: new Set(['shader-f16']), limits: {}, info: {} }
  const answers = [null, adapter]
  const gpu = { requestAdapter: async () => answers.shift() ?? null } as unknown as GPU
  vi.stubGlobal('navigator', { gpu })
  try {
    expect((await detect()).webgpu).toMatchObject({ available: true, features: ['shader-f16'] })
    expect((await detect()).webgpu).toMatchObject({ available: false })
    answers.push(null, adapter)
    expect((await detect({ gpu })).webgpu).toMatchObject({ available: false })
  } finally {
    vi.unstubAllGlobals()
  }
})

it('does not wait for ever for an adapter', async () => {
  vi.useFakeTimers()
  try {
    const found = detect({ gpu: { requestAdapter: () => new Promise(() => {}) } as unknown as GPU })
    await vi.advanceTimersByTimeAsync(10_000)
    expect((await found).webgpu).toMatchObject({
      available: false,
      reason: 'requestAdapter found no adapter',
    })
  } finally {
    vi.useRealTimers()
  }
})
