/**
 * A lost device under a model whose decoder goes on from what an encoder left: that is made again too. A software GPU
 * takes a minute to compile it.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { create, globals } from 'webgpu'
import { build } from '../../compiler/index.js'
import { detect, load, type ModelEvent } from '../../runtime/index.js'
import { type Fault, faulty } from '../helpers/faults.js'
import { part, readTensors } from '../helpers/goldens.js'

const DRIVER = '/usr/lib/chromium/vk_swiftshader_icd.json'
process.env.VK_DRIVER_FILES ??= DRIVER
Object.assign(globalThis, globals)
const WHISPER = 'tests/fixtures/encdec/whisper'
const TOKENS = 6

describe.skipIf(!existsSync(process.env.VK_DRIVER_FILES))('whisper on a device that is lost (Dawn)', () => {
  let out = ''
  const source = { read: async (name: string) => new Uint8Array(await readFile(join(out, 'b', name))) }
  beforeAll(async () => {
    out = mkdtempSync(join(tmpdir(), 'wgc-whisper-'))
    const only = ['wasm-simd128', 'webgpu-chromium-base']
    await build({ model: WHISPER, targets: ['node'], only, bits: 'f32', out: join(out, 'b') })
  })
  afterAll(() => rmSync(out, { recursive: true, force: true }))

  it('goes on to the same ids by WebAssembly, where no device is to be had', {
    timeout: 400_000,
  }, async () => {
    const faults: Fault[] = []
    const { gpu, devices } = faulty(create([]), faults)
    const events: ModelEvent[] = []
    // A GPU in software is not taken where there is WebAssembly.
    const capabilities = await detect({ gpu })
    capabilities.webgpu.software = false
    const model = await load(source, {
      ...{ gpu, capabilities, threads: 0, tokenizer: false, onEvent: (e) => events.push(e) },
    })
    expect(model.backend).toBe('webgpu')
    const io = part(readTensors(join(WHISPER, 'greedy.safetensors')), 'input.')
    const inputs = Object.fromEntries(Object.entries(io).filter(([name]) => name !== 'decoder_input_ids'))
    /** Ids by the likeliest; the device is destroyed after the second. */
    const ids = async (lose: boolean) => {
      const all: number[] = []
      for await (const id of model.generateIds([], { inputs, temperature: 0, maxTokens: TOKENS })) {
        all.push(id)
        if (lose && all.length === 2) devices.at(-1)!.destroy()
      }
      return all
    }
    const quiet = await ids(false)
    expect(quiet.length).toBeGreaterThan(3)
    faults.push({ call: 'requestAdapter', after: 0, times: 99, what: 'refuse' })
    expect(await ids(true)).toEqual(quiet)
    expect(model.backend).toBe('wasm')
    expect(events.map((e) => e.kind)).toEqual(['lost', 'refused', 'recovered'])
    expect(await ids(false)).toEqual(quiet)
    model.destroy()
  })
})
