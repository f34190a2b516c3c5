/** An image stands in a prompt as many tokens as the vision tower makes of it: counted here, as processors do. */
import type { ImageInputs } from './image.js'
import { imageSteps, type PreprocessorConfig } from './image-config.js'
import { bestResolution } from './image-size.js'

export interface ImageTokens {
  /** What the template writes for an image, and what is repeated. */
  placeholder: string
  /** How many it becomes. `index`: which image of the batch. */
  count(inputs: ImageInputs, index: number): number
}

/** What templates write, by family of models. */
export const PLACEHOLDERS: Readonly<Record<string, string>> = {
  llava: '<image>',
  llava_next: '<image>',
  qwen2_vl: '<|image_pad|>',
  gemma3: '<image_soft_token>',
}

/**
 * LLaVA-NeXT's tokens of the tiles: rows and columns that are padding alone are dropped, and each row ends in a
 * token of its own. Sizes are in patches, but for the image's.
 */
function unpadded(height: number, width: number, down: number, across: number): number {
  let rows = down
  let columns = across
  // Seven digits are kept: a side that is whole but for its rounding stays whole.
  const whole = (v: number) => Math.trunc(Math.round(v * 1e7) / 1e7)
  if (width / height > across / down) {
    rows -= 2 * ((down - whole(height * (across / width))) >> 1)
  } else columns -= 2 * ((across - whole(width * (down / height))) >> 1)
  return rows * columns + rows
}

/**
 * Tokens of image `index`. `config`: preprocessor_config.json and processor_config.json, together.
 * Throws TypeError when they don't say enough.
 */
export function countImageTokens(inputs: ImageInputs, index: number, config: PreprocessorConfig): number {
  const { image_grid_thw, image_sizes, pixel_values } = inputs
  const steps = imageSteps(config)
  if (image_grid_thw && steps.patches) {
    const [t, h, w] = image_grid_thw.data.subarray(index * 3, index * 3 + 3)
    return (t! * h! * w!) / steps.patches.merge ** 2
  }
  if (config.image_seq_length !== undefined) return config.image_seq_length
  const { patch_size, vision_feature_select_strategy: strategy = 'default' } = config
  if (!patch_size) throw new TypeError('how many tokens an image is stands nowhere: give imageTokens')
  const [height, width] = pixel_values.shape.slice(-2) as [number, number]
  const down = Math.floor(height / patch_size)
  const across = Math.floor(width / patch_size)
  // The class token is counted, and then left out again by the default strategy.
  const extra = (config.num_additional_image_tokens ?? 1) - (strategy === 'default' ? 1 : 0)
  if (!image_sizes || !steps.tiles) return down * across + extra
  const [h, w] = image_sizes.data.subarray(index * 2, index * 2 + 2) as unknown as [number, number]
  const [tall, wide] = bestResolution({ height: h, width: w }, steps.tiles)
  const tiles = unpadded(h, w, down * Math.floor(tall / height), across * Math.floor(wide / width))
  return tiles + down * across + extra
}

/** Each placeholder as many times as its image has tokens. Throws RangeError when texts and images don't match. */
export function expandImages(text: string, inputs: ImageInputs, count: number, how: ImageTokens): string {
  const parts = text.split(how.placeholder)
  if (parts.length - 1 !== count) {
    throw new RangeError(`the prompt has ${parts.length - 1} places for images, ${count} were given`)
  }
  return parts.reduce((all, part, i) => all + how.placeholder.repeat(how.count(inputs, i - 1)) + part)
}
