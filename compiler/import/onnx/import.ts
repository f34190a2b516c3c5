/** A model from an ONNX file, or from a folder that holds one. */
import { basename, dirname, join } from 'node:path'
import { exists, readJsonObject } from '../files.js'
import type { ImportedModel } from '../model.js'
import { onnxGraph } from './graph.js'
import { openOnnx } from './open.js'
import { onnxWeights } from './weights.js'

const ENDING = '.onnx'

export const isOnnxPath = (ref: string): boolean => ref.toLowerCase().endsWith(ENDING)

/** Where a folder keeps its ONNX model: beside its config, or in a folder of its own, as on the Hugging Face hub. */
const PLACES = ['model.onnx', join('onnx', 'model.onnx')]

/** The ONNX model of a folder. */
export async function onnxIn(folder: string): Promise<string | undefined> {
  for (const place of PLACES) {
    const path = join(folder, place)
    if (await exists(path)) return path
  }
  return undefined
}

export interface OnnxOptions {
  /** Of inputs whose sizes the file leaves open, by name. */
  shapes?: Readonly<Record<string, readonly number[]>> | undefined
  /** Combine operators. Default true. */
  fuse?: boolean | undefined
}

/** What stands beside the model: the files of a folder that has a config. */
export type Extras = (folder: string) => Promise<Partial<ImportedModel>>

/**
 * @param extras reads tokenizer and the like
 * @throws WGC230 to WGC237
 */
export async function importOnnx(
  path: string,
  { shapes = {}, fuse = true }: OnnxOptions,
  extras: Extras,
): Promise<ImportedModel> {
  const around = dirname(path)
  const folder = basename(around) === 'onnx' ? dirname(around) : around
  const configFile = join(folder, 'config.json')
  const described = await exists(configFile)
  const config = described ? await readJsonObject(configFile, '') : {}
  const more = described ? await extras(folder) : {}
  const file = openOnnx(path)
  try {
    const onnx = onnxGraph(file.model, path, new Map(Object.entries(shapes)), fuse)
    return {
      name: basename(path).slice(0, -ENDING.length),
      family: 'onnx',
      ...{ config, configFile, onnx, bits: 'keep', ...more },
      weights: onnxWeights(path, onnx.graph, onnx.stored),
      close: async () => file.close(),
    }
  } catch (e) {
    file.close()
    throw e
  }
}
