/** Encoder-decoder families against what Hugging Face transformers computes from the same files. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build } from '../../compiler/index.js'
import { type GoldenOptions, goldenCase } from '../helpers/golden-case.js'
import { backendsHere, deviation, GOLDENS, loadBundle, part, readTensors } from '../helpers/goldens.js'
import { whyAbsent } from '../helpers/models.js'

const FIXTURES = 'tests/fixtures/encdec'

describe.skipIf(whyAbsent(GOLDENS)).each(['t5', 'whisper', 'musicgen_decoder'])('%s', (name) =>
  goldenCase(join(GOLDENS, name), {
    greedy: true,
    backends: name === 't5' ? ['wasm', 'wgpu', 'dawn'] : ['wasm', 'wgpu'],
  }),
)

/**
 * Batches, masks, sizes that are no multiples of four. t5-gated: by a forward in float64 that agrees with transformers;
 * more ids than a step takes; logits by a matrix of their own. whisper: ids that may not be sampled, or not first.
 */
const greedy: GoldenOptions = { greedy: true }

describe('t5-gated', () => goldenCase(join(FIXTURES, 't5-gated'), { files: ['io', 'greedy'], ...greedy }))
describe('whisper, odd', () => goldenCase(join(FIXTURES, 'whisper'), { files: ['io', 'greedy'], ...greedy }))
describe('musicgen', () => goldenCase(join(FIXTURES, 'musicgen'), greedy))

/**
 * Weights of 11 bits: off by 2^-12 each on average. T5 has no scale of its scores, whose differences grow with them.
 */
const HALVES = { t5: 5e-2, whisper: 1e-2 }

describe.skipIf(whyAbsent(GOLDENS)).each(Object.entries(HALVES))('%s, f16', (name, bound) =>
  goldenCase(join(GOLDENS, name), { ...greedy, bound, build: { bits: 'f16' } }),
)

/** The encoder of a T5 by itself. */
describe('T5EncoderModel', () => {
  let out = ''
  beforeAll(async () => {
    out = mkdtempSync(join(tmpdir(), 'wgc-t5-'))
    const from = join(FIXTURES, 't5-gated')
    const config = JSON.parse(readFileSync(join(from, 'config.json'), 'utf8'))
    writeFileSync(join(out, 'config.json'), JSON.stringify({ ...config, architectures: ['T5EncoderModel'] }))
    copyFileSync(join(from, 'model.safetensors'), join(out, 'model.safetensors'))
    await build({ model: out, targets: ['node'], only: ['wasm-simd128'], bits: 'f32', out: join(out, 'b') })
  })
  afterAll(() => rmSync(out, { recursive: true, force: true }))

  test('gives last_hidden_state', async () => {
    const io = readTensors(join(FIXTURES, 't5-gated', 'io.safetensors'))
    const model = await loadBundle(join(out, 'b'), 'wasm')
    const { input_ids, attention_mask } = part(io, 'input.')
    const made = await model.run({ input_ids: input_ids!, attention_mask: attention_mask! })
    expect(Object.keys(made)).toEqual(['last_hidden_state'])
    expect(deviation(made.last_hidden_state!.data, io['output.encoder']!.data)).toBeLessThan(1e-3)
    model.destroy()
  })
})

/** Sound of a second: the features are those of half a minute, of which the case holds the beginning. */
describe.skipIf(whyAbsent(GOLDENS))('whisper_logmel', () => {
  const folder = join(GOLDENS, 'whisper_logmel')
  let out = ''
  beforeAll(async () => {
    out = mkdtempSync(join(tmpdir(), 'wgc-mel-'))
    const only = ['wasm-simd128', 'webgpu-chromium-base']
    await build({ model: folder, targets: ['node'], only, bits: 'f32', out: join(out, 'b') })
  })
  afterAll(() => rmSync(out, { recursive: true, force: true }))

  test.each(backendsHere('wasm', 'wgpu'))('on %s', async (backend) => {
    const io = readTensors(join(folder, 'io.safetensors'))
    const model = await loadBundle(join(out, 'b'), backend)
    try {
      const outputs = ['input_features', 'mel_filters']
      const made = await model.run({ waveform: io['input.waveform']! }, { outputs })
      expect(made.input_features!.shape).toEqual([1, 80, 3000])
      expect(made.mel_filters!.shape).toEqual([201, 80])
      const first = Array.from({ length: 80 }, (_, mel) =>
        Array.from(made.input_features!.data.subarray(3000 * mel, 3000 * mel + 200)),
      ).flat()
      for (const [name, data] of Object.entries({
        input_features: first,
        mel_filters: made.mel_filters!.data,
      })) {
        const expected = io[`output.${name}`]!.data
        const worst = expected.reduce((most, x, i) => Math.max(most, Math.abs(x - data[i]!)), 0)
        expect(worst, name).toBeLessThan(name === 'mel_filters' ? 1e-7 : 1e-3)
      }
    } finally {
      model.destroy()
    }
  })
})
