/** A model from a GGUF file, or from one that is split into several. */
import { basename, dirname, join } from 'node:path'
import { fail } from '../../errors.js'
import { configReader } from '../config.js'
import { exists, listFolder } from '../files.js'
import type { ImportedModel } from '../model.js'
import { pageFiles } from '../page-files.js'
import { ggufConfig } from './config.js'
import { decodeBlocks } from './decode.js'
import { type GgufFile, openGguf } from './file.js'
import { ggufTokenizer } from './tokenizer.js'
import { endingsOf, readVocabulary, type Vocabulary } from './vocabulary.js'
import { ggufWeights } from './weights.js'

/** stem-00001-of-00003.gguf */
const SPLIT = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/

const ENDING = '.gguf'

/** A divisor for each pair of a head. */
const FACTORS = ['rope_freqs', 'rope_factors_long', 'rope_factors_short']
const MAX_FACTORS = 1 << 14

/** The files of a model whose first is at `path`. */
async function openParts(path: string): Promise<GgufFile[]> {
  const [, stem, part, of] = SPLIT.exec(basename(path)) ?? []
  const first = await openGguf(path)
  const files = [first]
  try {
    const place = { place: { file: path } }
    const count = configReader(first.metadata, path).int('split.count', { min: 0, max: 99999, default: 1 })
    if (count <= 1) return files
    if (stem === undefined || Number(of) !== count)
      fail(
        'WGC240',
        [`it is a part of ${count}, but not called -00001-of-${of ?? '0000N'}`, SPLIT_HINT],
        place,
      )
    if (Number(part) !== 1) fail('WGC240', [`it is part ${Number(part)} of ${count}`, SPLIT_HINT], place)
    const hint = `${basename(path)} says that there are ${count} parts; download every one`
    for (let i = 2; i <= count; i++) {
      const name = `${stem}-${String(i).padStart(5, '0')}-of-${of}${ENDING}`
      files.push(await openGguf(join(dirname(path), name), hint))
    }
    return files
  } catch (e) {
    for (const file of files) await file.close()
    throw e
  }
}

const SPLIT_HINT = 'give the first part, under the name that it was published with, beside the others'

async function factorsOf(files: readonly GgufFile[]): Promise<Record<string, number[]>> {
  const factors: Record<string, number[]> = {}
  for (const name of FACTORS) {
    const source = `${name}.weight`
    const file = files.find((f) => f.tensors.has(source))
    if (!file) continue
    const { shape, type } = file.tensors.get(source)!
    if (shape.length !== 1 || shape[0]! > MAX_FACTORS || type.read !== 'float')
      fail('WGC241', [source, `its shape is [${shape.join(', ')}] of ${type.name}`], {
        place: { file: file.path },
      })
    factors[name] = [...decodeBlocks(await file.readRows(source, 0, shape[0]!), type)]
  }
  return factors
}

/** The tokenizer's files, if they stand beside the model, else what the model holds. */
async function tokenizerOf(
  vocabulary: Vocabulary | undefined,
  path: string,
): Promise<Pick<ImportedModel, 'tokenizer'>> {
  const folder = dirname(path)
  if (await exists(join(folder, 'tokenizer.json'))) {
    const { tokenizer } = await pageFiles(folder)
    if (tokenizer) return { tokenizer }
  }
  return vocabulary ? { tokenizer: ggufTokenizer(vocabulary, path) } : {}
}

/** The weights come in fewer bits than 16. */
const isQuantised = (files: readonly GgufFile[]): boolean =>
  files.some((f) => [...f.tensors.values()].some((t) => t.type.block > 1))

/**
 * Reads all of a model but its weights' values. Throws WGC203, WGC205, WGC210, WGC240 to WGC244, and WGC207 and
 * WGC208 for fields.
 */
export async function importGguf(path: string): Promise<ImportedModel> {
  const files = await openParts(path)
  try {
    const first = files[0]!
    const described = ggufConfig({
      metadata: first.metadata,
      file: first.path,
      shape: (name) => files.find((f) => f.tensors.has(name))?.tensors.get(name)?.shape,
      factors: await factorsOf(files),
    })
    const vocabulary = readVocabulary(first.metadata, path)
    const weights = ggufWeights(described.architecture, described.headSize, files)
    return {
      name: basename(path, ENDING).replace(/-00001-of-\d{5}$/, ''),
      family: described.family,
      config: { ...described.config, ...(vocabulary && endingsOf(vocabulary)) },
      configFile: path,
      weights,
      ...(await tokenizerOf(vocabulary, path)),
      ...(isQuantised(files) && { bits: 'keep' as const }),
      close: () => weights.close(),
    }
  } catch (e) {
    for (const file of files) await file.close()
    throw e
  }
}

/** The one model among a folder's files, by the path of its (first) file; undefined where it holds no GGUF. */
export async function ggufIn(folder: string): Promise<string | undefined> {
  const found = (await listFolder(folder)).filter((f) => f.endsWith(ENDING))
  const first = found.filter((f) => {
    const part = SPLIT.exec(f)?.[2]
    return part === undefined || Number(part) === 1
  })
  if (first.length > 1) fail('WGC242', [first.slice(0, 8)], { place: { file: folder } })
  const [only = found[0]] = first
  return only === undefined ? undefined : join(folder, only)
}

export const isGgufPath = (ref: string): boolean => ref.toLowerCase().endsWith(ENDING)
