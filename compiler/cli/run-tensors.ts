/** `wgc run --inputs`: a model once, named tensors in and out. */
import type { Port } from '../../runtime/format.js'
import type { Tensor, TensorLike } from '../../runtime/index.js'
import { fail } from '../errors.js'
import { arrayFromBF16, arrayFromF16 } from '../formats/f16.js'
import { nearest } from '../import/nearest.js'
import { openSafetensors, type SafetensorsFile } from '../import/safetensors.js'
import type { SafeDType } from '../import/safetensors-header.js'
import { type TensorData, writeSafetensors } from '../import/safetensors-write.js'
import { readPlan } from './bundle.js'
import { loadBundle } from './load-bundle.js'
import { plural, print } from './output.js'
import type { RunOptions } from './run.js'

export async function runTensors(
  folder: string,
  inputs: string,
  outputs: string,
  options: RunOptions,
  signal: AbortSignal,
): Promise<void> {
  // The inputs first: a mistake there should not wait for the weights.
  const given = await readInputs(inputs)
  const { backend, variant, threads, verbose, program = 'forward' } = options
  const request = {
    folder,
    backend,
    variant,
    threads,
    signal,
    verbose,
    options: { tokenizer: false, programs: [] },
  } as const
  const { model, manifest, backend: used, why } = await loadBundle(request)
  try {
    const plan = await readPlan(folder, manifest, model.variant)
    const spec = Object.hasOwn(plan.programs, program)
      ? plan.programs[program]!
      : unknownProgram(program, model.programs)
    const isIds = (port: Port) => plan.buffers[port.region[0]]?.kind === 'tokens'
    const { values, batched } = fit(
      spec.inputs,
      given,
      (port) => (isIds(port) ? model.info.vocab : undefined),
      inputs,
    )
    const start = performance.now()
    const made = await model.run(values, { program, signal }).catch(sizeError)
    const ms = performance.now() - start
    const tensors = new Map(Object.entries(made).map(([name, t]) => [name, stored(t, batched)]))
    await writeSafetensors(outputs, tensors)
    const shapes = [...tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape }))
    print(options.json, { outputs: shapes, ms, backend: used, variant: model.variant, why }, () => [
      `${outputs}: ${plural(shapes.length, 'tensor')}`,
      ...shapes.map((t) => `  ${t.name} ${t.dtype} [${t.shape.join(', ')}]`),
    ])
  } finally {
    model.destroy()
  }
}

/** Of the runtime: what only it knows of sizes, such as the room in the KV cache. */
function sizeError(e: unknown): never {
  if (e instanceof RangeError) fail('WGC625', [e.message], { cause: e })
  throw e
}

function unknownProgram(name: string, known: readonly string[]): never {
  return fail('WGC107', ['program', name, known, nearest(name, known)])
}

interface Given {
  shape: number[]
  data: Exclude<TensorLike, { data: TensorLike }>
}

/** How each type of a file becomes numbers that the runtime takes. */
const READ: Partial<Record<SafeDType, (b: ArrayBuffer) => Given['data']>> = {
  F32: (b) => new Float32Array(b),
  F64: (b) => new Float64Array(b),
  F16: (b) => arrayFromF16(new Uint16Array(b)),
  BF16: (b) => arrayFromBF16(new Uint16Array(b)),
  I64: (b) => new BigInt64Array(b),
  U64: (b) => new BigUint64Array(b),
  I32: (b) => new Int32Array(b),
  U32: (b) => new Uint32Array(b),
  I16: (b) => new Int16Array(b),
  U16: (b) => new Uint16Array(b),
  I8: (b) => new Int8Array(b),
  U8: (b) => new Uint8Array(b),
  BOOL: (b) => new Uint8Array(b),
}

const PREFIX = 'input.'

/** Tensors of the file by name. Where names begin with `input.`, those alone are inputs. */
async function readInputs(path: string): Promise<Map<string, Given>> {
  const file = await openSafetensors(path)
  try {
    const names = [...file.tensors.keys()]
    const prefixed = names.filter((name) => name.startsWith(PREFIX))
    const chosen = prefixed.length > 0 ? prefixed : names
    const entries = chosen.map(
      async (name) => [name.slice(prefixed.length && PREFIX.length), await read(file, name)] as const,
    )
    return new Map(await Promise.all(entries))
  } finally {
    await file.close()
  }
}

async function read(file: SafetensorsFile, name: string): Promise<Given> {
  const { dtype, shape } = file.tensors.get(name)!
  const make = READ[dtype] ?? fail('WGC215', [name, dtype, Object.keys(READ)], { place: { file: file.path } })
  return { shape, data: make((await file.readRaw(name)).buffer as ArrayBuffer) }
}

const printPort = ({ name, dtype, shape }: Port) =>
  `${name}: ${dtype} [${shape.map((e) => (typeof e === 'object' ? '…' : e)).join(', ')}]`

/**
 * The values of every port of a program. A leading 1 that the port doesn't have is a batch of one, as Hugging
 * Face's models take it: `batched` says that the outputs want it back. `vocab`: how many ids a port knows.
 */
function fit(
  ports: readonly Port[],
  given: ReadonlyMap<string, Given>,
  vocab: (port: Port) => number | undefined,
  file: string,
) {
  const takes = ports.map(printPort)
  const wrong = (name: string, why: string) => fail('WGC626', [name, why, takes], { place: { file } })
  for (const name of given.keys())
    if (!ports.some((p) => p.name === name)) wrong(name, 'the model has no such input')
  let batched = false
  const values: Record<string, TensorLike> = {}
  for (const port of ports) {
    const { name, shape: wanted } = port
    const { data, shape } = given.get(name) ?? wrong(name, 'it is not in the file')
    const batch = shape.length === wanted.length + 1
    if (batch && shape[0] !== 1) wrong(name, `a batch of ${shape[0]}; one sequence at a time`)
    const own = batch ? shape.slice(1) : shape
    const fits = own.length === wanted.length && wanted.every((e, i) => typeof e !== 'number' || e === own[i])
    if (!fits) wrong(name, `it is [${shape.join(', ')}]`)
    if (data.length === 0) wrong(name, 'it is empty')
    checkIds(name, data, vocab(port), wrong)
    batched ||= batch
    values[name] = data
  }
  return { values, batched }
}

function checkIds(
  name: string,
  data: Given['data'],
  vocab: number | undefined,
  wrong: (name: string, why: string) => never,
): void {
  if (vocab === undefined) return
  for (let i = 0; i < data.length; i++) {
    const id = Number(data[i])
    if (!(Number.isInteger(id) && id >= 0 && id < vocab))
      wrong(name, `element ${i} is ${id}; token ids go from 0 to ${vocab - 1}`)
  }
}

const stored = ({ dtype, shape, data }: Tensor, batched: boolean): TensorData => ({
  dtype: dtype === 'f32' ? 'F32' : 'U32',
  shape: batched ? [1, ...shape] : shape,
  data,
})
