/**
 * What goes before a model and after it: images and sound to tensors, tensors to labels, boxes, vectors and text.
 * Every part is a pure function that can be used by itself; the helpers put them together.
 *
 * ```js
 * import { load } from 'wgc/runtime'
 * import { detect } from 'wgc/tasks'
 * const model = await load('/models/detr')
 * for (const { label, score, box } of await detect(model, document.querySelector('img'))) …
 * ```
 */
export * from './audio.js'
export * from './boxes.js'
export * from './caption.js'
export * from './characters.js'
export * from './chat.js'
export * from './classify.js'
export * from './ctc.js'
export * from './ctc-beam.js'
export * from './detect.js'
export * from './diffuse.js'
export * from './diffusion-schedule.js'
export * from './embed.js'
export * from './image.js'
export * from './image-config.js'
export * from './image-size.js'
export * from './image-tokens.js'
export type { TaskInput } from './media.js'
export type { Message, MessagePart, RenderOptions, TemplateRenderer, Tool } from './messages.js'
export type { TaskInputs, TaskModel } from './model.js'
export * from './pixels.js'
export * from './pool.js'
export * from './resize.js'
export * from './scores.js'
export * from './transcribe.js'
export * from './whisper.js'
