/** WebAssembly that gets no memory: errors that can be told apart, and the page can go on. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { load, OutOfMemoryError } from '../../runtime/index.js'
import { type Bundle, continuation, memorySource, putFile, tinyBundle } from '../helpers/tiny-bundle.js'

const MiB = 2 ** 20
const OPTIONS = { backend: 'wasm', gpu: null, tokenizer: false, threads: 0 } as const

afterEach(() => {
  vi.restoreAllMocks()
})

/** The toy with so much scratch in one of its programs. */
async function roomy(program: 'prefill' | 'forward'): Promise<Bundle> {
  const bundle = await tinyBundle()
  bundle.plans.wasm.programs[program]!.arena = 100 * MiB
  const variant = bundle.manifest.variants.cpu!
  variant.memory += 101 * MiB
  // Nothing smaller to fall back on.
  delete variant.smaller
  putFile(bundle, 'plan-cpu.json', bundle.plans.wasm)
  return bundle
}

const refuse = () =>
  vi.spyOn(WebAssembly.Memory.prototype, 'grow').mockImplementation(() => {
    throw new RangeError('WebAssembly.Memory.grow(): Unable to grow instance memory')
  })

async function generates(model: Awaited<ReturnType<typeof load>>): Promise<void> {
  const ids: number[] = []
  for await (const id of model.generateIds([1, 2, 3, 4, 5], { temperature: 0, maxTokens: 8 })) ids.push(id)
  expect(ids).toEqual(continuation([1, 2, 3, 4, 5], 8))
}

describe('memory that is refused', () => {
  it('to a load is an OutOfMemoryError, and the next load works', async () => {
    const bundle = await roomy('prefill')
    const grow = refuse()
    const error = await load(memorySource(bundle), OPTIONS).catch((e) => e)
    expect(error).toBeInstanceOf(OutOfMemoryError)
    expect(error.message).toMatch(/WebAssembly has no room for \d+ bytes/)
    grow.mockRestore()
    const model = await load(memorySource(bundle), OPTIONS)
    await generates(model)
    model.destroy()
  })

  it('to a program that is first run later is one too, and the others go on', async () => {
    const model = await load(memorySource(await roomy('forward')), OPTIONS)
    const grow = refuse()
    await expect(model.run({ input_ids: [1] })).rejects.toBeInstanceOf(OutOfMemoryError)
    await generates(model)
    grow.mockRestore()
    expect((await model.run({ input_ids: [1] })).logits!.shape).toEqual([1, 17])
    model.destroy()
  })

  it('from the start is one too', async () => {
    const bundle = await tinyBundle()
    vi.spyOn(WebAssembly, 'Memory').mockImplementation(function refused() {
      throw new RangeError('could not allocate memory')
    })
    await expect(load(memorySource(bundle), OPTIONS)).rejects.toBeInstanceOf(OutOfMemoryError)
  })
})
