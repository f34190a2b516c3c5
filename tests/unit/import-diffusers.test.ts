/** Folders of diffusers: the tokenizer that is made of vocab.json and merges.txt, and what is said of folders that lack something. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clipTokenizer } from '../../compiler/import/clip-tokenizer.js'
import { importModel } from '../../compiler/import/index.js'
import { createTokenizer } from '../../runtime/tokenizer.js'
import { small } from '../helpers/diffusion-reference/cases.js'
import { writePipeline } from '../helpers/diffusion-reference/folder.js'
import { whyAbsent } from '../helpers/models.js'

const WHOLE = '../shared/tokenizers/clip.tokenizer.json'
const missing = whyAbsent(WHOLE)

let out = ''
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'wgc-diffusers-'))
})
afterAll(() => rmSync(out, { recursive: true, force: true }))

const folderOf = (name: string, files: Record<string, unknown>): string => {
  const folder = join(out, name)
  mkdirSync(folder, { recursive: true })
  for (const [file, value] of Object.entries(files))
    writeFileSync(join(folder, file), typeof value === 'string' ? value : JSON.stringify(value))
  return folder
}

describe.skipIf(missing)("of CLIP's vocabulary and merges", () => {
  const whole = () => JSON.parse(readFileSync(WHOLE, 'utf8'))
  const files = () => {
    const { vocab, merges } = whole().model
    return { 'vocab.json': vocab, 'merges.txt': `#version: 0.2\n${merges.join('\n')}\n` }
  }
  const made = async (folder: string) => {
    const { files, ...rest } = (await clipTokenizer(folder, 77))!
    const { content } = files.tokenizer as { content: string }
    return { tokenizer: createTokenizer(JSON.parse(content)), ...rest }
  }

  test('the same ids as of tokenizer.json', async () => {
    const { tokenizer, pad, length } = await made(folderOf('clip', files()))
    const expected = createTokenizer(whole())
    expect([pad, length]).toEqual([49407, 77])
    for (const text of [
      'a photograph of an astronaut riding a horse',
      "It's  THE   painter's 1984 café — naïve?!",
      '日本の庭, 4k, (highly detailed:1.3)\n🎨🖌️',
      '#hashtag !!! ... <|endoftext|> after',
      '',
    ])
      expect(tokenizer.encode(text, { addSpecial: true })).toEqual(
        expected.encode(text, { addSpecial: true }),
      )
    expect(tokenizer.decode(tokenizer.encode('a red cube', { addSpecial: true })).trim()).toBe('a red cube')
  })

  test('a filler of its own, as 2.x has it, and a shorter text', async () => {
    const folder = folderOf('clip2', {
      ...files(),
      'special_tokens_map.json': { pad_token: '!', eos_token: { content: '<|endoftext|>' } },
      'tokenizer_config.json': { model_max_length: 50, pad_token: '<|endoftext|>' },
    })
    const { pad, length } = await made(folder)
    expect([pad, length]).toEqual([0, 50])
  })
})

const special = { '<|startoftext|>': 0, '<|endoftext|>': 1 }

test.each([
  ['no id', { 'vocab.json': { a: 'b' }, 'merges.txt': '' }, /"a" has no id/],
  ['no end', { 'vocab.json': { a: 1 }, 'merges.txt': '' }, /no token <\|startoftext\|>/],
  ['no merges', { 'vocab.json': special }, /no such file/],
  ['no pairs', { 'vocab.json': special, 'merges.txt': 'a b c' }, /"a b c" is no pair/],
])('a tokenizer with %s', async (name, files, message) => {
  await expect(clipTokenizer(folderOf(`bad ${name}`, files), 77)).rejects.toThrow(message)
})

test('parts are one model', async () => {
  const folder = join(out, 'whole')
  await writePipeline(folder, small, 1)
  const model = await importModel(folder)
  try {
    expect(model.family).toBe('stable_diffusion')
    expect(model.weights!.shape('unet.conv_in.weight')).toEqual([16, 4, 3, 3])
    expect(model.weights!.has('text_encoder.text_model.final_layer_norm.bias')).toBe(true)
    expect(model.weights!.file('vae.post_quant_conv.bias')).toMatch(
      /vae.diffusion_pytorch_model.safetensors$/,
    )
    expect(() => model.weights!.shape('unet.conv_in.wait')).toThrow(/unet\.conv_in\.wait/)
    const { content } = model.preprocessor as { content: string }
    expect(JSON.parse(content)).toEqual({ scheduler: small.scheduler })
  } finally {
    await model.close()
  }
})

test.each([
  ['unet/diffusion_pytorch_model.safetensors', /no weights: no diffusion_pytorch_model\.safetensors/],
  ['vae/config.json', /no such file/],
  ['scheduler/scheduler_config.json', /no such file/],
])('a folder without %s', async (file, message) => {
  const folder = join(out, file.replaceAll('/', ' '))
  await writePipeline(folder, small, 1)
  rmSync(join(folder, file))
  await expect(importModel(folder)).rejects.toThrow(message)
})

test('latents of another size', async () => {
  const { config } = await importModel('stable-diffusion', { shapes: { latents: [1, 4, 24, 32] } })
  expect(config.unet).toMatchObject({ sample_size: [24, 32], in_channels: 4 })
  const refused: [Record<string, number[]>, RegExp][] = [
    [{ latents: [1, 3, 24, 32] }, /takes \[1, 4, height, width\]/],
    [{ latents: [24, 32] }, /takes \[1, 4, height, width\]/],
    [{ latents: [1, 4, 24, 5000] }, /not 5000/],
    [{ latents: [1, 4, 8, 8], timestep: [1] }, /only the size of latents/],
  ]
  for (const [shapes, message] of refused)
    await expect(importModel('stable-diffusion', { shapes })).rejects.toThrow(message)
  await expect(importModel('gpt2', { shapes: { latents: [1, 4, 8, 8] } })).rejects.toThrow(/ONNX/)
})

test('another pipeline', async () => {
  const folder = folderOf('flux', { 'model_index.json': { _class_name: 'FluxPipeline' } })
  await expect(importModel(folder)).rejects.toThrow(/FluxPipeline is not supported/)
})
