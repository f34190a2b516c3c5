/** `wgc run --inputs`: a model once, named tensors in and out. */
import type { FlowInput, Model, Tensor, TensorLike } from '../../runtime/index.js'
import { fail } from '../errors.js'
import { arrayFromBF16, arrayFromF16 } from '../formats/f16.js'
import { nearest } from '../import/nearest.js'
import { openSafetensors, type SafetensorsFile } from '../import/safetensors.js'
import type { SafeDType } from '../import/safetensors-header.js'
import { type TensorData, writeSafetensors } from '../import/safetensors-write.js'
import { loadBundle } from './load-bundle.js'
import { plural, print } from './output.js'
import type { RunOptions } from './run.js'
import { switchedOff } from './without.js'

export async function runTensors(
  folder: string,
  inputs: string,
  outputs: string,
  options: RunOptions,
  signal: AbortSignal,
): Promise<void> {
  // The inputs first: a mistake there should not wait for the weights.
  const given = await readInputs(inputs)
  const { backend, variant, threads, verbose, program, without } = options
  const request = {
    folder,
    backend,
    variant,
    threads,
    signal,
    verbose,
    options: { tokenizer: false, programs: [], ...switchedOff(without) },
  } as const
  const { model, backend: used, why } = await loadBundle(request)
  try {
    const known = model.flow?.inputs ?? portsOf(model, program ?? 'forward')
    const names = known.map((p) => p.name)
    for (const name of given.inputs.keys())
      if (!names.includes(name))
        fail('WGC626', [name, 'the model has no such input', known.map(printInput)], {
          place: { file: inputs },
        })
    const start = performance.now()
    const made = await compute(model, given, options, signal).catch((e: unknown) => sizeError(e, inputs))
    const ms = performance.now() - start
    const tensors = new Map(Object.entries(made).map(([name, t]) => [name, stored(t)]))
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

/** Ids that follow by always taking the likeliest, with the prompt in front: for comparisons with other programs. */
const GREEDY = 'greedy_ids'
/** How many follow unless --max-tokens or the shape of `output.greedy_ids` says so. */
const GREEDY_TOKENS = 12

/** What the file asks for by tensors called `output.*`, else all that the inputs allow. */
async function compute(
  model: Model,
  { inputs, outputs }: GivenFile,
  { program, maxTokens }: RunOptions,
  signal: AbortSignal,
): Promise<Record<string, Tensor>> {
  const known = model.flow?.outputs
  const asked = [...outputs.keys()].filter((name) => name !== GREEDY && (known?.includes(name) ?? true))
  const values = Object.fromEntries(inputs)
  const generates = program === undefined && model.programs.includes('prefill')
  const onlyIds = outputs.size === 1 && outputs.has(GREEDY)
  const made = onlyIds
    ? {}
    : await model.run(values, { program, signal, ...(known && asked.length > 0 && { outputs: asked }) })
  const cut = Object.fromEntries(
    Object.entries(made).map(([name, t]) => [name, within(t, outputs.get(name))]),
  )
  if (!generates || !(outputs.has(GREEDY) || maxTokens !== undefined)) return cut
  return { ...cut, [GREEDY]: await greedy(model, values, { maxTokens, asked: outputs.get(GREEDY), signal }) }
}

/** The beginning of a tensor along each axis, where a file asks for less of it: the first frames of a long sound. */
function within(t: Tensor, asked: readonly number[] | undefined): Tensor {
  const fits = asked?.length === t.shape.length && asked.every((n, i) => n >= 1 && n <= t.shape[i]!)
  if (!fits || asked.every((n, i) => n === t.shape[i])) return t
  const count = asked.reduce((a, b) => a * b, 1)
  const data = t.dtype === 'f32' ? new Float32Array(count) : new Uint32Array(count)
  for (let i = 0; i < count; i++) {
    let from = 0
    for (let rest = i, stride = 1, axis = asked.length - 1; axis >= 0; axis--) {
      from += (rest % asked[axis]!) * stride
      rest = Math.floor(rest / asked[axis]!)
      stride *= t.shape[axis]!
    }
    data[i] = t.data[from]!
  }
  return { dtype: t.dtype, shape: [...asked], data }
}

async function greedy(
  model: Model,
  values: Record<string, Given>,
  options: { maxTokens?: number | undefined; asked: readonly number[] | undefined; signal: AbortSignal },
): Promise<Tensor> {
  const { start, prompt = 'input_ids' } = model.flow?.generate ?? {}
  const { [prompt]: own, ...others } = values
  const ids = own ? Array.from(own.data as ArrayLike<number>, Number) : []
  const first = start ? [...start] : ids
  const count = options.maxTokens ?? (options.asked ? options.asked.at(-1)! - first.length : GREEDY_TOKENS)
  const inputs = Object.keys(others).length > 0 ? { inputs: others } : {}
  const generated: number[] = []
  const step = { maxTokens: Math.max(count, 1), temperature: 0, signal: options.signal, ...inputs }
  for await (const id of model.generateIds(ids, step)) generated.push(id)
  const end = model.stats?.end
  const all = [...first, ...generated, ...(end !== undefined ? [end] : [])]
  return { dtype: 'u32', shape: [1, all.length], data: Uint32Array.from(all) }
}

/** Of the runtime: what only it knows of sizes, such as the room in the KV cache. */
function sizeError(e: unknown, file: string): never {
  if (e instanceof RangeError || (e instanceof TypeError && e.constructor === TypeError))
    fail('WGC625', [e.message], { cause: e, place: { file } })
  throw e
}

const portsOf = (model: Model, program: string): FlowInput[] =>
  model.ports(program) ??
  fail('WGC107', ['program', program, model.programs, nearest(program, model.programs)])

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
const OUTPUT = 'output.'

interface GivenFile {
  inputs: Map<string, Given>
  /** Shapes of the tensors called `output.*`, by the rest of their names. */
  outputs: Map<string, readonly number[]>
}

/** Tensors of the file by name. Where names begin with `input.`, those alone are inputs. */
async function readInputs(path: string): Promise<GivenFile> {
  const file = await openSafetensors(path)
  try {
    const names = [...file.tensors.keys()]
    const prefixed = names.filter((name) => name.startsWith(PREFIX))
    const chosen = prefixed.length > 0 ? prefixed : names
    const entries = chosen.map(
      async (name) => [name.slice(prefixed.length && PREFIX.length), await read(file, name)] as const,
    )
    const outputs = prefixed.length > 0 ? names.filter((name) => name.startsWith(OUTPUT)) : []
    return {
      inputs: new Map(await Promise.all(entries)),
      outputs: new Map(outputs.map((name) => [name.slice(OUTPUT.length), file.tensors.get(name)!.shape])),
    }
  } finally {
    await file.close()
  }
}

async function read(file: SafetensorsFile, name: string): Promise<Given> {
  const { dtype, shape } = file.tensors.get(name)!
  const make = READ[dtype] ?? fail('WGC215', [name, dtype, Object.keys(READ)], { place: { file: file.path } })
  return { shape, data: make((await file.readRaw(name)).buffer as ArrayBuffer) }
}

const printInput = ({ name, dtype, shape }: FlowInput) =>
  `${name}: ${dtype} [${shape.map((e) => (typeof e === 'object' ? '…' : e)).join(', ')}]`

const stored = ({ dtype, shape, data }: Tensor): TensorData => ({
  dtype: dtype === 'f32' ? 'F32' : 'U32',
  shape,
  data,
})
