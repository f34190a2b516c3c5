/** A small model of every family: of this repository, of ../shared, or of random weights. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configReader } from '../../compiler/import/index.js'
import { writeSafetensors } from '../../compiler/import/safetensors-write.js'
import type { BuildOptions } from '../../compiler/index.js'
import { familyOf } from '../../compiler/models/index.js'
import { modelBytes, noise } from '../onnx/make.js'
import { zoo } from '../onnx/zoo.js'
import { cases as pipelines } from './diffusion-reference/cases.js'
import { writePipeline } from './diffusion-reference/folder.js'
import { GOLDENS } from './goldens.js'

export interface SmallModel extends Pick<BuildOptions, 'bits' | 'shapes'> {
  /** Writes it, if need be to `folder`, and tells where it is: which may be nowhere. */
  make(folder: string): Promise<string>
}

type Tensors = (readonly [name: string, { dtype: 'F32'; shape: number[]; data: Float32Array }])[]

async function written(folder: string, config: object, weights: Tensors): Promise<string> {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  await writeSafetensors(join(folder, 'model.safetensors'), new Map(weights))
  return folder
}

/** Random weights of the shapes that the family's programs ask for. */
async function random(folder: string, config: Record<string, unknown>): Promise<string> {
  const reader = configReader(config, 'test')
  const model = familyOf(config.model_type, config.architectures).model(reader, {
    context: 64,
    has: () => true,
  })
  const next = noise(7)
  const shapes = new Map<string, number[]>()
  for (const program of model.programs)
    for (const t of model.graph(program).tensors.values()) {
      const derived = model.derived?.find((d) => d.name === t.name)
      if (t.kind === 'weight')
        for (const s of derived?.sources ?? [{ name: t.name, shape: t.shape as number[] }])
          shapes.set(s.name, s.shape)
    }
  const weights = [...shapes].map(([name, shape]) => {
    const scale = shape.length > 1 ? 2 / Math.sqrt(shape.at(-1)!) : 0.5
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => scale * next())
    return [name, { dtype: 'F32', shape, data }] as const
  })
  return written(folder, config, weights)
}

interface Stored {
  shape: number[]
  data: string
}

/** A trained minGPT, as its own code stores it. */
async function minGpt(folder: string): Promise<string> {
  const path = '../shared/models/gpt-nano-sort/gpt-nano-sort-model.json'
  if (!existsSync(path)) return path
  const { config, ...tensors } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Stored>
  const own = { ...config, model_type: 'mingpt', architectures: ['GPT'] }
  const weights = Object.entries(tensors).map(([name, { shape, data }]) => {
    const bytes = Uint8Array.from(Buffer.from(data, 'base64'))
    return [name, { dtype: 'F32', shape, data: new Float32Array(bytes.buffer) }] as const
  })
  return written(folder, own, weights)
}

const tower = { hidden_size: 36, intermediate_size: 50, num_hidden_layers: 2, num_attention_heads: 3 }

const configs: Record<string, Record<string, unknown>> = {
  siglip: {
    text_config: { ...tower, vocab_size: 91, max_position_embeddings: 9 },
    vision_config: { ...tower, image_size: 20, patch_size: 5 },
    architectures: ['SiglipModel'],
  },
  dinov2: {
    ...{ ...tower, mlp_ratio: 2, image_size: 28, patch_size: 7, use_swiglu_ffn: true },
    ...{ architectures: ['Dinov2ForImageClassification'], id2label: { 0: 'a', 1: 'b', 2: 'c' } },
  },
  deit: {
    ...{ ...tower, image_size: 20, patch_size: 4 },
    ...{ architectures: ['DeiTForImageClassificationWithTeacher'], id2label: { 0: 'a', 1: 'b' } },
  },
}

const goldens = [
  ...['bert', 'clap', 'clip', 'detr', 'encodec', 'gemma3', 'gpt2', 'llama', 'llava', 'llava_next', 'mistral'],
  ...['musicgen_decoder', 'phi3', 'qwen2', 'qwen2_vl', 'qwen3', 't5', 'vit', 'wav2vec2', 'whisper', 'xclip'],
]

const entries: [string, SmallModel][] = [
  ...Object.entries(configs).map(([name, config]): [string, SmallModel] => [
    name,
    { make: (folder) => random(folder, { ...config, model_type: name }) },
  ]),
  ...['encdec/t5-gated', 'encdec/whisper', 'encdec/musicgen'].map((name): [string, SmallModel] => [
    name,
    { make: async () => `tests/fixtures/${name}` },
  ]),
  ...['clip-vision-proj', 'distilbert-class', 'roberta', 'wav2vec2-layer'].map(
    (name): [string, SmallModel] => [name, { make: async () => `tests/fixtures/models/${name}` }],
  ),
  ['retsim', { make: async () => '../shared/models/retsim' }],
  ['mingpt', { make: minGpt }],
  ...goldens.map((name): [string, SmallModel] => [
    `golden ${name}`,
    { make: async () => join(GOLDENS, name) },
  ]),
  ...Object.entries(pipelines).map(([name, c]): [string, SmallModel] => [
    `stable_diffusion ${name}`,
    {
      make: async (folder) => {
        await writePipeline(folder, c, name.length)
        return folder
      },
    },
  ]),
  ...zoo().map(({ name, model, inputs }): [string, SmallModel] => [
    `onnx ${name}`,
    {
      shapes: Object.fromEntries(Object.entries(inputs).map(([input, { dims }]) => [input, dims])),
      make: async (folder) => {
        mkdirSync(folder, { recursive: true })
        const path = join(folder, 'model.onnx')
        writeFileSync(path, modelBytes(model))
        return path
      },
    },
  ]),
  ...[
    ['silero_vad_16k_op15', { input: [1, 576] }],
    ['ultraface-rfb-320-simplified', {}],
    ['magika-standard_v3_3', {}],
  ].map(([name, shapes]): [string, SmallModel] => [
    `onnx ${name}`,
    { make: async () => `../shared/onnx/models/${name}.onnx`, shapes: shapes as Record<string, number[]> },
  ]),
]

export const smallModels: Record<string, SmallModel> = Object.fromEntries(entries)
