import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  ENGINES,
  type Engine,
  type EngineName,
  openBrowser,
  type Page,
  whyMissing,
} from '../helpers/browsers.js'
import { type Site, serve } from '../helpers/server.js'

const HEADER = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10]
const ZEROS = [65, 0, 253, 15]

/** Modules whose one function is one instruction of the feature: `WebAssembly.validate` knows it or not. */
const PROBES = {
  // i8x16.splat
  simd: [...HEADER, 8, 1, 6, 0, ...ZEROS, 11],
  // i32x4.relaxed_dot_i8x16_i7x16_add_s, what quantised kernels use
  relaxed: [...HEADER, 19, 1, 17, 0, ...ZEROS, ...ZEROS, ...ZEROS, 253, 147, 2, 11],
}

/** Runs in the engine: what it can do, and one dispatch of a WebGPU kernel where there is a device. */
async function probe(probes: typeof PROBES, page: Page) {
  async function squares(device: GPUDevice): Promise<number[]> {
    const module = device.createShaderModule({
      code: `@group(0) @binding(0) var<storage, read_write> y: array<u32>;
        @compute @workgroup_size(4) fn main(@builtin(global_invocation_id) id: vec3<u32>) { y[id.x] = id.x * id.x; }`,
    })
    const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } })
    const y = device.createBuffer({ size: 16, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC })
    const copy = device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST })
    const encoder = device.createCommandEncoder()
    const pass = encoder.beginComputePass()
    pass.setPipeline(pipeline)
    pass.setBindGroup(
      0,
      device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: [{ binding: 0, resource: { buffer: y } }],
      }),
    )
    pass.dispatchWorkgroups(1)
    pass.end()
    encoder.copyBufferToBuffer(y, 0, copy, 0, 16)
    device.queue.submit([encoder.finish()])
    await copy.mapAsync(GPUMapMode.READ)
    return [...new Uint32Array(copy.getMappedRange())]
  }

  const adapter = await globalThis.navigator?.gpu?.requestAdapter()
  const device = await adapter?.requestDevice()
  const response = await fetch(new URL('files/simd.wasm', page.url))
  const result = {
    isolated: globalThis.crossOriginIsolated,
    sharedMemory: typeof SharedArrayBuffer === 'function',
    simd: WebAssembly.validate(new Uint8Array(probes.simd)),
    relaxed: WebAssembly.validate(new Uint8Array(probes.relaxed)),
    streaming: (await WebAssembly.compileStreaming(response)) instanceof WebAssembly.Module,
    imported: (await page.import<{ answer: number }>('/files/answer.js')).answer,
    webgpu: device ? await squares(device) : null,
    f16: adapter?.features.has('shader-f16') ?? false,
    subgroups: adapter?.features.has('subgroups') ?? false,
    storageBuffers: adapter?.limits.maxStorageBuffersPerShaderStage ?? 0,
  }
  device?.destroy()
  return result
}

const gpu = { webgpu: [0, 1, 4, 9] }
const common = { simd: true, streaming: true, imported: 42 }

const EXPECTED: Record<EngineName, Partial<Awaited<ReturnType<typeof probe>>>> = {
  chromium: {
    ...common,
    ...gpu,
    isolated: true,
    sharedMemory: true,
    relaxed: true,
    subgroups: true,
    f16: false,
  },
  firefox: {
    ...common,
    ...gpu,
    isolated: true,
    sharedMemory: true,
    relaxed: true,
    subgroups: false,
    f16: true,
  },
  webkit: { ...common, isolated: true, sharedMemory: false, relaxed: false, webgpu: null },
  node: { ...common, sharedMemory: true, relaxed: false },
  deno: { ...common, sharedMemory: true, relaxed: true },
}

let site: Site
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wgc-engines-'))
  writeFileSync(join(folder, 'simd.wasm'), new Uint8Array(PROBES.simd))
  writeFileSync(join(folder, 'answer.js'), 'export const answer = 42\n')
  site = await serve({ '/files': folder })
})

afterAll(async () => {
  await site?.close()
  rmSync(folder, { recursive: true })
})

describe.each(ENGINES)('%s', (name) => {
  const missing = whyMissing(name)
  let engine: Engine | undefined

  beforeAll(async () => {
    if (!missing) engine = await openBrowser(name)
  })
  afterAll(() => engine?.close())

  test.skipIf(missing)('runs a script and has the features that the tests rely on', async () => {
    const found = await engine!.run(site, probe, PROBES)
    console.info(name, engine!.version, JSON.stringify(found))
    expect(found).toMatchObject(EXPECTED[name])
  })

  test.skipIf(missing)('says what failed and what the console said', async () => {
    const failing = engine!.run(
      site,
      async ({ what }) => {
        console.error('before the end')
        throw new TypeError(`no ${what}`)
      },
      { what: 'luck' },
    )
    await expect(failing).rejects.toThrow(new RegExp(`^${name}: TypeError: no luck[^]*before the end`))
  })

  test.skipIf(missing)('gives up after the time allowed, and goes on', async () => {
    const endless = engine!.run(site, () => new Promise(() => setInterval(() => {}, 1000)), null, {
      timeout: 500,
    })
    await expect(endless).rejects.toThrow(`${name}: no result`)
    expect(await engine!.run(site, async ({ a }) => a + 1, { a: 1 })).toBe(2)
  })
})
