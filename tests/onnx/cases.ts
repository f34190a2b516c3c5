/** ONNX's backend node tests: one model of one operator (or its expansion) a case, with inputs and outputs. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ModelProto, TensorProto } from '../../compiler/import/onnx/protos.js'
import { readModel, readTensor } from '../../compiler/import/onnx/reader.js'
import { readArchive } from './archive.js'

const ARCHIVE = resolve('../shared/onnx/node/onnx-backend-node-6be0677f.tar.gz')

export const haveCases = existsSync(ARCHIVE)

export interface NodeCase {
  name: string
  /** The model's file. */
  bytes: Uint8Array
  model: ModelProto
  /** By position; undefined where it is no tensor. */
  inputs: (TensorProto | undefined)[]
  outputs: (TensorProto | undefined)[]
}

const FOLDER = /\/test_([^/]+)\/model\.onnx$/

export function loadCases(): NodeCase[] {
  const files = readArchive(ARCHIVE)
  const cases: NodeCase[] = []
  for (const [path, content] of files) {
    const name = FOLDER.exec(path)?.[1]
    if (!name) continue
    const model = readModel(content, path)
    const data = path.replace('model.onnx', 'test_data_set_0')
    const tensor = (kind: string, i: number, isTensor: boolean) => {
      const file = `${data}/${kind}_${i}.pb`
      const found = files.get(file)
      return found && isTensor ? readTensor(found, file) : undefined
    }
    const initial = new Set(model.graph.initializers.map((t) => t.name))
    const given = model.graph.inputs.filter((v) => !initial.has(v.name))
    cases.push({
      name,
      bytes: content,
      model,
      inputs: given.map((v, i) => tensor('input', i, v.type !== undefined)),
      outputs: model.graph.outputs.map((v, i) => tensor('output', i, v.type !== undefined)),
    })
  }
  return cases.sort((a, b) => (a.name < b.name ? -1 : 1))
}
