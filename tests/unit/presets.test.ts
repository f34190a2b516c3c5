/** Presets have the dimensions that were published: their parameters, by the graph, are as many as their makers say. */
import { expect, test } from 'vitest'
import { parameterCount } from '../../compiler/build/describe.js'
import { presets } from '../../compiler/import/index.js'
import { presetModel } from '../../compiler/models/preset.js'

/** Elements of the tensors in each model's safetensors files, tied ones once. */
const published: Record<string, number> = {
  llama: 6_738_415_616,
  tinyllama: 1_100_048_384,
  'llama-3-8b': 8_030_261_248,
  'llama-3.1-8b': 8_030_261_248,
  'llama-3.2-1b': 1_235_814_400,
  'llama-3.2-3b': 3_212_749_824,
  'smollm2-135m': 134_515_008,
  'smollm2-360m': 361_821_120,
  'smollm2-1.7b': 1_711_376_384,
  'mistral-7b': 7_248_023_552,
  'mistral-7b-v0.1': 7_241_732_096,
  'qwen2.5-0.5b': 494_032_768,
  'qwen2.5-1.5b': 1_543_714_304,
  'qwen2.5-3b': 3_085_938_688,
  'qwen2.5-7b': 7_615_616_512,
  'qwen3-0.6b': 596_049_920,
  'qwen3-1.7b': 1_720_574_976,
  'qwen3-4b': 4_022_468_096,
  'qwen3-8b': 8_190_735_360,
  'gemma-2b': 2_506_172_416,
  'gemma-2-2b': 2_614_341_888,
  'gemma-3-270m': 268_098_176,
  'gemma-3-1b': 999_885_952,
  'gemma-3-4b': 3_880_263_168,
  'phi-3-mini': 3_821_079_552,
  'phi-4-mini': 3_836_021_760,
  gpt2: 124_439_808,
  'gpt2-medium': 354_823_168,
  'gpt2-large': 774_030_080,
  'gpt2-xl': 1_557_611_200,
  // The text encoder, the UNet, and of the autoencoder what decodes.
  'stable-diffusion-1.5': 123_060_480 + 859_520_964 + 49_490_199,
  'stable-diffusion-2.1': 340_387_840 + 865_910_724 + 49_490_199,
  'stable-diffusion-2.1-base': 340_387_840 + 865_910_724 + 49_490_199,
  // Without the heads of its training.
  'bert-base-uncased': 109_482_240,
  // Without the positions' numbers that old files hold.
  'all-minilm-l6-v2': 22_713_216,
  'bge-small-en-v1.5': 33_360_000,
  'roberta-base': 124_645_632,
  'distilbert-base-uncased': 66_362_880,
  'vit-base-patch16-224': 86_567_656,
  'clip-vit-base-patch32': 151_277_313,
  'clip-vit-large-patch14': 427_616_513,
  'siglip-base-patch16-224': 203_155_970,
}

test.each(Object.entries(published))('%s', (name, parameters) => {
  const model = presetModel(name, 512)
  expect(parameterCount(model.programs.map((program) => model.graph(program)))).toBe(parameters)
})

/** Of all programs; T5's biases by bucket are tables by distance here. */
const several: Record<string, number> = {
  't5-small': 60_506_624,
  't5-base': 222_903_552,
  'flan-t5-small': 76_961_152,
  'flan-t5-base': 247_577_856,
  'whisper-tiny': 37_760_640,
  'whisper-base': 72_593_920,
  'whisper-small': 241_734_912,
}

test.each(Object.entries(several))('%s', (name, parameters) => {
  const model = presetModel(name, 64)
  const count = parameterCount(model.programs.map((program) => model.graph(program)))
  expect(Math.abs(count / parameters - 1)).toBeLessThan(1e-4)
})

test('every preset builds', () => {
  for (const name of Object.keys(presets)) expect(presetModel(name, 64).programs.length).toBeGreaterThan(0)
})

const aliases = [
  'llama',
  'qwen2',
  'qwen3',
  'mistral',
  'gemma3',
  'phi3',
  'gpt2',
  'bert',
  'vit',
  'clip',
  'xclip',
  't5',
  'whisper',
  'musicgen',
  'stable-diffusion',
]

test.each(aliases)('%s is a name', (name) => {
  expect(presets[name]).toBeDefined()
})
