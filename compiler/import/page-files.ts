/**
 * The files of a model's folder that the page reads: what a tokenizer, a chat template, and the preparation of
 * images and sound are made of. What transformers has spread over several files in the course of time is one here.
 */
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { exists, failIo, listFolder, readJsonObject } from './files.js'
import type { ImportedModel, TextFile } from './model.js'

const TEMPLATE = 'chat_template.jinja'
/** Named templates, a file each. */
const MORE_TEMPLATES = 'additional_chat_templates'
/** What processors wrote before there was `chat_template.jinja`. */
const OLD_TEMPLATE = 'chat_template.json'

const readText = (path: string): Promise<string> =>
  readFile(path, 'utf8').catch((e: unknown) => failIo(path, e, ''))

/** The chat template, or several with names, if files of their own hold them. */
async function templates(folder: string): Promise<unknown> {
  const path = join(folder, TEMPLATE)
  if (!(await exists(path))) {
    const old = join(folder, OLD_TEMPLATE)
    return (await exists(old)) ? (await readJsonObject(old, '')).chat_template : undefined
  }
  const template = await readText(path)
  const more = join(folder, MORE_TEMPLATES)
  if (!(await exists(more))) return template
  const named = [{ name: 'default', template }]
  for (const file of (await listFolder(more)).filter((f) => f.endsWith('.jinja'))) {
    named.push({ name: basename(file, '.jinja'), template: await readText(join(more, file)) })
  }
  return named
}

/** tokenizer_config.json, with the template that newer models keep beside it. */
async function tokenizerConfig(folder: string): Promise<TextFile | undefined> {
  const path = join(folder, 'tokenizer_config.json')
  const there = await exists(path)
  const chat_template = await templates(folder)
  if (chat_template === undefined) return there ? path : undefined
  const config = there ? await readJsonObject(path, '') : {}
  return { content: JSON.stringify({ ...config, chat_template }) }
}

/** preprocessor_config.json and what processor_config.json adds: of two that say the same, the former. */
async function preprocessor(folder: string): Promise<TextFile | undefined> {
  const [own, whole] = ['preprocessor_config.json', 'processor_config.json'].map((f) => join(folder, f)) as [
    string,
    string,
  ]
  if (!(await exists(whole))) return (await exists(own)) ? own : undefined
  if (!(await exists(own))) return whole
  const merged = { ...(await readJsonObject(whole, '')), ...(await readJsonObject(own, '')) }
  return { content: JSON.stringify(merged) }
}

/** Texts by id. A vocabulary of several languages, or whose ids are none or leave gaps, is not taken. */
async function vocabulary(folder: string): Promise<string[] | undefined> {
  const path = join(folder, 'vocab.json')
  if (!(await exists(path))) return undefined
  const entries = Object.entries(await readJsonObject(path, ''))
  const texts = new Array<string | undefined>(entries.length).fill(undefined)
  for (const [text, id] of entries)
    if (Number.isInteger(id) && (id as number) >= 0) texts[id as number] = text
  return texts.length === entries.length && texts.every((t) => t !== undefined)
    ? (texts as string[])
    : undefined
}

/** Errors: WGC205, WGC206 for files that can't be read. */
export async function pageFiles(
  folder: string,
): Promise<Pick<ImportedModel, 'tokenizer' | 'preprocessor' | 'vocabulary'>> {
  const tokenizer = join(folder, 'tokenizer.json')
  const whole = await exists(tokenizer)
  const config = whole ? await tokenizerConfig(folder) : undefined
  const texts = whole ? undefined : await vocabulary(folder)
  const prepared = await preprocessor(folder)
  return {
    ...(prepared !== undefined && { preprocessor: prepared }),
    ...(whole && { tokenizer: { tokenizer, ...(config !== undefined && { config }) } }),
    ...(texts !== undefined && { vocabulary: texts }),
  }
}
