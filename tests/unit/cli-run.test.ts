/** `wgc run` against references: a model of every awkward size on tensors, a trained one on text. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDawn } from '../../compiler/cli/dawn.js'
import { folderSource } from '../../compiler/cli/folder-source.js'
import { openSafetensors } from '../../compiler/import/safetensors.js'
import { writeSafetensors } from '../../compiler/import/safetensors-write.js'
import { load } from '../../runtime/index.js'
import { freshDist, type TemporaryFolder, temporaryFolder, wgc, wgcJson } from '../helpers/cli.js'
import { STORIES, storiesCases, whyAbsent } from '../helpers/models.js'

const GOLDEN = resolve('../shared/goldens/llama')
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json'
const DRIVER = { VK_DRIVER_FILES: SWIFTSHADER }

const noGolden = whyAbsent(GOLDEN)
const noDriver = existsSync(SWIFTSHADER) ? undefined : `${SWIFTSHADER} is absent: Dawn is NOT TESTED`
if (noDriver) console.warn(`\n*** ${noDriver} ***\n`)

let folder: TemporaryFolder
const at = (name: string) => join(folder.path, name)

beforeAll(async () => {
  folder = temporaryFolder()
  await freshDist()
  if (!noGolden)
    await wgcJson(['build', '--model', GOLDEN, '--target', 'node', '--bits', 'f32', '--out', at('golden')])
  await wgcJson(['build', '--model', STORIES, '--target', 'node', '--bits', 'f32', '--out', at('stories')])
})

afterAll(() => folder?.remove())

async function tensor(path: string, name: string) {
  const file = await openSafetensors(path)
  const { shape, dtype } = file.tensors.get(name)!
  const { buffer } = await file.readRaw(name)
  await file.close()
  const values =
    dtype === 'I64'
      ? Array.from(new BigInt64Array(buffer as ArrayBuffer), Number)
      : new (dtype === 'U32' ? Uint32Array : Float32Array)(buffer as ArrayBuffer)
  const data = [...values]
  return { shape, data }
}

const deviation = (values: number[]) => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length)
}

interface TensorsRun {
  outputs: { name: string; dtype: string; shape: number[] }[]
  backend: string
  variant: string
}

const BACKENDS: ['wasm' | 'dawn', string | undefined][] = [
  ['wasm', noGolden],
  ['dawn', noGolden ?? noDriver],
]

describe.each(BACKENDS)('%s', (backend, missing) => {
  test.skipIf(missing)('logits of the reference model', { timeout: 400_000 }, async () => {
    const io = join(GOLDEN, 'io.safetensors')
    const words = [
      'run',
      at('golden'),
      '--backend',
      backend,
      '--inputs',
      io,
      '--outputs',
      at(`${backend}.safetensors`),
    ]
    const ran = await wgcJson<TensorsRun>(words, { env: DRIVER })
    const wanted = await tensor(io, 'output.logits')
    const ids = await tensor(io, 'output.greedy_ids')
    expect(ran.outputs).toEqual([
      { name: 'logits', dtype: 'F32', shape: wanted.shape },
      { name: 'greedy_ids', dtype: 'U32', shape: ids.shape },
    ])
    expect(ran.backend).toBe(backend)
    const found = await tensor(at(`${backend}.safetensors`), 'logits')
    expect(found.shape).toEqual(wanted.shape)
    expect((await tensor(at(`${backend}.safetensors`), 'greedy_ids')).data).toEqual(ids.data)
    const worst = Math.max(...found.data.map((v, i) => Math.abs(v - wanted.data[i]!)))
    expect(worst).toBeLessThan(1e-3 * deviation(wanted.data))
  })

  test.skipIf(missing)('greedy ids of the reference model', { timeout: 400_000 }, async () => {
    Object.assign(process.env, DRIVER)
    const gpu = backend === 'dawn' ? await openDawn() : null
    const wanted = (await tensor(join(GOLDEN, 'io.safetensors'), 'output.greedy_ids')).data
    const prompt = (await tensor(join(GOLDEN, 'io.safetensors'), 'input.input_ids')).data
    const model = await load(folderSource(at('golden')), {
      gpu,
      backend: backend === 'dawn' ? 'webgpu' : 'wasm',
    })
    const ids = [...prompt]
    const options = { temperature: 0, maxTokens: wanted.length - prompt.length }
    for await (const id of model.generateIds(prompt, options)) ids.push(id)
    model.destroy()
    expect(ids).toEqual(wanted)
  })
})

interface TextRun {
  text: string
  ids: number[]
  promptTokens: number
  tokens: number
  timeToFirstTokenMs: number
  tokensPerSecond: number
  backend: string
  variant: string
  why: string
  reason: string
}

const story = storiesCases()[0]!
const tell = (...more: string[]) => [
  'run',
  at('stories'),
  '--prompt',
  story.prompt,
  '--max-tokens',
  '100',
  ...more,
]

describe('text', () => {
  test('the tokens of the reference, and how they were made', async () => {
    const ran = await wgcJson<TextRun>(tell('--temperature', '0', '--backend', 'wasm'))
    expect(ran).toMatchObject({
      ...{ text: story.text, ids: story.greedy, promptTokens: story.ids.length, tokens: 100 },
      ...{ backend: 'wasm', why: expect.stringMatching(/^wasm was asked for/), reason: 'length' },
    })
    expect(ran.variant).toMatch(/^wasm-/)
    expect(ran.timeToFirstTokenMs).toBeGreaterThan(0)
    expect(ran.tokensPerSecond).toBeGreaterThan(0)
  })

  test('plain text on stdout, nothing on stderr', async () => {
    const ran = await wgc(tell('--temperature', '0', '--backend', 'wasm'))
    expect(ran).toEqual({ code: 0, out: `${story.text}\n`, err: '' })
  })

  test('the same seed, the same text', async () => {
    const texts = await Promise.all(
      ['1', '1', '2'].map((seed) => wgc(tell('--seed', seed, '--backend', 'wasm'))),
    )
    expect(texts[1]!.out).toBe(texts[0]!.out)
    expect(texts[2]!.out).not.toBe(texts[0]!.out)
  })

  test('a variant by its id', async () => {
    const ran = await wgcJson<TextRun>(tell('--variant', 'wasm-simd128'))
    expect(ran).toMatchObject({ variant: 'wasm-simd128', backend: 'wasm' })
  })

  test('the same tokens on several threads as on one', async () => {
    const runs = await Promise.all(
      [1, 2, 3].map((n) =>
        wgcJson<TextRun>(tell('--temperature', '0', '--backend', 'wasm', '--threads', String(n))),
      ),
    )
    runs.forEach((ran, i) => {
      expect(ran).toMatchObject({ ids: story.greedy, threads: i + 1 })
      expect(ran.variant.endsWith('-threads')).toBe(i > 0)
    })
  })

  test('a prompt that is too long', async () => {
    const ran = await wgc(['run', at('stories'), '--backend', 'wasm', '--prompt', 'word '.repeat(600)])
    expect(ran.err).toMatch(/^wgc: error WGC625: the prompt has \d+ tokens, the model takes 512\n$/)
    expect(ran.code).toBe(1)
  })

  test('automatic: WebAssembly where there is no driver, and where the driver computes on the CPU', async () => {
    const none = await wgcJson<TextRun>(tell('--temperature', '0'), {
      env: { VK_DRIVER_FILES: '/nowhere.json' },
    })
    expect(none).toMatchObject({
      backend: 'wasm',
      why: 'no GPU: vkCreateInstance: Found no drivers!',
      text: story.text,
    })
    if (noDriver) return
    const software = await wgcJson<TextRun>(tell('--temperature', '0'), { env: DRIVER })
    expect(software).toMatchObject({ backend: 'wasm', text: story.text })
    expect(software.why).toMatch(/^WebGPU is computed on the CPU here \(SwiftShader/)
  })
})

test('inputs without a batch, of other types, give outputs without one', async () => {
  const ids = { dtype: 'U16' as const, shape: [5], data: Uint16Array.from(story.ids) }
  await writeSafetensors(at('in.safetensors'), new Map([['input_ids', ids]]))
  const words = ['run', at('stories'), '--backend', 'wasm', '--inputs', at('in.safetensors')]
  const ran = await wgcJson<TensorsRun>([...words, '--outputs', at('out.safetensors')])
  expect(ran.outputs).toEqual([{ name: 'logits', dtype: 'F32', shape: [5, 512] }])
  const { data } = await tensor(at('out.safetensors'), 'logits')
  const last = data.slice(-512)
  expect(last.indexOf(Math.max(...last))).toBe(story.greedy[0])
})

test('outputs that cannot be written', async () => {
  const ids = { dtype: 'I64' as const, shape: [1, 2], data: BigInt64Array.of(1n, 2n) }
  await writeSafetensors(at('two.safetensors'), new Map([['input_ids', ids]]))
  const before = folder.list()
  const to = at('two.safetensors/out.safetensors')
  const words = [
    'run',
    at('stories'),
    '--backend',
    'wasm',
    '--inputs',
    at('two.safetensors'),
    '--outputs',
    to,
  ]
  const ran = await wgc(words)
  expect(ran.err).toMatch(`${to}: error WGC601: cannot be written: not a directory`)
  expect(ran.code).toBe(1)
  expect(folder.list()).toEqual(before)
})

test('--without takes the next variant, and gives the same text', async () => {
  const [story] = storiesCases()
  const run = (...more: string[]) =>
    wgcJson<{ ids: number[]; variant: string }>([
      'run',
      at('stories'),
      '--prompt',
      story!.prompt,
      '--temperature',
      '0',
      '--max-tokens',
      '20',
      ...more,
    ])
  const rows: [without: string, variant: RegExp][] = [
    ['webgpu', /^wasm-simd128-(relaxed-simd-)?threads$/],
    ['webgpu,threads', /^wasm-simd128(-relaxed-simd)?$/],
    ['webgpu,threads,relaxed-simd', /^wasm-simd128$/],
  ]
  for (const [without, variant] of rows) {
    const ran = await run('--without', without)
    expect(ran.variant).toMatch(variant)
    expect(ran.ids).toEqual(story!.greedy.slice(0, 20))
  }
})
