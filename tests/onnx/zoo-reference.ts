/**
 * Writes zoo.json, what onnxruntime-web makes of the models in zoo.ts:
 * `ORT=folder/node_modules/onnxruntime-web node tests/run.mjs tests/onnx/zoo-reference.ts`
 */
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { modelBytes } from './make.js'
import { zoo } from './zoo.js'

const folder = resolve(process.env.ORT ?? 'node_modules/onnxruntime-web')
const ort = await import(`${folder}/dist/ort.node.min.mjs`)
ort.env.wasm.numThreads = 1
ort.env.logLevel = 'error'

const made: Record<string, Record<string, { dims: number[]; values: number[] }>> = {}
for (const { name, model, inputs } of zoo()) {
  const session = await ort.InferenceSession.create(modelBytes(model), { executionProviders: ['wasm'] })
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([k, { dims, values, type }]) => [
      k,
      type === 1
        ? new ort.Tensor('float32', Float32Array.from(values), dims)
        : type === 7
          ? new ort.Tensor('int64', BigInt64Array.from(values, BigInt), dims)
          : new ort.Tensor('int32', Int32Array.from(values), dims),
    ]),
  )
  const found = await session.run(feeds)
  const round = (v: unknown) => Number(Number(v).toPrecision(7))
  made[name] = Object.fromEntries(
    session.outputNames.map((o: string) => [
      o,
      { dims: [...found[o].dims], values: Array.from(found[o].data as ArrayLike<unknown>, round) },
    ]),
  )
}
const text = JSON.stringify({ runtime: 'onnxruntime-web 1.30.0 wasm', models: made })
writeFileSync('tests/onnx/zoo.json', `${text.replaceAll(/\},"/g, '},\n"')}\n`)
