/** `wgc build` and `wgc run` of ONNX files, as processes of the built package. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSafetensors } from '../../compiler/import/safetensors.js'
import { writeSafetensors } from '../../compiler/import/safetensors-write.js'
import { freshDist, temporaryFolder, wgc, wgcJson } from '../helpers/cli.js'
import { graph, model, modelBytes, node, tensor } from './make.js'
import { zoo } from './zoo.js'

const { models: reference } = JSON.parse(
  readFileSync(fileURLToPath(new URL('zoo.json', import.meta.url)), 'utf8'),
) as { models: Record<string, Record<string, { dims: number[]; values: number[] }>> }

const folder = temporaryFolder()
const at = (...names: string[]) => join(folder.path, ...names)
beforeAll(freshDist, 120_000)
afterAll(folder.remove)

const DTYPES: Record<number, 'F32' | 'I32' | 'I64'> = { 1: 'F32', 6: 'I32', 7: 'I64' }

/** A safetensors file of the types that ONNX models take. */
async function writeInputs(path: string, inputs: ReturnType<typeof zoo>[number]['inputs']): Promise<void> {
  const data = (values: number[], type: number): ArrayBufferView => {
    if (type === 7) return BigInt64Array.from(values, BigInt)
    return type === 6 ? Int32Array.from(values) : Float32Array.from(values)
  }
  const tensors = Object.entries(inputs).map(
    ([name, { dims, values, type }]) =>
      [name, { dtype: DTYPES[type]!, shape: dims, data: data(values, type) }] as const,
  )
  await writeSafetensors(path, new Map(tensors))
}

describe('a model by its inputs and outputs', () => {
  const chosen = zoo().filter(({ name }) => ['audio', 'optimised for onnxruntime'].includes(name))
  test.each(chosen.map((m) => [m.name, m] as const))(
    '%s',
    async (name, { model: m, inputs }) => {
      writeFileSync(at(`${name}.onnx`), modelBytes(m))
      await writeInputs(at('in.safetensors'), inputs)
      const shapes = Object.entries(inputs).flatMap(([k, { dims }]) => ['--shape', `${k}=${dims}`])
      const build = ['build', '--model', at(`${name}.onnx`), ...shapes, '--target', 'node']
      const { model: info } = await wgcJson<{ model: { family: string; weights: string } }>([
        ...[...build, '--out', at(name)],
      ])
      expect(info).toMatchObject({ family: 'onnx', weights: 'f32' })
      const run = ['run', at(name), '--inputs', at('in.safetensors'), '--outputs', at('out.safetensors')]
      await wgcJson([...run, '--backend', 'wasm'])
      const made = await openSafetensors(at('out.safetensors'))
      const wanted = reference[name]!
      expect([...made.tensors.keys()].sort()).toEqual(Object.keys(wanted).sort())
      for (const [output, { dims, values }] of Object.entries(wanted)) {
        expect(made.tensors.get(output)!.shape).toEqual(dims)
        const found = await made.readRows(output, 0, dims[0]!)
        expect(Math.max(...values.map((v, i) => Math.abs(v - found[i]!)))).toBeLessThan(1e-5)
      }
      await made.close()
    },
    240_000,
  )
})

describe('what a user is told', () => {
  const save = (name: string, nodes: ReturnType<typeof node>[], shape: (number | string)[]): string => {
    const weights = [
      tensor(
        'w',
        [4, 4],
        Float32Array.from({ length: 16 }, (_, i) => i),
      ),
    ]
    writeFileSync(at(name), modelBytes(model(graph(nodes, [['x', shape]], ['y'], weights))))
    return at(name)
  }
  const relu = [node('Relu', ['x'], ['y'])]
  const rows: [string, () => string[], number, string][] = [
    ['a size left open', () => ['open.onnx'], 1, 'WGC236: input x has the shape [batch, length]'],
    [
      'a size that does not fit',
      () => ['open.onnx', '--shape', 'x=1'],
      1,
      'WGC237: --shape x: [1] does not fit',
    ],
    [
      'a size of no input',
      () => ['open.onnx', '--shape', 'z=1'],
      1,
      'WGC237: --shape z: the model has no such input',
    ],
    ['a size that is none', () => ['open.onnx', '--shape', 'x=1,0'], 2, 'WGC103'],
    ['an operator unknown', () => ['nodes.onnx'], 1, "WGC235: 2 nodes of the model can't be compiled"],
    ['no ONNX', () => ['text.onnx'], 1, 'text.onnx: error WGC230: not an ONNX file that can be read'],
    ['no such file', () => ['gone.onnx'], 1, 'gone.onnx: error WGC203'],
  ]
  test.each(rows)('%s', async (_, words, code, message) => {
    save('open.onnx', relu, ['batch', 'length'])
    const unknown = [node('Nope', ['x'], ['a'], { k: 1 }, '/n'), node('None', ['x'], ['y'])]
    save('nodes.onnx', unknown, [1, 4])
    writeFileSync(at('text.onnx'), 'text')
    const [file, ...more] = words()
    const ran = await wgc(['build', '--model', at(file!), ...more, '--out', at('none')])
    expect(ran.err).toContain(message)
    expect(ran.code).toBe(code)
  })
})
