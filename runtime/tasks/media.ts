/** Inputs of any kind, as a model takes them. */
import { type AudioSource, batchAudio, monoAt, normalizeAudio } from './audio.js'
import { type ImageInputs, imageInputs, preprocessImages } from './image.js'
import type { PreprocessorConfig } from './image-config.js'
import { type TaskInputs, type TaskModel, takenBy, textInputs } from './model.js'
import { type ImageSource, type Pixels, readImage } from './pixels.js'

/** Images of one clip, in order: a model of videos says how many it takes. */
export interface Clip {
  frames: readonly ImageSource[]
}

/** Text, an image, sound, or a clip. */
export type TaskInput = string | ImageSource | AudioSource | Clip

/** The model's preprocessor_config.json, or what was given in its place. */
export function configOf(model: TaskModel, given?: PreprocessorConfig): PreprocessorConfig {
  const config = given ?? model.preprocessor
  return typeof config === 'object' && config ? (config as PreprocessorConfig) : {}
}

export const isAudio = (input: TaskInput): input is AudioSource =>
  typeof input === 'object' && 'sampleRate' in input

const isClip = (input: TaskInput): input is Clip => typeof input === 'object' && 'frames' in input

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

/** What models that make spectrograms themselves call their samples. */
const RAW = ['waveform', 'audio', 'samples']

/**
 * Samples as they are, for a model that makes its spectrograms itself: of the length that it takes, or `length`.
 * Empty when it takes none.
 */
export function rawSound(model: TaskModel, samples: Float32Array, length?: number): TaskInputs {
  const port = model.flow?.inputs.find((p) => RAW.includes(p.name))
  if (!port) return {}
  const fixed = port.shape.at(-1)
  const count = typeof fixed === 'number' ? fixed : length
  const { input_values } = batchAudio([samples], count)
  const shape = port.shape.length === 1 ? input_values.shape.slice(1) : input_values.shape
  return { [port.name]: { ...input_values, shape } }
}

/** One piece of sound: `input_values`, as loud as the config wants it, or what the model makes spectrograms of. */
export function soundInputs(model: TaskModel, samples: Float32Array, config: PreprocessorConfig): TaskInputs {
  const raw = rawSound(model, samples)
  if (Object.keys(raw).length) return raw
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
        : isClip(input)
          ? takenBy(model, await imageInputs(input.frames, config))
          : takenBy(model, (await imageOf(input, config)).inputs)
  if (Object.keys(inputs).length === 0) {
    const names = model.flow?.inputs.map((p) => p.name).join(', ')
    throw new TypeError(`the model doesn't take such an input; it takes ${names}`)
  }
  return inputs
}
