/** Decoders of odd dimensions, with random weights, against a forward written from the definition. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { configReader } from '../../compiler/import/index.js'
import { writeSafetensors } from '../../compiler/import/safetensors-write.js'
import { build } from '../../compiler/index.js'
import { familyOf } from '../../compiler/models/index.js'
import { activations } from '../../compiler/ops/activations.js'
import { deviation, loadBundle } from '../helpers/goldens.js'
import { type ReferenceConfig, type ReferenceOptions, referenceLogits } from '../helpers/reference-decoder.js'

interface Case {
  family: string
  config: Partial<ReferenceConfig> & Record<string, unknown>
  options?: Partial<ReferenceOptions>
  tokens?: number
}

const usual: ReferenceConfig = {
  hidden_size: 36,
  intermediate_size: 52,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
  vocab_size: 91,
  rms_norm_eps: 1e-5,
}

const cases: Record<string, Case> = {
  'llama, every bias, three heads of 20 on one, GELU': {
    family: 'llama',
    config: {
      attention_bias: true,
      mlp_bias: true,
      hidden_act: 'gelu_pytorch_tanh',
      ...{ num_attention_heads: 3, num_key_value_heads: 1, head_dim: 20, rope_theta: 500 },
    },
    options: {
      act: activations.gelu_tanh,
      biased: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
      theta: 500,
    },
  },
  'llama, heads of 6, tied, ReLU, a hidden size of 33': {
    family: 'llama',
    config: { head_dim: 6, hidden_size: 33, tie_word_embeddings: true, hidden_act: 'relu', vocab_size: 77 },
    options: { tied: true, act: activations.relu },
  },
  'llama, a prompt longer than a chunk': { family: 'llama', config: {}, tokens: 300 },
  'mistral, a window of 5': {
    family: 'mistral',
    config: { sliding_window: 5, num_hidden_layers: 3 },
    options: { window: () => 5 },
  },
  'mistral, a window longer than a chunk': {
    family: 'mistral',
    config: { sliding_window: 270, num_hidden_layers: 1 },
    options: { window: () => 270 },
    tokens: 300,
  },
  'qwen2, heads of 10, a window in its last layer': {
    family: 'qwen2',
    config: { head_dim: 10, use_sliding_window: true, sliding_window: 4, max_window_layers: 1 },
    options: { biased: ['q_proj', 'k_proj', 'v_proj'], window: (l) => (l >= 1 ? 4 : 0) },
  },
  'qwen3, heads of 14, normed': {
    family: 'qwen3',
    config: { head_dim: 14, num_attention_heads: 6, num_key_value_heads: 3 },
    options: { headNorm: true },
  },
  'phi3, heads of 10, six of whose elements turn': {
    family: 'phi3',
    config: {
      ...{ head_dim: 10, hidden_size: 40 },
      rope_parameters: { rope_type: 'default', rope_theta: 10000, partial_rotary_factor: 0.6 },
    },
    options: { packed: true, turning: 6 },
  },
}

const architectures: Record<string, string> = {
  llama: 'LlamaForCausalLM',
  mistral: 'MistralForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
  qwen3: 'Qwen3ForCausalLM',
  phi3: 'Phi3ForCausalLM',
}

let out = ''
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'wgc-random-'))
})
afterAll(() => rmSync(out, { recursive: true, force: true }))

/** Noise in [-1, 1), the same for the same seed. */
function noise(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  }
}

test.each(Object.entries(cases))(
  '%s',
  async (name, { family, config, options, tokens = 17 }) => {
    const folder = join(out, name.replace(/\W+/g, '-'))
    const c = { ...usual, ...config }
    const all = {
      ...{ tie_word_embeddings: false, max_position_embeddings: 512, rope_theta: 10000, hidden_act: 'silu' },
      ...{ model_type: family, architectures: [architectures[family]!], ...c },
    }
    const reader = configReader(all, 'test')
    const model = familyOf(family, []).model(reader, {
      context: 512,
      has: (tensor) => !options?.tied || tensor !== 'lm_head.weight',
    })
    const next = noise(name.length)
    const shapes = new Map<string, number[]>()
    for (const t of model.graph(model.programs[1]!).tensors.values()) {
      const derived = model.derived?.find((d) => d.name === t.name)
      if (t.kind === 'weight')
        for (const s of derived?.sources ?? [{ name: t.name, shape: t.shape as number[] }])
          shapes.set(s.name, s.shape)
    }
    const weights = new Map(
      [...shapes].map(([tensor, shape]) => {
        const count = shape.reduce((a, b) => a * b, 1)
        const scale = shape.length > 1 ? 2 / Math.sqrt(shape.at(-1)!) : 0.5
        const offset = tensor.includes('norm') ? 1 : 0
        return [
          tensor,
          { dtype: 'F32', shape, data: Float32Array.from({ length: count }, () => offset + scale * next()) },
        ] as const
      }),
    )
    mkdirSync(folder)
    writeFileSync(join(folder, 'config.json'), JSON.stringify(all))
    await writeSafetensors(join(folder, 'model.safetensors'), weights)
    const prompt = Array.from({ length: tokens }, () => Math.floor(((next() + 1) / 2) * c.vocab_size))
    const expected = referenceLogits(
      c,
      {
        ...{ act: activations.silu, theta: 10000, turning: c.head_dim, window: () => 0, biased: [] },
        ...{ headNorm: false, packed: false, tied: false, weight: (tensor) => weights.get(tensor)!.data },
        ...options,
      },
      prompt,
    )
    await build({ model: folder, targets: ['node'], out: join(folder, 'bundle'), bits: 'f32' })
    const loaded = await loadBundle(join(folder, 'bundle'), 'wasm')
    const { logits } = await loaded.run({ input_ids: prompt })
    expect(deviation(logits!.data, expected)).toBeLessThan(1e-4)
    loaded.destroy()
  },
  300_000,
)
