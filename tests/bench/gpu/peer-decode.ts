/**
 * onnxruntime-node's WebGPU provider running the decoders of peer-decoder.ts, in a process of its own that decode.ts
 * starts. Caches are buffers on its GPU that are past and present at once; a step's id or logits are all that leaves.
 * `captured`: commands of a step are recorded once and played again, results stay on the GPU, and the host reads the
 * last of a round.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fromF16, toF16 } from '../../../compiler/formats/f16.js'
import { FLOAT, FLOAT16, file, INT32, INT64 } from '../wasm/onnx.js'
import { type DecoderSpec, decoderFile, poolBytes, poolOf } from './peer-decoder.js'
import { referenceOf } from './peer-reference.js'

interface Tensor {
  data: ArrayLike<number> | BigInt64Array
}
type Tensors = Record<string, Tensor | null>
interface Session {
  run(feeds: Tensors, fetches: Tensors, options?: object): Promise<Record<string, Tensor>>
  release?(): Promise<void>
}
interface Ort {
  InferenceSession: { create(model: Uint8Array | string, options: object): Promise<Session> }
  Tensor: new (type: string, data: unknown, dims: number[]) => Tensor
}

export type Asked =
  | { open: DecoderSpec }
  | { decode: [model: number, past: number, steps: number, captured: boolean] }
  | { prompt: [model: number, rows: number] }
  | { check: DecoderSpec }

const ort = createRequire(join(resolve('tests/bench/peers'), 'package.json'))('onnxruntime-node') as Ort
const folder = mkdtempSync(join(tmpdir(), 'wgc-peer-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
// An end by a signal would leave the folder.
for (const end of ['disconnect', 'SIGTERM', 'SIGINT']) process.on(end, () => process.exit())

const provider = { executionProviders: ['webgpu'], graphOptimizationLevel: 'all', logSeverityLevel: 3 }
const TYPES = { int64: INT64, int32: INT32, float32: FLOAT, float16: FLOAT16 }
type Type = keyof typeof TYPES
const copies = new Map<string, Session>()

/** A session that copies a tensor to the GPU, or from it: onnxruntime in Node has no other way. */
async function copied(x: Tensor, type: Type, dims: number[], toGpu: boolean): Promise<Tensor> {
  const key = JSON.stringify([type, dims, toGpu])
  if (!copies.has(key)) {
    const port = (name: string): [string, number[], number] => [name, dims, TYPES[type]]
    const nodes = [{ op: 'Identity', inputs: ['x'], output: 'y' }]
    const model = file({ nodes, tensors: [], inputs: [port('x')], outputs: [port('y')] })
    const where = toGpu ? { preferredOutputLocation: 'gpu-buffer' } : {}
    copies.set(key, await ort.InferenceSession.create(model, { ...provider, ...where }))
  }
  return (await copies.get(key)!.run({ x }, { y: null })).y!
}

interface Model {
  d: DecoderSpec
  session: Session
  past: Tensors
  present: Tensors
  /** Inputs that stay on the GPU, by the number of keys before. */
  fixed: Map<number, { feeds: Tensors; out: Tensor; name: string }>
}
const models: Model[] = []
const pools = new Map<string, string>()

async function open(d: DecoderSpec): Promise<Model> {
  const name = `pool-${d.halves}-${d.vocab}-${d.hidden}-${d.layers}`
  const pool = poolOf(d, name)
  if (!pools.has(name)) {
    const out = openSync(join(folder, name), 'w')
    for (const bytes of poolBytes(pool, d.halves)) writeSync(out, bytes)
    closeSync(out)
    pools.set(name, join(folder, name))
  }
  const path = join(folder, `${models.length}-${Math.random()}.onnx`)
  writeFileSync(path, decoderFile(d, pool))
  const extra = { ep: { webgpuexecutionprovider: { enableGraphCapture: '1' } } }
  const session = await ort.InferenceSession.create(path, { ...provider, extra })
  const shape = [1, d.kvHeads, d.context, d.headSize]
  const count = shape.reduce((a, b) => a * b)
  const model: Model = { d, session, past: {}, present: {}, fixed: new Map() }
  // Small numbers, as a conversation would have left some.
  const floats = Float32Array.from({ length: count }, (_, i) => ((i * 7919) % 256) / 1024 - 0.125)
  const cache = new ort.Tensor(numberType(d), d.halves ? Uint16Array.from(floats, toF16) : floats, shape)
  for (let l = 0; l < d.layers; l++)
    for (const k of [`${l}.key`, `${l}.value`]) {
      const buffer = await copied(cache, numberType(d), shape, true)
      model.past[`past.${k}`] = model.present[`present.${k}`] = buffer
    }
  return model
}

const numberType = (d: DecoderSpec): Type => (d.halves ? 'float16' : 'float32')

const inputs = (ids: number[], past: number): Record<string, Tensor> => ({
  ids: new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]),
  seqlens: new ort.Tensor('int32', Int32Array.of(past + ids.length - 1), [1]),
  total: new ort.Tensor('int32', Int32Array.of(past + ids.length), [1]),
})

/** A step whose result the host waits for. */
async function waited(m: Model, ids: number[], past: number): Promise<Tensor> {
  // No graph: this run is not recorded.
  const plain = { extra: { gpu_graph_id: '-1' } }
  const out = await m.session.run(
    { ...inputs(ids, past), ...m.past },
    { [m.d.out]: null, ...m.present },
    plain,
  )
  return out[m.d.out]!
}

/** The step that takes id 7, recorded at the first call for so many keys, some times; what the last gave. */
async function recorded(m: Model, past: number, steps: number): Promise<Tensor> {
  if (!m.fixed.has(past)) {
    const { ids, seqlens, total } = inputs([7], past)
    const feeds: Tensors = {
      ids: await copied(ids!, 'int64', [1, 1], true),
      seqlens: await copied(seqlens!, 'int32', [1], true),
      total: await copied(total!, 'int32', [1], true),
    }
    const out = await copied(...outputOf(m.d), true)
    m.fixed.set(past, { feeds, out, name: String(m.fixed.size + 1) })
  }
  const { feeds, out, name } = m.fixed.get(past)!
  for (let i = 0; i < steps; i++)
    await m.session.run(
      { ...feeds, ...m.past },
      { [m.d.out]: out, ...m.present },
      { extra: { gpu_graph_id: name } },
    )
  const [, type, dims] = outputOf(m.d)
  return copied(out, type, dims, false)
}

/** Milliseconds of a decode step: the mean of several, one after the other. */
async function decode(m: Model, past: number, steps: number, captured: boolean): Promise<number> {
  const began = performance.now()
  if (captured) await recorded(m, past, steps)
  else for (let i = 0; i < steps; i++) await waited(m, [i + 1], past)
  return (performance.now() - began) / steps
}

/** Nothing in what a decode step gives. */
function outputOf(d: DecoderSpec): [Tensor, Type, number[]] {
  if (d.out === 'id') return [new ort.Tensor('int64', new BigInt64Array(1), [1, 1]), 'int64', [1, 1]]
  const dims = [1, 1, d.vocab]
  const type = numberType(d)
  return [
    new ort.Tensor(type, d.halves ? new Uint16Array(d.vocab) : new Float32Array(d.vocab), dims),
    type,
    dims,
  ]
}

async function prompt(m: Model, rows: number): Promise<number> {
  const ids = Array.from({ length: rows }, (_, i) => (i * 7919 + 13) % m.d.vocab)
  const began = performance.now()
  await waited(m, ids, 0)
  return performance.now() - began
}

/**
 * How far logits are from float64's, as a part of their size: a prompt of five, then three steps, the last of which is
 * also recorded and played; the worst of all.
 */
async function check(d: DecoderSpec): Promise<number> {
  const m = await open({ ...d, out: 'logits' })
  const name = [...pools.keys()].at(-1)!
  const reference = referenceOf(d, poolOf(d, name), new Uint8Array(readFileSync(pools.get(name)!)))
  const ids = [1, 2, 3, 4, 5, 11, 12, 7]
  const wanted = ids.map(reference)
  const off = ({ data }: Tensor, row: number): number => {
    const of = wanted[row]!
    // Halves come as their bits where JavaScript has no array of them.
    const got = Float64Array.from(data as ArrayLike<number>, data instanceof Uint16Array ? fromF16 : Number)
    const sum = of.reduce((sum, v, i) => sum + (v - got[i]!) ** 2, 0)
    return Math.sqrt(sum / of.reduce((sum, v) => sum + v * v, 0))
  }
  const all = [off(await waited(m, ids.slice(0, 5), 0), 4)]
  for (const past of [5, 6, 7]) all.push(off(await waited(m, [ids[past]!], past), past))
  all.push(off(await recorded(m, 7, 2), 7))
  await m.session.release?.()
  return Math.max(...all)
}

async function answer(asked: Asked): Promise<number> {
  if ('check' in asked) return check(asked.check)
  if ('open' in asked) {
    const began = performance.now()
    models.push(await open(asked.open))
    return (performance.now() - began) / 1000
  }
  if ('prompt' in asked) return prompt(models[asked.prompt[0]]!, asked.prompt[1])
  const [n, ...rest] = asked.decode
  return decode(models[n]!, ...rest)
}

process.on('message', async (asked: Asked) => {
  process.send!(await answer(asked).catch((e: Error) => ({ failed: e.message.split('\n')[0] })))
})
