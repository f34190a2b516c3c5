/** What is measured of a model: a prompt and the tokens after it where it generates, else a run on noise. */
import { type Expr, evaluate } from '../../runtime/expr.js'
import type { Flow, FlowInput, Model, Tensor } from '../../runtime/index.js'
import { fail } from '../errors.js'

/** Ids that were generated, or outputs by name. */
type Output = { ids: number[] } | { tensors: Record<string, Tensor> }

interface Outcome {
  /** Milliseconds to the first token, or of the run. */
  cold: number
  metrics: [name: string, unit: string, value: number][]
  output: Output
  /** Steps at the end that decode a token each, or all of the run's. */
  steps: number
}

export interface Work {
  name: string
  generates: boolean
  run(signal: AbortSignal | undefined): Promise<Outcome>
}

export interface WorkOptions {
  prompt: number
  tokens: number
}

/** Ids of a prompt: no two near each other alike, the same on every machine. */
const idsOf = (count: number, vocab: number) =>
  Array.from({ length: count }, (_, i) => (i * 7919 + 13) % vocab)

export async function workOf(model: Model, options: WorkOptions): Promise<Work> {
  return model.programs.includes('prefill') ? generation(model, options) : oneRun(model, options)
}

/** Inputs of the model that some values are made of: the nearest, where there is a choice. */
function sourcesOf({ inputs, calls }: Flow, values: readonly string[]): FlowInput[] {
  const seen = new Set<string>()
  const found = new Set<FlowInput>()
  const trace = (value: string) => {
    if (seen.has(value)) return
    seen.add(value)
    const input = inputs.find((p) => p.name === value)
    if (input) found.add(input)
    else
      for (const call of calls)
        if (Object.values(call.outputs).includes(value)) Object.values(call.inputs).forEach(trace)
  }
  values.forEach(trace)
  return [...found]
}

/** What a generation takes beside its prompt: the sound or the image that encoders must have read. */
function besides({ flow, info }: Model, size: number) {
  const { needs = [], prompt } = flow?.generate ?? {}
  const calls = flow?.calls.filter((c) => c.gives?.some((s) => needs.includes(s))) ?? []
  const values = calls.flatMap((c) => Object.values(c.inputs))
  const inputs = flow ? needed(sourcesOf(flow, values)).filter((p) => p.name !== prompt) : []
  if (inputs.length === 0) return {}
  return { inputs: Object.fromEntries(inputs.map((p) => [p.name, inputAt(p, size, info.vocab)])) }
}

function generation(model: Model, { prompt, tokens }: WorkOptions): Work {
  const { info } = model
  const count = Math.max(Math.min(tokens, info.context - 1), 1)
  const length = Math.max(Math.min(prompt, info.context - count), 1)
  const ids = idsOf(length, info.vocab)
  const more = besides(model, length)
  // An end of the text would end the measurement.
  Object.assign(info, { eos: [] })
  return {
    ...{ name: `prompt of ${length}, ${count} tokens`, generates: true },
    async run(signal) {
      const made: number[] = []
      for await (const id of model.generateIds(ids, { ...more, temperature: 0, maxTokens: count, signal }))
        made.push(id)
      const { timeToFirstToken: first, tokensPerSecond: rate } = model.stats!
      const metrics: Outcome['metrics'] = [
        ['first token', 'ms', first],
        ['prefill', 'tokens/s', (1000 * length) / first],
        ...(count > 1 ? ([['decode', 'tokens/s', rate]] as Outcome['metrics']) : []),
      ]
      return { cold: first, metrics, output: { ids: made }, steps: Math.max(count - 1, 1) }
    },
  }
}

const noise = ({ dtype }: FlowInput, count: number, vocab: number): number[] =>
  dtype === 'u32'
    ? idsOf(count, Math.max(vocab, 2))
    : Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898) / 2)

/** Values of an input at some sizes: every size that has a name is the same, but for a batch of one. */
function inputAt(input: FlowInput, size: number, vocab: number): { data: number[]; shape: number[] } {
  const known = new Proxy({} as Record<string, number>, {
    get: (_, name) => (name === 'batch' ? 1 : size),
    has: () => true,
  })
  const shape = input.shape.map((e: Expr) => Math.max(evaluate(e, known), 1))
  return {
    data: noise(
      input,
      shape.reduce((a, b) => a * b, 1),
      vocab,
    ),
    shape,
  }
}

/** The inputs that must be given: some have values of their own. */
const needed = (inputs: readonly FlowInput[]) => inputs.filter((p) => p.fill === undefined)

/** Sizes to try: the one asked for, smaller ones, then larger ones, for sounds have more samples than texts tokens. */
const sizesFrom = (size: number): number[] => [
  ...Array.from({ length: Math.floor(Math.log2(size)) + 1 }, (_, i) => Math.floor(size / 2 ** i)),
  ...Array.from({ length: 8 }, (_, i) => size * 4 ** (i + 1)).filter((n) => n <= MOST),
]

/** Of what is read: some seconds of sound. */
const MOST = 1 << 17

/** What a size that a model does not take may end in. */
const REFUSALS = ['RangeError', 'TypeError', 'IntegrityError']

/** At the first size that the model takes. */
async function oneRun(model: Model, { prompt }: WorkOptions): Promise<Work> {
  const inputs = model.flow?.inputs ?? model.ports('forward') ?? []
  const at = (size: number) =>
    Object.fromEntries(needed(inputs).map((p) => [p.name, inputAt(p, size, model.info.vocab)]))
  let size = 0
  let why = ''
  for (const n of sizesFrom(prompt)) {
    try {
      await model.run(at(n))
      size = n
      break
    } catch (e) {
      if (!REFUSALS.includes((e as Error).name)) throw e
      why ||= (e as Error).message
    }
  }
  if (size === 0) fail('WGC625', [`no inputs were found that it takes: ${why}`])
  const given = at(size)
  const sized = inputs.some((p) => p.shape.some((e) => typeof e !== 'number' && e !== 'batch'))
  return {
    ...{ name: sized ? `run of size ${size}` : 'run', generates: false },
    async run(signal) {
      const began = performance.now()
      const tensors = await model.run(given, { signal })
      const ms = performance.now() - began
      return { cold: ms, metrics: [['run', 'ms', ms]], output: { tensors }, steps: 1 }
    },
  }
}

/** Outputs of two variants differ by rounding; beyond this part of the largest value they don't agree. */
const ROUNDING = 0.05

/** What differs, or undefined. */
export function differenceOf(one: Output, other: Output): string | undefined {
  if ('ids' in one && 'ids' in other) {
    const at = one.ids.findIndex((id, i) => id !== other.ids[i])
    return at < 0 ? undefined : `token ${at + 1} of ${one.ids.length} is ${other.ids[at]}, not ${one.ids[at]}`
  }
  if (!('tensors' in one && 'tensors' in other)) return 'another kind of result'
  for (const [name, { data }] of Object.entries(one.tensors)) {
    const others = other.tensors[name]?.data
    if (others?.length !== data.length) return `${name} has another size`
    let most = 0
    let largest = 0
    for (let i = 0; i < data.length; i++) {
      largest = Math.max(largest, Math.abs(data[i]!))
      // NaN where there is one: then nothing is small enough.
      most = Math.max(most, Math.abs(data[i]! - others[i]!))
    }
    if (!(most <= ROUNDING * Math.max(largest, 1e-6)))
      return `${name} is off by ${most.toPrecision(2)}, of at most ${largest.toPrecision(2)}`
  }
  return undefined
}
