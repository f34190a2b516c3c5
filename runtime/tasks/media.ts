/** Inputs of any kind, as a model takes them. */
import { type AudioSource, batchAudio, monoAt, normalizeAudio } from './audio.js'
import { type ImageInputs, preprocessImages } from './image.js'
import type { PreprocessorConfig } from './image-config.js'
import { type TaskInputs, type TaskModel, takenBy, textInputs } from './model.js'
import { type ImageSource, type Pixels, readImage } from './pixels.js'

/** Text, an image, or sound. */
export type TaskInput = string | ImageSource | AudioSource

/** The model's preprocessor_config.json, or what was given in its place. */
export function configOf(model: TaskModel, given?: PreprocessorConfig): PreprocessorConfig {
  const config = given ?? model.preprocessor
  return typeof config === 'object' && config ? (config as PreprocessorConfig) : {}
}

export const isAudio = (input: TaskInput): input is AudioSource =>
  typeof input === 'object' && 'sampleRate' in input

export interface PreparedImage {
  inputs: ImageInputs
  /** The image as it was given. */
  pixels: Pixels
}

export async function imageOf(source: ImageSource, config: PreprocessorConfig): Promise<PreparedImage> {
  const pixels = await readImage(source)
  return { inputs: preprocessImages([pixels], config), pixels }
}

/** What speech models are trained on. */
export const USUAL_RATE = 16000

/** One channel at the rate that the model's config states. */
export function samplesOf(source: AudioSource, config: PreprocessorConfig): Float32Array {
  const c = config.feature_extractor ?? config
  return monoAt(source, c.sampling_rate ?? USUAL_RATE)
}

/** `input_values` of one piece of sound, as loud as the config wants it. */
export function soundInputs(model: TaskModel, samples: Float32Array, config: PreprocessorConfig): TaskInputs {
  const c = config.feature_extractor ?? config
  const loud = c.do_normalize === false ? samples : normalizeAudio(samples)
  return takenBy(model, batchAudio([loud]))
}

/** One input of any kind. Throws TypeError for what the model doesn't take. */
export async function inputsOf(
  model: TaskModel,
  input: TaskInput,
  config: PreprocessorConfig,
): Promise<TaskInputs> {
  const inputs =
    typeof input === 'string'
      ? textInputs(model, input)
      : isAudio(input)
        ? soundInputs(model, samplesOf(input, config), config)
        : takenBy(model, (await imageOf(input, config)).inputs)
  if (Object.keys(inputs).length === 0) {
    const names = model.flow?.inputs.map((p) => p.name).join(', ')
    throw new TypeError(`the model doesn't take such an input; it takes ${names}`)
  }
  return inputs
}
