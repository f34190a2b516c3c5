/** Conversations: the model's own chat template, and a KV cache that is kept from turn to turn. */
import type { GenerateOptions, Generation } from '../generate.js'
import { type ImageInputs, preprocessImages } from './image.js'
import type { PreprocessorConfig } from './image-config.js'
import { countImageTokens, expandImages, type ImageTokens, PLACEHOLDERS } from './image-tokens.js'
import { configOf } from './media.js'
import {
  type ChatConfig,
  type Message,
  type RenderOptions,
  renderChat,
  type TemplateRenderer,
  templateOf,
} from './messages.js'
import { type TaskModel, takenBy, tokenizerOf } from './model.js'
import { type ImageSource, readImage } from './pixels.js'
import { streamText } from './stream.js'

export interface ChatOptions extends Omit<GenerateOptions, 'continue' | 'bos' | 'inputs'>, RenderOptions {
  /** Default: the model's own, of its tokenizer_config.json. */
  template?: string | TemplateRenderer | undefined
  /** One for each `{ type: 'image' }` of the messages, in their order. */
  images?: readonly ImageSource[] | undefined
  /** How many tokens an image is, where the model's files don't say. */
  imageTokens?: Partial<ImageTokens> | undefined
  preprocessor?: PreprocessorConfig | undefined
}

export interface ChatReply {
  /** All that was said. As a message: `{ role: 'assistant', content: text }`. */
  text: string
  /** Tokens of the conversation that were still in the KV cache. */
  reused: number
  stats: Generation
}

/** What the KV cache of a model holds. */
interface Held {
  ids: number[]
  images: readonly ImageSource[]
}

const conversations = new WeakMap<TaskModel, Held>()
/** The templates compiled last, by their text. */
const compiled = new Map<string, TemplateRenderer>()
const MOST_COMPILED = 8

async function compile(source: string): Promise<TemplateRenderer> {
  const had = compiled.get(source)
  if (had) return had
  // A file of its own: most of it is Jinja, which nothing else needs.
  const render = (await import('./template.js')).createTemplate(source)
  if (compiled.size >= MOST_COMPILED) compiled.delete(compiled.keys().next().value as string)
  compiled.set(source, render)
  return render
}

const configOfTokenizer = (model: TaskModel): ChatConfig => {
  const config = model.tokenizer?.config
  return typeof config === 'object' && config ? (config as ChatConfig) : {}
}

/** Whether a chat needs no template to be given. */
export const chats = (model: TaskModel): boolean => templateOf(configOfTokenizer(model), false) !== undefined

/**
 * The text of a conversation, as the model's template has it.
 * Throws TypeError without a template, and what the template raises.
 */
export async function renderMessages(
  model: TaskModel,
  messages: readonly Message[],
  options: RenderOptions & { template?: string | TemplateRenderer | undefined } = {},
): Promise<string> {
  const config = configOfTokenizer(model)
  const template = options.template ?? templateOf(config, !!options.tools?.length)
  if (template === undefined) {
    throw new TypeError('the model has no chat template: give one, or use generate()')
  }
  const render = typeof template === 'string' ? await compile(template) : template
  return renderChat(render, config, messages, options)
}

async function imagesOf(
  images: readonly ImageSource[],
  config: PreprocessorConfig,
): Promise<ImageInputs | undefined> {
  return images.length ? preprocessImages(await Promise.all(images.map(readImage)), config) : undefined
}

/** Tokens of `held` that begin `ids` and are in the cache still; 0 unless all of them are. */
function reusable(model: TaskModel, ids: readonly number[], images: readonly ImageSource[]): number {
  const held = conversations.get(model)
  if (!held || held.ids.length !== model.length || held.ids.length >= ids.length) return 0
  const same =
    held.images.length === images.length &&
    held.images.every((image, i) => image === images[i]) &&
    held.ids.every((id, i) => id === ids[i])
  return same ? held.ids.length : 0
}

/**
 * The assistant's next turn, piece by piece; the loop's end gives a `ChatReply`. Ends at the model's end-of-turn
 * tokens. Where the conversation so far is in the KV cache, only what is new is computed.
 *
 * ```js
 * for await (const piece of chat(model, [{ role: 'user', content: 'Hello' }])) show(piece)
 * ```
 *
 * Throws TypeError without tokenizer or template, RangeError when images and messages don't match, what the
 * template raises, and what `generate` throws.
 */
export async function* chat(
  model: TaskModel,
  messages: readonly Message[],
  options: ChatOptions = {},
): AsyncGenerator<string, ChatReply, void> {
  const { template, images = [], imageTokens, preprocessor, tools, variables, ...rest } = options
  const { addGenerationPrompt, ...generation } = rest
  const tokenizer = tokenizerOf(model)
  generation.signal?.throwIfAborted()
  const config = configOf(model, preprocessor)
  const pictures = await imagesOf(images, config)
  let prompt = await renderMessages(model, messages, { template, tools, variables, addGenerationPrompt })
  if (pictures) {
    const family = model.info.family ?? ''
    prompt = expandImages(prompt, pictures, images.length, {
      placeholder: Object.hasOwn(PLACEHOLDERS, family) ? PLACEHOLDERS[family]! : '<image>',
      count: (inputs, i) => countImageTokens(inputs, i, config),
      ...imageTokens,
    })
  }
  // The template has written the special tokens.
  const ids = tokenizer.encode(prompt, { addSpecial: false })
  const reused = reusable(model, ids, images)
  const inputs = pictures && !reused ? takenBy(model, pictures) : undefined
  const said: number[] = []
  let text = ''
  conversations.delete(model)
  const source = streamText(model, ids.slice(reused), said, {
    ...generation,
    ...(inputs && { inputs }),
    continue: reused > 0,
  })
  try {
    for (;;) {
      const { done, value } = await source.next()
      if (done) {
        if (value.end !== undefined) said.push(value.end)
        return { text, reused, stats: value }
      }
      text += value
      yield value
    }
  } finally {
    await source.return(undefined as never)
    // Also of a loop that was left. Whether the cache holds just that is seen by its length, next time.
    conversations.set(model, { ids: [...ids, ...said], images })
  }
}
