/** A pipeline's folder as diffusers saves one, small and with random weights, and what it answers in float64. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeSafetensors } from '../../../compiler/import/safetensors-write.js'
import * as reference from './model.js'
import { type Image, type Rows, randomWeights, type Weights } from './tensors.js'

export interface Pipeline {
  text_encoder: reference.TextConfig
  unet: reference.UnetConfig
  vae: reference.VaeConfig
  scheduler: Record<string, unknown>
  /** The autoencoder's attention has the names of the first files. */
  old?: boolean
  /** Files are called `….fp16.safetensors`. */
  variant?: 'fp16'
}

export interface Answers {
  text(ids: number[]): Rows
  unet(latents: Image, time: number, words: Rows): Image
  vae(latents: Image): Image
}

const CLASSES = { text_encoder: 'CLIPTextModel', unet: 'UNet2DConditionModel', vae: 'AutoencoderKL' }

export const latentsOf = (c: Pipeline, value: (i: number) => number): Image => {
  const [height, width] =
    [c.unet.sample_size].flat().length > 1
      ? (c.unet.sample_size as number[])
      : Array(2).fill([c.unet.sample_size].flat()[0])
  const channels = c.unet.in_channels
  return {
    channels,
    height,
    width,
    data: Float64Array.from({ length: channels * height * width }, (_, i) => Math.fround(value(i))),
  }
}

/** Writes the folder, with whatever weights one run of each part asks for. */
export async function writePipeline(folder: string, c: Pipeline, seed: number): Promise<Answers> {
  const weights = [seed, seed + 1, seed + 2].map(randomWeights) as [Weights, Weights, Weights]
  const answers: Answers = {
    text: (ids) => reference.text(weights[0], c.text_encoder, ids),
    unet: (latents, time, words) => reference.unet(weights[1], c.unet, latents, time, words),
    vae: (latents) => reference.vae(weights[2], c.vae, latents, c.old),
  }
  const words = answers.text([0])
  const latents = latentsOf(c, () => 0)
  answers.vae(answers.unet(latents, 0, words))
  mkdirSync(folder)
  const json = (path: string, value: unknown) => writeFileSync(join(folder, path), JSON.stringify(value))
  json('model_index.json', {
    _class_name: 'StableDiffusionPipeline',
    ...Object.fromEntries(Object.entries(CLASSES).map(([part, name]) => [part, ['diffusers', name]])),
  })
  for (const [i, part] of (['text_encoder', 'unet', 'vae'] as const).entries()) {
    mkdirSync(join(folder, part))
    json(`${part}/config.json`, { _class_name: CLASSES[part], ...c[part] })
    const stem = part === 'text_encoder' ? 'model' : 'diffusion_pytorch_model'
    const file = `${stem}${c.variant ? `.${c.variant}` : ''}.safetensors`
    await writeSafetensors(join(folder, part, file), weights[i]!.all)
  }
  mkdirSync(join(folder, 'scheduler'))
  json('scheduler/scheduler_config.json', c.scheduler)
  return answers
}
