/** One test: a dispatch of a plan, what its operands are to hold, and what it must make of them. */
import type { ElementType } from '../../runtime/care/pattern.js'
import type { Area, Dispatch, Fill, Plan, Region, SelfTest } from '../../runtime/format.js'
import type { WeightSource } from '../import/weights.js'
import { expression, hasPort } from '../ir/facts.js'
import type { Tensor } from '../ir/graph.js'
import type { ProgramSpec } from '../models/types.js'
import type { Facts, PortSpec } from '../ops/types.js'
import type { CompiledKernel } from '../select/kernels.js'
import type { Lowered, Step } from '../select/lower.js'
import { evaluateExpression } from '../specialize/index.js'
import { areaOf, countOf, prefixView, spanOf } from './areas.js'
import { type Cut, cutOf, type View } from './cuts.js'
import { expectation } from './expectation.js'
import { filled, type Memo, rounded, storedValues } from './reckon.js'
import type { TestStep } from './steps.js'

/** Arithmetic, and elements of an operand, that a test may take. */
const MOST_FLOPS = 1e8
const MOST_ELEMENTS = 1 << 21
/** Between two steps of noise, where 127 levels meet no tie: engines round one either way. */
const BETWEEN = 2 ** -13
/** Of explicit values, how many before they repeat. */
const CYCLE = 97

export interface Context {
  plan: Plan
  kernels: CompiledKernel[]
  language: 'wgsl' | 'c'
  source: WeightSource
  memo: Memo
}

export interface ProgramToTest {
  spec: ProgramSpec
  lowered: Lowered
}

/** Why a test can't be made, where that is. */
export class Untestable extends Error {}

export function cannot(why: string): never {
  throw new Untestable(why)
}

interface Run {
  step: Step
  index: number
  dispatch: Dispatch
  grid: number[]
}

/** A test as it is made. */
interface Making {
  context: Context
  program: ProgramToTest
  step: Step
  at: TestStep
  cut: Cut
  /** Facts of the cut by itself, and those that grids are reckoned with. */
  part: Facts
  gridFacts: Facts
  noise: Cut['noise']
  /** In the order in which they run: what the operator's operands are made by, then the operator. */
  runs: Run[]
  fills: { tensor: string; view: View; fill: Fill; values: Float64Array }[]
  /** Levels that activations were rounded to. 0: they weren't. */
  levels: number
}

const total = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)

const number = (text: string, facts: Facts) => Number(evaluateExpression(expression(text), facts))

const shapeOf = ({ cut, step }: Making, port: string, facts: Facts) =>
  (cut.shapes?.[port] ?? step.op.ports[port]!.shape).map((text) => number(text, facts))

const viewOf = (making: Making, port: string): View =>
  making.cut.views?.[port] ??
  prefixView(shapeOf(making, port, making.at.facts), shapeOf(making, port, making.part))

function runOf({ context, program }: Making, index: number, facts: Facts): Run {
  const step = program.lowered.steps[index]!
  const env = { ...step.params, ...facts }
  const grid = step.choice.template.front.grid.map((e) => Number(evaluateExpression(e, env)))
  return { step, index, dispatch: context.plan.programs[program.spec.name]!.dispatches[index]!, grid }
}

const tensorOf = ({ program, step: { node } }: Making, port: string): Tensor =>
  program.lowered.graph.tensors.get(node.outputs[port] ?? node.inputs[port] ?? '') ??
  cannot(`nothing is at ${port}`)

/** Ids that a step makes lie in tensors like any other's. */
const typeOf = ({ kind }: PortSpec, { dtype }: Tensor) => (kind === 'u32' ? 'u32' : dtype) as ElementType

/** Where an operand's elements are bound. */
function placed(making: Making, run: Run, operand: string, view: View, type: ElementType, row: number): Area {
  const { kernels } = making.context
  const bound = kernels[run.dispatch.kernel]!.operands.indexOf(operand)
  if (!run.dispatch.bind[bound]) cannot(`${operand} is not bound`)
  return areaOf(view, type, row, [making.runs.indexOf(run), bound]) ?? cannot(`${operand} lies between words`)
}

/** Elements of a port that are stored together. */
const rowOf = (making: Making, port: string, type: ElementType) =>
  type === 'i8x4' || type === 'i8x32'
    ? shapeOf(making, port, making.at.facts).at(-1)!
    : Number(making.at.facts.HD ?? 1)

/** A weight's or constant's values: those of the rows that the cut has, and of their first columns. */
async function weightValues(making: Making, port: string, tensor: Tensor): Promise<Float64Array> {
  const { source, memo } = making.context
  const [full, part] = [shapeOf(making, port, making.at.facts), shapeOf(making, port, making.part)]
  const read = (rows: number[] | undefined, k: number, columns: number) =>
    storedValues(memo, source, tensor, { rows, k, columns })
  const [k, columns] = [total(full.slice(1)), total(part.slice(1))]
  const rows = making.cut.rows?.[port] ?? Array.from({ length: part[0]! }, (_, i) => i)
  if (full.length === 1) return read(undefined, 1, part[0]!)
  const isMatrix = tensor.kind === 'const' || tensor.shape.length > 1
  const together = full.slice(2).every((n, i) => n === part[i + 2])
  if (isMatrix && together) return read(rows, k, columns)
  // A matrix that is stored as one row, or of which inner axes are cut.
  const all = isMatrix ? await read(rows, k, k) : await read(undefined, 1, total(full))
  const within = indicesOf(full.slice(1), part.slice(1))
  return Float64Array.from(rows.flatMap((row, i) => within.map((at) => all[(isMatrix ? i : row) * k + at]!)))
}

/** Where the elements of a part of the sizes `part` lie in an array of the sizes `full`. */
function indicesOf(full: readonly number[], part: readonly number[]): number[] {
  return part.reduce<number[]>(
    (found, n, axis) => found.flatMap((at) => Array.from({ length: n }, (_, i) => at * full[axis]! + i)),
    [0],
  )
}

const ROUNDED: Partial<Record<string, number>> = { i8x4: 127, i8x32: 32767, f16: 0 }

/** Whether an operand holds what another step made of floats. */
const isMade = (spec: PortSpec, { dtype }: Tensor) => spec.kind === 'f32' && ROUNDED[dtype] !== undefined

/** Puts what makes an operand (integers, halves) before the operator. */
function putMaker(making: Making, port: string, tensor: Tensor): void {
  const { program, step, at, gridFacts, context } = making
  const { steps } = program.lowered
  const index = steps.findIndex((s) => Object.values(s.node.outputs).includes(tensor.name))
  if (!['quantize_rows', 'halve_rows'].includes(steps[index]?.node.op ?? ''))
    cannot(`${port} is ${tensor.dtype}`)
  const rows = gridFacts.M === undefined ? {} : { M: gridFacts.M }
  making.runs.unshift(runOf(making, index, { ...at.facts, ...rows }))
  const { params } = step.choice
  const narrow =
    context.language === 'c' && params.RELAXED === true && !['q8', 'q8a'].includes(String(at.facts.W))
  making.levels = narrow ? 127 : ROUNDED[tensor.dtype]!
}

/** Where noise will do, nothing; else the values that a port repeats. */
function valuesFor({ cut, step, part, at }: Making, port: string, type: ElementType): number[] | undefined {
  const given = cut.values?.[port]?.held
  const usual = step.op.ports[port]!.kind === 'state' ? undefined : step.op.fill?.[port]
  if (given) return given
  if (type !== 'u32' && (type !== 'f32' || !usual || cut.noise?.[port])) return undefined
  return Array.from({ length: CYCLE }, (_, i) => Math.fround(usual ? usual(i, part, at.values) : i % 5))
}

/** What an operand that is no weight holds. */
function activation(making: Making, port: string, spec: PortSpec): Float64Array {
  const { cut, part, noise } = making
  const from = cut.from?.[port] ?? port
  const tensor = tensorOf(making, from)
  const view = viewOf(making, port)
  const made = isMade(spec, tensor)
  const run = made ? making.runs[0]! : making.runs.at(-1)!
  const type = made ? 'f32' : typeOf(spec, tensor)
  const seen = cut.values?.[port]?.seen
  const rounds = (values: Float64Array) =>
    made && making.levels > 0 ? rounded(values, shapeOf(making, port, part).at(-1)!, making.levels) : values
  const others = making.fills.filter((f) => f.tensor === tensor.name)
  const same = others.find((f) => JSON.stringify(f.view) === JSON.stringify(view))
  if (same) return rounds(same.values)
  if (others.length > 0 && !cut.from?.[port]) cannot('two operands are parts of one')
  const area = placed(making, run, made ? 'x' : from, view, type, rowOf(making, port, type))
  const values = valuesFor(making, port, type)
  const stream = making.fills.length
  const fill: Fill = {
    ...area,
    ...(values
      ? { values }
      : {
          stream,
          ...(made && making.levels > 0 && { base: BETWEEN }),
          ...cut.noise?.[port],
          ...noise?.[port],
        }),
  }
  const held = filled(fill, countOf(view))
  making.fills.push({ tensor: tensor.name, view, fill, values: held })
  return seen ? Float64Array.from(held, (_, i) => seen[i % seen.length]!) : rounds(held)
}

/** Throws where operands would overwrite each other, or go beyond their place. `poison` is written first. */
function checkPlaces({ runs }: Making, fills: Fill[], poison: Fill[]): void {
  const spanned = (fill: Fill) => {
    const [buffer, offset, bytes] = runs[fill.of[0]]!.dispatch.bind[fill.of[1]] as Region
    const [from, to] = spanOf(fill)
    if (to > bytes) cannot('an operand is longer than its place')
    return { fill, buffer, from: offset + from, to: offset + to }
  }
  poison.forEach(spanned)
  const all = fills.map(spanned)
  for (const a of all)
    for (const b of all) {
      const oneOperand = a.fill.of[0] === b.fill.of[0] && a.fill.of[1] === b.fill.of[1]
      if (!oneOperand && a.buffer === b.buffer && a.from < b.to && b.from < a.to)
        cannot('operands lie in one place')
    }
}

/** Values of the step uniform that kernels read, where they are not usual. */
function stepOf({ step, at }: Making): Record<string, number> {
  const { seq, past, seed, top_k, top_p, temperature, penalty, sample } = at.values
  if (step.op.name === 'penalize') return { seq, past, penalty }
  if (step.op.name !== 'sample') return { seq, past }
  return { seq, past, sample, ...(temperature > 0 && { seed, topK: top_k, topP: top_p, temperature }) }
}

/**
 * A test of a program's step at `index`. Throws Untestable. `noise`: of ports, where it is to be other than usual.
 */
export async function testOf(
  context: Context,
  program: ProgramToTest,
  index: number,
  at: TestStep,
  noise: Cut['noise'] = {},
): Promise<SelfTest> {
  const step = program.lowered.steps[index]!
  const { op, choice } = step
  const cut = cutOf(op.name, { facts: at.facts, step: at.values, language: context.language })
  const making: Making = {
    ...{ context, program, step, at, cut, noise, runs: [], fills: [], levels: 0 },
    part: { ...at.facts, ...cut.facts },
    gridFacts: { ...at.facts, ...(cut.grid ?? cut.facts) },
  }
  const { part } = making
  making.runs.push(runOf(making, index, making.gridFacts))
  const present = Object.entries(op.ports).filter(([, spec]) => hasPort(spec, part))
  const largest = Math.max(...present.map(([port]) => total(shapeOf(making, port, part))))
  if (largest > MOST_ELEMENTS || op.cost(part).flops > MOST_FLOPS) cannot('it is too much to reckon')
  for (const [port, spec] of present)
    if (spec.role === 'in' && isMade(spec, tensorOf(making, cut.from?.[port] ?? port)))
      putMaker(making, port, tensorOf(making, port))
  const ports: Record<string, Float64Array> = {}
  for (const [port, spec] of present) {
    if (spec.role === 'out') continue
    const tensor = tensorOf(making, cut.from?.[port] ?? port)
    const stored = tensor.kind === 'weight' || tensor.kind === 'const'
    ports[port] = stored ? await weightValues(making, port, tensor) : activation(making, port, spec)
    if (ports[port]!.length !== total(shapeOf(making, port, part))) cannot(`${port} is of another shape`)
  }
  // What it writes of a state is what is a number of nothing but NaN; it may read the rest.
  const nothing = present.flatMap(([port, { role }]) =>
    role === 'in'
      ? []
      : [[port, new Float64Array(total(shapeOf(making, port, part))).fill(Number.NaN)] as const],
  )
  const written = Object.fromEntries(nothing)
  op.reference({ ...ports, ...written }, part, at.values)
  for (const [port, { role }] of present)
    if (role === 'out') ports[port] = new Float64Array(written[port]!.length).fill(Number.NaN)
  op.reference(ports, part, at.values)

  const last = making.runs.at(-1)!
  const outputs = present.flatMap(([port, spec]) => {
    if (spec.role === 'in') return []
    const type = typeOf(spec, tensorOf(making, port))
    const view = cut.views?.[`${port} out`] ?? viewOf(making, port)
    const made = ports[port]!.filter(
      (x, i) => !Number.isNaN(x) && (spec.role === 'out' || !Number.isNaN(written[port]![i]!)),
    )
    if (made.length !== countOf(view) || made.length === 0) cannot('it leaves out numbers, or makes none')
    return [{ spec, made, area: placed(making, last, port, view, type, rowOf(making, port, type)) }]
  })
  const fills = making.fills.map(({ fill }) => fill)
  const poison = outputs.flatMap(({ spec, area }) =>
    spec.role === 'out' ? [{ ...area, stream: 99, base: 12345 }] : [],
  )
  checkPlaces(making, fills, poison)
  const facts = { ...part, ...choice.params }
  return {
    program: program.spec.name,
    run: making.runs.map(({ index, grid }) => [index, ...grid] as const),
    step: stepOf(making),
    ...(Object.keys(at.sizes).length > 0 && { sizes: at.sizes }),
    fill: [...poison, ...fills],
    expect: outputs.map(({ area, made }) => expectation(area, made, op, facts, making.levels > 0)),
  }
}
