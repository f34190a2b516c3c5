/** Every architecture that is known: the tensors of its reference model, and the config that its family reads. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { folderSource } from '../../compiler/cli/folder-source.js'
import { importModel } from '../../compiler/import/index.js'
import { build } from '../../compiler/index.js'
import { load } from '../../runtime/index.js'
import { freshDist } from '../helpers/cli.js'
import { writeModelAsGguf } from '../helpers/gguf-models.js'
import { encoders, type Field, ggufBytes, writeGguf } from '../helpers/gguf-write.js'
import { whyAbsent } from '../helpers/models.js'

const GOLDENS = '../shared/goldens'
const missing = whyAbsent(GOLDENS)

let folder: string
beforeAll(async () => {
  await freshDist()
  folder = mkdtempSync(join(tmpdir(), 'wgc-gguf-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Fields of the reference configs that a family reads. */
const READ = [
  ...['architectures', 'model_type', 'hidden_size', 'intermediate_size', 'num_hidden_layers', 'vocab_size'],
  ...['num_attention_heads', 'num_key_value_heads', 'head_dim', 'max_position_embeddings', 'hidden_act'],
  ...['tie_word_embeddings', 'sliding_window', 'layer_types', 'query_pre_attn_scalar', 'hidden_activation'],
  ...['n_embd', 'n_head', 'n_layer', 'n_positions', 'activation_function', 'attention_bias'],
]

describe.skipIf(missing)('reference models', () => {
  test.each(['llama', 'mistral', 'qwen2', 'qwen3', 'phi3', 'gemma3', 'gpt2'])(
    '%s',
    { timeout: 60_000 },
    async (name) => {
      const golden = join(GOLDENS, name)
      const path = join(folder, `${name}.gguf`)
      await writeModelAsGguf(golden, path, 'F32')
      const [ours, theirs] = await Promise.all([importModel(path), importModel(golden)])
      const [a, b] = [ours.weights!, theirs.weights!]
      expect(a.names().sort()).toEqual(b.names().sort())
      for (const tensor of b.names()) {
        const shape = b.shape(tensor)
        expect(a.shape(tensor)).toEqual(shape)
        for (const [from, to] of [
          [0, shape[0]!],
          [5, 7],
        ] as const) {
          const [found, wanted] = [await a.readRows(tensor, from, to), await b.readRows(tensor, from, to)]
          expect(found).toHaveLength(wanted.length)
          // Gemma's gains are stored larger by one, which costs their last digits.
          const off = found.reduce((most, v, i) => Math.max(most, Math.abs(v - wanted[i]!)), 0)
          expect(off).toBeLessThanOrEqual(name === 'gemma3' && tensor.includes('norm') ? 2 ** -23 : 0)
        }
      }
      const config = JSON.parse(readFileSync(join(golden, 'config.json'), 'utf8'))
      const wanted = READ.filter((field) => config[field] !== undefined && config[field] !== null)
      const expected: Record<string, unknown> = Object.fromEntries(wanted.map((f) => [f, config[f]]))
      // All layers of the kind that is not told.
      if (!name.startsWith('gemma')) delete expected.layer_types
      expect(ours.config).toMatchObject(expected)
      const rope = (of: Record<string, unknown>) => of.rope_parameters ?? null
      if (config.rope_parameters) {
        const { partial_rotary_factor: _, ...plain } = rope(config) as Record<string, unknown>
        expect(rope(ours.config)).toMatchObject(plain)
      }
      if (config.rms_norm_eps) expect(ours.config.rms_norm_eps).toBe(config.rms_norm_eps)
      await ours.close()
      await theirs.close()
      expect(await greedy(path, `${name}-gguf`)).toEqual(await greedy(golden, name))
    },
  )
})

/** Ten tokens of a bundle of float32, by WebAssembly. */
async function greedy(model: string, name: string): Promise<number[]> {
  const out = join(folder, name)
  await build({ model, targets: ['node'], out, bits: 'f32' })
  const loaded = await load(folderSource(out), { gpu: null, backend: 'wasm' })
  const ids: number[] = []
  for await (const id of loaded.generateIds([5, 17, 100, 3, 77], { temperature: 0, maxTokens: 10 }))
    ids.push(id)
  loaded.destroy()
  return ids
}

const BASE: Field[] = [
  ['llama.context_length', 'u32', 4096],
  ['llama.embedding_length', 'u32', 64],
  ['llama.block_count', 'u32', 2],
  ['llama.feed_forward_length', 'u32', 64],
  ['llama.attention.head_count', 'u32', 4],
]
const tensor = (name: string, values: Float32Array, shape = [values.length]) => ({
  ...{ name, shape, type: 0 },
  bytes: encoders.F32!.encode(values),
})

async function configOf(architecture: string, fields: Field[], tensors: [string, number[]][] = []) {
  const path = join(folder, 'rope.gguf')
  const named = BASE.map(([key, type, value]): Field => [key.replace('llama', architecture), type, value])
  const made = tensors.map(([name, values]) => tensor(name, Float32Array.from(values)))
  const embedding = tensor('token_embd.weight', new Float32Array(64 * 8), [8, 64])
  writeGguf(
    path,
    [['general.architecture', 'string', architecture], ...named, ...fields],
    [embedding, ...made],
  )
  const imported = await importModel(path)
  await imported.close()
  return imported.config
}

test.each([
  ['gemma', {}, ['input_layernorm', 'post_attention_layernorm']],
  [
    'gemma2',
    { attn_logit_softcapping: 50, final_logit_softcapping: 30, query_pre_attn_scalar: 16 },
    ['input_layernorm', 'post_attention_layernorm', 'pre_feedforward_layernorm'],
  ],
])('%s', async (family, fields, norms) => {
  const gains = ['attn_norm', ...(family === 'gemma' ? ['ffn_norm'] : ['post_attention_norm', 'ffn_norm'])]
  const path = join(folder, `${family}.gguf`)
  const named = BASE.map(([key, type, value]): Field => [key.replace('llama', family), type, value])
  const tensors = gains.map((g, i) => tensor(`blk.1.${g}.weight`, new Float32Array(64).fill(i + 1.5)))
  const embedding = tensor('token_embd.weight', new Float32Array(64 * 8), [8, 64])
  writeGguf(path, [['general.architecture', 'string', family], ...named], [embedding, ...tensors])
  const imported = await importModel(path)
  expect(imported.config).toMatchObject({ model_type: family, ...fields })
  for (const [i, norm] of norms.entries()) {
    const values = await imported.weights!.readRows(`model.layers.1.${norm}.weight`, 0, 64)
    expect(values).toEqual(new Float32Array(64).fill(i + 0.5))
  }
  await imported.close()
})

describe('rotary positions', () => {
  test.each<[string, Field[], Record<string, unknown>]>([
    ['none', [], { rope_type: 'default', rope_theta: 10000 }],
    ['another base', [['llama.rope.freq_base', 'f32', 500000]], { rope_theta: 500000 }],
    [
      'linear',
      [
        ['llama.rope.scaling.type', 'string', 'linear'],
        ['llama.rope.scaling.factor', 'f32', 4],
      ],
      { rope_type: 'linear', factor: 4 },
    ],
    [
      'yarn',
      [
        ['llama.rope.scaling.type', 'string', 'yarn'],
        ['llama.rope.scaling.factor', 'f32', 4],
        ['llama.rope.scaling.original_context_length', 'u32', 1024],
      ],
      {
        ...{ rope_type: 'yarn', factor: 4, original_max_position_embeddings: 1024 },
        attention_factor: 1 + 0.1 * Math.log(4),
      },
    ],
  ])('%s', async (_, fields, rope) => {
    expect((await configOf('llama', fields)).rope_parameters).toMatchObject(rope)
  })

  test("Llama 3.1's divisors, which the file spells out", async () => {
    const factors = [1, 1, 1, 1.5, 3, 8, 8, 8]
    const config = await configOf('llama', [], [['rope_freqs.weight', factors]])
    const { longrope } = await rotations(config)
    expect(longrope.factor).toBe(1)
    const plain = factors.map((f, i) => 10000 ** ((-2 * i) / 16) / f)
    expect([...longrope.frequencies]).toEqual(plain)
  })

  test("LongRoPE's", async () => {
    const config = await configOf(
      'phi3',
      [
        ['phi3.rope.scaling.original_context_length', 'u32', 1024],
        ['phi3.rope.scaling.attn_factor', 'f32', 1.25],
        ['phi3.rope.dimension_count', 'u32', 12],
      ],
      [
        ['rope_factors_long.weight', [1, 2, 3, 4, 5, 6]],
        ['rope_factors_short.weight', [1, 1, 1, 1, 1, 2]],
      ],
    )
    expect(config).toMatchObject({
      original_max_position_embeddings: 1024,
      partial_rotary_factor: 0.75,
      rope_parameters: {
        ...{ rope_type: 'longrope', long_factor: [1, 2, 3, 4, 5, 6], short_factor: [1, 1, 1, 1, 1, 2] },
        ...{ attention_factor: 1.25, partial_rotary_factor: 0.75 },
      },
    })
  })
})

async function rotations(config: Record<string, unknown>) {
  const { ropeRotation } = await import('../../compiler/models/rope.js')
  const { configReader } = await import('../../compiler/import/config.js')
  return { longrope: ropeRotation(configReader(config, 'test.gguf'), 16) }
}

test('version 2, and another alignment', async () => {
  const { writeFileSync } = await import('node:fs')
  const path = join(folder, 'old.gguf')
  const fields: Field[] = [['general.architecture', 'string', 'llama'], ...BASE]
  const values = Float32Array.from({ length: 512 }, (_, i) => i)
  const tensors = [
    tensor('output_norm.weight', new Float32Array(3)),
    tensor('token_embd.weight', values, [8, 64]),
  ]
  writeFileSync(path, ggufBytes(fields, tensors, { version: 2, alignment: 256 }))
  const imported = await importModel(path)
  expect(await imported.weights!.readRows('model.embed_tokens.weight', 0, 8)).toEqual(values)
  await imported.close()
})
