/** Devices without room: the same model with less, never silently. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { create } from 'webgpu'
import { inspectBundle } from '../../compiler/cli/inspect-report.js'
import { type BuildResult, build } from '../../compiler/index.js'
import type { Plan, Smaller, Variant } from '../../runtime/format.js'
import { detect, type LoadOptions, load, type ModelEvent, OutOfMemoryError } from '../../runtime/index.js'
import { SWIFTSHADER } from '../helpers/gpu.js'
import { BOOKS, STORIES, storiesCases } from '../helpers/models.js'

const CONTEXT = 512
const noDriver = existsSync(SWIFTSHADER) ? undefined : 'no SwiftShader driver'
if (noDriver) console.warn(`SKIPPED: ${noDriver}; GPUs without room are not tried`)

let folder = ''
/** By how the caches are held. */
const made: Record<'f16' | 'f32', BuildResult> = {} as never
beforeAll(async () => {
  process.env.VK_DRIVER_FILES ??= SWIFTSHADER
  folder = mkdtempSync(join(tmpdir(), 'wgc-shrink-'))
  cpSync(STORIES, join(folder, 'model'), { recursive: true })
  const config = JSON.parse(readFileSync(join(STORIES, 'config.json'), 'utf8'))
  writeFileSync(
    join(folder, 'model', 'config.json'),
    JSON.stringify({ ...config, max_position_embeddings: CONTEXT }),
  )
  for (const kv of ['f16', 'f32'] as const)
    made[kv] = await build({
      ...{ model: join(folder, 'model'), out: join(folder, kv), targets: ['firefox'], bits: 'f32', kv },
      ...{ context: CONTEXT, smaller: 3, only: ['webgpu-gecko-base', 'wasm-simd128'] },
    })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const variantOf = (kv: 'f16' | 'f32', backend: Variant['backend']): Variant & { smaller: Smaller[] } =>
  Object.values(made[kv].manifest.variants).find((v) => v.backend === backend) as never

/** Loads, and tells what was told. */
async function loaded(kv: 'f16' | 'f32', options: LoadOptions) {
  const events: ModelEvent[] = []
  const source = { read: async (f: string) => new Uint8Array(readFileSync(join(folder, kv, f))) }
  const model = await load(source, {
    ...{ tokenizer: false, threads: 0, onEvent: (e) => events.push(e) },
    ...options,
  })
  return { model, events, shrunk: events.find((e) => e.kind === 'shrunk') }
}

const [{ ids: prompt, greedy }] = storiesCases() as [ReturnType<typeof storiesCases>[number]]
async function words(model: Awaited<ReturnType<typeof load>>, maxTokens: number): Promise<number[]> {
  const ids: number[] = []
  for await (const id of model.generateIds(prompt, { maxTokens, temperature: 0 })) ids.push(id)
  model.destroy()
  return ids
}

test.each([
  ['wasm', 'f32', 'f16'],
  ['wasm', 'f16', 'f16'],
  ['webgpu', 'f32', 'f16'],
  ['webgpu', 'f16', 'f16'],
] as const)('%s of a cache in %s has smaller sizes in %s, each with less', (backend, kv, lower) => {
  const { smaller, memory, chunk, ...whole } = variantOf(kv, backend)
  expect(whole.kv).toBe(kv)
  expect(smaller.map((s) => [s.context, s.kv, s.chunk])).toEqual([
    [CONTEXT, lower, chunk! / 4],
    [CONTEXT / 2, lower, chunk! / 4],
    [CONTEXT / 4, lower, chunk! / 4],
  ])
  const bytes = [memory, ...smaller.map((s) => s.memory)]
  for (const [i, n] of bytes.slice(1).entries()) expect(n).toBeLessThan(0.96 * bytes[i]!)
  const files = (s: { code: string }) => s.code
  // What no page needs but those without room is in a file of its own; a module has it all.
  const own = backend === 'webgpu'
  expect(new Set(smaller.map(files)).size).toBe(1)
  expect(smaller[0]!.code === whole.code).toBe(!own)
})

test.each<[string, number | undefined, number, Record<string, number[]>]>([
  ['is not asked for', 0, 4, { 'wasm-simd128': [] }],
  ['one', 1, 4, { 'wasm-simd128': [CONTEXT] }],
  ['of a small model, unless asked for', undefined, 4, { 'wasm-simd128': [] }],
])('a ladder: %s', async (_, smaller, bits, contexts) => {
  const { manifest } = await build({
    ...{ model: join(folder, 'model'), out: join(folder, 'other'), targets: ['firefox'] },
    ...{ bits: bits as 4, context: CONTEXT, only: ['wasm-simd128'] },
    ...(smaller !== undefined && { smaller }),
  })
  for (const [id, list] of Object.entries(contexts))
    expect(manifest.variants[id]!.smaller?.map((s) => s.context) ?? []).toEqual(list)
})

test('wgc inspect shows them', async () => {
  const { variants } = await inspectBundle(join(folder, 'f32'))
  for (const { id, smaller } of variants)
    expect(smaller).toEqual(
      made.f32.manifest.variants[id]!.smaller!.map(({ memory, context, kv, chunk }) => ({
        ...{ memory, context, kv, chunk },
      })),
    )
})

// Heads of 64: two groups of 32, which take 72 bytes in q8 and 128 in f16.
test.skipIf(!existsSync(BOOKS))('a cache in f16 of heads that fill groups becomes one in q8', async () => {
  const { manifest } = await build({
    ...{ model: BOOKS, out: join(folder, 'books'), targets: ['firefox'], smaller: 99 },
    only: ['webgpu-gecko-base'],
  })
  const { smaller, kv, memory } = Object.values(manifest.variants)[0]!
  expect(kv).toBe('f16')
  expect(new Set(smaller!.map((s) => s.kv))).toEqual(new Set(['q8']))
  for (const s of smaller!) expect(s.memory).toBeLessThan(memory)
  const contexts = smaller!.map((s) => s.context)
  expect(contexts).toEqual([...contexts].sort((a, b) => b - a))
  expect(contexts.at(-1)).toBeGreaterThanOrEqual(64)
})

describe('a budget', () => {
  // Steps down, and bytes beside what that size takes.
  test.each<[string, number, number, number]>([
    ['has room for all', 0, 0, 0],
    ['lacks a byte', 0, -1, 1],
    ['holds the first step', 1, 0, 1],
    ['lacks a byte for that', 1, -1, 2],
    ['holds the least', 3, 0, 3],
  ])('that %s', async (_, step, more, taken) => {
    const sizes = [variantOf('f32', 'wasm'), ...variantOf('f32', 'wasm').smaller]
    const capabilities = { ...(await detect({ gpu: null })), memory: sizes[step]!.memory + more }
    const { model, shrunk } = await loaded('f32', { capabilities, backend: 'wasm' })
    const to = sizes[taken] as Smaller
    expect(model.info.context).toBe(taken ? to.context : CONTEXT)
    expect(shrunk?.to).toEqual(
      taken ? { memory: to.memory, context: to.context, kv: to.kv, chunk: to.chunk } : undefined,
    )
    expect(shrunk?.from.context).toBe(taken ? CONTEXT : undefined)
    if (taken) expect(model.reasons.find((r) => r.id === model.variant)!.why).toMatch(/made smaller/)
    const most = Math.min(66, model.info.context - prompt.length)
    expect(await words(model, most)).toEqual(greedy.slice(0, most))
  })

  test('that nothing fits into', async () => {
    const capabilities = { ...(await detect({ gpu: null })), memory: 1000 }
    await expect(loaded('f32', { capabilities, backend: 'wasm' })).rejects.toThrow(/here a page has 1 MiB/)
  })
})

describe('WebAssembly that refuses', () => {
  const Real = WebAssembly.Memory
  afterAll(() => vi.unstubAllGlobals())
  /** What is asked for at first: all but scratch. */
  const firstOf = ({ plan }: { plan: string }): number => {
    const { buffers } = JSON.parse(readFileSync(join(folder, 'f32', plan), 'utf8')) as Plan
    return buffers.reduce((sum, b) => sum + Math.ceil(b.bytes / 256) * 256, 0)
  }
  /** A memory takes that many bytes beside the module's own. */
  const limit = (bytes: number) => {
    const most = Math.ceil((bytes + (1 << 24)) / 65536)
    class Memory extends Real {
      constructor(d: WebAssembly.MemoryDescriptor) {
        if (d.initial > most) throw new RangeError('could not allocate memory')
        super(d)
      }
      override grow(delta: number): number {
        if (this.buffer.byteLength / 65536 + delta > most) throw new RangeError('could not grow')
        return super.grow(delta)
      }
    }
    vi.stubGlobal('WebAssembly', Object.assign(Object.create(WebAssembly), { Memory }))
  }

  test.each([1, 2, 3])('more than step %i takes', async (step) => {
    limit(firstOf(variantOf('f32', 'wasm').smaller[step - 1]!))
    const { model, shrunk } = await loaded('f32', { backend: 'wasm' })
    expect(shrunk?.why).toMatch(/no room/)
    expect(model.info.context).toBe(variantOf('f32', 'wasm').smaller[step - 1]!.context)
    const most = Math.min(66, model.info.context - prompt.length)
    expect(await words(model, most)).toEqual(greedy.slice(0, most))
  })

  test('everything', async () => {
    limit(0)
    await expect(loaded('f32', { backend: 'wasm' })).rejects.toBeInstanceOf(OutOfMemoryError)
  })
})

class GPUOutOfMemoryError extends Error {}

/** A GPU whose buffers take so many bytes in all. */
function scarce(bytes: number): GPU {
  const gpu = create([])
  const wrapped = async (options?: GPURequestAdapterOptions) => {
    const adapter = (await gpu.requestAdapter(options))!
    const request = adapter.requestDevice.bind(adapter)
    const requestDevice = async (descriptor?: GPUDeviceDescriptor) => {
      const device = await request(descriptor)
      const [buffer, pop] = [device.createBuffer.bind(device), device.popErrorScope.bind(device)]
      let left = bytes
      let refused = false
      return Object.assign(device, {
        createBuffer(d: GPUBufferDescriptor) {
          left -= d.size
          refused ||= left < 0
          return buffer(d)
        },
        async popErrorScope() {
          const error = refused ? new GPUOutOfMemoryError('no memory') : undefined
          refused = false
          return (await pop()) ?? error ?? null
        },
      })
    }
    return Object.assign(adapter, { requestDevice })
  }
  return new Proxy(gpu, {
    get: (target, key) => (key === 'requestAdapter' ? wrapped : Reflect.get(target, key, target)),
  })
}

describe.skipIf(noDriver)('a GPU that refuses', () => {
  /** What is beside the plan: staging buffers. */
  const SPARE = 4096

  test.each([2])('more than step %i takes: the same words, as far as the context goes', async (step) => {
    const { smaller } = variantOf('f16', 'webgpu')
    const { model, events, shrunk } = await loaded('f16', {
      ...{ gpu: scarce(smaller[step - 1]!.memory + SPARE), backend: 'webgpu' },
    })
    expect(events.map((e) => e.kind)).toEqual(['shrunk'])
    expect(shrunk).toMatchObject({
      why: 'the GPU refused the plan: no memory',
      to: { context: smaller[step - 1]!.context },
    })
    expect(model.info.context).toBe(smaller[step - 1]!.context)
    expect(await words(model, 5)).toEqual(greedy.slice(0, 5))
  })

  test('everything: then WebAssembly, as it was built', async () => {
    const found = await detect({ gpu: create([]) })
    const capabilities = { ...found, webgpu: { ...found.webgpu, software: false } }
    const { model, events } = await loaded('f16', { gpu: scarce(1000), capabilities })
    expect(model.backend).toBe('wasm')
    expect(model.info.context).toBe(CONTEXT)
    expect(events.map((e) => e.kind)).toEqual(['refused'])
    model.destroy()
  })
})
