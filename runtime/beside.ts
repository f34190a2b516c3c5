/** What lies beside the runtime and in the bundle, and is fetched when it is needed: tokenizer, extras, preprocessor. */

import type { Tokenizer } from './detokenize.js'
import { UnsupportedError } from './errors.js'
import type { HostFunction } from './extras.js'
import { parseJson } from './json.js'
import { infoOf } from './open.js'
import type { Context, TokenizerFactory } from './options.js'
import { readFile } from './source.js'

export async function preprocessorOf({ manifest, reader, expect }: Context): Promise<unknown> {
  const { preprocessor: name } = manifest
  if (name === undefined) return undefined
  const info = infoOf(manifest, name)
  expect(info.bytes)
  return parseJson(await readFile(reader, name, info), name)
}

/** What a file beside the runtime is answered with when it is not there. */
const lacking = (file: string) => (e: Error) => {
  throw new UnsupportedError(`${file} could not be loaded: ${e.message}`, [], e)
}

/** Beside the runtime, like the tokenizer. */
export const extras = (): Promise<Readonly<Record<string, HostFunction>>> =>
  import('./extras.js').then((m) => m.functions, lacking('extras.js'))

/** What keeps a model right and alive. */
export const care = (): Promise<typeof import('./care.js')> => import('./care.js').catch(lacking('care.js'))

export async function tokenizerOf({
  manifest,
  options,
  reader,
  expect,
}: Context): Promise<Tokenizer | undefined> {
  const { tokenizer } = options
  if (typeof tokenizer === 'object') return tokenizer
  const files = manifest.tokenizer
  if (tokenizer === false || !files) return undefined
  const json = async (name: string | undefined) => {
    if (name === undefined) return {}
    const info = infoOf(manifest, name)
    expect(info.bytes)
    return parseJson(await readFile(reader, name, info), name)
  }
  const parts = await Promise.all([json(files.tokenizer), json(files.config), tokenizer ?? besideThis()])
  const [data, config, make] = parts
  try {
    return await make(data, config)
  } catch (e) {
    throw new UnsupportedError(
      `no tokenizer could be made of ${files.tokenizer}: ${(e as Error).message}`,
      [],
      e,
    )
  }
}

/** In the package and in a bundle alike, the tokenizer lies beside the runtime, in a file of its own. */
async function besideThis(): Promise<TokenizerFactory> {
  try {
    return (await import('./tokenizer.js')).createTokenizer
  } catch (e) {
    const hint = 'give load() a tokenizer, or tokenizer: false for token ids alone'
    throw new UnsupportedError(`tokenizer.js could not be loaded (${(e as Error).message}); ${hint}`, [], e)
  }
}
