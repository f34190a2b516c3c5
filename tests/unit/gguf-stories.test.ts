/** A trained model as a GGUF file: the same tensors, tokenizer and tokens as from its own files. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { folderSource } from '../../compiler/cli/folder-source.js'
import { importModel, type TextFile } from '../../compiler/import/index.js'
import { writeSafetensors } from '../../compiler/import/safetensors-write.js'
import { build } from '../../compiler/index.js'
import { load } from '../../runtime/index.js'
import { createTokenizer } from '../../runtime/tokenizer.js'
import { freshDist } from '../helpers/cli.js'
import { tokenizerFields, writeModelAsGguf } from '../helpers/gguf-models.js'
import type { Field } from '../helpers/gguf-write.js'
import { BOOKS, STORIES, storiesCases, whyAbsent } from '../helpers/models.js'

const noBooks = whyAbsent(BOOKS)

let folder: string
const at = (name: string) => join(folder, name)

const SPECIAL: Field[] = [
  ['tokenizer.ggml.bos_token_id', 'u32', 1],
  ['tokenizer.ggml.eos_token_id', 'u32', 2],
  ['tokenizer.ggml.unknown_token_id', 'u32', 0],
]

const ENCODINGS = ['F32', 'F16', 'BF16', 'Q8_0', 'Q4_0', 'Q4_1', 'Q5_0']

beforeAll(async () => {
  await freshDist()
  folder = mkdtempSync(join(tmpdir(), 'wgc-gguf-'))
  const fields = tokenizerFields(join(STORIES, 'tokenizer.json'), 'llama', SPECIAL)
  for (const encoding of ENCODINGS)
    await writeModelAsGguf(STORIES, at(`${encoding}.gguf`), encoding, { fields })
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('every tensor of float32, in any range of rows, as the safetensors file has it', async () => {
  const [ours, theirs] = await Promise.all([importModel(at('F32.gguf')), importModel(STORIES)])
  expect(ours.weights!.names().sort()).toEqual(theirs.weights!.names().sort())
  for (const name of theirs.weights!.names()) {
    const shape = theirs.weights!.shape(name)
    expect(ours.weights!.shape(name)).toEqual(shape)
    const rows = shape[0]!
    for (const [from, to] of [
      [0, rows],
      [1, Math.min(6, rows)],
      [rows - 3, rows],
    ] as const)
      expect(await ours.weights!.readRows(name, from, to)).toEqual(
        await theirs.weights!.readRows(name, from, to),
      )
  }
  expect(ours.config).toMatchObject({
    ...{ model_type: 'llama', vocab_size: 512, tie_word_embeddings: true, head_dim: 8 },
    ...{ num_key_value_heads: 4, bos_token_id: 1, eos_token_id: [2] },
  })
  await ours.close()
  await theirs.close()
})

/** Greedy tokens of a bundle, for a prompt of ids. */
async function greedy(bundle: string, prompt: number[], count: number): Promise<number[]> {
  const model = await load(folderSource(bundle), { gpu: null, backend: 'wasm' })
  const ids: number[] = []
  for await (const id of model.generateIds(prompt, { temperature: 0, maxTokens: count })) ids.push(id)
  model.destroy()
  return ids
}

const bundle = async (model: string, name: string, bits?: 'f32' | 'f16' | 8 | 4 | 'keep') => {
  await build({ model, targets: ['node'], out: at(name), ...(bits && { bits }) })
  return at(name)
}

/** The values that a GGUF file holds, as a folder of safetensors. */
async function decodedFolder(gguf: string, name: string): Promise<string> {
  const imported = await importModel(gguf)
  const weights = imported.weights!
  const tensors = new Map<string, { dtype: 'F32'; shape: number[]; data: Float32Array }>()
  for (const tensor of weights.names()) {
    const shape = [...weights.shape(tensor)]
    tensors.set(tensor, { dtype: 'F32', shape, data: await weights.readRows(tensor, 0, shape[0]!) })
  }
  await imported.close()
  mkdirSync(at(name))
  for (const file of ['config.json', 'tokenizer.json']) cpSync(join(STORIES, file), join(at(name), file))
  await writeSafetensors(join(at(name), 'model.safetensors'), tensors)
  return at(name)
}

describe('tokens', () => {
  const story = storiesCases()[0]!

  test.each(['f32', 'f16', 8, 4] as const)(
    'of %s bits from the float32 GGUF as from safetensors',
    async (bits) => {
      const from = await bundle(at('F32.gguf'), `gguf-${bits}`, bits)
      const other = await bundle(STORIES, `safetensors-${bits}`, bits)
      const ids = await greedy(from, story.ids, 40)
      expect(ids).toEqual(await greedy(other, story.ids, 40))
      if (bits === 'f32') expect(ids).toEqual(story.greedy.slice(0, 40))
      // The weights are the same files.
      const shards = (path: string) =>
        Object.keys(JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')).files).filter((f) =>
          f.startsWith('weights-'),
        )
      expect(shards(from)).toEqual(shards(other))
    },
  )

  test.each(['F16', 'Q8_0', 'Q4_0', 'Q4_1', 'Q5_0'])(
    'of %s kept as of its values in float32',
    async (encoding) => {
      const gguf = at(`${encoding}.gguf`)
      const kept = await bundle(gguf, `kept-${encoding}`, 'keep')
      const values = await bundle(await decodedFolder(gguf, `values-${encoding}`), `f32-${encoding}`, 'f32')
      expect(await greedy(kept, story.ids, 40)).toEqual(await greedy(values, story.ids, 40))
    },
  )

  test('text, by the tokenizer of the file', async () => {
    const from = await bundle(at('F32.gguf'), 'text', 'f32')
    const model = await load(folderSource(from), { gpu: null, backend: 'wasm' })
    let text = ''
    for await (const piece of model.generate(story.prompt, { temperature: 0, maxTokens: 100 })) text += piece
    model.destroy()
    expect(text).toBe(story.text)
  })
})

const contentOf = (file: TextFile): unknown =>
  JSON.parse(typeof file === 'string' ? readFileSync(file, 'utf8') : file.content)

const TEXTS = [
  'Once upon a time, there was a little girl named Lily.',
  ' leading space,  two spaces\n\nnew lines\t and tabs ',
  'Ünïcödé, 中文, 🙂🚀 and 12345 numbers; 3.14!',
  "it's, we'll, I'VE CAPS",
  '',
  '<s>special</s> in text',
]

test.each([
  { model: STORIES, kind: 'llama' as const, missing: undefined, more: SPECIAL },
  {
    model: BOOKS,
    kind: 'gpt2' as const,
    missing: noBooks,
    more: [
      ['tokenizer.ggml.pre', 'string', 'gpt-2'],
      ['tokenizer.ggml.bos_token_id', 'u32', 0],
      ['tokenizer.ggml.eos_token_id', 'u32', 0],
      ['tokenizer.chat_template', 'string', '{{ messages }}'],
    ] satisfies Field[],
  },
])('the tokenizer of $model encodes and decodes as its own', async ({ model, kind, missing, more }) => {
  if (missing) return
  const path = at(`tokenizer-${kind}.gguf`)
  const fields = tokenizerFields(join(model, 'tokenizer.json'), kind, more)
  await writeModelAsGguf(model, path, 'F16', { fields })
  const imported = await importModel(path)
  const { tokenizer, config } = imported.tokenizer!
  await imported.close()
  const ours = createTokenizer(contentOf(tokenizer), contentOf(config!))
  const file = (name: string) => JSON.parse(readFileSync(join(model, name), 'utf8'))
  const theirs = createTokenizer(file('tokenizer.json'), file('tokenizer_config.json'))
  for (const text of TEXTS)
    for (const addSpecial of [false, true]) {
      const ids = theirs.encode(text, { addSpecial })
      expect(ours.encode(text, { addSpecial })).toEqual(ids)
      expect(ours.decode(ids)).toBe(theirs.decode(ids))
    }
  if (kind === 'gpt2') expect(contentOf(config!)).toMatchObject({ chat_template: '{{ messages }}' })
})
