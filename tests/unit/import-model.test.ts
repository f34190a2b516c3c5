import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { checkTensor, importModel, presets } from '../../compiler/import/index.js'
import { writeSafetensors } from '../../compiler/import/safetensors-write.js'

const stories = fileURLToPath(new URL('../fixtures/stories260K', import.meta.url))
const books = fileURLToPath(new URL('../../../shared/models/books-14m', import.meta.url))

const root = mkdtempSync(join(tmpdir(), 'wgc-import-'))
afterAll(() => rmSync(root, { recursive: true }))
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(root, 'model-'))
})

const put = (name: string, content: unknown) =>
  writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
const putWeights = (name: string, tensors: string[]) =>
  writeSafetensors(
    join(folder, name),
    new Map(tensors.map((t, i) => [t, { dtype: 'F32', shape: [1, 2], data: new Float32Array([i, i]) }])),
  )
const config = { model_type: 'llama' }
const index = (map: unknown) => put('model.safetensors.index.json', { weight_map: map })

test('a folder with one weight file', async () => {
  const model = await importModel(stories)
  expect(model).toMatchObject({
    name: 'stories260K',
    family: 'llama',
    configFile: join(stories, 'config.json'),
  })
  expect(model.config.hidden_size).toBe(64)
  expect(model.tokenizer).toEqual({
    tokenizer: join(stories, 'tokenizer.json'),
    config: join(stories, 'tokenizer_config.json'),
  })
  expect(model.generation).toBeUndefined()
  const weights = model.weights!
  expect(weights.names().length).toBe(47)
  expect(weights.shape('model.layers.4.mlp.up_proj.weight')).toEqual([172, 64])
  expect(weights.dtype('model.norm.weight')).toBe('F32')
  const row = await weights.readRows('model.embed_tokens.weight', 5, 6)
  expect(row.length).toBe(64)
  expect(row).toEqual((await weights.readRows('model.embed_tokens.weight', 0, 512)).subarray(320, 384))
  checkTensor(weights, 'model.embed_tokens.weight', [512, 64])
  const wrong = () => checkTensor(weights, 'model.layers.3.mlp.up_proj.weight', [172, 128])
  expect(wrong).toThrow('tensor model.layers.3.mlp.up_proj.weight is [172, 64], the config says [172, 128]')
  expect(() => weights.shape('model.layers.3.mlp.up_proj.bias')).toThrow('up_proj.bias is missing')
  await model.close()
})

if (!existsSync(books)) console.warn(`SKIPPED: no model at ${books}`)
test.skipIf(!existsSync(books))('a folder with shards', async () => {
  const model = await importModel(`${books}/`)
  expect(model.name).toBe('books-14m')
  expect(model.generation).toBeDefined()
  const elements = model.weights!.names().map((n) => model.weights!.shape(n).reduce((a, b) => a * b, 1))
  expect(elements.reduce((a, b) => a + b)).toBe(14_162_304)
  const files = new Set(model.weights!.names().map((n) => basename(model.weights!.file(n))))
  expect([...files].sort()).toEqual(['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'])
  await model.close()
})

test('shards are read by the index', async () => {
  put('config.json', config)
  await putWeights('a.safetensors', ['x', 'y'])
  await putWeights('b.safetensors', ['y', 'z'])
  index({ x: 'a.safetensors', y: 'b.safetensors' })
  const { weights, close } = await importModel(folder)
  expect(weights!.names()).toEqual(['x', 'y'])
  expect([...(await weights!.readRows('y', 0, 1))]).toEqual([0, 0])
  expect(weights!.has('z')).toBe(false)
  await close()
})

describe('presets', () => {
  // Parameters as published: 6.74, 1.10 and 8.03 billion.
  test.each([
    ['llama', 6_738_415_616],
    ['tinyllama', 1_100_048_384],
    ['llama-3-8b', 8_030_261_248],
  ])('%s has its published size', async (name, parameters) => {
    const model = await importModel(name)
    expect(model).toMatchObject({ name, family: 'llama', weights: null, configFile: `preset ${name}` })
    const c = model.config as Record<string, number>
    const [d, kv] = [c.hidden_size!, (c.hidden_size! / c.num_attention_heads!) * c.num_key_value_heads!]
    const layer = 2 * d * d + 2 * d * kv + 3 * d * c.intermediate_size! + 2 * d
    expect(2 * c.vocab_size! * d + c.num_hidden_layers! * layer + d).toBe(parameters)
    await model.close()
  })

  test('a bare name is a folder only if it holds a config.json', async () => {
    const before = process.cwd()
    process.chdir(folder)
    try {
      mkdirSync('llama')
      expect((await importModel('llama')).weights).toBeNull()
      writeFileSync('llama/config.json', JSON.stringify(config))
      await expect(importModel('llama')).rejects.toMatchObject({ code: 'WGC204' })
      await expect(importModel('./tinyllama')).rejects.toMatchObject({ code: 'WGC201' })
    } finally {
      process.chdir(before)
    }
  })
})

describe('refusals', () => {
  const refused = async (ref: string) => {
    const e = await importModel(ref).then(
      () => undefined,
      (e) => e,
    )
    return e as {
      code: string
      message: string
      hint: string
      place?: { file: string; line?: number; text?: string }
    }
  }

  test('an unknown name lists the presets', async () => {
    const e = await refused('tinylama')
    expect(e).toMatchObject({ code: 'WGC201' })
    expect(e.hint).toContain('did you mean tinyllama')
    expect(e.hint).toContain(`the presets ${Object.keys(presets).join(', ')}`)
    expect(await refused('stories260K')).toMatchObject({ code: 'WGC201' })
    expect(await refused('')).toMatchObject({ code: 'WGC201' })
    expect(await refused('toString')).toMatchObject({ code: 'WGC201' })
    expect(await refused(join(folder, 'none'))).toMatchObject({ code: 'WGC201' })
  })

  test('a file instead of a folder', async () => {
    expect(await refused(join(stories, 'config.json'))).toMatchObject({ code: 'WGC218' })
    expect(await refused(join(stories, 'config.json', 'x'))).toMatchObject({ code: 'WGC201' })
  })

  test('a folder without a model', async () => {
    expect(await refused(folder)).toMatchObject({ code: 'WGC202', place: { file: folder } })
    put('notes.txt', '')
    expect((await refused(folder)).hint).toContain('notes.txt')
  })

  test('a config without weights, and weights without a config', async () => {
    put('config.json', config)
    expect((await refused(folder)).hint).toContain('git lfs pull')
    put('pytorch_model.bin', '')
    const e = await refused(folder)
    expect(e).toMatchObject({ code: 'WGC204' })
    expect(e.hint).toContain('pytorch_model.bin')
    rmSync(join(folder, 'config.json'))
    await putWeights('model.safetensors', ['x'])
    expect(await refused(folder)).toMatchObject({
      code: 'WGC203',
      place: { file: join(folder, 'config.json') },
    })
  })

  test('a config that is no JSON, no object, or has no model_type', async () => {
    put('config.json', '{\n "model_type": "llama",\n "hidden_size": ,\n}')
    const e = await refused(folder)
    expect(e).toMatchObject({ code: 'WGC206', place: { line: 3, text: ' "hidden_size": ,' } })
    expect(e.message).toBe("not valid JSON: Unexpected token ','")
    put('config.json', `{"a": [1, 2\n,3 "x"${' '.repeat(30)}]}`)
    expect(await refused(folder)).toMatchObject({ code: 'WGC206', place: { line: 2 } })
    put('config.json', '{"model_type": "llama",\n"x": [1, 2\n')
    expect(await refused(folder)).toMatchObject({ code: 'WGC206', place: { line: 2 } })
    put('config.json', '{]')
    expect(await refused(folder)).toMatchObject({ code: 'WGC206' })
    put('config.json', '[]')
    expect((await refused(folder)).message).toBe('not valid JSON: it holds a list, not an object')
    put('config.json', {})
    expect(await refused(folder)).toMatchObject({ code: 'WGC207', message: 'model_type is missing' })
    put('config.json', { model_type: 7 })
    expect(await refused(folder)).toMatchObject({ code: 'WGC208' })
  })

  test('a truncated weight file', async () => {
    put('config.json', config)
    await putWeights('model.safetensors', ['x'])
    truncateSync(join(folder, 'model.safetensors'), 70)
    expect(await refused(folder)).toMatchObject({ code: 'WGC210' })
  })

  test.each([
    ['../a.safetensors'],
    ['/a.safetensors'],
    ['sub/a.safetensors'],
    ['sub\\a.safetensors'],
    ['C:a.safetensors'],
    ['..'],
    ['config.json'],
    ['a\0.safetensors'],
    [''],
    [7],
    [null],
  ])('an index that names %j', async (shard) => {
    put('config.json', config)
    await putWeights('a.safetensors', ['x'])
    index({ x: shard })
    expect(await refused(folder)).toMatchObject({ code: 'WGC216' })
  })

  test('an index without a map, a shard that is missing, a shard without its tensor', async () => {
    put('config.json', config)
    index(undefined)
    expect(await refused(folder)).toMatchObject({ code: 'WGC216' })
    await putWeights('a.safetensors', ['x'])
    index({ x: 'a.safetensors', y: 'b.safetensors' })
    expect(await refused(folder)).toMatchObject({
      code: 'WGC203',
      place: { file: join(folder, 'b.safetensors') },
    })
    index({ y: 'a.safetensors' })
    expect(await refused(folder)).toMatchObject({ code: 'WGC216' })
  })
})
