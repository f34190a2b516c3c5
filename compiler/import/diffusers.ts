/**
 * Folders as diffusers writes them: model_index.json names a pipeline, and each of its parts lies in a folder of its
 * own. They become one model, whose config has a section a part and whose tensors have the part's name in front.
 */
import { basename, join, resolve } from 'node:path'
import { fail } from '../errors.js'
import { clipTokenizer } from './clip-tokenizer.js'
import { configReader } from './config.js'
import { exists, readJsonObject } from './files.js'
import type { ImportedModel } from './model.js'
import { joinedWeights, type OpenWeights, openWeights } from './weights.js'

export const PIPELINE = 'model_index.json'

/** The config's section of a part is what stands in its config.json. `weights`: names that its file may have. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  text_encoder: ['model', 'model.fp16'],
  unet: ['diffusion_pytorch_model', 'diffusion_pytorch_model.fp16'],
  vae: ['diffusion_pytorch_model', 'diffusion_pytorch_model.fp16'],
}

/** Pipelines by their class, and the family that builds them. */
const PIPELINES: Readonly<Record<string, string>> = {
  StableDiffusionPipeline: 'stable_diffusion',
  StableDiffusionImg2ImgPipeline: 'stable_diffusion',
}

/** The most latents along a side: an image of 8192 pixels, beyond what any device holds. */
const MOST_LATENTS = 1024

const CONFIG_HINT = 'download every folder that model_index.json names'

/** A folder with a config.json of its own is no pipeline. */
export const isDiffusers = async (folder: string): Promise<boolean> =>
  (await exists(join(folder, PIPELINE))) && !(await exists(join(folder, 'config.json')))

/** Opens every part, or closes those that are open. */
async function openParts(folder: string): Promise<OpenWeights> {
  const open = new Map<string, OpenWeights>()
  try {
    for (const [part, names] of Object.entries(PARTS))
      open.set(`${part}.`, await openWeights(join(folder, part), names))
    return joinedWeights(open, folder)
  } catch (e) {
    for (const weights of open.values()) await weights.close()
    throw e
  }
}

/**
 * A pipeline's folder. What a page needs to go from a text to latents stands in the preprocessor: the scheduler's
 * config, and with what a text is filled up to how many tokens.
 * Errors: WGC203, WGC205 to WGC208, WGC423 for another pipeline, those of the weights.
 */
export async function importDiffusers(folder: string): Promise<ImportedModel> {
  const configFile = join(folder, PIPELINE)
  const pipeline = configReader(await readJsonObject(configFile, ''), configFile).string('_class_name')
  const family = Object.hasOwn(PIPELINES, pipeline) ? PIPELINES[pipeline]! : undefined
  if (family === undefined)
    return fail('WGC423', [`the pipeline ${pipeline}`, Object.keys(PIPELINES).join(' or ')], {
      place: { file: configFile },
    })
  const read = (part: string, file: string) => readJsonObject(join(folder, part, file), CONFIG_HINT)
  const sections = await Promise.all(
    Object.keys(PARTS).map(async (part) => [part, await read(part, 'config.json')]),
  )
  const scheduler = await read('scheduler', 'scheduler_config.json')
  const config: Record<string, unknown> = {
    model_type: family,
    architectures: ['StableDiffusionPipeline'],
    ...Object.fromEntries(sections),
    scheduler,
  }
  const length = configReader(config, configFile)
    .section('text_encoder')!
    .int('max_position_embeddings', { min: 1, default: 77 })
  const tokenizer = await clipTokenizer(join(folder, 'tokenizer'), length)
  const weights = await openParts(folder)
  return {
    name: basename(resolve(folder)),
    family,
    config,
    configFile,
    weights,
    ...(tokenizer && { tokenizer: tokenizer.files }),
    preprocessor: {
      content: JSON.stringify({
        scheduler,
        ...(tokenizer && { max_length: tokenizer.length, pad_token_id: tokenizer.pad }),
      }),
    },
    close: () => weights.close(),
  }
}

/** The same model for latents of another size, `shapes.latents` [1, channels, height, width]. Throws WGC237. */
export function withLatents(
  model: ImportedModel,
  shapes: Readonly<Record<string, readonly number[]>>,
): ImportedModel {
  const refuse = (name: string, why: string) => fail('WGC237', [name, why, ['latents']])
  const other = Object.keys(shapes).find((name) => name !== 'latents')
  if (other !== undefined) refuse(other, 'of this model only the size of latents is to say')
  const { section } = configReader(model.config, model.configFile)
  const channels = section('unet')?.int('in_channels', { min: 1, default: 4 })
  const [height = 0, width = 0] = shapes.latents!.slice(-2)
  const front = shapes.latents!.slice(0, -2).join()
  if (front !== `1,${channels}` && front !== `${channels}`)
    refuse('latents', `the model takes [1, ${channels}, height, width]`)
  for (const size of [height, width])
    if (size > MOST_LATENTS) refuse('latents', `sides have up to ${MOST_LATENTS} latents, not ${size}`)
  const unet = { ...(model.config.unet as Record<string, unknown>), sample_size: [height, width] }
  return { ...model, config: { ...model.config, unet } }
}
