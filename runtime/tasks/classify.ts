/** Which class an input is of: of the model's own classes, or of those that you name. */
import type { PreprocessorConfig } from './image-config.js'
import { configOf, inputsOf, type TaskInput } from './media.js'
import { floats, outputOf, type TaskInputs, type TaskModel, textBatch, textInputs } from './model.js'
import { cosine } from './pool.js'
import { best, type Scored, sigmoid, softmax } from './scores.js'

export interface ClassifyOptions {
  /** Most classes to return. Default 5. */
  topK?: number
  /** softmax: one class is true.  sigmoid: each by itself.  none: raw scores. Default softmax. */
  scores?: 'softmax' | 'sigmoid' | 'none'
  /** Default: the model's own. */
  labels?: readonly string[]
  preprocessor?: PreprocessorConfig
  signal?: AbortSignal
}

const ACTIVATIONS = { softmax, sigmoid, none: (v: Float32Array) => v }

/**
 * The likeliest classes of a text, an image or a sound, likeliest first.
 * Throws TypeError for an input that the model doesn't take.
 */
export async function classify(
  model: TaskModel,
  input: TaskInput,
  { topK = 5, scores = 'softmax', labels, preprocessor, signal }: ClassifyOptions = {},
): Promise<Scored[]> {
  signal?.throwIfAborted()
  const given = await inputsOf(model, input, configOf(model, preprocessor))
  const { tensor } = outputOf(await model.run(given, { signal }), ['logits'])
  const names = labels ?? model.info.labels
  return best(ACTIVATIONS[scores](floats(tensor)), topK, names)
}

export interface ZeroShotOptions extends ClassifyOptions {
  /** A sentence around each candidate, at `{}`. Default "a photo of a {}" for images, "the sound of {}" for sounds. */
  template?: string
  /** What similarities are multiplied by, where the model doesn't do it itself. Default 100, as CLIP learnt it. */
  scale?: number
}

const LOGITS = ['logits_per_image', 'logits_per_audio', 'logits_per_video']
const VECTORS = ['image_embeds', 'audio_embeds', 'video_embeds']

/**
 * Which of your texts describes an image or a sound: CLIP, SigLIP, CLAP. Likeliest first.
 * Throws RangeError without candidates.
 */
export async function classifyZeroShot(
  model: TaskModel,
  input: Exclude<TaskInput, string>,
  candidates: readonly string[],
  options: ZeroShotOptions = {},
): Promise<Scored[]> {
  const { topK = candidates.length, scores = 'softmax', preprocessor, scale = 100, signal } = options
  if (!candidates.length) throw new RangeError('name the candidates')
  const template = options.template ?? ('sampleRate' in input ? 'the sound of {}' : 'a photo of a {}')
  const media = await inputsOf(model, input, configOf(model, preprocessor))
  const texts = candidates.map((c) => template.replaceAll('{}', () => c))
  const logits = await pairwise(model, media, texts, scale, signal)
  return best(ACTIVATIONS[scores](logits), topK, candidates)
}

/** A score for each text: all at once where a mask tells their lengths, else one by one. */
async function pairwise(
  model: TaskModel,
  media: TaskInputs,
  texts: readonly string[],
  scale: number,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const { inputs = [], outputs = [] } = model.flow ?? {}
  const vector = VECTORS.find((name) => outputs.includes(name))
  const scored = LOGITS.find((name) => outputs.includes(name))
  const masked = inputs.some((p) => p.name === 'attention_mask')
  if (masked && (scored || !vector)) {
    const made = await model.run({ ...media, ...textBatch(model, texts) }, { signal, ...asked(scored) })
    return floats(outputOf(made, LOGITS).tensor).slice(0, texts.length)
  }
  const logits = new Float32Array(texts.length)
  if (vector && outputs.includes('text_embeds') && !scored) {
    const seen = await model.run(media, { signal, ...asked(vector) })
    for (const [i, text] of texts.entries()) {
      signal?.throwIfAborted()
      const { text_embeds } = await model.run(textInputs(model, text), { signal, ...asked('text_embeds') })
      logits[i] = scale * cosine(floats(seen[vector]!), floats(text_embeds!))
    }
    return logits
  }
  for (const [i, text] of texts.entries()) {
    signal?.throwIfAborted()
    const made = await model.run({ ...media, ...textInputs(model, text) }, { signal, ...asked(scored) })
    logits[i] = floats(outputOf(made, LOGITS).tensor)[0]!
  }
  return logits
}

const asked = (output: string | undefined) => (output ? { outputs: [output] } : {})
