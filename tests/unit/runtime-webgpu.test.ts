import { existsSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { create } from 'webgpu'
import { memoryStore } from '../../runtime/care/record.js'
import { guard } from '../../runtime/device.js'
import { load, UnsupportedError } from '../../runtime/index.js'
import { endsWell } from '../helpers/ends-well.js'
import { junk, places, put } from '../helpers/mutate.js'
import { behavesLikeAModel } from '../helpers/runtime-behaviour.js'
import {
  type Bundle,
  continuation,
  logitsAt,
  memorySource,
  putFile,
  tinyBundle,
  VOCAB,
} from '../helpers/tiny-bundle.js'

const DRIVER = '/usr/lib/chromium/vk_swiftshader_icd.json'
process.env.VK_DRIVER_FILES ??= DRIVER
const driver = existsSync(process.env.VK_DRIVER_FILES)
if (!driver)
  console.warn(`SKIPPED: the runtime's WebGPU tests need a Vulkan driver; there is none at ${DRIVER}`)

/** Milliseconds of a part that no second dispatch fits in. */
const ONE = Number.MIN_VALUE

/** Counts what is submitted from here on. */
function counted({ queue }: GPUDevice): () => number {
  const submit = queue.submit.bind(queue)
  let count = 0
  queue.submit = (list) => {
    count++
    submit(list)
  }
  return () => count
}

describe.skipIf(!driver)('the runtime on WebGPU (Dawn)', () => {
  let bundle: Bundle
  let gpu: GPU
  const devices: GPUDevice[] = []

  beforeAll(async () => {
    gpu = watched(create([]), devices)
    bundle = await tinyBundle()
  })
  afterAll(() => {
    for (const device of devices) device.destroy()
  })

  const setup = () => ({ bundle, options: { gpu, backend: 'webgpu' as const } })
  behavesLikeAModel(setup)

  it('makes no GPU object in a decode step but what a submit needs', async () => {
    const model = await load(memorySource(bundle), setup().options)
    const device = devices.at(-1)!
    const made: string[] = []
    const kinds = [
      'createBuffer',
      'createBindGroup',
      'createComputePipelineAsync',
      'createShaderModule',
    ] as const
    for (const kind of kinds) {
      const create = device[kind].bind(device) as (...args: never[]) => never
      Object.assign(device, {
        [kind]: (...args: never[]) => {
          made.push(kind)
          return create(...args)
        },
      })
    }
    let n = 0
    for await (const _ of model.generateIds([1, 2], { maxTokens: 20, temperature: 0 })) {
      if (++n === 8) made.length = 0
    }
    expect(n).toBe(20)
    expect(made).toEqual([])
    model.destroy()
  })

  it('goes on to the next variant when a kernel is refused', async () => {
    const broken = await tinyBundle()
    const code = new TextDecoder().decode(broken.files.get('code.wgsl'))
    putFile(broken, 'code.wgsl', new TextEncoder().encode(code.replace('fn main(', 'fn main(]')))
    const model = await load(memorySource(broken), { gpu, variant: undefined, backend: 'auto' })
    expect(model.backend).toBe('wasm')
    model.destroy()
    const only = load(memorySource(broken), setup().options)
    await expect(only).rejects.toBeInstanceOf(UnsupportedError)
    await expect(only).rejects.toThrow(/kernel take was refused/)
  })

  it('ends in a typed error whatever the plan says', async () => {
    const paths = fc.constantFrom(...places(bundle.plans.webgpu))
    await fc.assert(
      fc.asyncProperty(paths, junk, async (path, value) => {
        const changed = {
          ...bundle,
          manifest: structuredClone(bundle.manifest),
          files: new Map(bundle.files),
        }
        putFile(changed, 'plan-gpu.json', put(bundle.plans.webgpu, path, value))
        await endsWell(changed, setup().options)
      }),
      { numRuns: 100 },
    )
  })

  it.each([1, 2, 400])('submits after %i dispatches, and computes the same', async (dispatches) => {
    const cut = await tinyBundle()
    cut.manifest.variants.gpu!.wait = { dispatches }
    const model = await load(memorySource(cut), { ...setup().options, partMs: false })
    const submits = counted(devices.at(-1)!)
    const ids = [1, 2, 3]
    const { logits } = await model.run({ input_ids: ids })
    expect([...(logits!.data as Float32Array)].slice(0, VOCAB).map((x) => x + 0)).toEqual(logitsAt(ids, 0))
    const steps = cut.plans.webgpu.programs.forward!.dispatches.length
    expect(submits()).toBe(Math.ceil(steps / dispatches))
    const made: number[] = []
    for await (const id of model.generateIds(ids, { maxTokens: 9, temperature: 0 })) made.push(id)
    expect(made).toEqual(continuation(ids, 9))
    model.destroy()
  })

  it.each([0, -1, 1.5, '400'])('%j dispatches a submit are refused', async (dispatches) => {
    const bad = await tinyBundle()
    bad.manifest.variants.gpu!.wait = { dispatches: dispatches as number }
    await expect(load(memorySource(bad), setup().options)).rejects.toThrow(/wait.dispatches is no integer/)
  })

  describe('in parts of a dispatch each', () => {
    behavesLikeAModel(() => ({ bundle, options: { ...setup().options, partMs: ONE } }))

    it.each([1, 2, 3, 4, 5])('gives up within a step, before submit %i of a prompt', async (before) => {
      const model = await load(memorySource(bundle), { ...setup().options, partMs: ONE })
      const controller = new AbortController()
      const { signal } = controller
      const { queue } = devices.at(-1)!
      const own = queue.submit.bind(queue)
      let count = 0
      queue.submit = (list) => {
        if (++count === before) controller.abort(new Error('enough'))
        own(list)
      }
      const prompt = [1, 2, 3, 4, 5, 6]
      const given = async (more: object) => {
        const ids: number[] = []
        for await (const id of model.generateIds(prompt, { maxTokens: 4, temperature: 0, ...more }))
          ids.push(id)
        return ids
      }
      await expect(given({ signal })).rejects.toThrow('enough')
      // What was under way when the signal came, and nothing after.
      expect(count).toBe(before)
      expect(model.length).toBe(0)
      expect(await given({ continue: true })).toEqual(continuation(prompt, 4))
      model.destroy()
    })
  })

  it('knows at the second visit how long its kernels take', async () => {
    const record = memoryStore()
    const visit = async () => {
      const model = await load(memorySource(bundle), { ...setup().options, record, selfTest: false })
      const submits = counted(devices.at(-1)!)
      await model.run({ input_ids: [1, 2, 3] })
      model.destroy()
      return submits()
    }
    expect(await visit()).toBeGreaterThan(1)
    expect(await visit()).toBe(1)
  })

  it.each([0, -1, Number.NaN])('parts of %f ms are refused', async (partMs) => {
    await expect(load(memorySource(bundle), { ...setup().options, partMs })).rejects.toThrow(/partMs must be/)
  })

  it('asks the device for what the variant needs, and for no more', async () => {
    const picky = await tinyBundle()
    picky.manifest.variants.gpu!.features = ['subgroups']
    picky.manifest.variants.gpu!.limits = { maxStorageBuffersPerShaderStage: 9 }
    const model = await load(memorySource(picky), setup().options)
    const device = devices.at(-1)!
    expect([...device.features].filter((f) => f !== 'core-features-and-limits')).toEqual(['subgroups'])
    expect(device.limits.maxStorageBuffersPerShaderStage).toBe(9)
    model.destroy()
    picky.manifest.variants.gpu!.limits = { maxStorageBufferBindingSize: 2 ** 40 }
    await expect(load(memorySource(picky), setup().options)).rejects.toThrow(
      /needs maxStorageBufferBindingSize/,
    )
  })
})

it.each([undefined, 7])('an engine that only looks after a submit is nudged every %s ms', async (everyMs) => {
  const delays: (number | undefined)[] = []
  const later = vi.spyOn(globalThis, 'setTimeout').mockImplementation(((act: () => void, ms?: number) => {
    delays.push(ms)
    queueMicrotask(act)
  }) as unknown as typeof setTimeout)
  let done = () => {}
  const pending = new Promise<void>((resolve) => {
    done = resolve
  })
  let submits = 0
  const submit = () => ++submits === 3 && done()
  const device = { lost: new Promise(() => {}), queue: { submit } } as unknown as GPUDevice
  await guard(device, true, everyMs).wait(pending)
  later.mockRestore()
  expect(submits).toBeGreaterThanOrEqual(3)
  expect(delays).toContain(everyMs ?? 1)
})

/** `gpu`, with the devices that come of it noted. */
function watched(gpu: GPU, devices: GPUDevice[]): GPU {
  return new Proxy(gpu, {
    get(target, key) {
      if (key !== 'requestAdapter') return Reflect.get(target, key, target)
      return async (options?: GPURequestAdapterOptions) => {
        const adapter = await target.requestAdapter(options)
        const request = adapter?.requestDevice.bind(adapter)
        return Object.assign(adapter as object, {
          requestDevice: async (descriptor?: GPUDeviceDescriptor) => {
            const device = await request!(descriptor)
            devices.push(device)
            return device
          },
        })
      }
    },
  })
}
