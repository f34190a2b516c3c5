/** What is to be seen in an image, in words. */
import { type ChatOptions, chat, chats } from './chat.js'
import { configOf, imageOf } from './media.js'
import { type TaskModel, takenBy, tokenizerOf } from './model.js'
import type { ImageSource } from './pixels.js'
import { streamText } from './stream.js'

export interface CaptionOptions extends Omit<ChatOptions, 'images' | 'tools' | 'addGenerationPrompt'> {
  /** What the model is asked, or, without a chat template, the text that it goes on with. */
  prompt?: string
}

const QUESTION = 'Describe this image.'

/**
 * Text about an image, piece by piece. The likeliest text, unless `temperature` says otherwise.
 * Throws what `chat` and `generate` throw.
 */
export async function* caption(
  model: TaskModel,
  image: ImageSource,
  options: CaptionOptions = {},
): AsyncGenerator<string, { text: string }, void> {
  const { prompt, template, imageTokens, preprocessor, variables, ...rest } = options
  const generation = { temperature: 0, ...rest }
  if (template !== undefined || chats(model)) {
    const content = [{ type: 'image' as const }, { type: 'text' as const, text: prompt ?? QUESTION }]
    return yield* chat(model, [{ role: 'user', content }], {
      ...{ ...generation, template, imageTokens, preprocessor, variables },
      images: [image],
    })
  }
  // A model that captions, and does nothing else: image in, text out.
  const { inputs } = await imageOf(image, configOf(model, preprocessor))
  const ids = prompt ? tokenizerOf(model).encode(prompt, { addSpecial: true }) : []
  let text = ''
  for await (const piece of streamText(model, ids, [], { ...generation, inputs: takenBy(model, inputs) })) {
    text += piece
    yield piece
  }
  return { text }
}
