/**
 * An optional entry of its own, for Jinja: renders the chat template that came with a model. A template sees
 * copies of plain data and nothing else: no object, function or global of the page.
 */
import { Template } from '@huggingface/jinja'
import type { TemplateRenderer } from './messages.js'

/** Templates are a few kilobytes; the largest known has 20. */
const MAX_TEMPLATE = 1 << 20

/** Data without functions, prototypes or anything else that is not JSON. */
const plain = <T>(value: T): T => (value === undefined ? value : JSON.parse(JSON.stringify(value)))

/**
 * Compiles a template. What it returns throws what the template raises ("roles must alternate"), as an Error.
 * Throws RangeError for one too large, and Error for what is no template.
 */
export function createTemplate(source: string): TemplateRenderer {
  if (source.length > MAX_TEMPLATE) {
    throw new RangeError(`a chat template of ${source.length} characters is too large`)
  }
  const template = new Template(source)
  return (variables) => template.render(plain(variables))
}
