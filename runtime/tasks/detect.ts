/** What is where in an image: DETR and its kin. */
import { type BoxOptions, type Detection, detections } from './boxes.js'
import type { PreprocessorConfig } from './image-config.js'
import { configOf, imageOf } from './media.js'
import { floats, outputOf, type TaskModel, takenBy } from './model.js'
import type { ImageSource } from './pixels.js'

export interface DetectOptions extends Omit<BoxOptions, 'width' | 'height'> {
  preprocessor?: PreprocessorConfig
  signal?: AbortSignal
}

/**
 * Labelled boxes in the pixels of the image as it was given, best first.
 * Throws TypeError when the model gives no boxes.
 */
export async function detect(
  model: TaskModel,
  image: ImageSource,
  { preprocessor, signal, ...options }: DetectOptions = {},
): Promise<Detection[]> {
  signal?.throwIfAborted()
  const { inputs, pixels } = await imageOf(image, configOf(model, preprocessor))
  const outputs = await model.run(takenBy(model, inputs), { signal })
  const { width, height } = pixels
  const found = detections(
    floats(outputOf(outputs, ['logits']).tensor),
    floats(outputOf(outputs, ['pred_boxes']).tensor),
    { labels: model.info.labels, ...options, width, height },
  )
  return found.sort((a, b) => b.score - a.score)
}
