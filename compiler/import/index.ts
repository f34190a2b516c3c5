/** A model from its reference: a Hugging Face folder, a GGUF or ONNX file or a folder of one, or a preset's name. */
import { stat } from 'node:fs/promises'
import { basename, join, resolve, sep } from 'node:path'
import { fail } from '../errors.js'
import { configReader } from './config.js'
import { importDiffusers, isDiffusers, PIPELINE, withLatents } from './diffusers.js'
import { exists, failIo, isMissing, listFolder, readJsonObject } from './files.js'
import { ggufIn, importGguf, isGgufPath } from './gguf/import.js'
import type { ImportedModel } from './model.js'
import { nearest } from './nearest.js'
import { importOnnx, isOnnxPath, type OnnxOptions, onnxIn } from './onnx/import.js'
import { pageFiles } from './page-files.js'
import { presets } from './presets.js'
import { recognised } from './recognise.js'
import { INDEX, type OpenWeights, openWeights, SINGLE } from './weights.js'

export { type ConfigReader, configReader } from './config.js'
export { checkWeight, type Derived, withDerived } from './derived.js'
export { readJsonObject } from './files.js'
export type { ImportedModel, TextFile } from './model.js'
export { presets } from './presets.js'
export { checkTensor, type WeightSource } from './weights.js'

const CONFIG = 'config.json'

export type { OnnxOptions } from './onnx/import.js'

const familyOf = (config: Record<string, unknown>, file: string) =>
  configReader(config, file).string('model_type')

function importPreset(name: string): ImportedModel {
  const config = presets[name]!
  const configFile = `preset ${name}`
  return {
    name,
    family: familyOf(config, configFile),
    config,
    configFile,
    weights: null,
    close: async () => {},
  }
}

async function readConfig(folder: string): Promise<Record<string, unknown>> {
  const path = join(folder, CONFIG)
  if (
    !(await exists(path)) &&
    !(await exists(join(folder, SINGLE))) &&
    !(await exists(join(folder, INDEX)))
  ) {
    const found = (await listFolder(folder)).slice(0, 4)
    fail('WGC202', [found], { place: { file: folder } })
  }
  return readJsonObject(
    path,
    "the weights are there, their description isn't; download the model's config.json",
  )
}

/** The optional files of the folder. */
async function extras(
  folder: string,
): Promise<Pick<ImportedModel, 'tokenizer' | 'generation' | 'preprocessor' | 'vocabulary'>> {
  const generation = join(folder, 'generation_config.json')
  return {
    ...(await pageFiles(folder)),
    ...((await exists(generation)) && { generation: await readJsonObject(generation, '') }),
  }
}

async function importFolder(folder: string, options: OnnxOptions): Promise<ImportedModel> {
  if (await isDiffusers(folder)) return importDiffusers(folder)
  // A config's own weights come first; a folder may hold both.
  if (!(await exists(join(folder, SINGLE))) && !(await exists(join(folder, INDEX)))) {
    const gguf = await ggufIn(folder)
    if (gguf !== undefined) return importGguf(gguf)
    const onnx = await onnxIn(folder)
    if (onnx !== undefined)
      return { ...(await importOnnx(onnx, options, extras)), name: basename(resolve(folder)) }
  }
  const configFile = join(folder, CONFIG)
  if (!(await exists(configFile)) && (await exists(join(folder, SINGLE)))) {
    const weights = await openWeights(folder)
    const config = recognised(weights)
    if (config)
      return { ...(await described(folder, config, configFile)), weights, close: () => weights.close() }
    await weights.close()
  }
  const config = await readConfig(folder)
  const model = await described(folder, config, configFile)
  const weights: OpenWeights = await openWeights(folder)
  return { ...model, weights, close: () => weights.close() }
}

/** What a folder says of its model beside the weights. */
const described = async (folder: string, config: Record<string, unknown>, configFile: string) => ({
  name: basename(resolve(folder)),
  family: familyOf(config, configFile),
  config,
  configFile,
  ...(await extras(folder)),
})

const isDirectory = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() ?? false

/** A path is what looks like one; a bare name is a folder only if it holds a config, a GGUF or an ONNX file. */
async function isFolder(ref: string): Promise<boolean> {
  const looksLikePath = ref.includes('/') || ref.includes(sep) || ref === '.' || ref === '..'
  if (!looksLikePath)
    return (
      (await exists(join(ref, CONFIG))) ||
      (await exists(join(ref, PIPELINE))) ||
      (await onnxIn(ref)) !== undefined ||
      ((await isDirectory(ref)) && (await ggufIn(ref)) !== undefined)
    )
  const found = await stat(ref).catch((e: unknown) => (isMissing(e) ? undefined : failIo(ref, e, '')))
  if (found && !found.isDirectory()) fail('WGC218', [ref])
  return found !== undefined
}

/**
 * Finds a model and reads all of it but the weights' values. `ref` is the path of a folder or of a GGUF or ONNX file,
 * or a preset's name; a bare name is never looked for anywhere else. `options`: for an ONNX model.
 * Errors: WGC201 to WGC218, WGC230 to WGC237, WGC240 to WGC244.
 */
export async function importModel(ref: string, options: OnnxOptions = {}): Promise<ImportedModel> {
  if (isOnnxPath(ref) && !(await isDirectory(ref))) return importOnnx(ref, options, extras)
  const imported = await importOther(ref, options)
  const [named] = Object.keys(options.shapes ?? {})
  if (named === undefined || imported.onnx) return imported
  try {
    if (imported.family === 'stable_diffusion') return withLatents(imported, options.shapes!)
    return fail('WGC237', [named, 'only inputs of ONNX models and latents have sizes to say', []])
  } catch (e) {
    await imported.close()
    throw e
  }
}

async function importOther(ref: string, options: OnnxOptions): Promise<ImportedModel> {
  if (isGgufPath(ref) && !(await isDirectory(ref))) return importGguf(ref)
  if (ref !== '' && (await isFolder(ref))) return importFolder(ref, options)
  if (Object.hasOwn(presets, ref)) return importPreset(ref)
  const names = Object.keys(presets)
  return fail('WGC201', [ref, names, nearest(basename(ref), names)])
}
