/** `wgc tune --browser`: WebGPU of a real Chromium, used from Node. */
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BrowserGpu, openBrowser } from '../../compiler/cli/browser.js'
import { USAGE } from '../../compiler/tune/operands.js'

const EXECUTABLE = '/usr/bin/chromium'
const absent = !existsSync(EXECUTABLE)
if (absent) console.warn(`SKIPPED: ${EXECUTABLE} is not there (apt-get install chromium)`)

const DOUBLE = `@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@compute @workgroup_size(4) fn main(@builtin(local_invocation_index) i: u32) { x[i] *= 2u; }`

describe.skipIf(absent)('a GPU in a page', () => {
  let browser: BrowserGpu
  beforeAll(async () => {
    browser = await openBrowser(EXECUTABLE, [
      ...['--no-sandbox', '--enable-unsafe-swiftshader', '--use-webgpu-adapter=swiftshader'],
    ])
  }, 60_000)
  afterAll(() => browser?.close())

  test('computes, is timed, and refuses what is wrong', async () => {
    const { gpu, timed, version } = browser
    expect(version).toMatch(/\d+\.\d+/)
    const adapter = (await gpu.requestAdapter({ powerPreference: 'high-performance' }))!
    expect(adapter.limits.maxBufferSize).toBeGreaterThan(2 ** 27)
    expect(adapter.info.vendor).not.toBe('')
    expect(gpu.wgslLanguageFeatures.size).toBeGreaterThan(0)
    const device = await adapter.requestDevice({ requiredFeatures: [] })
    expect(device.features.has('timestamp-query')).toBe(false)
    const layout = device.createBindGroupLayout({
      entries: [{ binding: 0, visibility: 4, buffer: { type: 'storage' } }],
    })
    const make = (code: string) =>
      device.createComputePipelineAsync({
        layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module: device.createShaderModule({ code }), entryPoint: 'main' },
      })
    const pipeline = await make(DOUBLE)
    await expect(make(DOUBLE.replace('2u', '2f'))).rejects.toThrow()
    const size = 16
    const buffer = device.createBuffer({ size, usage: USAGE.storage | USAGE.copySrc | USAGE.copyDst })
    const staging = device.createBuffer({ size, usage: USAGE.mapRead | USAGE.copyDst })
    const words = new Uint32Array([9, 1, 2, 3, 4, 9])
    const group = device.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer } }] })
    for (let turn = 0; turn < 2; turn++) {
      device.queue.writeBuffer(buffer, 0, words, 1, 4)
      const encoder = device.createCommandEncoder()
      const pass = encoder.beginComputePass()
      pass.setPipeline(pipeline)
      pass.setBindGroup(0, group)
      pass.dispatchWorkgroups(1)
      pass.end()
      encoder.copyBufferToBuffer(buffer, 0, staging, 0, size)
      const commands = encoder.finish()
      expect(await timed(device, () => device.queue.submit([commands]))).toBeGreaterThan(0)
      await staging.mapAsync(1, 8, 8)
      expect([...new Uint32Array(staging.getMappedRange(8, 8))]).toEqual([6, 8])
      staging.unmap()
    }
    device.destroy()
  }, 60_000)
})
