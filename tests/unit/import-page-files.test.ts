/** Files of a model that the page reads: which are taken, and what becomes of those that belong together. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { pageFiles } from '../../compiler/import/page-files.js'

const root = mkdtempSync(join(tmpdir(), 'wgc-page-files-'))
afterAll(() => rmSync(root, { recursive: true }))

type Files = Record<string, string | object>

async function read(files: Files) {
  const folder = mkdtempSync(join(root, 'model-'))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  }
  const got = await pageFiles(folder)
  /** A path as its name, a content as its value. */
  const plain = (file: unknown) =>
    typeof file === 'string'
      ? file.slice(folder.length + 1)
      : file && JSON.parse((file as { content: string }).content)
  return {
    config: plain(got.tokenizer?.config),
    preprocessor: plain(got.preprocessor),
    tokenizer: plain(got.tokenizer?.tokenizer),
    vocabulary: got.vocabulary,
  }
}

const T = { 'tokenizer.json': {} }
const CONFIG = { 'tokenizer_config.json': { bos_token: '<s>', chat_template: 'old' } }
const JINJA = { 'chat_template.jinja': 'new' }

test.each<[string, Files, unknown]>([
  ['none', T, undefined],
  ['the file as it is', { ...T, ...CONFIG }, 'tokenizer_config.json'],
  ['a template of its own', { ...T, ...JINJA }, { chat_template: 'new' }],
  ['a newer template', { ...T, ...CONFIG, ...JINJA }, { bos_token: '<s>', chat_template: 'new' }],
  [
    'templates with names',
    {
      ...T,
      ...JINJA,
      'additional_chat_templates/tool_use.jinja': 'tools',
      'additional_chat_templates/x.txt': '',
    },
    {
      chat_template: [
        { name: 'default', template: 'new' },
        { name: 'tool_use', template: 'tools' },
      ],
    },
  ],
  ["a processor's template", { ...T, 'chat_template.json': { chat_template: 'p' } }, { chat_template: 'p' }],
  ['none without a tokenizer', CONFIG, undefined],
])("the tokenizer's config: %s", async (_, files, want) => {
  const got = await read(files)
  expect(got.config).toEqual(want)
  expect(got.tokenizer).toBe('tokenizer.json' in files ? 'tokenizer.json' : undefined)
})

test.each<[string, Files, unknown]>([
  ['none', {}, undefined],
  ['one', { 'preprocessor_config.json': { size: 1 } }, 'preprocessor_config.json'],
  ['a newer one', { 'processor_config.json': { image_processor: { size: 1 } } }, 'processor_config.json'],
  [
    'both',
    { 'preprocessor_config.json': { size: 1 }, 'processor_config.json': { size: 2, patch_size: 14 } },
    { size: 1, patch_size: 14 },
  ],
])('the preprocessor: %s', async (_, files, want) => {
  expect((await read(files)).preprocessor).toEqual(want)
})

test.each<[string, Files, unknown]>([
  ['texts by id', { 'vocab.json': { '|': 1, '<pad>': 0, A: 2 } }, ['<pad>', '|', 'A']],
  ['none beside a tokenizer', { ...T, 'vocab.json': { A: 0 } }, undefined],
  ['none of several languages', { 'vocab.json': { eng: { A: 0 } } }, undefined],
  ['none with gaps', { 'vocab.json': { A: 0, B: 2 ** 31 } }, undefined],
])('the vocabulary: %s', async (_, files, want) => {
  expect((await read(files)).vocabulary).toEqual(want)
})

test('a file that is damaged is named', async () => {
  await expect(read({ ...T, ...JINJA, 'tokenizer_config.json': '{' })).rejects.toThrow('JSON')
})
